//! Establishments and localities.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::walk::{ListPosition, Page};
use super::{DroitsStore, keys};
use crate::store::batch::KEYS_AT_A_TIME;
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;
use domain::droits::account::Establishment;
use domain::droits::perimeter::GeoCode;

/// An establishment as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: Uuid,
    /// Its SIREN.
    pub siren: String,
    /// Its name.
    pub name: String,
}

/// The communes lie one after the other, five characters each: 35,000 of them fit an item.
#[derive(Serialize, Deserialize)]
struct EstablishmentItem {
    id: Uuid,
    siren: String,
    name: String,
    communes: String,
}

#[derive(Serialize, Deserialize)]
struct Empty {}

/// A locality as stored and shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locality {
    /// INSEE code.
    pub geo_code: GeoCode,
    /// Name.
    pub name: String,
}

impl DroitsStore {
    /// An establishment.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn establishment(&self, id: Uuid) -> Result<Option<Establishment>, StoreError> {
        let item: Option<EstablishmentItem> = self.get(&keys::establishment(id)).await?;
        Ok(item.map(|item| Establishment {
            id: item.id,
            siren: item.siren,
            name: item.name,
            geo_codes: (0..item.communes.len() / 5)
                .filter_map(|rank| GeoCode::parse(item.communes.get(rank * 5..rank * 5 + 5)?))
                .collect(),
        }))
    }

    /// The establishments of these ids that exist, in the order of their ids.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn summaries(&self, ids: &[Uuid]) -> Result<Vec<Summary>, StoreError> {
        let items = self.batch_get(ids.iter().map(|id| keys::establishment_listed(*id))).await?;
        let mut found: Vec<Summary> = items.into_iter().map(Item::read).collect::<Result<_, _>>()?;
        found.sort_by_key(|summary| summary.id);
        Ok(found)
    }

    /// A page of all establishments.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn establishments(
        &self,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Page<Summary>, StoreError> {
        self.walk(vec![keys::ESTABLISHMENTS.to_owned()], after, limit, |_| true).await
    }

    /// The establishments with this SIREN.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn establishments_of_siren(&self, siren: &str) -> Result<Vec<Uuid>, StoreError> {
        let found = self.whole::<Empty>(&keys::siren_partition(siren), "").await?;
        Ok(found.into_iter().filter_map(|(sk, _)| sk.parse().ok()).collect())
    }

    /// Loads an establishment, in place of the one with its id.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn load_establishment(&self, establishment: &Establishment) -> Result<(), CommitError> {
        let before = self.establishment(establishment.id).await?;
        let mut transaction = Transaction::default();
        let Establishment { id, siren, name, geo_codes } = establishment.clone();
        let communes = geo_codes.iter().map(GeoCode::as_str).collect();
        let summary = Summary { id, siren: siren.clone(), name: name.clone() };
        if let Some(before) = before.filter(|before| before.siren != siren) {
            self.delete(&mut transaction, &keys::siren(&before.siren, id), &Guard::None)?;
        }
        self.put(&mut transaction, &keys::siren(&siren, id), &Empty {}, &Guard::None)?;
        self.put(&mut transaction, &keys::establishment_listed(id), &summary, &Guard::None)?;
        self.put(
            &mut transaction,
            &keys::establishment(id),
            &EstablishmentItem { id, siren, name, communes },
            &Guard::None,
        )?;
        self.commit(transaction).await
    }

    /// Loads a locality.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_locality(&self, transaction: &mut Transaction, commune: GeoCode, name: &str) -> Result<(), StoreError> {
        let locality = Locality { geo_code: commune, name: name.to_owned() };
        self.put(transaction, &keys::locality(commune), &locality, &Guard::None)
    }

    /// A page of localities: of `communes`, or of all.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn localities(
        &self,
        communes: Option<&[GeoCode]>,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Page<Locality>, StoreError> {
        let Some(communes) = communes else {
            return self.walk(vec![keys::LOCALITIES.to_owned()], after, limit, |_| true).await;
        };
        let mut wanted: Vec<GeoCode> = communes
            .iter()
            .copied()
            .filter(|code| after.is_none_or(|place| code.as_str() > place.1.as_str()))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut items: Vec<(ListPosition, Locality)> = Vec::new();
        for codes in wanted.chunks(KEYS_AT_A_TIME) {
            let mut found = Vec::new();
            for item in self.batch_get(codes.iter().map(|code| keys::locality(*code))).await? {
                let locality: Locality = item.read()?;
                found.push((ListPosition(keys::LOCALITIES.to_owned(), locality.geo_code.to_string()), locality));
            }
            found.sort_by(|a, b| a.0.1.cmp(&b.0.1));
            items.extend(found);
            if items.len() > limit {
                items.truncate(limit);
                return Ok(Page { items, more: true });
            }
        }
        Ok(Page { items, more: false })
    }
}
