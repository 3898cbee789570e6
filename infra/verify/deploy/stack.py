"""The stack as CloudFormation made it."""

import json
import re
from functools import cached_property

from botocore.exceptions import ClientError

from common import Failure, client, ok, until
from package import NESTED, resources

NAME = "passerelle-dev"


class Stack:
    """Names and addresses of what the template asks for, by logical id."""

    def __init__(self, template: dict) -> None:
        self.template = template
        self.outputs: dict[str, str] = {}
        self.cloudformation = client("cloudformation")

    @classmethod
    def create(cls, template: dict, address: str, parameters: dict[str, str], capabilities: list[str]) -> "Stack":
        stack = cls(template)
        try:
            stack.cloudformation.create_stack(
                StackName=NAME,
                TemplateURL=address,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=capabilities,
            )
        except ClientError as error:
            raise Failure(f"CloudFormation refuses the template: {error.response['Error']['Message']}") from error
        described = until("the end of the creation of the stack", 120, stack.settled)
        if described["StackStatus"] != "CREATE_COMPLETE":
            raise Failure("\n  ".join([f"the stack ends as {described['StackStatus']}", *stack.failures()]))
        stack.outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        for name, value in stack.outputs.items():
            # MiniStack leaves what it cannot resolve as it is written.
            if not value or "${" in value:
                raise Failure(f"the output {name} has no value: {value!r}")
        ok(f"CREATE_COMPLETE: {len(stack.ids)} resources, {len(stack.outputs)} outputs")
        for nested in resources(template, NESTED):
            pages = stack.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.ids[nested])
            ok(f"nested stack {nested}: {sum(len(page['StackResourceSummaries']) for page in pages)} resources")
        return stack

    def settled(self) -> dict | None:
        described = self.cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
        return None if described["StackStatus"].endswith("_IN_PROGRESS") else described

    def failures(self) -> list[str]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=NAME)
        return [
            f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceStatus"].endswith("_FAILED")
        ]

    @cached_property
    def ids(self) -> dict[str, str]:
        """Physical ids."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }

    @cached_property
    def processed(self) -> dict:
        """The template after SAM's transformation: what CloudFormation was really asked for."""
        body = self.cloudformation.get_template(StackName=NAME, TemplateStage="Processed")["TemplateBody"]
        return body if isinstance(body, dict) else json.loads(body)

    def function_arn(self, logical_id: str) -> str:
        answer = client("lambda").get_function_configuration(FunctionName=self.ids[logical_id])
        return answer["FunctionArn"]

    def routes(self) -> list[tuple[str, str, dict]]:
        """Route key, logical id of the function and integration of each route that SAM derives from the template."""
        found = []
        for resource in self.processed["Resources"].values():
            if resource["Type"] != "AWS::ApiGatewayV2::Api":
                continue
            for path, methods in resource["Properties"]["Body"]["paths"].items():
                for method, operation in methods.items():
                    integration = operation["x-amazon-apigateway-integration"]
                    method = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                    function = re.search(r"\$\{(\w+)\.Arn\}", integration["uri"]["Fn::Sub"])
                    found.append((f"{method} {path}", function[1], integration))
        return found
