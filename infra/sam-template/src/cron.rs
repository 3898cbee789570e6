//! `cron(minutes hours day-of-month month day-of-week year)`, as EventBridge reads it, in a time zone.
//!
//! Single values, lists, `*` and `?` are understood, names of months and days too; ranges, steps and years are refused
//! by name. Where clocks change, it does what EventBridge Scheduler does: a time that does not exist is skipped, one
//! that comes twice counts once.
//!
//! The grammar: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The longest wait there is: eight years for a 29 February around 2100, and a margin.
const HORIZON_DAYS: usize = 9 * 366;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// EventBridge's week begins on Sunday, which is 1.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The times a cron expression names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: BTreeSet<u32>,
    months: BTreeSet<u32>,
    weekdays: BTreeSet<u32>,
    zone: Tz,
}

impl Cron {
    /// Reads `cron(0 2 * * ? *)`; the error is one French sentence about what is not understood.
    pub(super) fn parse(expression: &str, zone: Tz) -> Result<Self, String> {
        let inner = expression.trim().strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
        let fields: Vec<&str> = inner.unwrap_or_default().split_whitespace().collect();
        let [minutes, hours, days, months, weekdays, year] = fields.as_slice() else {
            return Err(format!("planification « {expression} » non comprise"));
        };
        if (*days == "?") == (*weekdays == "?") {
            return Err("jour du mois ou jour de la semaine : l'un des deux, et lui seul, doit être « ? »".to_owned());
        }
        if *year != "*" {
            return Err(format!("année « {year} » non comprise"));
        }
        let cron = Self {
            minutes: field("minute", minutes, 0, 59, &[])?,
            hours: field("heure", hours, 0, 23, &[])?,
            days: field("jour du mois", unspecified(days), 1, 31, &[])?,
            months: field("mois", months, 1, 12, &MONTHS)?,
            weekdays: field("jour de la semaine", unspecified(weekdays), 1, 7, &WEEKDAYS)?,
            zone,
        };
        match cron.next(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(format!("la planification « {expression} » ne tombe jamais")),
        }
    }

    /// The first time named after `after`; `None` when there is none.
    #[must_use]
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = after.with_timezone(&self.zone).date_naive().iter_days().take(HORIZON_DAYS);
        days.filter(|day| self.names(*day)).find_map(|day| self.times(day).find(|at| *at > after))
    }

    fn names(&self, day: NaiveDate) -> bool {
        self.days.contains(&day.day())
            && self.months.contains(&day.month())
            && self.weekdays.contains(&day.weekday().number_from_sunday())
    }

    /// The times of one day, in order.
    fn times(&self, day: NaiveDate) -> impl Iterator<Item = DateTime<Utc>> {
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(|minute| (*hour, *minute)));
        times.filter_map(move |(hour, minute)| {
            // `earliest` is none where clocks jump over the time, and the first of two where they fall back.
            let local = self.zone.from_local_datetime(&day.and_hms_opt(hour, minute, 0)?).earliest()?;
            Some(local.with_timezone(&Utc))
        })
    }
}

/// `?` leaves the choice of the day to the other field.
fn unspecified(field: &str) -> &str {
    if field == "?" { "*" } else { field }
}

/// The values of one field, between `least` and `most`; `names` stand for `least` and those that follow.
fn field(title: &str, text: &str, least: u32, most: u32, names: &[&str]) -> Result<BTreeSet<u32>, String> {
    if text == "*" {
        return Ok((least..=most).collect());
    }
    let value = |item: &str| {
        let named = (least..).zip(names).find(|(_, name)| item.eq_ignore_ascii_case(name)).map(|(value, _)| value);
        let digits = || item.parse().ok().filter(|_| item.bytes().all(|byte| byte.is_ascii_digit()));
        let value = named.or_else(digits).filter(|value| (least..=most).contains(value));
        value.ok_or_else(|| format!("{title} « {item} » non compris dans la planification"))
    };
    text.split(',').map(value).collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Paris;

    use super::*;

    fn check(expression: &str, zone: Tz, after: &str, expected: &[&str]) {
        let cron = Cron::parse(expression, zone).unwrap();
        let mut after: DateTime<Utc> = after.parse().unwrap();
        for expected in expected {
            after = cron.next(after).unwrap();
            assert_eq!(after, expected.parse::<DateTime<Utc>>().unwrap(), "{expression}");
        }
    }

    #[test]
    fn it_comes_at_the_times_it_names() {
        let utc = Tz::UTC;
        let nightly = "cron(0 2 * * ? *)";
        check(nightly, utc, "2026-11-02T02:00:00Z", &["2026-11-03T02:00:00Z", "2026-11-04T02:00:00Z"]);
        check(nightly, Paris, "2026-11-02T00:59:59.999Z", &["2026-11-02T01:00:00Z", "2026-11-03T01:00:00Z"]);
        check(
            "cron(0,30 8,18 * * ? *)",
            utc,
            "2026-11-02T08:10:00Z",
            &["2026-11-02T08:30:00Z", "2026-11-02T18:00:00Z"],
        );
        check(
            "cron(5 4 ? * MON,thu *)",
            utc,
            "2026-11-02T04:05:00Z",
            &["2026-11-05T04:05:00Z", "2026-11-09T04:05:00Z"],
        );
        check("cron(5 4 ? * 1 *)", utc, "2026-11-02T04:05:00Z", &["2026-11-08T04:05:00Z"]);
        check("cron(0 0 31 JAN,apr,5 ? *)", utc, "2026-02-01T00:00:00Z", &["2026-05-31T00:00:00Z"]);
        check("cron(0 0 29 2 ? *)", utc, "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
        // The day is the zone's: it is already the second of November in Paris.
        check("cron(30 0 2 11 ? *)", Paris, "2026-11-01T12:00:00Z", &["2026-11-01T23:30:00Z"]);
    }

    #[test]
    fn clocks_that_change_skip_a_time_or_count_it_once() {
        // In Paris, 02:00 becomes 03:00 on 29 March 2026: there is no 02:00, nor 02:30.
        let around_spring = ["2026-03-28T01:00:00Z", "2026-03-30T00:00:00Z"];
        check("cron(0 2 * * ? *)", Paris, "2026-03-27T12:00:00Z", &around_spring);
        let later = ["2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"];
        check("cron(0 3 * * ? *)", Paris, "2026-03-27T12:00:00Z", &later);
        // 03:00 becomes 02:00 on 25 October 2026: the first 02:00 counts.
        let around_autumn = ["2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"];
        check("cron(0 2 * * ? *)", Paris, "2026-10-24T12:00:00Z", &around_autumn);
        let hourly = ["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"];
        check("cron(0 * * * ? *)", Paris, "2026-10-24T22:00:00Z", &hourly);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (expression, named) in [
            ("cron(0 2 * * ?)", "« cron(0 2 * * ?) »"),
            ("0 2 * * ? *", "« 0 2 * * ? * »"),
            ("cron(*/5 2 * * ? *)", "minute « */5 »"),
            ("cron(60 2 * * ? *)", "minute « 60 »"),
            ("cron(+5 2 * * ? *)", "minute « +5 »"),
            ("cron(0 ? * * ? *)", "heure « ? »"),
            ("cron(0 1,,2 * * ? *)", "heure «  »"),
            ("cron(0 2 L * ? *)", "jour du mois « L »"),
            ("cron(0 2 * 0 ? *)", "mois « 0 »"),
            ("cron(0 2 ? * MON-FRI *)", "jour de la semaine « MON-FRI »"),
            ("cron(0 2 * * * *)", "lui seul"),
            ("cron(0 2 ? * ? *)", "lui seul"),
            ("cron(0 2 * * ? 2027)", "année « 2027 »"),
            ("cron(0 2 30 2 ? *)", "ne tombe jamais"),
        ] {
            let error = Cron::parse(expression, Paris).unwrap_err();
            assert!(error.contains(named), "{expression}: {error}");
        }
    }
}
