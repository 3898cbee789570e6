//! One user followed at once: at a sign-in, by a button, at the inscription.

use axum::Json;
use axum::extract::State;
use domain::coop::lieux;
use domain::coop::plan::Occasion;
use domain::coop::report::Report;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use serde::Serialize;
use serde_json::{Value, json};

use super::UserId;
use crate::app::App;
use crate::caller::CoopCaller;
use crate::openapi::{refusals as by, schemas};
use crate::view;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    #[serde(flatten)]
    report: Report,
    dry_run: bool,
    plan: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InscriptionResult {
    #[serde(flatten)]
    report: Report,
    mediateur_created: bool,
    lieux: lieux::Counts,
}

/// `POST /users/{id}/dataspace-sync`.
#[utoipa::path(
    post,
    path = "/users/{id}/dataspace-sync",
    operation_id = "synchroniseUser",
    tag = "Synchronisation",
    summary = "Synchroniser un utilisateur",
    description = "D'après le Dataspace, autant de fois qu'on veut : ce qui n'a pas changé n'est pas écrit, sauf la date. Avec `dryRun=true`, dit ce qui serait écrit et n'écrit rien.",
    params(schemas::UserPath, schemas::Writing),
    responses(
        (status = 200, description = "Ce qui a été fait, ou le serait.", body = schemas::Synced),
        by::Refused<(by::Caller, by::LivingUser, by::Query, by::Dataspace,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn synchronise(
    State(app): State<App>,
    _: CoopCaller,
    Query(writing): Query<schemas::Writing>,
    UserId(id): UserId,
) -> Result<Json<Value>, ApiError> {
    let profile = app.users.find_living(id).await?;
    let payload = app.sync.fetch(&profile).await?;
    let answer = match (payload, writing.dry_run.unwrap_or(false)) {
        (None, false) => json!(Report::no_op()),
        (None, true) => {
            let plan = json!({"coordinateur": null, "emplois": []});
            json!(DryRun { report: Report::no_op(), dry_run: true, plan })
        }
        (Some(payload), false) => json!(app.sync.sync(profile, &payload, Occasion::Sync).await?.plan.report),
        (Some(payload), true) => {
            let decision = app.sync.decide(profile, &payload, Occasion::Sync).await?;
            let plan = view::plan_to_json(&decision);
            let before = decision.profile.stored.user.coordinateur;
            let mut report = decision.plan.report;
            // One that would be made has no id yet.
            report.coordinateur_id = report.coordinateur_id.and(before);
            json!(DryRun { report, dry_run: true, plan })
        }
    };
    Ok(Json(answer))
}

/// `POST /users/{id}/inscription`.
#[utoipa::path(
    post,
    path = "/users/{id}/inscription",
    operation_id = "inscribeUser",
    tag = "Synchronisation",
    summary = "Inscrire un utilisateur",
    description = "Le synchronise, le fait médiateur s'il y a lieu, et importe une fois ses lieux d'activité. Un import interrompu reprend à l'inscription suivante.",
    params(schemas::UserPath),
    responses(
        (status = 200, description = "Ce qui a été fait.", body = schemas::InscriptionResult),
        by::Refused<(by::Caller, by::LivingUser, by::Query, by::Dataspace,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn inscribe(
    State(app): State<App>,
    _: CoopCaller,
    _: NoQuery,
    UserId(id): UserId,
) -> Result<Json<Value>, ApiError> {
    let profile = app.users.find_living(id).await?;
    let Some(payload) = app.sync.fetch(&profile).await? else {
        let lieux = lieux::Counts::default();
        return Ok(Json(json!(InscriptionResult { report: Report::no_op(), mediateur_created: false, lieux })));
    };
    let user = profile.stored.user.id;
    let plan = app.sync.sync(profile, &payload, Occasion::Inscription).await?.plan;
    let lieux = if plan.imports_lieux { app.lieux.run(user, &payload).await? } else { lieux::Counts::default() };
    Ok(Json(json!(InscriptionResult { report: plan.report, mediateur_created: plan.mediateur_created, lieux })))
}
