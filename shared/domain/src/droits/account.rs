//! People, the establishments they work for, and the requests for an account.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::perimeter::{GeoCode, Perimeter};
use super::retention::Announcement;
use super::suspension::Suspension;
use crate::instant;

/// What a person may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// The data of the establishment, within the perimeter granted by Portail DF.
    Usual,
    /// The data of all establishments; never checked against Portail DF (L15).
    Admin,
    /// The data of the establishment, whatever the perimeter.
    Visitor,
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Stable id.
    pub id: Uuid,
    /// Unique, in lower case.
    pub email: String,
    /// What they may see.
    pub role: Role,
    /// The establishment they work for at present.
    pub establishment_id: Uuid,
    /// Why they may see nothing for now, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// When the account was made; unknown of accounts older than this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub created_at: Option<DateTime<Utc>>,
    /// When the account was deleted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// The last sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub last_authenticated_at: Option<DateTime<Utc>>,
    /// The deletion of an account nobody uses, once it was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_announced: Option<Announcement>,
}

/// A collectivité or EPCI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Establishment {
    /// Stable id.
    pub id: Uuid,
    /// Nine digits; what ties it to a structure of Portail DF.
    pub siren: String,
    /// Its name.
    pub name: String,
    /// Its communes.
    pub geo_codes: Vec<GeoCode>,
}

/// Somebody who asked for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prospect {
    /// In lower case.
    pub email: String,
    /// Whether the request is complete.
    pub has_account: bool,
    /// Whether the establishment committed itself.
    pub has_commitment: bool,
}

/// What is stored of the perimeter of a person in an establishment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StoredPerimeter {
    /// Portail DF never answered about the person here.
    #[default]
    NeverChecked,
    /// It answered, and grants none.
    NotGranted,
    /// What it grants.
    Granted(Perimeter),
}

impl StoredPerimeter {
    /// Whether Portail DF ever answered about the person here.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        *self != Self::NeverChecked
    }
}

impl From<Option<Perimeter>> for StoredPerimeter {
    fn from(granted: Option<Perimeter>) -> Self {
        granted.map_or(Self::NotGranted, Self::Granted)
    }
}

/// The communes a person sees: those of the establishment, within the perimeter stored for them. An administrator and
/// a visitor are not held to a perimeter, but a visitor who was never checked sees nothing either. An empty answer means
/// that nothing is visible, never that all is.
#[must_use]
pub fn visible_communes(role: Role, establishment: &Establishment, perimeter: &StoredPerimeter) -> Vec<GeoCode> {
    match (role, perimeter) {
        (Role::Usual | Role::Visitor, StoredPerimeter::NeverChecked) => Vec::new(),
        (Role::Usual, StoredPerimeter::Granted(perimeter)) => {
            perimeter.coverage(Some(&establishment.siren)).within(&establishment.geo_codes)
        }
        _ => establishment.geo_codes.clone(),
    }
}
