"""Calls of the deployed HTTP API, through MiniStack's API Gateway."""

import http.client
import json
import os
from urllib.parse import urlsplit

from common import Failure, client
from stack import Stack


class Api:
    """The HTTP API. Its host name resolves nowhere: requests go to MiniStack, which reads the `Host` header."""

    def __init__(self, stack: Stack) -> None:
        endpoint = client("apigatewayv2").get_api(ApiId=stack.ids["Api"])["ApiEndpoint"]
        self.host = urlsplit(endpoint).netloc
        self.address = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc

    def send(
        self, method: str, path: str, key: str | None = None, body: object = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name and body of an answer."""
        headers = {"Host": self.host, "Accept": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def call(self, status: int, method: str, path: str, key: str | None = None, body: object = None) -> dict:
        """The body of an answer that must have this status."""
        found, _, answer = self.send(method, path, key, body)
        if found != status:
            raise Failure(f"{method} {path}: {found}, not {status}: {answer.decode(errors='replace')[:1000]}")
        return json.loads(answer) if answer else {}
