//! The items of a load, by kind.

use domain::droits::account::{Establishment, Prospect};
use domain::droits::perimeter::GeoCode;
use domain::shape::{Fault, Field};
use passerelle::store::droits::{Collection, Event, Housing, Kind, Owner, Parent, STATUSES};
use passerelle::web::problem::Problem;
use serde_json::Value;
use uuid::Uuid;

use passerelle::web::values::{Values, uuid};

/// The longest name or title.
const LONGEST: usize = 500;
/// The most owners of one housing: each is counted in the transaction that stores it.
const OWNERS: usize = 20;

/// What a load is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    Establishments,
    Prospects,
    Localities,
    Housing,
    Owners,
    Collections(Kind),
    Events,
}

impl Loaded {
    /// Reads the kind of the path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "establishments" => Self::Establishments,
            "prospects" => Self::Prospects,
            "localities" => Self::Localities,
            "housing" => Self::Housing,
            "owners" => Self::Owners,
            "campaigns" => Self::Collections(Kind::Campaigns),
            "groups" => Self::Collections(Kind::Groups),
            "drafts" => Self::Collections(Kind::Drafts),
            "events" => Self::Events,
            _ => return None,
        })
    }

    const fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Establishments => &["id", "siren", "name", "geoCodes"],
            Self::Prospects => &["email", "hasAccount", "hasCommitment"],
            Self::Localities => &["geoCode", "name"],
            Self::Housing => &["id", "geoCode", "status", "ownerIds"],
            Self::Owners => &["id", "fullName"],
            Self::Collections(Kind::Drafts) => &["id", "establishmentId"],
            Self::Collections(_) => &["id", "establishmentId", "title", "housingIds"],
            Self::Events => &["id", "name", "housingId", "campaignId"],
        }
    }
}

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

    /// Reads one item: none when a value is missing or wrong, which the faults tell.
    pub(super) fn read(loaded: Loaded, value: &Value, base: &str) -> Result<(Option<Self>, Vec<Fault>), Problem> {
        let mut values = Values::of(value, base, loaded.properties())?;
        let item = match loaded {
            Loaded::Establishments => establishment(&mut values)?.map(Self::Establishment),
            Loaded::Prospects => prospect(&mut values)?.map(Self::Prospect),
            Loaded::Localities => {
                let (commune, name) = (commune(&mut values)?, named(&mut values, "name")?);
                commune.zip(name).map(|(commune, name)| Self::Locality(commune, name))
            }
            Loaded::Housing => housing(&mut values)?.map(Self::Housing),
            Loaded::Owners => {
                let (id, full_name) = (values.id("id")?, named(&mut values, "fullName")?);
                id.zip(full_name).map(|(id, full_name)| Self::Owner(Owner { id, full_name }))
            }
            Loaded::Collections(kind) => collection(kind, &mut values)?,
            Loaded::Events => event(&mut values)?.map(Self::Event),
        };
        Ok((item, values.into_faults()))
    }
}

fn establishment(values: &mut Values<'_>) -> Result<Option<Establishment>, Problem> {
    let id = values.id("id")?;
    let siren = values.required("siren", "un SIREN de neuf chiffres est attendu", |text| {
        (text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
    })?;
    let name = named(values, "name")?;
    let geo_codes = list(values, "geoCodes", "un code INSEE de commune est attendu", GeoCode::parse)?;
    Ok((|| Some(Establishment { id: id?, siren: siren?, name: name?, geo_codes: geo_codes? }))())
}

fn prospect(values: &mut Values<'_>) -> Result<Option<Prospect>, Problem> {
    let email = values.email()?;
    let has_account = flag(values, "hasAccount")?;
    let has_commitment = flag(values, "hasCommitment")?;
    Ok((|| Some(Prospect { email: email?, has_account: has_account?, has_commitment: has_commitment? }))())
}

fn housing(values: &mut Values<'_>) -> Result<Option<Housing>, Problem> {
    let (id, geo_code) = (values.id("id")?, commune(values)?);
    let status = match values.shape().number("status").map_err(Problem::shape)? {
        Field::Set(number) => (0..STATUSES).find(|status| f64::from(*status) == number),
        Field::Absent | Field::Null => None,
    };
    if status.is_none() {
        values.fault("status", "un entier de 0 à 5 est attendu");
    }
    let owner_ids = list(values, "ownerIds", "un UUID est attendu", uuid)?.map(|mut ids| {
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        ids
    });
    if owner_ids.as_ref().is_some_and(|ids| ids.len() > OWNERS) {
        values.fault("ownerIds", "20 propriétaires au plus par logement");
        return Ok(None);
    }
    Ok((|| Some(Housing { id: id?, geo_code: geo_code?, status: status?, owner_ids: owner_ids? }))())
}

fn collection(kind: Kind, values: &mut Values<'_>) -> Result<Option<Item>, Problem> {
    let (id, establishment_id) = (values.id("id")?, values.id("establishmentId")?);
    if kind == Kind::Drafts {
        let draft =
            id.zip(establishment_id).map(|(id, establishment_id)| Collection { id, establishment_id, title: None });
        return Ok(draft.map(|draft| Item::Collection(kind, draft, Vec::new())));
    }
    let title = named(values, "title")?;
    let housing = list(values, "housingIds", "un UUID est attendu", uuid)?;
    Ok((|| {
        let collection = Collection { id: id?, establishment_id: establishment_id?, title: Some(title?) };
        Some(Item::Collection(kind, collection, housing?))
    })())
}

fn event(values: &mut Values<'_>) -> Result<Option<Event>, Problem> {
    let (id, name) = (values.id("id")?, named(values, "name")?);
    let detail = "identifiant invalide : un UUID est attendu";
    let housing = values.optional("housingId", detail, uuid)?;
    let campaign = values.optional("campaignId", detail, uuid)?;
    let parent = match (housing, campaign) {
        (Some(id), None) => Parent::HousingId(id),
        (None, Some(id)) => Parent::CampaignId(id),
        _ => {
            values.fault("housingId", "housingId ou campaignId, l'un des deux");
            return Ok(None);
        }
    };
    Ok(id.zip(name).map(|(id, name)| Event { id, name, parent }))
}

fn commune(values: &mut Values<'_>) -> Result<Option<GeoCode>, Problem> {
    values.required("geoCode", "un code INSEE de commune est attendu", GeoCode::parse)
}

fn named(values: &mut Values<'_>, name: &str) -> Result<Option<String>, Problem> {
    values.required(name, "un texte de 1 à 500 caractères est attendu", |text| {
        let text = text.trim();
        (1..=LONGEST).contains(&text.chars().count()).then(|| text.to_owned())
    })
}

fn flag(values: &mut Values<'_>, name: &str) -> Result<Option<bool>, Problem> {
    let flag = values.shape().flag(name).map_err(Problem::shape)?.set();
    if flag.is_none() {
        values.fault(name, "propriété obligatoire");
    }
    Ok(flag)
}

fn list<T>(
    values: &mut Values<'_>,
    name: &str,
    detail: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, Problem> {
    let Field::Set(texts) = values.shape().texts(name).map_err(Problem::shape)? else {
        values.fault(name, "propriété obligatoire");
        return Ok(None);
    };
    let mut items = Vec::with_capacity(texts.len());
    for (rank, text) in texts.iter().enumerate() {
        match read(text) {
            Some(item) => items.push(item),
            None => values.fault(&format!("{name}/{rank}"), detail),
        }
    }
    Ok((items.len() == texts.len()).then_some(items))
}
