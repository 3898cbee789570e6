//! What a synchronisation can find, over HTTP, on a stack in memory beside a stand-in for the Dataspace.

use std::io::Write;

use axum::http::Method;
use domain::api_key::Scope;
use engines::Storage;
use passerelle::platform::clock::Clock;
use serde_json::Value;

use super::DemoError;
use super::data::coop::{PEOPLE, Person, answer};
use crate::caller::Caller;
use crate::stack::{Stack, StackOptions};
use crate::stand_ins::brevo::{Brevo, Call};
use crate::stand_ins::dataspace::Dataspace;

/// What each synchronisation must come to, in the order of the people: the changes that are true, the emplois created,
/// updated and removed, and what Brevo is told.
const EXPECTED: [Expected; 6] = [
    Expected {
        change: Some("conseillerNumeriqueCreated"), emplois: [1, 0, 0], brevo: Some(&["Conseiller numérique"])
    },
    Expected { change: None, emplois: [1, 1, 0], brevo: None },
    Expected {
        change: Some("conseillerNumeriqueCreated"), emplois: [1, 0, 0], brevo: Some(&["Conseiller numérique"])
    },
    Expected { change: Some("conseillerNumeriqueRemoved"), emplois: [0, 0, 1], brevo: Some(&[]) },
    Expected {
        change: Some("coordinateurCreated"),
        emplois: [0, 0, 0],
        brevo: Some(&["Conseiller numérique", "Coordinateur"]),
    },
    Expected { change: None, emplois: [0, 0, 0], brevo: None },
];

struct Expected {
    change: Option<&'static str>,
    emplois: [u64; 3],
    /// The roles told; empty: the contact is removed.
    brevo: Option<&'static [&'static str]>,
}

/// What happened to one person.
struct Episode {
    result: Value,
    view: Value,
    calls: Vec<Call>,
}

/// Synchronises each person as of yesterday, then as of today, and tells what changed to `out`.
///
/// # Errors
/// At the first synchronisation that does not end as it should.
pub async fn play(out: &mut impl Write) -> Result<(), DemoError> {
    let dataspace = Dataspace::start().await.map_err(DemoError::from_error)?;
    let brevo = Brevo::start().await.map_err(DemoError::from_error)?;
    let options = StackOptions::new(Storage::Memory, Clock::system())
        .with("DATASPACE_URL", dataspace.url())
        .with("BREVO_URL", brevo.url());
    let stack = Stack::start(options).await.map_err(DemoError::from_error)?;
    let key = stack.issue_key("coop", Scope::Sync).await.map_err(DemoError::from_error)?;
    let coop = Caller::new(stack.api(), Some(key));
    let mut say = |line: String| writeln!(out, "{line}").map_err(DemoError::from_error);

    say("Six personnes de La Coop sont synchronisées ; le Dataspace et Brevo sont des remplaçants locaux.".to_owned())?;
    for (person, expected) in PEOPLE.iter().zip(EXPECTED) {
        say(format!("\n{} {} {}", person.prenom, person.nom, person.story))?;
        let episode = synchronise(person, &coop, &stack, &dataspace, &brevo).await?;
        for line in describe(&episode) {
            say(format!("   {line}"))?;
        }
        if !expected.matches(&episode) {
            return Err(DemoError::new(format!("{} : la synchronisation ne finit pas comme prévu", person.email)));
        }
    }
    say("\nChaque synchronisation a fini comme prévu.".to_owned())
}

async fn synchronise(
    person: &Person,
    coop: &Caller,
    stack: &Stack,
    dataspace: &Dataspace,
    brevo: &Brevo,
) -> Result<Episode, DemoError> {
    let user = format!("/coop/v1/users/{}", person.id);
    let sync = format!("{user}/dataspace-sync");
    coop.call(Method::PUT, &user, Some(&person.registration())).await.map_err(DemoError::from_error)?;
    if person.yesterday.is_some() {
        dataspace.answer(person.email, answer(person.yesterday));
        coop.call(Method::POST, &sync, None).await.map_err(DemoError::from_error)?;
        stack.drain().await.map_err(DemoError::from_error)?;
        // What Brevo was told yesterday is no part of today's story.
        drop(brevo.take());
    }
    dataspace.answer(person.email, answer(person.today));
    let result = coop.call(Method::POST, &sync, None).await.map_err(DemoError::from_error)?;
    stack.drain().await.map_err(DemoError::from_error)?;
    let view = coop.call(Method::GET, &user, None).await.map_err(DemoError::from_error)?;
    Ok(Episode { result, view, calls: brevo.take() })
}

/// The episode, line by line.
fn describe(episode: &Episode) -> Vec<String> {
    if episode.result["noOp"] == true {
        return vec!["le Dataspace ne répond rien : rien n'est modifié".to_owned()];
    }
    let mut lines = Vec::new();
    for (change, text) in [
        ("conseillerNumeriqueCreated", "conseiller numérique : oui"),
        ("conseillerNumeriqueRemoved", "conseiller numérique : non"),
        ("coordinateurCreated", "coordinateur : oui"),
    ] {
        if episode.result["changes"][change] == true {
            lines.push(text.to_owned());
        }
    }
    for emploi in episode.view["emplois"].as_array().into_iter().flatten() {
        let text = |name: &str| emploi[name].as_str();
        let debut = text("debut").map_or_else(|| "temporaire".to_owned(), |day| format!("depuis le {day}"));
        let fin = text("fin").map(|day| format!(", fin le {day}")).unwrap_or_default();
        let suppression = if emploi["suppression"].is_null() { "" } else { ", supprimé" };
        let nom = emploi["structure"]["nom"].as_str().unwrap_or_default();
        lines.push(format!("emploi à {nom} {debut}{fin}{suppression}"));
    }
    for call in &episode.calls {
        let roles: Vec<&str> = roles(call).collect();
        lines.push(if roles.is_empty() {
            "Brevo : le contact quitte la liste".to_owned()
        } else {
            format!("Brevo : {}", roles.join(", "))
        });
    }
    lines
}

fn roles(call: &Call) -> impl Iterator<Item = &str> {
    call.body["attributes"]["ROLES"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

impl Expected {
    fn matches(&self, episode: &Episode) -> bool {
        let changes = episode.result["changes"].as_object();
        let true_ones: Vec<&str> = changes
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| (*value == true).then_some(name.as_str()))
            .collect();
        let emplois = ["created", "updated", "removed"].map(|name| episode.result["emplois"][name].as_u64());
        let calls: Vec<Vec<&str>> = episode.calls.iter().map(|call| roles(call).collect()).collect();
        true_ones == Vec::from_iter(self.change)
            && emplois == self.emplois.map(Some)
            && calls == Vec::from_iter(self.brevo.map(<[_]>::to_vec))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn each_person_ends_as_told() {
        let mut told = Vec::new();
        let outcome = play(&mut told).await;
        let told = String::from_utf8(told).unwrap();
        assert!(outcome.is_ok(), "{outcome:?}\n{told}");
        for expected in [
            "emploi à Mairie de Rennes depuis le 2024-01-01, fin le 2025-06-30",
            "emploi à Centre social Cyprian temporaire",
            "Brevo : Conseiller numérique, Coordinateur",
            "Brevo : le contact quitte la liste",
            "rien n'est modifié",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    }
}
