//! La Coop kept in step with the Dataspace: the payload as it is read, the plan of a synchronisation, the import of
//! lieux, the guard of a nightly run. All of it is pure: what the shell found and `now` in, a value out.
//!
//! Source: docs/spec/coop.md, docs/seeds/coop-sync.txt, tests/cases/coop/_shapes.md#rules-made-precise

pub mod adresse;
pub mod codes;
pub mod contact;
pub mod contrat;
pub mod emplois;
pub mod history;
pub mod ids;
pub mod lieux;
pub mod night;
pub mod payload;
pub mod plan;
pub mod report;
pub mod retry;
pub mod run;
pub mod structures;
pub mod telephone;
pub mod texte;
pub mod user;
