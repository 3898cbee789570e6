//! What connects the template's resources to the functions: variables, permissions, queues and routes.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_sqs::config::StalledStreamProtectionConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use sam_template::{Function, Names, Template, TemplateError};

use super::StackError;
use crate::runtime::{Fate, Feed, Gateway, LocalFunction, Mapping, Permissions, table_arn};

/// The environment of each function. The local stack differs from the template in two ways: receivers on loopback are
/// allowed, since that is where a developer's receivers are, and the variables of `own` take the place of its own.
pub(super) fn variables(
    template: &Template,
    names: &Names,
    own: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, TemplateError> {
    let environment = |function: &Function| {
        let mut variables = function
            .environment
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.resolve(names)?)))
            .collect::<Result<BTreeMap<_, _>, TemplateError>>()?;
        if let Some(loopback) = variables.get_mut("WEBHOOK_LOOPBACK") {
            "allowed".clone_into(loopback);
        }
        for (name, value) in own {
            if let Some(variable) = variables.get_mut(name) {
                variable.clone_from(value);
            }
        }
        Ok((function.name.clone(), variables))
    };
    template.functions.iter().map(environment).collect()
}

/// The variable that names a resource to its function; the ARN itself when none does.
pub(super) fn in_variables(arn: &str, variables: &BTreeMap<String, String>) -> String {
    let named = |value: &String| {
        let rest = arn.strip_prefix(table_arn(value).as_str()).or_else(|| arn.strip_prefix(value.as_str()))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    let queue = |value: &String| value.starts_with("http") && value.rsplit('/').next() == arn.rsplit(':').next();
    variables
        .iter()
        .find_map(|(name, value)| {
            named(value).or_else(|| queue(value).then_some("")).map(|rest| format!("{name}{rest}"))
        })
        .unwrap_or_else(|| arn.to_owned())
}

/// What each function's role allows; nothing where it has none.
pub(super) fn permissions(template: &Template, names: &Names) -> Result<BTreeMap<String, Permissions>, TemplateError> {
    let allowed = |function: &Function| {
        let role = template.roles.iter().find(|role| Some(&role.name) == function.role.as_ref());
        let allowed = role.map(|role| Permissions::of(role, names)).transpose()?.unwrap_or_default();
        Ok((function.name.clone(), allowed))
    };
    template.functions.iter().map(allowed).collect()
}

pub(super) fn mappings(
    template: &Template,
    names: &Names,
    functions: &BTreeMap<String, LocalFunction>,
    permissions: &BTreeMap<String, Permissions>,
    sdk: &SdkConfig,
    fate: &Fate,
) -> Result<Vec<Mapping>, StackError> {
    // A long poll in which nothing happens for twenty seconds is neither late nor stalled.
    let patient = aws_sdk_sqs::config::Builder::from(sdk)
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    let client = aws_sdk_sqs::Client::from_conf(patient);
    let region = sdk.region().map(ToString::to_string).unwrap_or_default();
    let mut mappings = Vec::new();
    for function in &template.functions {
        for source in &function.sources {
            let queue_arn = source.queue.resolve(names)?;
            // Lambda reads the queue under the function's role.
            let missing = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
                .into_iter()
                .find(|action| !permissions.get(&function.name).is_some_and(|p| p.allow(action, &queue_arn, &[])));
            if let Some(action) = missing {
                return Err(StackError::NotAllowed { function: function.name.clone(), action, resource: queue_arn });
            }
            let queue = queue_arn.rsplit(':').next().unwrap_or_default();
            let feed = Feed {
                name: function.name.clone(),
                queue_url: sam_template::Expression::Ref(queue.to_owned()).resolve(names)?,
                region: region.clone(),
                source: source.clone(),
                function: offered(functions, function, "SQS", |local| local.batch.clone())?,
                limit: function.timeout,
                fate: fate.clone(),
                queue_arn,
            };
            mappings.push(Mapping::new(client.clone(), feed));
        }
    }
    Ok(mappings)
}

pub(super) fn gateway(template: &Template, functions: &BTreeMap<String, LocalFunction>) -> Result<Gateway, StackError> {
    let mut routes = Vec::new();
    for function in &template.functions {
        for route in &function.routes {
            routes.push((route, offered(functions, function, "HttpApi", |local| local.http.clone())?));
        }
    }
    Ok(Gateway::new(routes)?)
}

/// The way into `function` that the template's `event` needs.
pub(super) fn offered<T>(
    functions: &BTreeMap<String, LocalFunction>,
    function: &Function,
    event: &'static str,
    way: impl Fn(&LocalFunction) -> Option<T>,
) -> Result<T, StackError> {
    functions
        .get(&function.name)
        .and_then(way)
        .ok_or_else(|| StackError::NoHandler { function: function.name.clone(), event })
}
