//! Random sequences of requests to the communs, on engines that do what AWS may and with processes that die, against a
//! model of what must have come of them.
//!
//! `MODEL_SEQUENCES` says how many are played, `MODEL_SEED` the first seed. A failure is told with its seed and the
//! shortest sequence found that fails under it.

mod communs;
mod played;

use communs::Step;

/// Requests in one sequence.
const STEPS: usize = 14;

/// Sequences played where nothing else is asked for.
const SEQUENCES: u64 = 4;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Leaves out one step after the other, as long as what is left fails.
async fn shortest(seed: u64, mut steps: Vec<Step>, mut failure: String) -> (Vec<Step>, String) {
    let mut place = 0;
    while place < steps.len() {
        let mut fewer = steps.clone();
        fewer.remove(place);
        match played::play(seed, &fewer).await {
            Ok(()) => place += 1,
            Err(other) => (steps, failure) = (fewer, other),
        }
    }
    (steps, failure)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_the_model_holds() {
    let first = number("MODEL_SEED", 1);
    for seed in first..first + number("MODEL_SEQUENCES", SEQUENCES) {
        let steps = communs::sequence(seed, STEPS);
        if let Err(failure) = played::play(seed, &steps).await {
            let (steps, failure) = shortest(seed, steps, failure).await;
            panic!("MODEL_SEED={seed}: {failure}\nafter {steps:#?}");
        }
    }
}
