//! IAM as the functions meet it: a call their role does not allow is refused here too.
//!
//! Without this, a permission missing from the template would show only after deployment.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use engines::{ACCOUNT, REGION};
use sam_template::{LeadingKeys, Names, Role, TemplateError};
use serde::Deserialize;

use super::fate::live_on;

/// What one role allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeMap<String, Vec<Grant>>);

/// A resource, and of a table the partition keys that may be named.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    resource: String,
    keys: Option<LeadingKeys>,
}

impl Permissions {
    /// The permissions of a role, its references resolved. Those on logs have no counterpart here.
    ///
    /// # Errors
    /// When a resource refers to something `names` does not know.
    pub fn of(role: &Role, names: &Names) -> Result<Self, TemplateError> {
        let mut allowed: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
        for statement in &role.statements {
            let remote = |action: &String| action.starts_with("logs:");
            for action in statement.actions.iter().filter(|action| !remote(action)) {
                for resource in &statement.resources {
                    let grant = Grant { resource: resource.resolve(names)?, keys: statement.keys.clone() };
                    allowed.entry(action.clone()).or_default().push(grant);
                }
            }
        }
        Ok(Self(allowed))
    }

    /// Whether `action` is allowed on the resource of this ARN, of a table on all of these partition keys: one grant has
    /// to allow them all.
    #[must_use]
    pub fn allow(&self, action: &str, resource: &str, keys: &[String]) -> bool {
        let grants = self.0.get(action).map(Vec::as_slice).unwrap_or_default();
        grants
            .iter()
            .filter(|grant| grant.resource == resource)
            .any(|grant| grant.keys.as_ref().is_none_or(|allowed| keys.iter().all(|key| allowed.allow(key))))
    }
}

/// The permissions that calls needed so far, as (action, ARN).
#[derive(Debug, Clone, Default)]
pub struct Used(Arc<Mutex<BTreeSet<(String, String)>>>);

impl Used {
    fn note(&self, call: &Call) {
        let needed = (call.action.clone(), call.resource.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(needed);
    }

    /// All of them, each once.
    #[must_use]
    pub fn all(&self) -> BTreeSet<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The ARN of a local table.
#[must_use]
pub fn table_arn(table: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}")
}

/// `sdk`, its calls held to `permissions` and noted in `used`.
#[must_use]
pub fn guarded(sdk: &SdkConfig, permissions: Permissions, used: Used) -> SdkConfig {
    let mut guarded = sdk.clone().into_builder();
    if let Some(inner) = sdk.http_client() {
        let guard = Guard { inner, permissions: Arc::new(permissions), used };
        guarded.set_http_client(Some(SharedHttpClient::new(guard)));
    }
    guarded.build()
}

struct Guard<T> {
    inner: T,
    permissions: Arc<Permissions>,
    used: Used,
}

impl<T> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl HttpClient for Guard<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, parts);
        SharedHttpConnector::new(Guard { inner, permissions: Arc::clone(&self.permissions), used: self.used.clone() })
    }
}

impl HttpConnector for Guard<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let needed = needed(target, request.body().bytes().unwrap_or_default());
        needed.iter().for_each(|needed| self.used.note(needed));
        match needed.into_iter().find(|call| !self.permissions.allow(&call.action, &call.resource, &call.keys)) {
            None => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    live_on().await;
                    inner.call(request).await
                })
            }
            Some(Call { action, resource, keys }) => {
                tracing::error!(action, resource, ?keys, "the function's role in template.yaml does not allow this");
                HttpConnectorFuture::ready(denied(&action, &resource))
            }
        }
    }
}

/// What a call needs a permission for.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    action: String,
    /// ARN.
    resource: String,
    /// The partition keys it names, of a table.
    keys: Vec<String>,
}

impl Call {
    fn on(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), keys: Vec::new() }
    }
}

/// The parts of a request that say what it touches.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Touched<'a> {
    #[serde(borrow)]
    table_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    index_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    queue_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    secret_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request_items: Option<BTreeMap<Cow<'a, str>, Asked<'a>>>,
    #[serde(borrow)]
    key: Option<Keyed<'a>>,
    #[serde(borrow)]
    item: Option<Keyed<'a>>,
    #[serde(borrow)]
    key_condition_expression: Option<Cow<'a, str>>,
    #[serde(borrow)]
    expression_attribute_values: Option<BTreeMap<Cow<'a, str>, Text<'a>>>,
    #[serde(borrow)]
    transact_items: Option<Vec<BTreeMap<Cow<'a, str>, InTransaction<'a>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InTransaction<'a> {
    #[serde(borrow)]
    table_name: Cow<'a, str>,
    #[serde(borrow)]
    key: Option<Keyed<'a>>,
    #[serde(borrow)]
    item: Option<Keyed<'a>>,
}

/// What a `BatchGetItem` asks of one table.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked<'a> {
    #[serde(borrow, default)]
    keys: Vec<Keyed<'a>>,
}

/// A primary key, or a whole item: its partition key.
#[derive(Deserialize)]
struct Keyed<'a> {
    #[serde(borrow, rename = "PK")]
    partition: Option<Text<'a>>,
}

/// An attribute, if it is a text.
#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow, rename = "S")]
    text: Option<Cow<'a, str>>,
}

impl Keyed<'_> {
    fn partition(&self) -> Option<String> {
        Some(self.partition.as_ref()?.text.as_deref()?.to_owned())
    }
}

impl Touched<'_> {
    /// The partition keys named, of one table.
    fn partitions(&self) -> Vec<String> {
        let keyed = self.key.iter().chain(&self.item).filter_map(Keyed::partition);
        keyed.chain(self.queried()).collect()
    }

    /// The partition of a query: the value its key condition begins with.
    fn queried(&self) -> Option<String> {
        let first = self.key_condition_expression.as_deref()?.split(" AND ").next()?;
        let value = first.split_once('=')?.1.trim();
        self.expression_attribute_values.as_ref()?.get(value)?.text.as_deref().map(str::to_owned)
    }
}

/// The permissions a call needs. A call that cannot be read needs one that no role has.
fn needed(target: &str, body: &[u8]) -> Vec<Call> {
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let Ok(touched) = serde_json::from_slice::<Touched<'_>>(body) else {
        return vec![Call::on(target, "?")];
    };
    match service {
        "DynamoDB_20120810" => on_tables(operation, &touched),
        "AmazonSQS" => {
            let queue = touched.queue_url.as_deref().unwrap_or_default();
            let queue = queue.rsplit('/').next().unwrap_or_default();
            // One permission covers a call and its batch.
            let action = operation.strip_suffix("Batch").unwrap_or(operation);
            vec![Call::on(format!("sqs:{action}"), format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"))]
        }
        "secretsmanager" => {
            let secret = touched.secret_id.unwrap_or_default().into_owned();
            vec![Call::on(format!("secretsmanager:{operation}"), secret)]
        }
        _ => vec![Call::on(target, "?")],
    }
}

fn on_tables(operation: &str, touched: &Touched<'_>) -> Vec<Call> {
    if let Some(items) = &touched.transact_items {
        return items
            .iter()
            .flatten()
            .map(|(part, item)| {
                let action = match part.as_ref() {
                    "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
                    part => format!("dynamodb:{part}Item"),
                };
                let keys = item.key.iter().chain(&item.item).filter_map(Keyed::partition).collect();
                Call { action, resource: table_arn(&item.table_name), keys }
            })
            .collect();
    }
    let action = format!("dynamodb:{operation}");
    if let Some(tables) = &touched.request_items {
        let call = |(table, asked): (&Cow<'_, str>, &Asked<'_>)| Call {
            action: action.clone(),
            resource: table_arn(table),
            keys: asked.keys.iter().filter_map(Keyed::partition).collect(),
        };
        return tables.iter().map(call).collect();
    }
    let mut arn = table_arn(touched.table_name.as_deref().unwrap_or_default());
    if let Some(index) = &touched.index_name {
        arn.push_str("/index/");
        arn.push_str(index);
    }
    // The keys of an index are not those that conditions speak of here.
    let keys = if touched.index_name.is_some() { Vec::new() } else { touched.partitions() };
    vec![Call { action, resource: arn, keys }]
}

fn denied(action: &str, resource: &str) -> Result<HttpResponse, ConnectorError> {
    let message = format!("the role does not allow {action} on {resource}");
    let body = serde_json::json!({ "__type": "AccessDeniedException", "message": message }).to_string();
    http::Response::builder()
        .status(400)
        .header("content-type", "application/x-amz-json-1.0")
        .body(SdkBody::from(body))
        .map_err(|error| error.to_string())
        .and_then(|response| HttpResponse::try_from(response).map_err(|error| error.to_string()))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, body: &str, expected: &[&str]) {
        let told =
            |call: &Call| format!("{} {} {}", call.action, call.resource, call.keys.join(" ")).trim_end().to_owned();
        let needed: Vec<String> = needed(target, body.as_bytes()).iter().map(told).collect();
        assert_eq!(needed, expected, "{target} {body}");
    }

    #[test]
    fn every_kind_of_call_says_what_it_touches() {
        let t = "arn:aws:dynamodb:eu-west-3:000000000000:table/T";
        let of = |operation: &str| format!("DynamoDB_20120810.{operation}");
        check(&of("GetItem"), r#"{"TableName":"T","Key":{}}"#, &[&format!("dynamodb:GetItem {t}")]);
        let query = r#"{"TableName":"T","IndexName":"due"}"#;
        check(&of("Query"), query, &[&format!("dynamodb:Query {t}/index/due")]);
        let batch = r#"{"RequestItems":{"T":{"Keys":[]}}}"#;
        check(&of("BatchGetItem"), batch, &[&format!("dynamodb:BatchGetItem {t}")]);
        let transaction =
            r#"{"TransactItems":[{"Put":{"TableName":"T","Item":{}}},{"ConditionCheck":{"TableName":"T"}}]}"#;
        let both = [format!("dynamodb:PutItem {t}"), format!("dynamodb:ConditionCheckItem {t}")];
        check(&of("TransactWriteItems"), transaction, &both.each_ref().map(String::as_str));
        let send = r#"{"QueueUrl":"http://h/000000000000/File","Entries":[]}"#;
        check("AmazonSQS.SendMessageBatch", send, &["sqs:SendMessage arn:aws:sqs:eu-west-3:000000000000:File"]);
        let secret = r#"{"SecretId":"arn:s"}"#;
        check("secretsmanager.GetSecretValue", secret, &["secretsmanager:GetSecretValue arn:s"]);
        check("Other.Call", "{}", &["Other.Call ?"]);
        check(&of("GetItem"), "not json", &["DynamoDB_20120810.GetItem ?"]);
    }

    #[test]
    fn calls_say_which_partitions_they_name() {
        let t = "arn:aws:dynamodb:eu-west-3:000000000000:table/T";
        let of = |operation: &str| format!("DynamoDB_20120810.{operation}");
        let get = r#"{"TableName":"T","Key":{"PK":{"S":"K#1"},"SK":{"S":"K"}}}"#;
        check(&of("GetItem"), get, &[&format!("dynamodb:GetItem {t} K#1")]);
        let put = r#"{"TableName":"T","Item":{"PK":{"S":"P#1"},"n":{"N":"1"}}}"#;
        check(&of("PutItem"), put, &[&format!("dynamodb:PutItem {t} P#1")]);
        let query = r##"{"TableName":"T","KeyConditionExpression":"#n0 = :v0 AND #n1 > :v1",
            "ExpressionAttributeValues":{":v0":{"S":"EV#01"},":v1":{"S":"x"}}}"##;
        check(&of("Query"), query, &[&format!("dynamodb:Query {t} EV#01")]);
        let batch = r#"{"RequestItems":{"T":{"Keys":[{"PK":{"S":"K#1"}},{"PK":{"S":"P#1"}}]}}}"#;
        check(&of("BatchGetItem"), batch, &[&format!("dynamodb:BatchGetItem {t} K#1 P#1")]);
        let transaction = r#"{"TransactItems":[{"Delete":{"TableName":"T","Key":{"PK":{"S":"K#1"}}}}]}"#;
        check(&of("TransactWriteItems"), transaction, &[&format!("dynamodb:DeleteItem {t} K#1")]);
    }

    #[test]
    fn a_grant_on_some_keys_allows_no_call_that_names_another() {
        let keys = Some(LeadingKeys::Only(vec!["K#*".to_owned()]));
        let grant = Grant { resource: "t".to_owned(), keys };
        let permissions = Permissions(BTreeMap::from([("dynamodb:GetItem".to_owned(), vec![grant])]));
        let allowed = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            permissions.allow("dynamodb:GetItem", "t", &keys)
        };
        assert!(allowed(&["K#1"]) && allowed(&["K#1", "K#2"]));
        assert!(!allowed(&["P#1"]) && !allowed(&["K#1", "P#1"]));
    }
}
