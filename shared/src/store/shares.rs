//! What each caller took of its fair share, told to the other containers now and then.
//!
//! Any table of a domain holds these items: `Q#<caller>`, one a minute, with the requests told of so far.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::error::{StoreError, unless_raced};
use super::item::ItemKey;
use super::table::Table;

/// How long what was told is kept: nobody asks for a minute that is over.
const KEPT: TimeDelta = TimeDelta::minutes(10);

/// The requests of one caller in one minute.
#[derive(Deserialize)]
struct ShareItem {
    taken: u64,
}

/// The minute an instant is in: what is told is added up by the minute.
#[must_use]
pub fn minute(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(60)
}

fn key(caller: &str, minute: i64) -> ItemKey {
    ItemKey::new(format!("Q#{caller}"), minute.to_string())
}

impl Table {
    /// Tells of `taken` requests of a caller; answers how many were told of in this minute, by all containers.
    ///
    /// # Errors
    /// When DynamoDB fails: then they may have been told of, or not.
    pub async fn tell_share(&self, caller: &str, taken: u64, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let update = self.update(&key(caller, minute(now))).add("taken", taken);
        let told = update.set("expiresAt", (now + KEPT).timestamp()).send_returning::<ShareItem>().await;
        // Without a condition there is no race to lose.
        Ok(unless_raced(told)?.map_or(taken, |share| share.taken))
    }
}
