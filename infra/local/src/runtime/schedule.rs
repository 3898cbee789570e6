//! Schedules: a function invoked at a regular pace, or at the times of a clock.

use std::time::Duration;

use passerelle::platform::clock::Clock;
use sam_template::{Schedule, When};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::{Fate, ScheduledHandler};

/// What runs when, and how long it may take.
pub struct Scheduled {
    /// The function's name, for the log.
    pub name: String,
    /// The function.
    pub function: ScheduledHandler,
    /// When.
    pub schedule: Schedule,
    /// The function's time limit.
    pub limit: Duration,
    /// What may befall it.
    pub fate: Fate,
}

impl Scheduled {
    /// Invokes the function until `stop` says so. Runs never overlap: a run that takes longer than its period delays
    /// the next one. At a regular pace the first run is at once, so that what a crash left behind is picked up without
    /// waiting a full period; a clock is waited for.
    pub async fn run(self, clock: Clock, stop: watch::Receiver<bool>) {
        match &self.schedule.when {
            When::Every(every) => self.repeat(*every, stop).await,
            When::At(cron) => {
                let mut stop = stop;
                while let Some(next) = cron.next(clock.now()) {
                    let wait = (next - clock.now()).to_std().unwrap_or_default();
                    tokio::select! {
                        biased;
                        _ = stop.wait_for(|stopped| *stopped) => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                    self.invoke().await;
                }
            }
        }
    }

    async fn repeat(&self, every: Duration, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Told to stop, it does not run once more because its time has come as well.
                biased;
                _ = stop.wait_for(|stopped| *stopped) => return,
                _ = ticks.tick() => {}
            }
            self.invoke().await;
        }
    }

    async fn invoke(&self) {
        self.invoke_once().await;
        if self.fate.fires_twice() {
            self.invoke_once().await;
        }
    }

    async fn invoke_once(&self) {
        let function = &self.name;
        match self.fate.invoke((self.function)(self.schedule.input.clone()), self.limit).await {
            Ok(Ok(run)) => tracing::debug!(function, report = %run.report, "scheduled run done"),
            Ok(Err(error)) => tracing::error!(function, error, "scheduled run failed"),
            Err(error) => tracing::error!(function, %error, "scheduled run lost"),
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
        let function: ScheduledHandler = Arc::new(move |_| {
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
        let schedule = Schedule { when: When::Every(Duration::from_millis(1)), input: serde_json::Value::Null };
        let scheduled = Scheduled {
            name: "Test".to_owned(),
            function,
            schedule,
            limit: Duration::from_secs(1),
            fate: Fate::default(),
        };
        scheduled.run(Clock::system(), stop).await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }
}
