//! La Coop de la médiation numérique, kept in step with the Dataspace. Pure: payloads and `now` in, values out.
//!
//! Source: `spec/coop.md`, `seeds/coop-sync.txt`.

pub mod adresse;
pub mod contrat;
pub mod texte;
