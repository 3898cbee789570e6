//! Demonstration people of La Coop: one for each thing a synchronisation can find; and as many others as a load needs.

use axum::http::Method;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::caller::{CallError, Caller};
use crate::stand_ins::dataspace::{Answer, Dataspace};

/// Registrations at the same time.
const AT_ONCE: usize = 8;

/// A demonstration person.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Their id in La Coop.
    pub id: Uuid,
    /// E-mail, in lower case.
    pub email: &'static str,
    /// Given name.
    pub prenom: &'static str,
    /// Family name.
    pub nom: &'static str,
    /// What became of them.
    pub story: &'static str,
    /// What the Dataspace knew of them yesterday, if they were synchronised then.
    pub yesterday: Option<fn() -> Value>,
    /// What it knows today; nothing for somebody it does not know.
    pub today: Option<fn() -> Value>,
}

impl Person {
    /// The body of their registration.
    #[must_use]
    pub fn registration(&self) -> Value {
        json!({"email": self.email, "prenom": self.prenom, "nom": self.nom, "telephone": "06 12 34 56 78"})
    }
}

const fn person(rank: u128, email: &'static str, prenom: &'static str, nom: &'static str) -> Person {
    let id = Uuid::from_u128(0xd000_0000_0000_4000_8000_0000_0000_0000 + rank);
    Person { id, email, prenom, nom, story: "", yesterday: None, today: None }
}

/// All of them.
pub const PEOPLE: [Person; 6] = [
    Person {
        story: "devient conseillère numérique",
        yesterday: Some(|| payload(9_001, [false, false], &[])),
        today: Some(|| {
            payload(9_001, [true, false], &[structure("Mairie de Rennes", RENNES, &[contrat("2025-02-03")])])
        }),
        ..person(1, "amina.benali@coop.demo.fr", "Amina", "Benali")
    },
    Person {
        story: "son contrat est rompu, un autre commence",
        yesterday: Some(|| {
            payload(9_002, [true, false], &[structure("Mairie de Rennes", RENNES, &[contrat("2024-01-01")])])
        }),
        today: Some(|| {
            let ruptured = json!({
                "type": "CDD", "date_debut": "2024-01-01", "date_fin": "2026-12-31", "date_rupture": "2025-06-30",
            });
            let structures = [
                structure("Mairie de Rennes", RENNES, &[ruptured]),
                structure("Centre social Cyprian", LYON, &[contrat("2025-09-01")]),
            ];
            payload(9_002, [true, false], &structures)
        }),
        ..person(2, "bruno.lemoine@coop.demo.fr", "Bruno", "Lemoine")
    },
    Person {
        story: "son contrat n'a pas encore de date",
        today: Some(|| {
            let undated = json!({"type": "CDI", "date_debut": null, "date_fin": null, "date_rupture": null});
            payload(9_003, [true, false], &[structure("Centre social Cyprian", LYON, &[undated])])
        }),
        ..person(3, "chloe.martin@coop.demo.fr", "Chloé", "Martin")
    },
    Person {
        story: "quitte le dispositif",
        yesterday: Some(|| {
            payload(9_004, [true, false], &[structure("Mairie de Rennes", RENNES, &[contrat("2024-01-01")])])
        }),
        today: Some(|| payload(9_004, [false, false], &[])),
        ..person(4, "david.petit@coop.demo.fr", "David", "Petit")
    },
    Person {
        story: "devient coordinatrice",
        yesterday: Some(|| {
            payload(9_005, [true, false], &[structure("Mairie de Rennes", RENNES, &[contrat("2023-09-01")])])
        }),
        today: Some(|| {
            payload(9_005, [true, true], &[structure("Mairie de Rennes", RENNES, &[contrat("2023-09-01")])])
        }),
        ..person(5, "emma.roche@coop.demo.fr", "Emma", "Roche")
    },
    Person { story: "n'est pas connu du Dataspace", ..person(6, "farid.saidi@coop.demo.fr", "Farid", "Saïdi") },
];

/// SIRET, postal code, INSEE code and commune of the demonstration structures.
const RENNES: [&str; 4] = ["20000137800013", "35000", "35238", "Rennes"];
const LYON: [&str; 4] = ["20001370400016", "69100", "69266", "Villeurbanne"];

/// Structures that employ the made-up people.
const EMPLOYERS: usize = 500;

/// Has the Dataspace know the demonstration people as they are today, and any of the made-up people.
pub fn teach(dataspace: &Dataspace) {
    for person in PEOPLE {
        dataspace.answer(person.email, answer(person.today));
    }
    dataspace.answer_others(|email| made_up_rank(email).map_or(Answer::Unknown, |rank| Answer::Person(made_up(rank))));
}

/// What the Dataspace says of somebody.
#[must_use]
pub fn answer(payload: Option<fn() -> Value>) -> Answer {
    payload.map_or(Answer::Unknown, |payload| Answer::Person(payload()))
}

/// The e-mail of a made-up person.
#[must_use]
pub fn made_up_email(rank: usize) -> String {
    format!("personne-{rank}@charge.demo.fr")
}

fn made_up_rank(email: &str) -> Option<usize> {
    email.strip_prefix("personne-")?.strip_suffix("@charge.demo.fr")?.parse().ok()
}

/// A conseiller numérique with two contracts; one in ten is a coordinateur.
fn made_up(rank: usize) -> Value {
    let employer = rank % EMPLOYERS;
    let siret = format!("{:014}", 30_000_000_000_000 + employer);
    let structure = structure(
        &format!("Structure {employer}"),
        [&siret, "35000", "35238", "Rennes"],
        &[contrat("2023-01-01"), contrat("2024-01-01")],
    );
    payload(100_000 + rank, [true, rank.is_multiple_of(10)], &[structure])
}

fn payload(id: usize, [conseiller_numerique, coordinateur]: [bool; 2], structures: &[Value]) -> Value {
    json!({
        "id": id,
        "pg_id": null,
        "is_coordinateur": coordinateur,
        "is_conseiller_numerique": conseiller_numerique,
        "structures_employeuses": structures,
        "lieux_activite": null,
    })
}

fn structure(nom: &str, [siret, code_postal, code_insee, commune]: [&str; 4], contrats: &[Value]) -> Value {
    json!({
        "nom": nom,
        "siret": siret,
        "ids": {"coop": null},
        "contact": null,
        "adresse": {
            "numero_voie": 12, "repetition": null, "nom_voie": "Rue de la Mairie",
            "code_postal": code_postal, "code_insee": code_insee, "nom_commune": commune,
        },
        "contrats": contrats,
    })
}

fn contrat(debut: &str) -> Value {
    json!({"type": "CDD", "date_debut": debut, "date_fin": null, "date_rupture": null})
}

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
