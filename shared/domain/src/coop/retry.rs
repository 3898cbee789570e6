//! When what failed is tried again.

use chrono::TimeDelta;

/// Pauses before a user of a nightly run is tried again. A message carries each: SQS delays one by a quarter of an hour
/// at most.
const USER: [TimeDelta; 2] = [TimeDelta::minutes(10), TimeDelta::minutes(15)];

/// Pauses before Brevo is called again: the first five of at most half an hour, in all some two days.
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

/// How long after its `attempts`th failure a user is tried again; `None` when they are given up for the night.
#[must_use]
pub fn pause_before_user(attempts: u32) -> Option<TimeDelta> {
    pause(&USER, attempts)
}

/// How long after its `attempts`th failure Brevo is called again; `None` when the contact is given up.
#[must_use]
pub fn pause_before_brevo(attempts: u32) -> Option<TimeDelta> {
    pause(&BREVO, attempts)
}

/// The same for what is left on Brevo's list of somebody who was erased: never given up, for nothing else would bring it
/// about again.
#[must_use]
pub fn pause_before_forgotten(attempts: u32) -> TimeDelta {
    pause_before_brevo(attempts).unwrap_or(TimeDelta::days(1))
}

fn pause(pauses: &[TimeDelta], attempts: u32) -> Option<TimeDelta> {
    pauses.get(usize::try_from(attempts).ok()?.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_tried_three_times_at_pauses_a_message_can_carry() {
        let pauses: Vec<_> = (1..=3).map(|attempts| pause_before_user(attempts).map(|p| p.num_minutes())).collect();
        assert_eq!(pauses, [Some(10), Some(15), None]);
        assert!(USER.iter().all(|pause| *pause <= TimeDelta::seconds(900)));
        assert_eq!(pause_before_user(0), None);
    }

    #[test]
    fn brevo_is_called_soon_at_first_and_for_two_days() {
        assert!((1..=5).all(|attempts| pause_before_brevo(attempts).unwrap() <= TimeDelta::minutes(30)));
        let total: TimeDelta = (1..).map_while(pause_before_brevo).sum();
        assert!(total > TimeDelta::days(1) && total < TimeDelta::days(3));
        assert_eq!(pause_before_forgotten(1), BREVO[0]);
        assert_eq!([14, u32::MAX].map(pause_before_forgotten), [TimeDelta::days(1); 2]);
    }
}
