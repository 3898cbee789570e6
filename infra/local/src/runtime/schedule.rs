//! Schedules: a function invoked at a regular pace.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::{ScheduledHandler, invoke};

/// Invokes `function` now and then every `every`, until `stop` says so. Runs never overlap: a run that takes
/// longer than its period delays the next one. The first run is at once, so that what a crash left behind is
/// picked up without waiting a full period.
pub async fn repeat(
    name: String,
    function: ScheduledHandler,
    every: Duration,
    limit: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Told to stop, it does not run once more because its time has come as well.
            biased;
            _ = stop.wait_for(|stopped| *stopped) => return,
            _ = ticks.tick() => {}
        }
        match invoke(function(), limit).await {
            Ok(Ok(run)) => tracing::debug!(function = name, report = %run.report, "scheduled run done"),
            Ok(Err(error)) => tracing::error!(function = name, error, "scheduled run failed"),
            Err(error) => tracing::error!(function = name, %error, "scheduled run lost"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_schedule_survives_its_function_and_stops_when_told() {
        let runs = Arc::new(AtomicUsize::new(0));
        let (told, stop) = watch::channel(false);
        let counted = Arc::clone(&runs);
        let function: ScheduledHandler = Arc::new(move || {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            let told = told.clone();
            async move {
                match run {
                    0 => panic!("first run"),
                    1 => Err("second run".to_owned()),
                    _ => {
                        told.send_replace(true);
                        Ok(crate::runtime::ScheduledRun::default())
                    }
                }
            }
            .boxed()
        });
        let pace = Duration::from_millis(1);
        repeat("Test".to_owned(), function, pace, Duration::from_secs(1), stop).await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }
}
