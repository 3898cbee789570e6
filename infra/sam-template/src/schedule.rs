//! Schedules of the template: rules of EventBridge (`Schedule`) and EventBridge Scheduler (`ScheduleV2`).

use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::Value;
use serde_yaml_ng::Mapping;

use super::cron::Cron;
use super::{Expression, TemplateError, typed};

/// A function invoked when time has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When.
    pub when: When,
    /// With which event; null where the template gives none.
    pub input: Value,
}

/// When time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Again and again, this time apart.
    Every(Duration),
    /// At the times of a clock.
    At(Cron),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleProperties {
    schedule: String,
    input: Option<String>,
    state: Option<Expression>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SchedulerProperties {
    schedule_expression: String,
    schedule_expression_timezone: Option<String>,
    input: Option<String>,
    state: Option<Expression>,
}

impl Schedule {
    /// Reads an event of type `Schedule`. Rules know no time zone but UTC.
    pub(super) fn rule(id: &str, properties: Mapping) -> Result<Self, TemplateError> {
        let properties: RuleProperties = typed(id, properties, &["Description", "Input", "Name", "Schedule", "State"])?;
        enabled(id, properties.state)?;
        Self::read(id, &properties.schedule, Tz::UTC, properties.input)
    }

    /// Reads an event of type `ScheduleV2`, in UTC where it names no time zone.
    pub(super) fn scheduler(id: &str, properties: Mapping) -> Result<Self, TemplateError> {
        // Who may invoke the function, and what is done when it cannot be, matters on AWS only.
        let known = [
            "Description",
            "Input",
            "Name",
            "PermissionsBoundary",
            "RetryPolicy",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "State",
        ];
        let properties: SchedulerProperties = typed(id, properties, &known)?;
        enabled(id, properties.state)?;
        let zone = match properties.schedule_expression_timezone {
            None => Tz::UTC,
            Some(name) => name.parse().map_err(|_| refused(id, format!("fuseau horaire « {name} » inconnu")))?,
        };
        Self::read(id, &properties.schedule_expression, zone, properties.input)
    }

    fn read(id: &str, expression: &str, zone: Tz, input: Option<String>) -> Result<Self, TemplateError> {
        let when = match rate(expression) {
            Some(every) => When::Every(every),
            None => When::At(Cron::parse(expression, zone).map_err(|detail| refused(id, detail))?),
        };
        let parsed = input.map(|text| serde_json::from_str(&text)).transpose();
        let input = parsed.map_err(|_| refused(id, "Input n'est pas du JSON".to_owned()))?.unwrap_or_default();
        Ok(Self { when, input })
    }
}

/// Refuses a schedule that is off by itself; one that a parameter may switch off is on.
fn enabled(id: &str, state: Option<Expression>) -> Result<(), TemplateError> {
    match state {
        Some(Expression::Text(state)) if state != "ENABLED" => {
            Err(refused(id, format!("State « {state} » non compris")))
        }
        _ => Ok(()),
    }
}

/// Reads `rate(5 minutes)`.
fn rate(expression: &str) -> Option<Duration> {
    let inner = expression.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inner.trim().split_once(' ')?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    let seconds = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3_600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    count.checked_mul(seconds).map(Duration::from_secs)
}

fn refused(resource: &str, detail: String) -> TemplateError {
    TemplateError::Value { resource: resource.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Paris;

    use super::*;

    fn mapping(yaml: &str) -> Mapping {
        serde_yaml_ng::from_str(yaml).unwrap()
    }

    #[test]
    fn rates_are_read_in_every_unit() {
        for (text, seconds) in [
            ("rate(1 minute)", Some(60)),
            ("rate(5 minutes)", Some(300)),
            ("rate(2 hours)", Some(7_200)),
            ("rate(1 day)", Some(86_400)),
            ("rate(0 minutes)", None),
            ("rate(1 week)", None),
            ("cron(0 2 * * ? *)", None),
        ] {
            assert_eq!(rate(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_cron_is_read_in_the_time_zone_of_its_event() {
        let at =
            |zone| Schedule { when: When::At(Cron::parse("cron(0 2 * * ? *)", zone).unwrap()), input: Value::Null };
        let rule = Schedule::rule("F.Nuit", mapping("{Schedule: cron(0 2 * * ? *)}"));
        assert_eq!(rule.unwrap(), at(Tz::UTC));
        let check = |yaml: &str, zone| assert_eq!(Schedule::scheduler("F.Nuit", mapping(yaml)).unwrap(), at(zone));
        check("{ScheduleExpression: cron(0 2 * * ? *)}", Tz::UTC);
        check("{ScheduleExpression: cron(0 2 * * ? *), ScheduleExpressionTimezone: Europe/Paris}", Paris);
        let hourly = Schedule::scheduler("F.Nuit", mapping("{ScheduleExpression: rate(1 hour)}"));
        assert_eq!(hourly.unwrap().when, When::Every(Duration::from_secs(3_600)));
        let told =
            Schedule::scheduler("F.Nuit", mapping("{ScheduleExpression: rate(1 hour), Input: '{\"job\": \"nuit\"}'}"));
        assert_eq!(told.unwrap().input["job"], "nuit");
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let scheduler = |yaml: &str| Schedule::scheduler("F.Nuit", mapping(yaml)).unwrap_err().to_string();
        let zone = "{ScheduleExpression: cron(0 2 * * ? *), ScheduleExpressionTimezone: Europe/Lutece}";
        assert!(scheduler(zone).contains("F.Nuit : fuseau horaire « Europe/Lutece » inconnu"));
        assert!(scheduler("{ScheduleExpression: rate(1 week)}").contains("« rate(1 week) »"));
        let window = "{ScheduleExpression: rate(1 day), FlexibleTimeWindow: {Mode: FLEXIBLE}}";
        assert!(scheduler(window).contains("« FlexibleTimeWindow » de F.Nuit"));
        assert!(scheduler("{ScheduleExpression: rate(1 day), Input: nuit}").contains("F.Nuit : Input"));
        let disabled = Schedule::rule("F.Nuit", mapping("{Schedule: rate(1 day), Enabled: false}"));
        assert!(disabled.unwrap_err().to_string().contains("« Enabled » de F.Nuit"));
        let state =
            |state: &str| Schedule::rule("F.Nuit", mapping(&format!("{{Schedule: rate(1 day), State: {state}}}")));
        assert!(state("DISABLED").unwrap_err().to_string().contains("State « DISABLED »"));
        assert!(state("ENABLED").is_ok() && state("!Ref Schedules").is_ok());
    }
}
