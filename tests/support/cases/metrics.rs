//! Which of the metrics that the code names were written while the cases ran: an alarm on one that nothing writes is blind.

use passerelle::platform::measures::{ACCEPT_TO_RECEIVE, BREAKERS_OPEN, Count, DELIVERIES_FAILED, OLDEST_PENDING};

use crate::measured;

/// Metrics that no case brings about, and the test that does.
const ELSEWHERE: [(&str, &str); 3] = [
    ("DeadMessages", "built_functions::the_built_functions_carry_a_change_to_every_receiver"),
    ("RequestsThrottled", "shared/src/web/fair_share.rs"),
    ("SyncsGivenUp", "coop::following::a_user_who_cannot_be_read_fails_alone_three_times_and_is_kept_as_a_dead_letter"),
];

/// What differs, a line each.
pub fn differences() -> Vec<String> {
    let seen = measured::seen();
    let others = [DELIVERIES_FAILED, ACCEPT_TO_RECEIVE, OLDEST_PENDING, BREAKERS_OPEN];
    let named = Count::ALL.iter().map(|count| count.name()).chain(others);
    named
        .filter_map(|name| {
            let elsewhere = ELSEWHERE.iter().any(|(known, _)| *known == name);
            match (seen.contains(name), elsewhere) {
                (false, false) => Some(format!("{name}: rien ne l'écrit pendant les cas")),
                (true, true) => Some(format!("{name}: un cas l'écrit, à retirer de la liste")),
                _ => None,
            }
        })
        .collect()
}
