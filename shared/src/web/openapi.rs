//! What the `OpenAPI` documents of the three APIs have in common: problems, their examples, and the page that shows
//! a document.
//!
//! Each handler carries its own description; a function assembles them and serves the committed copy, so that nothing
//! is built at a cold start. Tests keep the copy equal to what the code describes.

pub mod problem;
pub mod refusals;
pub mod viewer;

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, OpenApi as Document, Ref, RefOr, Response};

use super::guide::example;
use super::problem::Code;
use crate::VERSION;
use refusals::{MEDIA_TYPE, response};

/// The status of everything that comes too often.
const TOO_MANY: &str = "429";

/// What stands before the functions answers for itself, in words that are not ours to choose.
const GATEWAY: &str = "

**Ce que répond la passerelle d'AWS.** Quand une requête n'atteint pas le service, API Gateway répond à sa place, en \
`application/json`, `{\"message\": \"...\"}`, sans `Retry-After` : 429 au-delà du débit permis à tous les appelants \
ensemble, 503 quand le service ne répond pas en trente secondes ou n'a plus de place, 413 au-delà de ce qu'elle \
transporte, 404 hors des chemins des API. Un 429 ou un 503, de l'un ou de l'autre, se réessaie plus tard ; après un \
503, l'écriture a pu avoir lieu.";

/// The document as it is to be committed: of this version, with what the gateway answers, refusals that many operations have in common standing once
/// each, and every problem an operation can answer with its example.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn finished(mut document: Document) -> Result<String, serde_json::Error> {
    VERSION.clone_into(&mut document.info.version);
    document.info.description.get_or_insert_default().push_str(GATEWAY);
    let answered = share_refusals(&mut document);
    let entry = |code: Code| {
        let (_, name, title) = code.facts();
        let shown = ExampleBuilder::new().summary(title).value(Some(example(code))).build();
        (name.to_owned(), RefOr::T(shown))
    };
    let examples = Code::ALL.into_iter().filter(|code| answered.contains(code.facts().1)).map(entry);
    components(&mut document).examples.extend(examples);
    document.to_pretty_json().map(|json| json + "\n")
}

/// The components of a document, made if there are none yet.
pub fn components(document: &mut Document) -> &mut Components {
    document.components.get_or_insert_default()
}

/// Every request takes its token, or is refused: 429, beside what else an operation refuses so.
fn bound_requests(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let named = |response: &Response| {
        let examples = response.content.get(MEDIA_TYPE).and_then(|content| match content {
            RefOr::T(content) => Some(content.examples.keys().cloned().collect::<BTreeSet<_>>()),
            RefOr::Ref(_) => None,
        });
        examples.unwrap_or_default()
    };
    let refused = match responses.get(TOO_MANY) {
        Some(RefOr::T(response)) => named(response),
        _ => BTreeSet::new(),
    };
    let mut codes: Vec<Code> = Code::ALL.into_iter().filter(|code| refused.contains(code.facts().1)).collect();
    codes.push(Code::TooManyRequests);
    responses.insert(TOO_MANY.to_owned(), response(&codes).into());
}

/// Moves the refusals to where each stands once, and tells the names of the problems met.
fn share_refusals(document: &mut Document) -> BTreeSet<String> {
    let mut shared = BTreeMap::new();
    let mut answered = BTreeSet::new();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            bound_requests(operation);
            for (status, answer) in &mut operation.responses.responses {
                let RefOr::T(response) = answer else { continue };
                let Some(RefOr::T(content)) = response.content.get(MEDIA_TYPE) else { continue };
                let codes: Vec<&str> = content.examples.keys().map(String::as_str).collect();
                answered.extend(codes.iter().map(|code| (*code).to_owned()));
                let name = format!("{status}.{}", codes.join("."));
                let reference = RefOr::Ref(Ref::from_response_name(&name));
                shared.insert(name, std::mem::replace(answer, reference));
            }
        }
    }
    components(document).responses.extend(shared);
    answered
}
