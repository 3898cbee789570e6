//! What a body asks of a webhook: its address, the types it wants, its description, a header of its own. All faults are told at once.

use domain::body::{Faults, Field, Missing, Parsed};
use domain::communs::event_type::EventType;
use domain::webhooks::address::{Policy, check_url};
use domain::webhooks::own_header::{OwnName, OwnValue};
use domain::webhooks::subscription::Webhook;
use passerelle::web::body::{Media, RawBody};
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};

use crate::openapi::schemas::webhook::{NewWebhook, OwnHeader, WebhookPatch};
use crate::webhooks::WebhookSettings;

/// The settings of a webhook to be made.
///
/// # Errors
/// 400 and 422 as for any body; a refused address has a problem of its own when it is the only fault.
pub(super) fn parse_new(body: &RawBody, policy: Policy) -> Result<WebhookSettings, ApiError> {
    let Parsed { body, mut faults } = body.parse::<NewWebhook>(Media::Json)?;
    let event_types = body.event_types.set().map(|names| judge_types(&names, &mut faults));
    let url = judge(body.url.ok(), policy, faults)?.ok_or(Problem::new(Code::ValidationFailed))?;
    let description = body.description.set().map(String::from);
    Ok(WebhookSettings { url, event_types, description, header: valid_header(body.header)? })
}

/// The settings after a merge patch.
///
/// # Errors
/// Those of [`parse_new`].
pub(super) fn parse_patch(body: &RawBody, current: &Webhook, policy: Policy) -> Result<WebhookSettings, ApiError> {
    let Parsed { body, mut faults } = body.parse::<WebhookPatch>(Media::MergePatch)?;
    let event_types = body.event_types.map(|names| judge_types(&names, &mut faults));
    if body.url == Field::Null {
        faults.add_missing("/url");
    }
    let url = body.url.set();
    // Whoever may change the address may not read the header by doing so.
    if current.header.is_some()
        && matches!(body.header, Field::Absent)
        && url.as_deref().is_some_and(|url| is_elsewhere(url, &current.url, policy))
    {
        faults.add("/header", "à redonner, ou à retirer (null), quand l'adresse change d'hôte");
    }
    let url = judge(url, policy, faults)?;
    Ok(WebhookSettings {
        url: url.unwrap_or_else(|| current.url.clone()),
        event_types: event_types.or_keep(current.event_types.clone()),
        description: body.description.map(String::from).or_keep(current.description.clone()),
        header: valid_header(body.header)?,
    })
}

/// The header of a body without faults.
fn valid_header(header: Field<OwnHeader>) -> Result<Field<(OwnName, OwnValue)>, Missing> {
    Ok(match header {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Set(OwnHeader { name, value }) => Field::Set((name.get()?, value.get()?)),
    })
}

/// Whether an address is of another scheme, host or port; one that is refused is nowhere.
fn is_elsewhere(url: &str, current: &str, policy: Policy) -> bool {
    let origin = |text: &str| check_url(text, policy).ok().map(|url| url.url().origin());
    origin(url).is_some_and(|moved| origin(current) != Some(moved))
}

/// The address in canonical form, when nothing is wrong with it nor with the rest.
fn judge(url: Option<String>, policy: Policy, mut faults: Faults) -> Result<Option<String>, Problem> {
    match url.map(|url| check_url(&url, policy)).transpose() {
        Ok(url) => Ok(faults.finish(url.map(|url| url.as_str().to_owned()))?),
        Err(refusal) => {
            let code = if faults.is_empty() { Code::WebhookUrlRefused } else { Code::ValidationFailed };
            faults.add("/url", refusal.to_string());
            Err(Problem::new(code).errors(&faults.finish(()).err().unwrap_or_default()))
        }
    }
}

/// The types named, each once; every unknown one is a fault at its own place.
fn judge_types(names: &[String], faults: &mut Faults) -> Vec<EventType> {
    if names.is_empty() {
        faults.add("/eventTypes", "au moins un type est attendu");
    }
    let mut kinds = Vec::new();
    for (rank, name) in names.iter().enumerate() {
        match EventType::from_name(name) {
            Some(kind) if kinds.contains(&kind) => {}
            Some(kind) => kinds.push(kind),
            None => faults.add(&format!("/eventTypes/{rank}"), "type d'événement inconnu"),
        }
    }
    kinds
}
