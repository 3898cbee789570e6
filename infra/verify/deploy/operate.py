"""What an operator does once after the first deployment: fills the secrets, issues API keys."""

import base64
import json
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from common import client, expect, ok
from gaps import SECRET
from package import resources
from stack import Stack


def random_text(length: int = 32) -> str:
    return base64.b64encode(os.urandom(length)).decode()


def fill_secrets(stack: Stack) -> None:
    """As docs/deploy.md says. What the stand-ins take is anything of the right form."""
    now = datetime.now(timezone.utc)

    def ring() -> dict:
        return {"keys": [{"id": now.strftime("%Y-%m"), "key": random_text()}]}

    values = {
        "EmailHmacSecret": ring(),
        "WebhookSealingSecret": ring(),
        "AccessTokenSecret": ring(),
        "PortailDfSecret": {"username": "passerelle", "password": random_text()},
        "BrevoSecret": {"key": random_text()},
        "DataspaceSecret": {"key": random_text()},
    }
    named = set(resources(stack.template, SECRET))
    expect(named == set(values), f"not the secrets whose form is known here: {sorted(named ^ set(values))}")
    secrets = client("secretsmanager")
    for name, value in values.items():
        secrets.put_secret_value(SecretId=stack.ids[name], SecretString=json.dumps(value))
    ok(f"{len(values)} secrets filled as documented")


def issue_key(stack: Stack, passerelle: Path, service: str, scope: str) -> str:
    """By the operator's own command."""
    command = [passerelle, "keys", "--table", stack.outputs["CommunsTableName"], "issue", service, scope]
    issued = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(issued.returncode == 0, f"no key for {service}: {issued.stderr.strip()}")
    return issued.stdout.strip()
