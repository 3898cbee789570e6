//! What the routers of the APIs have in common.

use axum::Router;
use axum::middleware::from_fn;

use super::layer;
use super::problem::{Code, Problem};

/// The operations of an API whose state is `$app`, one line each. The router (`table`) and the `OpenAPI` document
/// (`Described`) are made from the same lines; a test compares each with the method and path its handler describes.
#[macro_export]
macro_rules! operations {
    ($app:ty; $($method:ident $path:literal => $module:ident::$handler:ident;)+) => {
        /// Method and path, below the prefix, of every operation.
        pub const OPERATIONS: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        fn table() -> impl Iterator<Item = (&'static str, axum::routing::MethodRouter<$app>)> {
            [$(($path, axum::routing::$method($module::$handler))),+].into_iter()
        }

        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($module::$handler),+))]
        pub(crate) struct Described;
    };
}

/// Routes with what surrounds those of every API: problems for what does not exist, an id and a log line for each
/// request, and their state.
pub fn with_common_layers<S: Clone + Send + Sync + 'static>(routes: Router<S>, app: S) -> Router {
    routes
        .fallback(|| async { Problem::new(Code::NotFound).detail("Cette route n'existe pas.") })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(from_fn(layer::identify))
        .with_state(app)
}
