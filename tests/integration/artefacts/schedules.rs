//! When functions are invoked: what the template says, and what the code takes for granted of it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::coop::night;
use sam_template::{EMBEDDED, Template, When};

#[test]
fn the_nightly_schedule_comes_every_day_at_the_time_the_code_knows() {
    let template = Template::parse(EMBEDDED).unwrap();
    let dataspace = template.functions.iter().find(|function| function.name == "DataspaceSync").unwrap();
    let clocks = dataspace.schedules.iter().filter_map(|schedule| match &schedule.when {
        When::At(cron) => Some(cron),
        When::Every(_) => None,
    });
    let [nightly] = clocks.collect::<Vec<_>>()[..] else { panic!("one schedule at the times of a clock") };
    let mut after: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().unwrap();
    for _ in 0..4 * 366 {
        let next = nightly.next(after).unwrap();
        assert_eq!(night::last_due(next), next);
        assert!(next - after < TimeDelta::hours(26), "no night between {after} and {next}");
        after = next;
    }
}
