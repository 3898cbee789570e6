//! Demonstration users of La Coop, registered as La Coop would.

use axum::http::Method;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::caller::{CallError, Caller};
use crate::neighbours::dataspace::demonstration::{PEOPLE, made_up_email};

/// Registrations at the same time.
const AT_ONCE: usize = 8;

/// Registers the demonstration people, and as many made-up ones.
///
/// # Errors
/// At the first registration that is refused.
pub async fn register(coop: &Caller, made_up: usize) -> Result<(), CallError> {
    let people = PEOPLE.iter().map(|person| (person.id, person.registration()));
    let others = (0..made_up).map(|rank| (Uuid::from_u128(0xe000 << 112 | rank as u128), made_up_registration(rank)));
    futures_util::stream::iter(people.chain(others).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |(id, body)| async move {
            let path = format!("/coop/v1/users/{id}");
            coop.call(Method::PUT, &path, Some(&body)).await.map(drop)
        })
        .await
}

fn made_up_registration(rank: usize) -> Value {
    json!({"email": made_up_email(rank), "prenom": "Personne", "nom": format!("Numéro {rank}")})
}
