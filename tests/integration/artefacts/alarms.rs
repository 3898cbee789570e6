//! What an operator stands on: alarms, their runbooks, the dashboard and the metrics that the code writes agree.

use std::collections::BTreeSet;

use acceptance::workspace::root;
use passerelle::platform::measures::{ACCEPT_TO_RECEIVE, BREAKERS_OPEN, Count, DELIVERIES_FAILED, OLDEST_PENDING};
use sam_template::{EMBEDDED, Template};
use serde_yaml_ng::Value;

/// Sections of a runbook: what it means, what to look at, what to do.
const SECTIONS: [&str; 3] = ["\n## Ce que cela veut dire\n", "\n## Que regarder\n", "\n## Que faire\n"];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The metrics the code writes.
fn written() -> BTreeSet<&'static str> {
    let others = [DELIVERIES_FAILED, ACCEPT_TO_RECEIVE, OLDEST_PENDING, BREAKERS_OPEN];
    Count::ALL.iter().map(|count| count.name()).chain(others).collect()
}

/// A text, or what `!Sub` is given.
fn text(value: &Value) -> &str {
    match value {
        Value::Tagged(tagged) => tagged.value.as_str().unwrap_or_default(),
        value => value.as_str().unwrap_or_default(),
    }
}

/// Every namespace and metric named anywhere below.
fn metrics_below<'a>(value: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::Mapping(mapping) => {
            if let (Some(namespace), Some(metric)) = (mapping.get("Namespace"), mapping.get("MetricName")) {
                found.push((text(namespace), text(metric)));
            }
            mapping.values().for_each(|value| metrics_below(value, found));
        }
        Value::Sequence(values) => values.iter().for_each(|value| metrics_below(value, found)),
        Value::Tagged(tagged) => metrics_below(&tagged.value, found),
        _ => {}
    }
}

#[test]
fn every_alarm_watches_metrics_that_exist_and_has_its_runbook() {
    let template: Value = serde_yaml_ng::from_str(&read("infra/alarms.yaml")).unwrap();
    let (mut names, mut runbooks) = (BTreeSet::new(), BTreeSet::new());
    for (id, resource) in template["Resources"].as_mapping().unwrap() {
        if resource["Type"] != "AWS::CloudWatch::Alarm" {
            continue;
        }
        let alarm = &resource["Properties"];
        let name = text(&alarm["AlarmName"]).strip_prefix("passerelle-${Stage}-").expect("the stage is in the name");
        let (_, page) = text(&alarm["AlarmDescription"]).rsplit_once(" docs/runbooks/").expect("its page is named");
        let kind = page.strip_suffix(".md").unwrap();
        assert!(
            name.strip_prefix(kind).is_some_and(|of| of.is_empty() || of.starts_with('-')),
            "{id:?} leads to {page}"
        );
        let runbook = format!("docs/runbooks/{page}");
        runbooks.insert(page.to_owned());
        let page = read(&runbook);
        assert!(page.contains(&format!("`passerelle-<stage>-{kind}")), "{runbook} does not name its alarm");
        for section in SECTIONS {
            assert!(page.contains(section), "{runbook} has no section {section:?}");
        }
        assert!(names.insert(name), "{name} twice");
        let mut watched = Vec::new();
        metrics_below(alarm, &mut watched);
        assert!(!watched.is_empty(), "{name} watches nothing");
        for (namespace, metric) in watched {
            let ours = namespace == "Passerelle/${Stage}";
            assert!(ours || namespace.starts_with("AWS/"), "{name}: namespace {namespace}");
            assert!(!ours || written().contains(metric), "{name} watches {metric}, which nothing writes");
        }
        for action in ["AlarmActions", "OKActions", "TreatMissingData"] {
            assert!(!alarm[action].is_null(), "{name} has no {action}");
        }
    }
    let pages: BTreeSet<String> = std::fs::read_dir(root().join("docs/runbooks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|page| page != "README.md")
        .collect();
    assert_eq!(pages, runbooks, "a page for each kind of alarm, and no other");
    let contents = read("docs/runbooks/README.md");
    for page in &pages {
        assert!(contents.contains(&format!("({page})")), "docs/runbooks/README.md does not lead to {page}");
    }
}

/// The metrics of alarms with the resource, and the index, that they are read of.
fn watched(value: &Value, found: &mut BTreeSet<(String, Vec<String>)>) {
    match value {
        Value::Mapping(mapping) => {
            if let (Some(metric), Some(Value::Sequence(of))) = (mapping.get("MetricName"), mapping.get("Dimensions")) {
                let of = of.iter().map(|dimension| text(&dimension["Value"]).to_owned());
                found.insert((text(metric).to_owned(), of.collect()));
            }
            mapping.values().for_each(|value| watched(value, found));
        }
        Value::Sequence(values) => values.iter().for_each(|value| watched(value, found)),
        Value::Tagged(tagged) => watched(&tagged.value, found),
        _ => {}
    }
}

#[test]
fn every_queue_table_and_index_is_watched() {
    let alarms: Value = serde_yaml_ng::from_str(&read("infra/alarms.yaml")).unwrap();
    let mut found = BTreeSet::new();
    watched(&alarms["Resources"], &mut found);
    let check = |metric: &str, of: &[&str]| {
        let of = of.iter().map(|name| (*name).to_owned()).collect();
        assert!(found.contains(&(metric.to_owned(), of)), "no alarm reads {metric} of that");
    };
    let template = Template::parse(EMBEDDED).unwrap();
    for queue in &template.queues {
        let dead = queue.name.ends_with("DeadLetterQueue");
        check(
            if dead { "ApproximateNumberOfMessagesVisible" } else { "ApproximateAgeOfOldestMessage" },
            &[&queue.name],
        );
    }
    for table in &template.tables {
        for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] {
            check(metric, &[&table.name]);
            // The metrics of a table leave its indexes out.
            table.indexes.iter().for_each(|index| check(metric, &[&table.name, &index.name]));
        }
    }
}

/// CloudWatch looks at the last hours, not at days: whatever the run of a night ends like, and clocks, no two runs are
/// further apart than the window.
#[test]
fn a_night_that_ends_later_than_the_one_before_is_not_missing() {
    let alarms: Value = serde_yaml_ng::from_str(&read("infra/alarms.yaml")).unwrap();
    let alarm = &alarms["Resources"]["NightlyRunMissingAlarm"]["Properties"];
    let [period, periods, breaching] =
        ["Period", "EvaluationPeriods", "DatapointsToAlarm"].map(|name| alarm[name].as_u64().unwrap());
    assert_eq!(periods, breaching);
    assert!(period * periods > 26 * 3_600 && period * periods <= 604_800, "CloudWatch takes seven days at most");
}

#[test]
fn the_dashboard_is_json_and_shows_every_metric_that_the_code_writes() {
    let template: Value = serde_yaml_ng::from_str(&read("infra/dashboard.yaml")).unwrap();
    let body = text(&template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]);
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let shown = body["widgets"].to_string();
    for metric in written() {
        let named = shown.contains(&format!("\"{metric}\"")) || shown.contains(&format!("MetricName=\\\"{metric}\\\""));
        assert!(named, "{metric} is not on the dashboard");
    }
}
