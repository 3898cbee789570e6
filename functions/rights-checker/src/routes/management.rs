//! Management: what ZLV loads, in bulk. An item with a known id replaces it, so a load may be repeated.

mod items;

use axum::Json;
use axum::extract::{Path, Request, State};
use domain::shape::{Fault, Field, Shape};
use futures_util::TryStreamExt as _;
use passerelle::store::droits::DroitsStore;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::MAX_BULK_BYTES;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use self::items::{Item, Loaded};
use crate::app::App;
use crate::caller::ManageCaller;
use crate::openapi::{refusals as by, schemas};
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::values;

/// Items of one request: more would not be stored before the API's own deadline.
const MAX_ITEMS: usize = 1_000;
/// Items stored at the same time.
const AT_ONCE: usize = 8;

/// `PUT /management/{kind}`.
#[utoipa::path(
    put,
    path = "/management/{kind}",
    operation_id = "load",
    tag = "Gestion",
    summary = "Charger des données",
    description = "Un élément dont l'identifiant est connu le remplace : un chargement peut être répété. `establishments` : `{id, siren, name, geoCodes}` ; `prospects` : `{email, hasAccount, hasCommitment}` ; `localities` : `{geoCode, name}` ; `housing` : `{id, geoCode, status, ownerIds}` ; `owners` : `{id, fullName}` ; `campaigns` et `groups` : `{id, establishmentId, title, housingIds}` ; `drafts` : `{id, establishmentId}` ; `events` : `{id, name, housingId | campaignId}`.",
    params(schemas::KindPath),
    request_body = schemas::Load,
    responses(
        (status = 200, description = "Tout est enregistré.", body = schemas::Stored),
        by::Refused<(by::Manager, by::Existing, by::Body,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn load(
    State(app): State<App>,
    _: ManageCaller,
    Path(kind): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let loaded = Loaded::parse(&kind).ok_or(Code::NotFound)?;
    let body = values::json(request, MAX_BULK_BYTES).await?;
    let items = read(loaded, &body)?;
    let stored = items.len();
    // Of two items with one id the later counts; the others are independent of each other.
    let mut distinct: std::collections::HashMap<String, Item> = std::collections::HashMap::with_capacity(stored);
    for item in items {
        distinct.insert(item.key(), item);
    }
    let store = &app.store;
    futures_util::stream::iter(distinct.into_values().map(Ok::<_, ApiError>))
        .try_for_each_concurrent(AT_ONCE, |item| async move { retry_on_conflict(|| store_item(store, &item)).await })
        .await?;
    Ok(Json(json!({"stored": stored})))
}

/// Reads all items, or tells everything that is wrong with them: nothing is stored then.
fn read(loaded: Loaded, body: &Value) -> Result<Vec<Item>, Problem> {
    let shape = Shape::object(body, "", &["items"]).map_err(Problem::shape)?;
    let Field::Set(list) = shape.list("items").map_err(Problem::shape)? else {
        return Err(Problem::value("/items", "propriété obligatoire"));
    };
    if list.len() > MAX_ITEMS {
        return Err(Problem::value("/items", "1000 éléments au plus par requête"));
    }
    let mut items = Vec::with_capacity(list.len());
    let mut faults: Vec<Fault> = Vec::new();
    for (rank, value) in list.iter().enumerate() {
        let (item, found) = Item::read(loaded, value, &format!("/items/{rank}"))?;
        items.extend(item.filter(|_| found.is_empty()));
        faults.extend(found);
    }
    if faults.is_empty() { Ok(items) } else { Err(Problem::new(Code::ValidationFailed).errors(&faults)) }
}

/// Stores one item, in place of the one with its id.
async fn store_item(store: &DroitsStore, item: &Item) -> Result<(), ApiError> {
    let mut transaction = Transaction::default();
    match item {
        Item::Establishment(establishment) => return Ok(store.load_establishment(establishment).await?),
        Item::Housing(housing) => return Ok(store.load_housing(housing).await?),
        Item::Collection(kind, collection, housing) => {
            return Ok(store.load_collection(*kind, collection, housing).await?);
        }
        Item::Event(event) => return Ok(store.load_event(event).await?),
        Item::Prospect(prospect) => store.put_prospect(&mut transaction, prospect)?,
        Item::Locality(commune, name) => store.put_locality(&mut transaction, *commune, name)?,
        Item::Owner(owner) => store.put_owner(&mut transaction, owner)?,
    }
    Ok(store.commit(transaction).await?)
}
