//! What may befall invocations, by a seed: a schedule fires twice, a process dies between two of its calls to AWS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Notify;

use super::{InvocationError, invoke};

/// How many invocations in a thousand die, and how many schedules in a thousand fire twice.
const PER_MILLE: u32 = 100;

/// An invocation that dies makes fewer calls than this before it does.
const MOST_CALLS: usize = 12;

tokio::task_local! {
    /// The life of the invocation this task works for, if it is to die.
    static LIFE: Life;
}

/// Draws what befalls invocations; nothing does by default. Cheap to clone.
#[derive(Clone, Default)]
pub struct Fate {
    doubles: Option<Drawn>,
    deaths: Option<Drawn>,
}

/// Numbers drawn from a seed.
#[derive(Clone)]
struct Drawn(Arc<Mutex<StdRng>>);

/// How many calls an invocation still makes.
#[derive(Clone)]
struct Life {
    calls: Arc<AtomicUsize>,
    over: Arc<Notify>,
}

impl Fate {
    /// Schedules fire twice if there is a seed for it, and processes die if there is one for that.
    #[must_use]
    pub fn drawn_from(doubles: Option<u64>, deaths: Option<u64>) -> Self {
        Self { doubles: doubles.map(Drawn::from_seed), deaths: deaths.map(Drawn::from_seed) }
    }

    /// Whether a schedule fires once more.
    #[must_use]
    pub fn fires_twice(&self) -> bool {
        self.doubles.as_ref().is_some_and(|drawn| drawn.below(1_000) < PER_MILLE as usize)
    }

    /// Runs one invocation as [`invoke`] does, unless it is to die.
    ///
    /// # Errors
    /// Those of [`invoke`], and its death.
    pub async fn invoke<T: Send + 'static>(
        &self,
        invocation: BoxFuture<'static, T>,
        limit: Duration,
    ) -> Result<T, InvocationError> {
        let Some(calls) = self.deaths.as_ref().and_then(Drawn::calls) else { return invoke(invocation, limit).await };
        let life = Life { calls: Arc::new(AtomicUsize::new(calls)), over: Arc::default() };
        let over = Arc::clone(&life.over);
        let lived = async move {
            tokio::select! {
                answer = LIFE.scope(life, invocation) => Some(answer),
                () = over.notified() => None,
            }
        };
        invoke(lived.boxed(), limit).await?.ok_or(InvocationError::Died)
    }
}

impl Drawn {
    fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    fn below(&self, bound: usize) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..bound)
    }

    /// How many calls the next invocation makes, if it is to die.
    fn calls(&self) -> Option<usize> {
        (self.below(1_000) < PER_MILLE as usize).then(|| self.below(MOST_CALLS))
    }
}

/// Counts one call of the invocation this task works for. One that has made its last never comes back from here.
pub(super) async fn live_on() {
    let Ok(life) = LIFE.try_with(Clone::clone) else { return };
    let left = life.calls.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |calls| calls.checked_sub(1));
    if left.is_err() {
        life.over.notify_one();
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn calls(made: Arc<AtomicUsize>) {
        for _ in 0..MOST_CALLS {
            live_on().await;
            made.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn an_invocation_dies_between_two_calls() {
        let fate = Fate::drawn_from(None, Some(1));
        let mut died = Vec::new();
        for _ in 0..200 {
            let made = Arc::new(AtomicUsize::new(0));
            let outcome = fate.invoke(calls(Arc::clone(&made)).boxed(), Duration::from_secs(60)).await;
            let made = made.load(Ordering::SeqCst);
            match outcome {
                Ok(()) => assert_eq!(made, MOST_CALLS),
                Err(error) => {
                    assert_eq!(error, InvocationError::Died);
                    died.push(made);
                }
            }
        }
        assert!((5..60).contains(&died.len()), "{died:?}");
        assert!(died.iter().any(|made| *made > 0) && died.iter().all(|made| *made < MOST_CALLS), "{died:?}");
    }

    #[tokio::test]
    async fn nothing_befalls_anybody_by_default() {
        let fate = Fate::default();
        let made = Arc::new(AtomicUsize::new(0));
        assert_eq!(fate.invoke(calls(Arc::clone(&made)).boxed(), Duration::from_secs(60)).await, Ok(()));
        assert!((0..100).all(|_| !fate.fires_twice()));
        let doubled = Fate::drawn_from(Some(1), None);
        assert!((0..100).any(|_| doubled.fires_twice()));
    }
}
