"""What AWS does with these templates, and MiniStack does not: changed in their copies or done by API, and told at the
end."""

from collections.abc import Collection

from common import client, deviation, expect, ok
from package import FUNCTION, resources
from stack import Stack

SECRET = "AWS::SecretsManager::Secret"
# Parameters, and the stand-ins whose addresses they take.
NEIGHBOURS = {"PortailDfUrl": "portailDf", "BrevoUrl": "brevo", "DataspaceUrl": "dataspace"}


def fit(template: dict, nested: dict[str, dict]) -> None:
    """Changes the copies where it must."""
    secrets = resources(template, SECRET)
    expect(sum(refer_by_arn(template[section], secrets) for section in ("Resources", "Outputs")), "no secret is named")
    deviation("changed in the copy: `Ref` of a secret is `GetAtt Id`: on AWS both are its ARN, in MiniStack `Id` alone")

    for role in resources(template, "AWS::IAM::Role").values():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                statement["Action"] = actions + [f"{action}Batch" for action in actions if action == "sqs:SendMessage"]
    added = "sqs:SendMessage brings sqs:SendMessageBatch, which MiniStack asks for and AWS does not know"
    deviation(f"changed in the copy: {added}")

    for policy in resources(template, "AWS::SQS::QueuePolicy"):
        del template["Resources"][policy]
    deviation("left out of the copy: the policy that keeps queues to TLS, for MiniStack is reached over http")

    # A pattern that a parameter does not match would stop the deployment.
    for parameter in NEIGHBOURS:
        template["Parameters"][parameter].pop("AllowedPattern", None)
    deviation(f"changed in the copy: {', '.join(NEIGHBOURS)} take http, for the stand-ins on loopback")

    for name, inner in nested.items():
        alarms = resources(inner, "AWS::CloudWatch::Alarm")
        dropped = [alarm for alarm, properties in alarms.items() if "Metrics" in properties]
        for alarm in dropped:
            del inner["Resources"][alarm]
        if dropped:
            deviation(f"left out of the copy of {name}: what MiniStack cannot do, metric math: {', '.join(dropped)}")
    deviation("run otherwise: functions are processes of this machine, without Amazon Linux and its limits")


def refer_by_arn(node: object, secrets: Collection[str]) -> int:
    """Rewrites every `Ref` to one of `secrets` below `node`; how many there were."""
    if isinstance(node, list):
        return sum(refer_by_arn(item, secrets) for item in node)
    if not isinstance(node, dict):
        return 0
    if set(node) == {"Ref"} and node["Ref"] in secrets:
        node["Fn::GetAtt"] = [node.pop("Ref"), "Id"]
        return 1
    return sum(refer_by_arn(value, secrets) for value in node.values())


def add_routes(stack: Stack) -> None:
    """MiniStack makes the API and its stage, not the routes of the OpenAPI body that SAM gives the API."""
    gateway = client("apigatewayv2")
    api = stack.ids["Api"]
    expect(not gateway.get_routes(ApiId=api)["Items"], "MiniStack makes the routes by itself now: add_routes has to go")
    integrations: dict[str, str] = {}
    routes = stack.routes()
    for key, function, integration in routes:
        if function not in integrations:
            made = gateway.create_integration(
                ApiId=api,
                IntegrationType=integration["type"].upper(),
                IntegrationMethod=integration["httpMethod"],
                IntegrationUri=stack.function_arn(function),
                PayloadFormatVersion=integration["payloadFormatVersion"],
            )
            integrations[function] = made["IntegrationId"]
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integrations[function]}")
    ok(f"routes of the template: {', '.join(sorted(key for key, _, _ in routes))}")
    deviation("done by API: the routes of the HTTP API, as SAM derives them from the template")


def expire_items(stack: Stack) -> None:
    dynamodb = client("dynamodb")
    for table, properties in resources(stack.template, "AWS::DynamoDB::Table").items():
        wanted = properties.get("TimeToLiveSpecification")
        if wanted:
            specification = {"AttributeName": wanted["AttributeName"], "Enabled": wanted["Enabled"]}
            dynamodb.update_time_to_live(TableName=stack.ids[table], TimeToLiveSpecification=specification)
    deviation("done by API: TTL of the tables")


def allow_loopback(stack: Stack) -> None:
    """The receiver of this test is on loopback."""
    functions = client("lambda")
    changed = []
    for name in resources(stack.template, FUNCTION):
        configuration = functions.get_function_configuration(FunctionName=stack.ids[name])
        variables = configuration["Environment"]["Variables"]
        if "WEBHOOK_LOOPBACK" in variables:
            expect(variables["WEBHOOK_LOOPBACK"] == "refused", f"{name} is deployed with webhooks to loopback allowed")
            functions.update_function_configuration(
                FunctionName=stack.ids[name], Environment={"Variables": variables | {"WEBHOOK_LOOPBACK": "allowed"}}
            )
            changed.append(name)
    deviation(f"done by API, for the receiver on loopback: WEBHOOK_LOOPBACK=allowed on {', '.join(changed)}")
