//! The routes of the API, in one table.

mod changes;
mod runs;
mod synchronisation;
mod users;

use axum::Router;
use axum::routing;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passerelle::operations;
use passerelle::web::problem::Code;
use passerelle::web::routing::surrounded;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::app::App;
use crate::openapi;
use passerelle::web::values;

/// Where the API begins.
const PREFIX: &str = "/coop/v1";
/// Items of a page when nothing is said.
const USUAL: usize = 50;

operations! { App;
    put "/users/{id}" => users::register;
    get "/users/{id}" => users::read;
    get "/users/{id}/changes" => changes::list;
    post "/users/{id}/dataspace-sync" => synchronisation::synchronise;
    post "/users/{id}/inscription" => synchronisation::inscribe;
    get "/sync-runs" => runs::list;
    get "/sync-runs/{id}" => runs::read;
    post "/sync-runs/{id}/resume" => runs::resume;
    get "/openapi.json" => openapi::openapi;
}

/// The whole API under its prefix.
pub fn router(app: App) -> Router {
    let coop = table().fold(Router::new().route("/docs", routing::get(openapi::page)), |router, (path, handler)| {
        router.route(path, handler)
    });
    surrounded(Router::new().nest(PREFIX, coop), app)
}

/// The user a path names. What is no UUID names nobody.
fn user_id(text: &str) -> Result<Uuid, Code> {
    values::uuid(text).ok_or(Code::UserNotFound)
}

/// A cursor as the API shows it.
fn shown<T: Serialize>(place: &T) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).ok()?))
}

/// A cursor as it was shown.
fn place<T: DeserializeOwned>(cursor: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
