//! The routes of the API, in one table.

mod changes;
mod runs;
mod synchronisation;
mod users;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::routing;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::body;
use http::request::Parts;
use passerelle::operations;
use passerelle::web::fair_share::bounded;
use passerelle::web::problem::{Code, Problem};
use passerelle::web::routing::with_common_layers;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::app::App;
use crate::openapi;

/// Where the API begins.
const PREFIX: &str = "/coop/v1";

operations! { App;
    put "/users/{id}" => users::register;
    get "/users/{id}" => users::read;
    get "/users/{id}/changes" => changes::list;
    post "/users/{id}/dataspace-sync" => synchronisation::synchronise;
    post "/users/{id}/inscription" => synchronisation::inscribe;
    get "/sync-runs" => runs::list;
    get "/sync-runs/{id}" => runs::read;
    post "/sync-runs/{id}/resume" => runs::resume;
    delete "/users/{id}" => users::delete;
    post "/users/{id}/erase" => users::erase;
    get "/openapi.json" => openapi::openapi;
}

/// The whole API under its prefix.
pub fn router(app: App) -> Router {
    let coop = table().fold(Router::new().route("/docs", routing::get(openapi::page)), |router, (path, handler)| {
        router.route(path, handler)
    });
    with_common_layers(Router::new().nest(PREFIX, bounded(coop, app.shares.clone())), app)
}

/// The user a path names. What is no UUID names nobody.
pub(crate) struct UserId(Uuid);

/// The run a path names. What is no UUID names none.
pub(crate) struct RunId(Uuid);

impl<S: Send + Sync> FromRequestParts<S> for UserId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(path_id(parts, state).await.ok_or(Code::UserNotFound)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RunId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(path_id(parts, state).await.ok_or(Code::SyncRunNotFound)?))
    }
}

async fn path_id<S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<Uuid> {
    let Path(text) = Path::<String>::from_request_parts(parts, state).await.ok()?;
    body::Id::parse(&text).map(|id| id.0)
}

/// The cursor that shows where a page ended.
fn encode_cursor<T: Serialize>(place: &T) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).ok()?))
}

/// Where the page before ended, by the cursor that was shown for it.
fn decode_cursor<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let decode = |text| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let refused =
        || Problem::new(Code::InvalidQuery).detail("Le paramètre « cursor » n'est pas un curseur de cette liste.");
    cursor.map(|text| decode(text).ok_or_else(refused)).transpose()
}
