//! Reading many items by key.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::error::StoreError;
use super::item::{Item, ItemKey};
use super::table::Table;

/// `BatchGetItem` takes this many keys.
pub(crate) const KEYS_AT_A_TIME: usize = 100;
/// Calls under way at the same time for one reading.
const AT_ONCE: usize = 8;
/// Rounds in a row that brought nothing, after which the table is said to be unavailable.
const EMPTY_ROUNDS: u32 = 6;
/// What the first pause is drawn from; that of each empty round is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

impl Table {
    /// Reads the items of these keys that exist, strongly consistent; their order is not kept. DynamoDB leaves keys
    /// out when it is throttling, or the answer grows too large: these are asked for again after a pause.
    pub(crate) async fn batch_get(&self, keys: impl IntoIterator<Item = ItemKey>) -> Result<Vec<Item>, StoreError> {
        // DynamoDB refuses a key named twice.
        let distinct: HashSet<ItemKey> = keys.into_iter().collect();
        let attributes: Vec<_> = distinct.iter().map(ItemKey::to_attributes).collect();
        let chunks: Vec<Vec<_>> = attributes.chunks(KEYS_AT_A_TIME).map(<[_]>::to_vec).collect();
        let reads = stream::iter(chunks).map(|keys| self.chunk(keys)).buffered(AT_ONCE);
        let found: Vec<Vec<Item>> = reads.try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn chunk(&self, mut keys: Vec<HashMap<String, AttributeValue>>) -> Result<Vec<Item>, StoreError> {
        const OPERATION: &str = "BatchGetItem";
        let mut items = Vec::with_capacity(keys.len());
        let mut patience = Patience::default();
        loop {
            let asked = keys.len();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build()?;
            let request = self.client.batch_get_item().request_items(&self.table, wanted);
            let answer = request.send().await.map_err(StoreError::aws(OPERATION))?;
            let found = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
            items.extend(found.into_iter().map(Item::from));
            let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
            match patience.pause(asked, keys.len(), rand::random_range(0.0..1.0)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(StoreError::Unavailable { operation: OPERATION, source: Throttled.into() }),
            }
        }
    }
}

/// How often a chunk was asked for in vain.
#[derive(Default)]
struct Patience {
    empty_rounds: u32,
}

impl Patience {
    /// How long to wait when of `asked` keys so many were `left` out: full jitter, `drawn` from 0 to 1, so that many
    /// callers do not come back together. `None`: it is of no use any more.
    fn pause(&mut self, asked: usize, left: usize, drawn: f64) -> Option<Duration> {
        self.empty_rounds = if left < asked { 0 } else { self.empty_rounds + 1 };
        (self.empty_rounds < EMPTY_ROUNDS).then(|| (FIRST_PAUSE * 2_u32.pow(self.empty_rounds)).mul_f64(drawn))
    }
}

/// Keys were left out again and again.
#[derive(Debug, thiserror::Error)]
#[error("keys were left out of {EMPTY_ROUNDS} answers in a row")]
struct Throttled;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &[usize], longest_ms: &[Option<u128>]) {
        let mut patience = Patience::default();
        let mut asked = 100;
        let pause = |left: &usize| {
            let pause = patience.pause(std::mem::replace(&mut asked, *left), *left, 1.0);
            pause.map(|pause| pause.as_millis())
        };
        assert_eq!(left.iter().map(pause).collect::<Vec<_>>(), longest_ms);
    }

    #[test]
    fn pauses_double_and_end_while_nothing_comes() {
        check(&[100; 6], &[Some(50), Some(100), Some(200), Some(400), Some(800), None]);
    }

    #[test]
    fn whatever_comes_begins_the_pauses_again() {
        check(&[100, 100, 60, 60, 20, 20], &[Some(50), Some(100), Some(25), Some(50), Some(25), Some(50)]);
    }

    #[test]
    fn many_callers_do_not_come_back_together() {
        assert_eq!(Patience::default().pause(1, 1, 0.0), Some(Duration::ZERO));
        assert_eq!(Patience::default().pause(1, 1, 0.5), Some(FIRST_PAUSE));
    }
}
