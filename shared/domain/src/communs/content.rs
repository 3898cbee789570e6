//! What services write of a project. Every member of [`Content`] is stored, shown, told of by events and compared:
//! nothing of that names a member.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::statut::Generic;
use super::values::{Collectivite, Euros, Porteur};
use crate::body::members_of;

/// The properties of a project that services write, as they are shown. Their doc comments are the document's own text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "a doc comment here would be text of the document")]
pub struct Content {
    pub nom: String,
    #[schema(required)]
    pub description: Option<String>,
    pub statut: Generic,
    pub collectivites: Vec<Collectivite>,
    #[schema(required)]
    pub porteur: Option<Porteur>,
    /// En euros.
    #[schema(required, value_type = Option<f64>, minimum = 0)]
    pub budget_previsionnel: Option<Euros>,
    #[schema(required)]
    pub date_debut_previsionnelle: Option<NaiveDate>,
}

impl Content {
    /// The names of the members that have a value, as they are written.
    #[must_use]
    pub fn given(&self) -> Vec<String> {
        members(self).into_iter().filter(|(_, value)| value != "null").map(|(name, _)| name).collect()
    }

    /// The names of the members that differ in `next`.
    #[must_use]
    pub fn changed(&self, next: &Self) -> Vec<String> {
        let pairs = members(self).into_iter().zip(members(next));
        pairs.filter(|(before, after)| before != after).map(|((name, _), _)| name).collect()
    }
}

/// The members in the order they are declared in, each as its JSON text.
fn members(content: &Content) -> Vec<(String, String)> {
    // What only has texts, numbers and lists can always be written.
    members_of(&serde_json::to_string(content).unwrap_or_default())
}
