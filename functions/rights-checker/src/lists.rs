//! Lists: what is asked for, and pages with their cursors.

use axum::Json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::droits::account::Role;
use domain::droits::perimeter::GeoCode;
use passerelle::store::droits::{Page, Place, STATUSES};
use passerelle::web::error::ApiError;
use passerelle::web::problem::Problem;
use passerelle::web::query::Query;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::caller::DataCaller;
use passerelle::web::values::uuid;

/// Items of a page when nothing is said.
const USUAL: usize = 50;

/// What every list takes.
pub(crate) const PARAMETERS: [&str; 3] = ["limit", "cursor", "establishmentIds"];
/// What lists of housing take.
pub(crate) const HOUSING_PARAMETERS: [&str; 5] = ["limit", "cursor", "establishmentIds", "localities", "status"];

/// What is asked for. A list that is present and empty is an empty list; one that is absent is no filter.
pub(crate) struct Wanted {
    pub(crate) limit: usize,
    pub(crate) after: Option<Place>,
    pub(crate) establishments: Option<Vec<Uuid>>,
    pub(crate) localities: Option<Vec<GeoCode>>,
    pub(crate) statuses: Option<Vec<u8>>,
}

impl Wanted {
    /// Reads the query; only the parameters `known` are.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub(crate) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let query = Query::read(query, known)?;
        Ok(Self {
            limit: query.limit_or(USUAL)?,
            after: query.get("cursor", place)?,
            establishments: query.get("establishmentIds", |text| all(text, uuid))?,
            // A code that is none names no commune: it shows nothing.
            localities: query.get("localities", |text| Some(parts(text).filter_map(GeoCode::parse).collect()))?,
            statuses: query.get("status", |text| all(text, status))?,
        })
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|part| !part.is_empty())
}

fn all<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    parts(text).map(read).collect()
}

fn status(text: &str) -> Option<u8> {
    text.parse().ok().filter(|status| *status < STATUSES)
}

fn place(cursor: &str) -> Option<Place> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// A page as the API answers it.
pub(crate) fn answer<T: Serialize>(page: Page<T>) -> Json<Value> {
    let next = page.items.last().filter(|_| page.more).and_then(|(place, _)| serde_json::to_vec(place).ok());
    let items: Vec<T> = page.items.into_iter().map(|(_, item)| item).collect();
    Json(json!({"items": items, "nextCursor": next.map(|place| URL_SAFE_NO_PAD.encode(place))}))
}

impl DataCaller {
    /// The establishments the caller looks at: their own, or for an administrator those asked for (`None`: all).
    /// Another establishment's id shows nothing to anybody else.
    pub(crate) fn establishments(&self, wanted: Option<&[Uuid]>) -> Option<Vec<Uuid>> {
        match (self.role, wanted) {
            (Role::Admin, wanted) => wanted.map(<[Uuid]>::to_vec),
            (_, None) => Some(vec![self.establishment.id]),
            (_, Some(wanted)) => Some(wanted.iter().copied().filter(|id| *id == self.establishment.id).collect()),
        }
    }

    /// The communes the caller looks at: those they see, narrowed by what is asked for (`None`: all there are).
    ///
    /// # Errors
    /// When an establishment cannot be read.
    pub(crate) async fn communes(&self, app: &App, wanted: &Wanted) -> Result<Option<Vec<GeoCode>>, ApiError> {
        let seen = match (self.role, &wanted.establishments) {
            (Role::Admin, None) => None,
            (Role::Admin, Some(ids)) => {
                let mut communes = Vec::new();
                for id in ids {
                    communes
                        .extend(app.store.establishment(*id).await?.map(|found| found.geo_codes).unwrap_or_default());
                }
                Some(communes)
            }
            (_, Some(ids)) if !ids.contains(&self.establishment.id) => Some(Vec::new()),
            _ => Some(self.communes.clone()),
        };
        Ok(match (seen, &wanted.localities) {
            (None, localities) => localities.clone(),
            (Some(seen), None) => Some(seen),
            (Some(seen), Some(localities)) => Some(seen.into_iter().filter(|code| localities.contains(code)).collect()),
        })
    }

    /// Whether the caller sees a commune.
    pub(crate) fn sees(&self, commune: GeoCode) -> bool {
        self.role == Role::Admin || self.communes.contains(&commune)
    }
}
