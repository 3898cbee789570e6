//! The routes of the API, in one table.

mod administration;
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
mod mailboxes;
mod management;
mod owners;
mod passwords;

use axum::Router;
use axum::routing;
use passerelle::operations;
use passerelle::web::fair_share::bounded;
use passerelle::web::routing::with_common_layers;

use crate::app::App;
use crate::openapi;

/// Where the API begins.
const PREFIX: &str = "/droits/v1";

operations! { App;
    post "/signup-links" => mailboxes::request_signup_link;
    post "/users/creation" => creation::create;
    post "/authenticate" => authenticate::sign_in;
    post "/authenticate/verify-2fa" => authenticate::verify;
    post "/password-resets" => mailboxes::request_password_reset;
    post "/password-resets/completion" => passwords::complete_reset;
    post "/account/password" => passwords::change;
    post "/account/sign-out-everywhere" => passwords::sign_out_everywhere;
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
    get "/administration/users" => administration::find;
    put "/administration/users/{id}/role" => administration::set_role;
    put "/administration/users/{id}/suspension" => administration::suspend;
    delete "/administration/users/{id}/suspension" => administration::end_suspension;
    put "/administration/users/{id}/email" => administration::change_email;
    delete "/administration/users/{id}" => administration::delete;
    post "/administration/erasures" => administration::erase;
    put "/management/{kind}" => management::load;
    get "/openapi.json" => openapi::openapi;
}

/// The whole API under its prefix.
pub fn router(app: App) -> Router {
    let droits = table().fold(Router::new().route("/docs", routing::get(openapi::page)), |router, (path, handler)| {
        router.route(path, handler)
    });
    with_common_layers(Router::new().nest(PREFIX, bounded(droits, app.shares.clone())), app)
}
