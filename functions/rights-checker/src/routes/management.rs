//! Management: what ZLV loads, in bulk. An item with a known id replaces it, so a load may be repeated.

mod items;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Request, State};
use chrono::{DateTime, Utc};
use domain::body::{Fault, Raw};
use domain::droits::perimeter::GeoCode;
use futures_util::TryStreamExt as _;
use passerelle::store::droits::{DroitsStore, Housing};
use passerelle::store::transaction::Transaction;
use passerelle::web::body::{MAX_BULK_BYTES, Media, RawBody};
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::{Code, Problem};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as ValueError;
use serde_json::{Value, json};

use self::items::Item;
use crate::app::App;
use crate::caller::ManageCaller;
use crate::openapi::schemas::LoadKind;
use crate::openapi::{refusals as by, schemas};
use passerelle::web::conflict::retry_on_conflict;

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
    _: NoQuery,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let kind = LoadKind::deserialize(kind.as_str().into_deserializer()).map_err(|_: ValueError| Code::NotFound)?;
    let body: schemas::Load = RawBody::read(request, MAX_BULK_BYTES).await.valid(Media::Json)?;
    let items = parse_items(kind, &body.items.get()?)?;
    let stored = items.len();
    // Of two items with one id the later counts; the others are independent of each other.
    let mut distinct: std::collections::HashMap<String, Item> = std::collections::HashMap::with_capacity(stored);
    for item in items {
        distinct.insert(item.key(), item);
    }
    store_items(&app, distinct.into_values()).await?;
    Ok(Json(json!({"stored": stored})))
}

/// Stores items side by side; the housing of one commune, which share a count, one transaction after the other.
async fn store_items(app: &App, items: impl Iterator<Item = Item>) -> Result<(), ApiError> {
    let (store, prospects_until) = (&app.store, app.clock.now() + app.prospect_retention);
    let mut others = Vec::new();
    let mut by_commune: BTreeMap<GeoCode, Vec<Housing>> = BTreeMap::new();
    for item in items {
        match item {
            Item::Housing(housing) => by_commune.entry(housing.geo_code).or_default().push(housing),
            other => others.push(other),
        }
    }
    futures_util::stream::iter(others.into_iter().map(Ok::<_, ApiError>))
        .try_for_each_concurrent(AT_ONCE, |item| async move {
            retry_on_conflict(|| store_item(store, prospects_until, &item)).await
        })
        .await?;
    futures_util::stream::iter(by_commune.into_values().map(Ok::<_, ApiError>))
        .try_for_each_concurrent(AT_ONCE, |housing| async move {
            let mut rest = housing.as_slice();
            while !rest.is_empty() {
                let loaded = retry_on_conflict(|| async { Ok(store.load_housing(rest).await?) }).await?;
                rest = &rest[loaded..];
            }
            Ok(())
        })
        .await
}

/// Reads all items, or tells everything that is wrong with them: nothing is stored then.
fn parse_items(kind: LoadKind, list: &[Raw]) -> Result<Vec<Item>, ApiError> {
    if list.len() > MAX_ITEMS {
        return Err(Problem::value("/items", "1000 éléments au plus par requête").into());
    }
    let mut items = Vec::with_capacity(list.len());
    let mut faults: Vec<Fault> = Vec::new();
    for (rank, raw) in list.iter().enumerate() {
        match Item::parse(kind, raw, &format!("/items/{rank}"))? {
            Ok(item) => items.push(item),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(items) } else { Err(faults.into()) }
}

/// Stores one item, in place of the one with its id.
async fn store_item(store: &DroitsStore, prospects_until: DateTime<Utc>, item: &Item) -> Result<(), ApiError> {
    let mut transaction = Transaction::default();
    match item {
        Item::Establishment(establishment) => return Ok(store.load_establishment(establishment).await?),
        Item::Housing(housing) => {
            store.load_housing(std::slice::from_ref(housing)).await?;
            return Ok(());
        }
        Item::Collection(kind, collection, housing) => {
            return Ok(store.load_collection(*kind, collection, housing).await?);
        }
        Item::Event(event) => return Ok(store.load_event(event).await?),
        Item::Prospect(prospect) => store.put_prospect(&mut transaction, prospect, prospects_until)?,
        Item::Locality(commune, name) => store.put_locality(&mut transaction, *commune, name)?,
        Item::Owner(owner) => store.put_owner(&mut transaction, owner)?,
    }
    Ok(store.commit(transaction).await?)
}
