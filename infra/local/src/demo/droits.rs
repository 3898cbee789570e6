//! The five ways a sign-in ends, over HTTP, on a stack in memory beside a stand-in for Portail DF.

use std::io::Write;

use axum::http::Method;
use domain::api_key::Scope;
use engines::Storage;
use passerelle::platform::clock::Clock;
use serde_json::json;

use super::DemoError;
use super::data::droits::{ESTABLISHMENT, PASSWORD, PEOPLE, directory, load};
use crate::caller::Caller;
use crate::stack::{Stack, StackOptions};
use crate::stand_ins::portail_df::PortailDf;

/// What each sign-in must come to, in the order of the people: whether Portail DF was asked, and the cause shown.
const EXPECTED: [(bool, Option<&str>); 5] = [
    (true, None),
    (true, Some("droits structure expires")),
    (true, Some("niveau_acces_invalide")),
    (true, Some("perimetre_invalide")),
    (false, None),
];

/// Signs in as each person and tells outcome, banner and trail to `out`.
///
/// # Errors
/// At the first sign-in that does not end as it should.
pub async fn play(out: &mut impl Write) -> Result<(), DemoError> {
    let portail_df = PortailDf::start(directory()).await.map_err(DemoError::from_error)?;
    let options = StackOptions::new(Storage::Memory, Clock::system()).with("PORTAIL_DF_URL", portail_df.url());
    let stack = Stack::start(options).await.map_err(DemoError::from_error)?;
    load(&stack).await.map_err(DemoError::from_error)?;
    let key = stack.issue_key("exploitation", Scope::Manage).await.map_err(DemoError::from_error)?;
    let anybody = Caller::new(stack.api(), None);
    let manager = Caller::new(stack.api(), Some(key));
    let mut say = |line: String| writeln!(out, "{line}").map_err(DemoError::from_error);

    say("Cinq personnes se connectent à Zéro Logement Vacant ; Portail DF est un remplaçant local.".to_owned())?;
    for (person, (asked, cause)) in PEOPLE.iter().zip(EXPECTED) {
        say(format!("\n{} : {}", person.email, person.story))?;
        let credentials = json!({"email": person.email, "password": PASSWORD});
        let session = anybody.call(Method::POST, "/droits/v1/authenticate", Some(&credentials)).await;
        let session = session.map_err(DemoError::from_error)?;
        let shown = session["banner"]["causes"][0]["cause"].as_str();
        if session["rightsChecked"] != asked || shown != cause {
            return Err(DemoError::new(format!("{} : la connexion ne finit pas comme prévu", person.email)));
        }
        let seen = session["effectiveGeoCodes"].as_array().map_or(0, Vec::len);
        say(format!(
            "   connexion réussie, droits {}, {seen} communes visibles",
            if asked { "vérifiés" } else { "non vérifiés" }
        ))?;
        for cause in session["banner"]["causes"].as_array().into_iter().flatten() {
            say(format!("   bandeau : {}", cause["message"].as_str().unwrap_or_default()))?;
        }
        let question = json!({"email": person.email, "establishmentId": ESTABLISHMENT, "flow": "connexion"});
        let explained = manager.call(Method::POST, "/droits/v1/rights/explain", Some(&question)).await;
        let explained = explained.map_err(DemoError::from_error)?;
        for node in explained["trail"].as_array().into_iter().flatten() {
            let answer = match node["answer"].as_str() {
                Some("yes") => " oui",
                Some(_) => " non",
                None => "",
            };
            let name = node["node"].as_str().unwrap_or_default();
            say(format!("   {name}{answer} : {}", node["text"].as_str().unwrap_or_default()))?;
        }
    }
    say("\nChaque connexion a fini comme prévu.".to_owned())
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
        for expected in
            ["L29 : connexion réussie", "L24 : suspension", "L26 : suspension", "L16 : Portail DF n'a pas pu"]
        {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    }
}
