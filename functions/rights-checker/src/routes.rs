//! The routes of the API, in one table.

mod authenticate;
mod change;
mod collections;
mod creation;
mod establishments;
mod events;
mod explain;
mod exports;
mod housing;
mod localities;
mod management;
mod owners;

use axum::Router;
use axum::routing::{self, MethodRouter};
use passerelle::web::layer;
use passerelle::web::problem::{Code, Problem};
use utoipa::OpenApi;

use crate::app::App;
use crate::openapi;

/// Where the API begins.
const PREFIX: &str = "/droits/v1";

/// One line per operation.
macro_rules! operations {
    ($($method:ident $path:literal => $module:ident::$handler:ident;)+) => {
        /// Method and path, below the prefix, of every operation.
        pub const OPERATIONS: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        fn table() -> impl Iterator<Item = (&'static str, MethodRouter<App>)> {
            [$(($path, routing::$method($module::$handler))),+].into_iter()
        }

        #[derive(OpenApi)]
        #[openapi(paths($($module::$handler),+))]
        pub(crate) struct Described;
    };
}

operations! {
    post "/users/creation" => creation::create;
    post "/authenticate" => authenticate::sign_in;
    post "/authenticate/verify-2fa" => authenticate::verify;
    get "/establishments" => establishments::list;
    post "/account/change-establishment" => change::change;
    post "/rights/explain" => explain::explain;
    get "/housing" => housing::list;
    get "/housing/count" => housing::count;
    get "/housing/export" => exports::housing;
    get "/housing/{id}" => housing::read;
    get "/localities" => localities::list;
    get "/campaigns" => collections::campaigns;
    get "/campaigns/{id}/export" => exports::campaign;
    get "/groups" => collections::groups;
    get "/groups/{id}/export" => exports::group;
    get "/drafts" => collections::drafts;
    get "/owners" => owners::list;
    get "/owners/{id}" => owners::read;
    get "/events" => events::list;
    put "/management/{kind}" => management::load;
    get "/openapi.json" => openapi::openapi;
}

/// The whole API under its prefix.
pub fn router(app: App) -> Router {
    let droits = table().fold(Router::new().route("/docs", routing::get(openapi::page)), |router, (path, handler)| {
        router.route(path, handler)
    });
    Router::new()
        .nest(PREFIX, droits)
        .fallback(|| async { Problem::new(Code::NotFound).detail("Cette route n'existe pas.") })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(axum::middleware::from_fn(layer::identify))
        .with_state(app)
}
