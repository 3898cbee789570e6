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
use sam_template::{Names, Role, TemplateError};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What one role allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeMap<String, BTreeSet<String>>);

impl Permissions {
    /// The permissions of a role, its references resolved. Those on logs and traces have no counterpart here.
    ///
    /// # Errors
    /// When a resource refers to something `names` does not know.
    pub fn of(role: &Role, names: &Names) -> Result<Self, TemplateError> {
        let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for statement in &role.statements {
            let remote = |action: &String| action.starts_with("logs:") || action.starts_with("xray:");
            for action in statement.actions.iter().filter(|action| !remote(action)) {
                for resource in &statement.resources {
                    allowed.entry(action.clone()).or_default().insert(resource.resolve(names)?);
                }
            }
        }
        Ok(Self(allowed))
    }

    /// Whether `action` is allowed on the resource of this ARN.
    #[must_use]
    pub fn allow(&self, action: &str, resource: &str) -> bool {
        self.0.get(action).is_some_and(|resources| resources.contains(resource))
    }
}

/// The permissions that calls needed so far, as (action, ARN).
#[derive(Debug, Clone, Default)]
pub struct Used(Arc<Mutex<BTreeSet<(String, String)>>>);

impl Used {
    fn note(&self, needed: &(String, String)) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.contains(needed) {
            noted.insert(needed.clone());
        }
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
        match needed.into_iter().find(|(action, resource)| !self.permissions.allow(action, resource)) {
            None => self.inner.call(request),
            Some((action, resource)) => {
                tracing::error!(action, resource, "the function's role in template.yaml does not allow this");
                HttpConnectorFuture::ready(denied(&action, &resource))
            }
        }
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
    request_items: Option<BTreeMap<Cow<'a, str>, IgnoredAny>>,
    #[serde(borrow)]
    transact_items: Option<Vec<BTreeMap<Cow<'a, str>, InTransaction<'a>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InTransaction<'a> {
    #[serde(borrow)]
    table_name: Cow<'a, str>,
}

/// The permissions a call needs, as (action, ARN). A call that cannot be read needs one that no role has.
fn needed(target: &str, body: &[u8]) -> Vec<(String, String)> {
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let Ok(touched) = serde_json::from_slice::<Touched<'_>>(body) else {
        return vec![(target.to_owned(), "?".to_owned())];
    };
    match service {
        "DynamoDB_20120810" => on_tables(operation, &touched),
        "AmazonSQS" => {
            let queue = touched.queue_url.as_deref().unwrap_or_default();
            let queue = queue.rsplit('/').next().unwrap_or_default();
            // One permission covers a call and its batch.
            let action = operation.strip_suffix("Batch").unwrap_or(operation);
            vec![(format!("sqs:{action}"), format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"))]
        }
        "secretsmanager" => {
            let secret = touched.secret_id.unwrap_or_default().into_owned();
            vec![(format!("secretsmanager:{operation}"), secret)]
        }
        _ => vec![(target.to_owned(), "?".to_owned())],
    }
}

fn on_tables(operation: &str, touched: &Touched<'_>) -> Vec<(String, String)> {
    if let Some(items) = &touched.transact_items {
        return items
            .iter()
            .flatten()
            .map(|(part, item)| {
                let action = match part.as_ref() {
                    "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
                    part => format!("dynamodb:{part}Item"),
                };
                (action, table_arn(&item.table_name))
            })
            .collect();
    }
    let action = format!("dynamodb:{operation}");
    if let Some(tables) = &touched.request_items {
        return tables.keys().map(|table| (action.clone(), table_arn(table))).collect();
    }
    let mut arn = table_arn(touched.table_name.as_deref().unwrap_or_default());
    if let Some(index) = &touched.index_name {
        arn.push_str("/index/");
        arn.push_str(index);
    }
    vec![(action, arn)]
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
        let needed: Vec<String> =
            needed(target, body.as_bytes()).iter().map(|(action, arn)| format!("{action} {arn}")).collect();
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
}
