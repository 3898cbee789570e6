//! The two ways to reach the engines: inside this process, or over HTTP for separate processes.

use std::fmt;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::wire::{WireAnswer, WireError};
use super::{Engines, REGION};

/// The largest request a service accepts: DynamoDB's 16 MB.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// An SDK configuration whose calls never leave this process.
///
/// The credentials are obviously fake, so that a client pointed at AWS by mistake is refused there.
pub(super) fn sdk_config(engines: Engines) -> SdkConfig {
    let credentials = Credentials::new("EMBEDDED", "embedded", None, None, "embedded-engines");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(InProcess(engines))
        .build()
}

/// A router that answers every path: the operation is in a header, not in the path.
pub(super) fn router(engines: Engines) -> Router {
    Router::new().fallback(answer).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(engines)
}

async fn answer(State(engines): State<Engines>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let answer = engines.call(target.unwrap_or_default(), body).await;
    if answer.lost {
        // A body that fails before its first byte makes the server cut the connection.
        let cut = futures_util::stream::once(async {
            Err::<Bytes, _>(std::io::Error::other("answer lost by an injected fault"))
        });
        return Body::from_stream(cut).into_response();
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[derive(Clone)]
struct InProcess(Engines);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engines = self.0.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            // These three services send their whole input at once, so the body is always in memory.
            let body = request.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default();
            response(engines.call(&target, body).await)
        })
    }
}

fn response(answer: WireAnswer) -> Result<HttpResponse, ConnectorError> {
    if answer.lost {
        return Err(ConnectorError::io("answer lost by an injected fault".into()));
    }
    let mut response = http::Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response
        .body(SdkBody::from(answer.body))
        .map_err(|error| error.to_string())
        .and_then(|response| HttpResponse::try_from(response).map_err(|error| error.to_string()))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

/// What a call without a known service is answered.
pub(super) fn unknown_target(target: &str) -> WireAnswer {
    WireError::unknown_operation(if target.is_empty() { "(x-amz-target absent)" } else { target }).into()
}
