//! Pollers and schedules that run by themselves.

use std::time::Duration;

use engines::Engines;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Stack;
use crate::runtime::Scheduled;

/// How long deliveries under way may take to finish when the stack stops.
const GRACE: Duration = Duration::from_secs(12);

/// How often expired items are removed. On AWS this takes days; here a short wait makes forgotten expiry checks show.
const EXPIRY: Duration = Duration::from_secs(60);

/// Event source pollers and schedules at work. Dropping it stops them at once; what they had in hand is redelivered
/// by the next start.
pub struct Background {
    told: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    pub(super) fn start(stack: &Stack) -> Self {
        let (told, stop) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for mapping in &stack.0.mappings {
            tasks.spawn(mapping.clone().run(stop.clone()));
        }
        for function in &stack.0.template.functions {
            let handler = stack.0.functions.get(&function.name).and_then(|local| local.scheduled.clone());
            for (schedule, handler) in function.schedules.iter().zip(handler.into_iter().cycle()) {
                let scheduled = Scheduled {
                    name: function.name.clone(),
                    function: handler,
                    schedule: schedule.clone(),
                    limit: function.timeout,
                    fate: stack.0.fate.clone(),
                };
                tasks.spawn(scheduled.run(stack.0.clock.clone(), stop.clone()));
            }
        }
        tasks.spawn(expire(stack.engines().clone(), stop));
        Self { told, tasks }
    }

    /// Stops reading and waits, a bounded time, for what is under way.
    pub async fn stop(mut self) {
        self.told.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, finished).await.is_err() {
            tracing::warn!("stopped with deliveries under way; they will be made again");
        }
    }
}

/// Removes expired items, as DynamoDB's time to live does.
async fn expire(engines: Engines, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EXPIRY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = engines.sweep_expired_items().await {
            tracing::warn!(%error, "expired items were not removed");
        }
    }
}
