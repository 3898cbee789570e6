//! The items of a load, by kind, as they are parsed.

use domain::body::{Fault, Field, Id, Missing, Number, Raw, Required};
use domain::droits::account::{Establishment, Prospect};
use domain::droits::perimeter::GeoCode;
use domain::reference::email::Email;
use passerelle::store::droits::{Collection, Event, Housing, Kind, Owner, Parent, STATUSES};
use passerelle::web::error::ApiError;
use passerelle::web::problem::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::openapi::schemas::LoadKind;

/// The longest name or title, in characters.
const LONGEST: usize = 500;
/// The most owners of one housing: each is counted in the transaction that stores it.
const OWNERS: usize = 20;

/// An item to store.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Establishment(Establishment),
    Prospect(Prospect),
    Locality(GeoCode, String),
    Housing(Housing),
    Owner(Owner),
    Collection(Kind, Collection, Vec<Uuid>),
    Event(Event),
}

/// Why a body whose values are right, one by one, is no item.
enum ItemError {
    Missing(Missing),
    /// The property, and what is wrong with it.
    Value(&'static str, &'static str),
}

impl From<Missing> for ItemError {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl Item {
    /// What makes it the same item as another.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Establishment(establishment) => establishment.id.to_string(),
            Self::Prospect(prospect) => prospect.email.clone(),
            Self::Locality(commune, _) => commune.to_string(),
            Self::Housing(housing) => housing.id.to_string(),
            Self::Owner(owner) => owner.id.to_string(),
            Self::Collection(_, collection, _) => collection.id.to_string(),
            Self::Event(event) => event.id.to_string(),
        }
    }

    /// Reads the item at the pointer `base`, or tells what is wrong with its values.
    ///
    /// # Errors
    /// 400 when it has another shape.
    pub(super) fn parse(kind: LoadKind, raw: &Raw, base: &str) -> Result<Result<Self, Vec<Fault>>, ApiError> {
        match kind {
            LoadKind::Establishments => parse(raw, base, EstablishmentItem::into_item),
            LoadKind::Prospects => parse(raw, base, ProspectItem::into_item),
            LoadKind::Localities => parse(raw, base, LocalityItem::into_item),
            LoadKind::Housing => parse(raw, base, HousingItem::into_item),
            LoadKind::Owners => parse(raw, base, OwnerItem::into_item),
            LoadKind::Campaigns => parse(raw, base, |item: CollectionItem| item.into_item(Kind::Campaigns)),
            LoadKind::Groups => parse(raw, base, |item: CollectionItem| item.into_item(Kind::Groups)),
            LoadKind::Drafts => parse(raw, base, DraftItem::into_item),
            LoadKind::Events => parse(raw, base, EventItem::into_item),
        }
    }
}

fn parse<T: DeserializeOwned>(
    raw: &Raw,
    base: &str,
    into_item: impl FnOnce(T) -> Result<Item, ItemError>,
) -> Result<Result<Item, Vec<Fault>>, ApiError> {
    match raw.parse::<T>(base).map_err(Problem::shape)?.valid().map(into_item) {
        Ok(Ok(item)) => Ok(Ok(item)),
        Ok(Err(ItemError::Value(name, detail))) => Ok(Err(vec![Fault::new(format!("{base}/{name}"), detail)])),
        Ok(Err(ItemError::Missing(missing))) => Err(missing.into()),
        Err(faults) => Ok(Err(faults)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EstablishmentItem {
    id: Required<Id>,
    siren: Required<Siren>,
    name: Required<Name>,
    geo_codes: Required<Vec<Required<GeoCode>>>,
}

impl EstablishmentItem {
    fn into_item(self) -> Result<Item, ItemError> {
        Ok(Item::Establishment(Establishment {
            id: self.id.get()?.0,
            siren: self.siren.get()?.0,
            name: self.name.get()?.0,
            geo_codes: all(self.geo_codes)?,
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProspectItem {
    email: Required<Email>,
    has_account: Required<bool>,
    has_commitment: Required<bool>,
}

impl ProspectItem {
    fn into_item(self) -> Result<Item, ItemError> {
        Ok(Item::Prospect(Prospect {
            email: self.email.get()?.normalised().to_owned(),
            has_account: self.has_account.get()?,
            has_commitment: self.has_commitment.get()?,
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LocalityItem {
    geo_code: Required<GeoCode>,
    name: Required<Name>,
}

impl LocalityItem {
    fn into_item(self) -> Result<Item, ItemError> {
        Ok(Item::Locality(self.geo_code.get()?, self.name.get()?.0))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HousingItem {
    id: Required<Id>,
    geo_code: Required<GeoCode>,
    status: Required<Status>,
    owner_ids: Required<Vec<Required<Id>>>,
}

impl HousingItem {
    fn into_item(self) -> Result<Item, ItemError> {
        let mut owner_ids: Vec<Uuid> = all(self.owner_ids)?.into_iter().map(|id| id.0).collect();
        let mut seen = std::collections::HashSet::new();
        owner_ids.retain(|id| seen.insert(*id));
        if owner_ids.len() > OWNERS {
            return Err(ItemError::Value("ownerIds", "20 propriétaires au plus par logement"));
        }
        Ok(Item::Housing(Housing {
            id: self.id.get()?.0,
            geo_code: self.geo_code.get()?,
            status: self.status.get()?.0,
            owner_ids,
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerItem {
    id: Required<Id>,
    full_name: Required<Name>,
}

impl OwnerItem {
    fn into_item(self) -> Result<Item, ItemError> {
        Ok(Item::Owner(Owner { id: self.id.get()?.0, full_name: self.full_name.get()?.0 }))
    }
}

/// A campaign or a group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CollectionItem {
    id: Required<Id>,
    establishment_id: Required<Id>,
    title: Required<Name>,
    housing_ids: Required<Vec<Required<Id>>>,
}

impl CollectionItem {
    fn into_item(self, kind: Kind) -> Result<Item, ItemError> {
        let collection = Collection {
            id: self.id.get()?.0,
            establishment_id: self.establishment_id.get()?.0,
            title: Some(self.title.get()?.0),
        };
        let housing = all(self.housing_ids)?.into_iter().map(|id| id.0).collect();
        Ok(Item::Collection(kind, collection, housing))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DraftItem {
    id: Required<Id>,
    establishment_id: Required<Id>,
}

impl DraftItem {
    fn into_item(self) -> Result<Item, ItemError> {
        let (id, establishment_id) = (self.id.get()?.0, self.establishment_id.get()?.0);
        Ok(Item::Collection(Kind::Drafts, Collection { id, establishment_id, title: None }, Vec::new()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventItem {
    id: Required<Id>,
    name: Required<Name>,
    housing_id: Field<Id>,
    campaign_id: Field<Id>,
}

impl EventItem {
    fn into_item(self) -> Result<Item, ItemError> {
        let parent = match (self.housing_id.set(), self.campaign_id.set()) {
            (Some(id), None) => Parent::HousingId(id.0),
            (None, Some(id)) => Parent::CampaignId(id.0),
            _ => return Err(ItemError::Value("housingId", "housingId ou campaignId, l'un des deux")),
        };
        Ok(Item::Event(Event { id: self.id.get()?.0, name: self.name.get()?.0, parent }))
    }
}

fn all<T>(items: Required<Vec<Required<T>>>) -> Result<Vec<T>, Missing> {
    items.get()?.into_iter().map(Required::get).collect()
}

/// Nine digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Siren(String);

impl TryFrom<String> for Siren {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let nine_digits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if nine_digits { Ok(Self(text)) } else { Err("un SIREN de neuf chiffres est attendu") }
    }
}

/// A name or title, without blanks around.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        let right = (1..=LONGEST).contains(&text.chars().count());
        right.then(|| Self(text.to_owned())).ok_or("un texte de 1 à 500 caractères est attendu")
    }
}

/// ZLV's status of a housing.
#[derive(Deserialize)]
#[serde(try_from = "Number")]
struct Status(u8);

impl TryFrom<Number> for Status {
    type Error = &'static str;

    fn try_from(number: Number) -> Result<Self, Self::Error> {
        let status = (0..STATUSES).find(|status| f64::from(*status) == number.0);
        status.map(Self).ok_or("un entier de 0 à 5 est attendu")
    }
}
