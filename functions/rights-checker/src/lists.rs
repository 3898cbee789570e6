//! Lists: what is asked for, and pages with their cursors.

use axum::Json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::droits::account::Role;
use domain::droits::perimeter::GeoCode;
use domain::query::Limit;
use passerelle::store::droits::{List, ListPosition, Page};
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::caller::DataCaller;
use crate::openapi::queries::{ExportQuery, HousingQuery, ListQuery, PageQuery};

/// Items of a page when nothing is said.
const USUAL: usize = 50;
const NO_CURSOR: &str = "le `nextCursor` d'une page précédente de cette liste est attendu";

/// A place as a cursor writes it: base64url of JSON.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cursor(ListPosition);

/// The part of a list that is asked for.
pub(crate) struct Window {
    pub(crate) limit: usize,
    pub(crate) after: Option<ListPosition>,
}

/// What narrows a list. A filter that is present and empty shows nothing; one that is absent filters nothing.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) establishments: Option<Vec<Uuid>>,
    pub(crate) localities: Option<Vec<GeoCode>>,
    pub(crate) statuses: Option<Vec<u8>>,
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let place = URL_SAFE_NO_PAD.decode(text).ok().and_then(|json| serde_json::from_slice(&json).ok());
        place.map(Self).ok_or(NO_CURSOR)
    }
}

impl Window {
    /// The window of `list`; a cursor of another list, or forged, is none of it.
    fn of(list: List, limit: Option<Limit>, cursor: Option<Cursor>) -> Result<Self, Problem> {
        let after = cursor.map(|cursor| cursor.0);
        if after.as_ref().is_some_and(|place| !place.is_of(list)) {
            let detail = format!("Le paramètre « cursor » : {NO_CURSOR}.");
            return Err(Problem::new(Code::InvalidQuery).detail(detail));
        }
        Ok(Self { limit: Limit::or(limit, USUAL), after })
    }
}

impl PageQuery {
    /// # Errors
    /// 400 when the cursor is none of `list`.
    pub(crate) fn of(self, list: List) -> Result<Window, Problem> {
        Window::of(list, self.limit, self.cursor)
    }
}

impl ListQuery {
    /// # Errors
    /// 400 when the cursor is none of `list`.
    pub(crate) fn of(self, list: List) -> Result<(Window, Filter), Problem> {
        let establishments = self.establishment_ids.map(|ids| ids.0);
        Ok((Window::of(list, self.limit, self.cursor)?, Filter { establishments, ..Filter::default() }))
    }
}

impl HousingQuery {
    /// # Errors
    /// 400 when the cursor is none of the list of housing.
    pub(crate) fn of_housing(self) -> Result<(Window, Filter), Problem> {
        let Self { limit, cursor, establishment_ids, localities, status } = self;
        let filter = ExportQuery { establishment_ids, localities, status }.into();
        Ok((Window::of(List::Housing, limit, cursor)?, filter))
    }
}

impl From<ExportQuery> for Filter {
    fn from(query: ExportQuery) -> Self {
        Self {
            establishments: query.establishment_ids.map(|ids| ids.0),
            localities: query.localities.map(|communes| communes.0),
            statuses: query.status.map(|statuses| statuses.0),
        }
    }
}

/// A page as it is answered.
pub(crate) fn to_json<T: Serialize>(page: Page<T>) -> Json<Value> {
    let next = page.items.last().filter(|_| page.more).and_then(|(place, _)| serde_json::to_vec(place).ok());
    let items: Vec<T> = page.items.into_iter().map(|(_, item)| item).collect();
    Json(json!({"items": items, "nextCursor": next.map(|place| URL_SAFE_NO_PAD.encode(place))}))
}

impl DataCaller {
    /// The establishments whose data the caller looks at: their own, narrowed by what is asked for (`None`: all there
    /// are). Another establishment's id shows nothing to anybody else.
    pub(crate) fn establishments(&self, filter: &Filter) -> Option<Vec<Uuid>> {
        match (self.role, &filter.establishments) {
            (Role::Admin, wanted) => wanted.clone(),
            (_, None) => Some(self.establishments.clone()),
            (_, Some(wanted)) => Some(wanted.iter().copied().filter(|id| self.establishments.contains(id)).collect()),
        }
    }

    /// The communes the caller looks at: those they see, narrowed by what is asked for (`None`: all there are).
    ///
    /// # Errors
    /// When an establishment cannot be read.
    pub(crate) async fn communes(&self, app: &App, filter: &Filter) -> Result<Option<Vec<GeoCode>>, ApiError> {
        let seen = match (self.role, &filter.establishments) {
            (Role::Admin, None) => None,
            (Role::Admin, Some(ids)) => {
                let mut communes = Vec::new();
                for id in ids {
                    communes
                        .extend(app.store.establishment(*id).await?.map(|found| found.geo_codes).unwrap_or_default());
                }
                Some(communes)
            }
            (_, Some(ids)) if !ids.iter().any(|id| self.establishments.contains(id)) => Some(Vec::new()),
            _ => Some(self.communes.clone()),
        };
        Ok(match (seen, &filter.localities) {
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
