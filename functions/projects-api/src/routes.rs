//! The routes of the API, in one table.

mod administration;
mod bulk;
mod deliveries;
mod feed;
mod links;
mod lists;
mod me;
mod people;
mod permissions;
mod projects;
mod redelivery;
mod statuts;
mod webhook_settings;
mod webhooks;

use axum::Router;
use passerelle::operations;
use passerelle::web::fair_share::bounded;
use passerelle::web::pages;
use passerelle::web::routing::with_common_layers;

use crate::app::App;
use crate::openapi::viewer;

/// Where the API begins.
const PREFIX: &str = "/communs/v1";

operations! { App;
    get "/projects" => lists::list;
    post "/projects" => projects::create;
    post "/projects/bulk" => bulk::create;
    get "/projects/by-external-id/{service}" => projects::find_by_external_id;
    get "/projects/by-external-id/{service}/{externalId}" => projects::by_external_id;
    get "/projects/{id}" => projects::read;
    patch "/projects/{id}" => projects::patch;
    delete "/projects/{id}" => projects::delete;
    get "/projects/{id}/history" => projects::history;
    put "/projects/{id}/links/{service}" => links::put;
    patch "/projects/{id}/links/{service}" => links::patch;
    delete "/projects/{id}/links/{service}" => links::delete;
    put "/projects/{id}/permissions" => permissions::put;
    delete "/projects/{id}/permissions" => permissions::delete;
    post "/projects/{id}/permissions/check" => permissions::check;
    post "/permissions/check" => permissions::check_many;
    post "/people/erase" => people::erase;
    post "/administration/changes" => administration::changes;
    get "/me" => me::read;
    get "/statuts" => statuts::read;
    get "/events" => feed::events;
    get "/digest" => feed::digest;
    get "/webhooks" => webhooks::list;
    post "/webhooks" => webhooks::create;
    get "/webhooks/{id}" => webhooks::read;
    patch "/webhooks/{id}" => webhooks::patch;
    delete "/webhooks/{id}" => webhooks::delete;
    post "/webhooks/{id}/rotate-secret" => webhooks::rotate_secret;
    post "/webhooks/{id}/test" => webhooks::test;
    post "/webhooks/{id}/enable" => webhooks::enable;
    post "/webhooks/{id}/disable" => webhooks::disable;
    get "/webhooks/{id}/deliveries" => deliveries::list;
    get "/webhooks/{id}/deliveries/{eventId}" => deliveries::read;
    post "/webhooks/{id}/deliveries/{eventId}/resend" => redelivery::resend;
    post "/webhooks/{id}/recover" => redelivery::recover;
    post "/webhooks/{id}/replay" => redelivery::replay;
    get "/openapi.json" => viewer::openapi;
}

/// The whole API under its prefix, and the pages for people: the documentation and the problems.
pub fn router(app: App) -> Router {
    // API Gateway decodes the path: a slash of an external id is one more segment.
    let table = table().map(|(path, handler)| (path.replace("/{externalId}", "/{*externalId}"), handler));
    let communs = table.fold(viewer::routes(), |router, (path, handler)| router.route(&path, handler));
    with_common_layers(Router::new().nest(PREFIX, bounded(communs, app.shares.clone())).merge(pages::routes()), app)
}
