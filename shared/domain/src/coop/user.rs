//! A user of La Coop, and what is kept of their work.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::instant;

/// A user, with the two roles that are theirs or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Id, given by La Coop.
    pub id: Uuid,
    /// E-mail, trimmed and in lower case.
    pub email: String,
    /// First name.
    pub prenom: String,
    /// Name.
    pub nom: String,
    /// Telephone, as given.
    pub telephone: Option<String>,
    /// Whether the Dataspace last said so.
    pub is_conseiller_numerique: bool,
    /// Id in the Dataspace.
    pub dataspace_id: Option<i64>,
    /// Id in the Dataspace's own database.
    pub dataspace_user_id_pg: Option<i64>,
    /// When the Dataspace was last followed.
    #[serde(with = "instant::optional")]
    pub last_synced_from_dataspace: Option<DateTime<Utc>>,
    /// When the places of activity were imported, all of them.
    #[serde(with = "instant::optional")]
    pub imported_lieux_from_dataspace: Option<DateTime<Utc>>,
    /// An import of places of activity began and did not end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub importing_lieux: bool,
    /// Whether La Coop deleted the user.
    pub deleted: bool,
    /// When; unknown of users deleted before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// Id of the role of coordinateur.
    pub coordinateur: Option<Uuid>,
    /// Id of the role of médiateur.
    pub mediateur: Option<Uuid>,
}

/// Who a user is, as La Coop says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// E-mail, trimmed and in lower case.
    pub email: String,
    /// First name.
    pub prenom: String,
    /// Name.
    pub nom: String,
    /// Telephone, as given.
    pub telephone: Option<String>,
}

/// A given or family name: trimmed, never empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PersonName(String);

impl TryFrom<String> for PersonName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.trim();
        if name.is_empty() { Err("texte vide") } else { Ok(Self(name.to_owned())) }
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

/// An employment: one per contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Emploi {
    /// Id.
    pub id: Uuid,
    /// The employer.
    pub structure: Uuid,
    /// First day in Paris; a temporary emploi has none.
    pub debut: Option<NaiveDate>,
    /// Last day in Paris.
    pub fin: Option<NaiveDate>,
    /// When no contract stood for it any more.
    #[serde(rename = "suppression", with = "instant::optional")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// When it was made.
    #[serde(rename = "creation", with = "instant")]
    pub created_at: DateTime<Utc>,
}

/// A place where a médiateur works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lieu {
    /// Id of the link.
    pub id: Uuid,
    /// The place.
    pub structure: Uuid,
    /// First day in Paris.
    pub debut: NaiveDate,
}

impl User {
    /// A user nobody knows anything of but who they are.
    #[must_use]
    pub fn registered(id: Uuid, identity: Identity) -> Self {
        let Identity { email, prenom, nom, telephone } = identity;
        Self {
            id,
            email,
            prenom,
            nom,
            telephone,
            is_conseiller_numerique: false,
            dataspace_id: None,
            dataspace_user_id_pg: None,
            last_synced_from_dataspace: None,
            imported_lieux_from_dataspace: None,
            importing_lieux: false,
            deleted: false,
            deleted_at: None,
            coordinateur: None,
            mediateur: None,
        }
    }

    /// The same user under another identity.
    #[must_use]
    pub fn identified(self, identity: Identity) -> Self {
        let Identity { email, prenom, nom, telephone } = identity;
        Self { email, prenom, nom, telephone, ..self }
    }
}
