//! Demonstration data of droits: an establishment, its housing, and people with an account: one for each way a sign-in
//! ends.

use domain::droits::account::{Establishment, Role, User};
use domain::droits::password::GivenPassword;
use domain::droits::perimeter::{GeoCode, Perimeter};
use passerelle::identity::password::{PasswordError, Passwords};
use passerelle::platform::clock::Clock;
use passerelle::store::droits::{DroitsStore, Housing};
use passerelle::store::error::{CommitError, StoreError};
use passerelle::store::transaction::Transaction;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::stack::Stack;
use crate::stand_ins::portail_df::Directory;
use crate::stand_ins::portail_df::people::Entry;

/// The demonstration establishment.
pub const ESTABLISHMENT: Uuid = Uuid::from_u128(0x5f0c_0b1e_7a3d_4c52_9b5e_3d2b_8f6a_1c01);

/// Its communes.
const COMMUNES: [&str; 3] = ["67482", "67447", "67218"];

/// The data could not be stored.
#[derive(Debug, thiserror::Error)]
#[error("les données de démonstration n'ont pas pu être enregistrées")]
pub enum DemonstrationError {
    /// Read.
    Store(#[from] StoreError),
    /// Written.
    Commit(#[from] CommitError),
    /// The password was not hashed.
    Password(#[from] PasswordError),
}

/// Stores what is missing of it.
///
/// # Errors
/// When the table fails.
pub async fn load(stack: &Stack) -> Result<(), DemonstrationError> {
    let table = stack.variables("RightsChecker")["DROITS_TABLE"].clone();
    let store = DroitsStore::new(aws_sdk_dynamodb::Client::new(stack.sdk()), table);
    if store.establishment(ESTABLISHMENT).await?.is_some() {
        return Ok(());
    }
    let communes: Vec<GeoCode> = COMMUNES.iter().filter_map(|code| GeoCode::parse(code)).collect();
    for (rank, commune) in (1..).zip(&communes) {
        let housing =
            Housing { id: Uuid::from_u128(rank), geo_code: *commune, status: 1, owner_ids: vec![Uuid::from_u128(100)] };
        store.load_housing(&[housing]).await?;
    }
    let password = GivenPassword::try_from(PASSWORD.to_owned()).map_err(|_| PasswordError)?;
    let password = Passwords::default().hash(password).await?;
    let perimeter = Perimeter { departments: vec!["67".to_owned()], ..Perimeter::default() };
    for (rank, person) in (1_000..).zip(PEOPLE) {
        let user = User {
            id: Uuid::from_u128(rank),
            email: person.email.to_owned(),
            role: Role::Usual,
            establishment_id: ESTABLISHMENT,
            suspension: None,
            created_at: Some(Clock::system().now()),
            deleted_at: None,
            last_authenticated_at: None,
            deletion_announced: None,
        };
        let mut transaction = Transaction::default();
        store.add_user(&mut transaction, &user, &password)?;
        store.add_membership(&mut transaction, user.id, ESTABLISHMENT, true)?;
        // Checked once before: what is stored stands while Portail DF does not answer.
        store.set_perimeter(&mut transaction, user.id, ESTABLISHMENT, Some(&perimeter), Clock::system().now())?;
        match store.commit(transaction).await {
            // An earlier start was stopped in the middle.
            Ok(()) | Err(CommitError::Race) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Last: it says that everything is there.
    let name = "Eurométropole de Strasbourg".to_owned();
    let establishment = Establishment { id: ESTABLISHMENT, siren: "246700488".to_owned(), name, geo_codes: communes };
    Ok(store.load_establishment(&establishment).await?)
}

/// Their password.
pub const PASSWORD: &str = "Motdepasse2026";

/// A demonstration person.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Signs in with it.
    pub email: &'static str,
    /// What is special about them.
    pub story: &'static str,
    entry: fn() -> Entry,
}

/// All of them.
pub const PEOPLE: [Person; 5] = [
    Person { email: "tout-va-bien@strasbourg.demo.fr", story: "tous les droits sont là", entry: sound },
    Person {
        email: "structure-echue@strasbourg.demo.fr",
        story: "l'accès LOVAC de la structure a expiré",
        entry: || Entry { structure: Some(structure("2024-12-31T00:00:00Z")), ..sound() },
    },
    Person {
        email: "mauvais-niveau@strasbourg.demo.fr",
        story: "le groupe n'a pas le niveau LOVAC",
        entry: || Entry { group: Some(object(json!({"niveau_acces": "dvf", "lovac": false}))), ..sound() },
    },
    Person {
        email: "mauvais-perimetre@strasbourg.demo.fr",
        story: "le périmètre ne couvre aucune commune de l'établissement",
        entry: || Entry { perimeter: Some(object(json!({"dep": ["35"]}))), ..sound() },
    },
    Person {
        email: "portail-en-panne@strasbourg.demo.fr",
        story: "Portail DF ne répond pas pour cette personne",
        entry: || Entry { structure_fails: Some(500), ..sound() },
    },
];

/// What Portail DF knows of them.
#[must_use]
pub fn directory() -> Directory {
    let mut directory = Directory::default();
    for person in PEOPLE {
        directory.add(person.email, (person.entry)());
    }
    directory
}

fn sound() -> Entry {
    Entry {
        structure: Some(structure("2099-12-31T00:00:00Z")),
        group: Some(object(json!({"niveau_acces": "lovac", "lovac": true}))),
        perimeter: Some(object(json!({"dep": ["67"]}))),
        ..Entry::default()
    }
}

fn structure(acces_lovac: &str) -> Map<String, Value> {
    object(json!({
        "siret": "24670048800017", "nom": "Eurométropole de Strasbourg", "acces_lovac": acces_lovac,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
