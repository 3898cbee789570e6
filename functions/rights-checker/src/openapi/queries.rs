//! The queries of lists, as documented and as parsed.

use domain::droits::perimeter::GeoCode;
use domain::query::Limit;
use domain::reference::email::Email;
use domain::uuid_text::parse_hyphenated_uuid;
use passerelle::store::droits::STATUSES;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::lists::Cursor;

/// A page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<Limit>,
    /// Le `nextCursor` de la page précédente.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<Cursor>,
}

/// A page of data.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<Limit>,
    /// Le `nextCursor` de la page précédente.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<Cursor>,
    /// Des identifiants séparés par des virgules. Restreint ; n'élargit que pour un administrateur.
    #[param(value_type = Option<String>, nullable = false, example = "")]
    pub(crate) establishment_ids: Option<Ids>,
}

/// A page of housing.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct HousingQuery {
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<Limit>,
    /// Le `nextCursor` de la page précédente.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<Cursor>,
    /// Des identifiants séparés par des virgules. Restreint ; n'élargit que pour un administrateur.
    #[param(value_type = Option<String>, nullable = false, example = "")]
    pub(crate) establishment_ids: Option<Ids>,
    /// Des codes INSEE séparés par des virgules.
    #[param(value_type = Option<String>, nullable = false, example = "67482,67218")]
    pub(crate) localities: Option<Communes>,
    /// Des statuts séparés par des virgules, de 0 à 5.
    #[param(value_type = Option<String>, nullable = false, pattern = "^([0-5](,[0-5])*)?$", example = "0,1")]
    pub(crate) status: Option<Statuses>,
}

/// Housing to export.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Des identifiants séparés par des virgules. Restreint ; n'élargit que pour un administrateur.
    #[param(value_type = Option<String>, nullable = false, example = "")]
    pub(crate) establishment_ids: Option<Ids>,
    /// Des codes INSEE séparés par des virgules.
    #[param(value_type = Option<String>, nullable = false, example = "67482,67218")]
    pub(crate) localities: Option<Communes>,
    /// Des statuts séparés par des virgules, de 0 à 5.
    #[param(value_type = Option<String>, nullable = false, pattern = "^([0-5](,[0-5])*)?$", example = "0,1")]
    pub(crate) status: Option<Statuses>,
}

/// Somebody's address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EmailQuery {
    /// L'adresse de la personne.
    #[param(value_type = String, example = "lea.martin@strasbourg.eu")]
    pub(crate) email: Option<Email>,
}

/// UUIDs separated by commas; one that is present and empty is an empty list.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Ids(pub(crate) Vec<Uuid>);

/// INSEE codes separated by commas. A code that is none names no commune: it shows nothing.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(crate) struct Communes(pub(crate) Vec<GeoCode>);

/// Statuses separated by commas.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Statuses(pub(crate) Vec<u8>);

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|part| !part.is_empty())
}

impl TryFrom<String> for Ids {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let ids: Option<_> = parts(&text).map(parse_hyphenated_uuid).collect();
        ids.map(Self).ok_or("des UUID séparés par des virgules sont attendus")
    }
}

impl From<String> for Communes {
    fn from(text: String) -> Self {
        Self(parts(&text).filter_map(GeoCode::parse).collect())
    }
}

impl TryFrom<String> for Statuses {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let status = |text: &str| text.parse().ok().filter(|status| *status < STATUSES);
        let statuses: Option<_> = parts(&text).map(status).collect();
        statuses.map(Self).ok_or("des entiers de 0 à 5, séparés par des virgules, sont attendus")
    }
}
