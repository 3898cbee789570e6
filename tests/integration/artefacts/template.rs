//! What `template.yaml` has to keep of AWS's conditions: capacity, what is kept, what bounds a role.

use sam_template::{EMBEDDED, Function, Template};
use serde_yaml_ng::{Mapping, Value};

fn raw() -> Value {
    serde_yaml_ng::from_str(EMBEDDED).unwrap()
}

/// The resources of a type.
fn of_type<'a>(template: &'a Value, wanted: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_mapping().unwrap();
    let named = resources.iter().map(|(name, resource)| (name.as_str().unwrap(), resource));
    named.filter(|(_, resource)| resource["Type"] == wanted).collect()
}

/// What `!If [condition, this, that]` says when its condition holds; any other value as it is.
fn when_set(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) if tagged.tag == "If" => &tagged.value[1],
        value => value,
    }
}

/// The numbers a value may be: itself, or those a parameter allows, but for 0, which is none.
fn numbers(template: &Value, value: &Value) -> Vec<u64> {
    match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let allowed =
                template["Parameters"][tagged.value.as_str().unwrap()]["AllowedValues"].as_sequence().unwrap();
            allowed.iter().filter_map(Value::as_u64).filter(|number| *number > 0).collect()
        }
        value => vec![value.as_u64().unwrap()],
    }
}

/// Executions that its queues and schedules may take at the same time, and one for the API.
fn needed(function: &Function) -> u64 {
    let queues: usize = function.sources.iter().map(|source| source.maximum_concurrency.unwrap()).sum();
    (queues + function.schedules.len() + usize::from(!function.routes.is_empty())) as u64
}

/// "Otherwise Lambda might throttle your messages" (services-sqs-scaling).
#[test]
fn what_may_be_set_apart_for_a_function_is_enough_for_its_queues_schedules_and_routes() {
    let (template, functions) = (raw(), Template::parse(EMBEDDED).unwrap().functions);
    for function in functions {
        let reserved = &template["Resources"][&function.name]["Properties"]["ReservedConcurrentExecutions"];
        if reserved.is_null() {
            continue;
        }
        for number in numbers(&template, when_set(reserved)) {
            assert!(number >= needed(&function), "{}: {number} of {}", function.name, needed(&function));
        }
    }
}

/// EventBridge invokes asynchronously: Lambda would call a function that fails twice more, and keep for six hours what
/// finds no room.
#[test]
fn a_schedule_that_fails_is_not_repeated_beside_the_next_one() {
    let template = raw();
    for function in Template::parse(EMBEDDED).unwrap().functions {
        let config = &template["Resources"][&function.name]["Properties"]["EventInvokeConfig"];
        assert_eq!(config.is_null(), function.schedules.is_empty(), "{}", function.name);
        if !config.is_null() {
            assert_eq!(config["MaximumRetryAttempts"], 0, "{}", function.name);
            assert!(config["MaximumEventAgeInSeconds"].as_u64().unwrap() <= 900, "{}", function.name);
        }
    }
}

/// Until the secrets are filled, what is scheduled fails.
#[test]
fn every_schedule_waits_for_its_parameter() {
    let template = raw();
    let mut schedules = 0;
    for (name, function) in of_type(&template, "AWS::Serverless::Function") {
        let events = function["Properties"]["Events"].as_mapping().unwrap();
        for (_, event) in events.iter().filter(|(_, event)| event["Type"].as_str().unwrap().starts_with("Schedule")) {
            let Value::Tagged(state) = &event["Properties"]["State"] else {
                panic!("{name} has a schedule without State")
            };
            assert_eq!((state.tag.to_string().as_str(), &state.value), ("!Ref", &Value::from("Schedules")));
            schedules += 1;
        }
    }
    assert_eq!(schedules, 4);
}

#[test]
fn roles_are_bounded_where_the_account_demands_it() {
    let template = raw();
    let schedules = of_type(&template, "AWS::Serverless::Function").into_iter().flat_map(|(_, function)| {
        let events = function["Properties"]["Events"].as_mapping().map(Mapping::values).unwrap();
        events.filter(|event| event["Type"] == "ScheduleV2").map(|event| ("a schedule", event))
    });
    for (name, resource) in of_type(&template, "AWS::IAM::Role").into_iter().chain(schedules) {
        let Value::Tagged(boundary) = when_set(&resource["Properties"]["PermissionsBoundary"]) else {
            panic!("{name} is not bounded")
        };
        assert_eq!(boundary.value, "PermissionsBoundary", "{name}");
    }
}

/// What is left of a first deployment that failed would be in the way of the next.
#[test]
fn what_is_kept_is_kept_unless_its_creation_fails() {
    let template = raw();
    let kept = [of_type(&template, "AWS::DynamoDB::Table"), of_type(&template, "AWS::SecretsManager::Secret")];
    for (name, resource) in kept.into_iter().flatten() {
        assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{name}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
    }
    for (name, table) in of_type(&template, "AWS::DynamoDB::Table") {
        let Value::Tagged(protected) = &table["Properties"]["DeletionProtectionEnabled"] else { panic!("{name}") };
        assert_eq!(
            protected.value,
            Value::from(vec![Value::from("IsProduction"), true.into(), false.into()]),
            "{name}"
        );
    }
}

/// A committed change waits in its queue as long as SQS keeps anything; a mail that nobody sent within its hour is worth a
/// look of a day.
#[test]
fn messages_are_kept_as_long_as_they_are_worth_something() {
    let template = raw();
    for (queue, days) in [
        ("DeliveriesQueue", 14),
        ("RetriesQueue", 14),
        ("DeliveriesDeadLetterQueue", 14),
        ("RetriesDeadLetterQueue", 14),
        ("SyncsDeadLetterQueue", 14),
        ("MailsDeadLetterQueue", 1),
    ] {
        let kept = &template["Resources"][queue]["Properties"]["MessageRetentionPeriod"];
        assert_eq!(kept.as_u64(), Some(days * 86_400), "{queue}");
    }
}
