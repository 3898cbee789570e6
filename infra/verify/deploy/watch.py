"""What the functions did behind the API: their roles, mappings, schedules and logs."""

import json

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from common import Failure, client, expect, ok, until
from package import FUNCTION, NESTED, resources
from stack import Stack

# Lines of a function's log shown after a failure.
SHOWN = 40


def events(stack: Stack, kind: str) -> list[tuple[str, dict]]:
    """Function and properties of each event of a type in the template."""
    return [
        (function, event["Properties"])
        for function, properties in resources(stack.template, FUNCTION).items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == kind
    ]


def log(stack: Stack, function: str) -> list[str]:
    """All lines of a function's log."""
    configuration = client("lambda").get_function_configuration(FunctionName=stack.ids[function])
    pages = client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=configuration["LoggingConfig"]["LogGroup"]
    )
    return [event["message"].rstrip() for page in pages for event in page["events"]]


def invocations(stack: Stack, function: str) -> int:
    return sum(line.startswith("START RequestId") for line in log(stack, function))


def show_logs(stack: Stack) -> None:
    for function in resources(stack.template, FUNCTION):
        print(f"\n--- log of {function}")
        try:
            print("\n".join(log(stack, function)[-SHOWN:]))
        except (BotoCoreError, ClientError) as error:
            # It must not hide what went wrong before.
            print(f"not to be had: {error}")
    print(flush=True)


def roles_are_enforced(stack: Stack) -> None:
    """A function's role opens its own table and no other: otherwise all that follows would say nothing of roles."""
    role = client("iam").get_role(RoleName=stack.ids["OutboxSweeperRole"])["Role"]["Arn"]
    given = client("sts").assume_role(RoleArn=role, RoleSessionName="verify")["Credentials"]
    dynamodb = boto3.client(
        "dynamodb",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    key = {"PK": {"S": "nothing"}, "SK": {"S": "nothing"}}
    dynamodb.get_item(TableName=stack.ids["CommunsTable"], Key=key)
    try:
        dynamodb.get_item(TableName=stack.ids["DroitsTable"], Key=key)
    except ClientError as error:
        expect(error.response["Error"]["Code"] == "AccessDeniedException", f"refused otherwise: {error}")
    else:
        raise Failure("OutboxSweeper's role opens the table of droits: roles are not enforced")
    ok("roles are enforced: OutboxSweeper's opens its table, not that of droits")


def watched(stack: Stack) -> None:
    """Nested stacks watch what was deployed, and dashboards can be read."""
    for nested in resources(stack.template, NESTED):
        described = stack.cloudformation.describe_stacks(StackName=stack.ids[nested])["Stacks"][0]
        for parameter in described["Parameters"]:
            # A parameter that bears the name of a resource takes its physical name.
            key, value = parameter["ParameterKey"], parameter["ParameterValue"]
            name = stack.ids.get(key, value).rpartition("/")[2]
            expect(value == name, f"{nested} is told that {key} is {value}, not {name}")
    cloudwatch = client("cloudwatch")
    widgets = {}
    for entry in cloudwatch.list_dashboards()["DashboardEntries"]:
        body = cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"]
        widgets[entry["DashboardName"]] = len(json.loads(body)["widgets"])
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    ok(f"{len(alarms)} alarms and the dashboards {widgets} know what was deployed")


def mappings_worked(stack: Stack) -> None:
    """Each event source mapping is as the template says, and handed messages over without a failure."""
    wanted = events(stack, "SQS")
    found = {
        mapping["EventSourceArn"]: mapping
        for page in client("lambda").get_paginator("list_event_source_mappings").paginate()
        for mapping in page["EventSourceMappings"]
    }
    expect(len(found) == len(wanted), f"{len(found)} event source mappings, {len(wanted)} in the template")
    for function, event in wanted:
        queue = event["Queue"]["Fn::GetAtt"][0]
        arn = client("sqs").get_queue_attributes(QueueUrl=stack.ids[queue], AttributeNames=["QueueArn"])
        mapping = found[arn["Attributes"]["QueueArn"]]
        same = mapping["FunctionArn"].endswith(f":{stack.ids[function]}") and all(
            mapping[name] == event[name] for name in ("BatchSize", "FunctionResponseTypes", "ScalingConfig")
        )
        expect(same, f"the mapping from {queue} to {function} is not the template's: {mapping}")
        result = mapping["LastProcessingResult"]
        expect(result.startswith("OK") and "failures" not in result, f"{queue} to {function}: {result}")
    ok(f"{len(wanted)} event source mappings, as in the template, each handed messages over without a failure")


def queues_are_empty(stack: Stack) -> None:
    """Whatever was read was deleted, and nothing became a dead letter."""
    counted = [f"ApproximateNumberOfMessages{suffix}" for suffix in ("", "NotVisible", "Delayed")]

    def left() -> dict[str, str]:
        found = {}
        for queue in resources(stack.template, "AWS::SQS::Queue"):
            answer = client("sqs").get_queue_attributes(QueueUrl=stack.ids[queue], AttributeNames=counted)
            if any(int(number) for number in answer["Attributes"].values()):
                found[queue] = answer["Attributes"]
        return found

    until("empty queues", 30, lambda: not left())
    ok("all queues are empty, the dead-letter queues too")


def schedules_ran(stack: Stack) -> None:
    """The schedules of each minute invoke their functions, which nothing else does any more."""
    functions = sorted({function for function, _ in events(stack, "Schedule")})
    others = {function for kind in ("HttpApi", "SQS") for function, _ in events(stack, kind)}
    # A function that nothing but its schedule invokes may have been invoked before.
    before = {function: invocations(stack, function) if function in others else 0 for function in functions}

    def invoked() -> bool:
        return all(invocations(stack, function) > number for function, number in before.items())

    until(f"{', '.join(functions)} invoked by their schedules", 90, invoked)
    ok(f"the schedules of each minute invoke {', '.join(functions)}")


def nothing_wrong(stack: Stack) -> None:
    """No function wrote a warning or an error, or failed otherwise."""
    for function in resources(stack.template, FUNCTION):
        for line in log(stack, function):
            try:
                level = json.loads(line).get("level")
            except (ValueError, AttributeError):
                # Not of the function's own: START, END, REPORT, or the runtime's complaint.
                level = "ERROR" if "panicked" in line or "Task timed out" in line else None
            expect(level not in ("WARN", "ERROR"), f"{function} wrote: {line}")
    ok("no function wrote a warning or an error")
