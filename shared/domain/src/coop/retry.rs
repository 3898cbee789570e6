//! When what failed is tried again.

use chrono::TimeDelta;

/// Pauses before a user of a nightly run is tried again: three tries in all.
const USER: [TimeDelta; 2] = [TimeDelta::minutes(10), TimeDelta::minutes(25)];

/// Pauses before Brevo is called again: five within half an hour each, then some two days.
const BREVO: [TimeDelta; 13] = [
    TimeDelta::minutes(1),
    TimeDelta::minutes(3),
    TimeDelta::minutes(8),
    TimeDelta::minutes(15),
    TimeDelta::minutes(25),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
    TimeDelta::hours(4),
    TimeDelta::hours(6),
    TimeDelta::hours(8),
    TimeDelta::hours(8),
    TimeDelta::hours(8),
    TimeDelta::hours(8),
];

/// How long after its `attempts`th failure a user is tried again; `None` when it is given up.
#[must_use]
pub fn user(attempts: u32) -> Option<TimeDelta> {
    after(&USER, attempts)
}

/// How long after its `attempts`th failure Brevo is called again; `None` when it is given up.
#[must_use]
pub fn brevo(attempts: u32) -> Option<TimeDelta> {
    after(&BREVO, attempts)
}

fn after(pauses: &[TimeDelta], attempts: u32) -> Option<TimeDelta> {
    pauses.get(usize::try_from(attempts).ok()?.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_three_tries_and_brevo_is_called_soon_at_first() {
        let pauses: Vec<_> = (1..=3).map(|attempts| user(attempts).map(|pause| pause.num_minutes())).collect();
        assert_eq!(pauses, [Some(10), Some(25), None]);
        assert!((1..=5).all(|attempts| brevo(attempts).unwrap() <= TimeDelta::minutes(30)));
        let total: TimeDelta = (1..).map_while(brevo).sum();
        assert!(total > TimeDelta::days(1) && total < TimeDelta::days(3));
    }
}
