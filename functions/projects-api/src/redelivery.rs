//! Sending again: one delivery, all that was missed, or everything since a date.

use chrono::{DateTime, TimeDelta, Utc};
use domain::communs::event::{Event, EventId};
use domain::webhooks::delivery::{BreakerRule, Delivery, DeliveryStatus, Supersession};
use domain::webhooks::retry::SWEEP_GRACE;
use domain::webhooks::subscription::{Webhook, WebhookStatus};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use passerelle::platform::clock::Clock;
use passerelle::platform::queue::{DeliveryQueue, DeliveryTask};
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::deliveries::Expect;
use passerelle::store::error::CommitError;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};

/// How many deliveries are written at a time.
const AT_A_TIME: usize = 16;
/// How many are read at a time.
const PER_PAGE: i32 = 100;

/// What makes deliveries due again. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redelivery {
    pub(crate) store: CommunsStore,
    pub(crate) retries: DeliveryQueue,
    pub(crate) clock: Clock,
}

impl Redelivery {
    /// Sends one event again, whatever became of it and whatever the breaker says; how many deliveries are due.
    ///
    /// # Errors
    /// 404 when the webhook has no such delivery; 409 while it is disabled.
    pub(crate) async fn resend(&self, webhook: &Webhook, event: &str) -> Result<usize, ApiError> {
        let event = EventId::parse(event).ok_or(Code::NotFound)?;
        let delivery = self.store.delivery(webhook.id, &event).await?.ok_or(Code::NotFound)?;
        refuse_disabled(webhook)?;
        let deliveries = vec![(delivery.clone(), Some(delivery))];
        self.make_due(webhook, deliveries, Supersession::Forbidden, BreakerRule::Bypass).await
    }

    /// Sends what is held or failed since an instant, inclusive; how many deliveries are due.
    ///
    /// # Errors
    /// When the store fails: what is due stays so, and the next call goes on.
    pub(crate) async fn recover(&self, webhook: &Webhook, since: DateTime<Utc>) -> Result<usize, ApiError> {
        let since = EventId::first_at(since);
        let (mut scheduled, mut end) = (0, None);
        loop {
            let page = self.store.deliveries(webhook.id, end.as_ref(), PER_PAGE).await?;
            let Some(last) = page.last() else { break };
            let past = last.event_id < since;
            end = Some(last.event_id.clone());
            let missed =
                |d: &Delivery| d.event_id >= since && matches!(d.status, DeliveryStatus::Held | DeliveryStatus::Failed);
            let missed = page.into_iter().filter(missed).map(|d| (d.clone(), Some(d))).collect();
            scheduled += self.make_due(webhook, missed, Supersession::Allowed, BreakerRule::Obey).await?;
            if past {
                break;
            }
        }
        Ok(scheduled)
    }

    /// Sends every event of the other services that the webhook wants, since an instant, inclusive; how many.
    ///
    /// # Errors
    /// As [`Redelivery::recover`].
    pub(crate) async fn replay(&self, webhook: &Webhook, since: DateTime<Utc>) -> Result<usize, ApiError> {
        let now = self.clock.now();
        let (mut scheduled, mut after) = (0, EventId::first_at(since));
        loop {
            // Inclusive of events of this very millisecond.
            let feed = self.store.feed(&webhook.service, Some(&after), now + TimeDelta::milliseconds(1), 100).await?;
            if feed.events.is_empty() {
                break;
            }
            after = feed.next;
            let wanted = feed.events.into_iter().filter(|event| webhook.wants_kind(event.kind));
            let deliveries: Vec<(Delivery, Option<Delivery>)> = stream::iter(wanted)
                .map(|event: Event| async move {
                    let seen = self.store.delivery(webhook.id, &event.id).await?;
                    Ok::<_, ApiError>((seen.clone().unwrap_or_else(|| Delivery::new(&event, now)), seen))
                })
                .buffered(AT_A_TIME)
                .try_collect()
                .await?;
            scheduled += self.make_due(webhook, deliveries, Supersession::Forbidden, BreakerRule::Obey).await?;
        }
        Ok(scheduled)
    }

    /// Makes deliveries due at once, each given with what is stored of it, and puts them on the queue; how many.
    async fn make_due(
        &self,
        webhook: &Webhook,
        deliveries: Vec<(Delivery, Option<Delivery>)>,
        supersession: Supersession,
        breaker: BreakerRule,
    ) -> Result<usize, ApiError> {
        let now = self.clock.now();
        // The sweeper takes what does not come through the queue.
        let swept_at = now + SWEEP_GRACE;
        let written = stream::iter(deliveries).map(|(delivery, seen)| async move {
            let due = delivery.reschedule(now, supersession);
            let expect = seen.map_or(Expect::New, |seen| Expect::Seen(seen.attempt_count, seen.status));
            match self.store.write_delivery(webhook.id, &due, Some(swept_at), expect, now).await {
                Ok(()) => Ok(Some(due)),
                // Somebody is just dealing with it.
                Err(CommitError::Race) => Ok(None),
                Err(error) => Err(ApiError::from(error)),
            }
        });
        let written: Vec<Option<Delivery>> = written.buffered(AT_A_TIME).try_collect().await?;
        let through_breaker = breaker == BreakerRule::Bypass;
        let task = |delivery: Delivery| DeliveryTask {
            through_breaker,
            ..DeliveryTask::next_attempt(webhook, &delivery, swept_at)
        };
        let tasks: Vec<DeliveryTask> = written.into_iter().flatten().map(task).collect();
        if let Err(error) = self.retries.send(&tasks, 0).await {
            tracing::warn!(webhook = %webhook.id, error = %error, "redelivery not sent: left to the sweeper");
        }
        Ok(tasks.len())
    }
}

/// # Errors
/// 409 while the webhook is disabled.
pub(crate) fn refuse_disabled(webhook: &Webhook) -> Result<(), Problem> {
    if webhook.status() == WebhookStatus::Disabled { Err(Code::WebhookDisabled.into()) } else { Ok(()) }
}
