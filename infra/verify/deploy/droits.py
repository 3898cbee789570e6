"""Zéro Logement Vacant: an account is created, and its person signs in, both decided against Portail DF."""

import re
from pathlib import Path

from api import Api
from common import client, deviation, expect, ok, until
from stack import Stack

ESTABLISHMENT = "5f0c0b1e-7a3d-4c52-9b5e-3d2b8f6a1c01"
# A demonstration person of the stand-in for Portail DF, whose rights are all there.
EMAIL = "tout-va-bien@strasbourg.demo.fr"
PASSWORD = "Motdepasse2026"
COMMUNES = {"67482": "Strasbourg", "67447": "Schiltigheim"}
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}


def load(api: Api, manage: str) -> None:
    """What ZLV loads by the API."""
    loads = {
        "establishments": [
            {
                "id": ESTABLISHMENT,
                "siren": "246700488",
                "name": "Eurométropole de Strasbourg",
                "geoCodes": list(COMMUNES),
            }
        ],
        "localities": [{"geoCode": code, "name": name} for code, name in COMMUNES.items()],
        "housing": [
            {"id": f"00000000-0000-4000-8000-00000000000{rank}", "geoCode": code, "status": 1, "ownerIds": []}
            for rank, code in enumerate(COMMUNES, 1)
        ],
        "prospects": [{"email": EMAIL, "hasAccount": True, "hasCommitment": True}],
    }
    for kind, items in loads.items():
        stored = api.call(200, "PUT", f"/droits/v1/management/{kind}", manage, {"items": items})["stored"]
        expect(stored == len(items), f"{stored} of {len(items)} {kind} were stored")
    ok(f"droits: loaded {', '.join(loads)}")


def sign_in(api: Api, manage: str) -> None:
    created = api.call(201, "POST", "/droits/v1/users/creation", manage, body=CREDENTIALS | {"establishmentId": ESTABLISHMENT})
    ok(f"the account is created, after {len(created['trail'])} nodes of the decision tree")
    session = api.call(200, "POST", "/droits/v1/authenticate", body=CREDENTIALS)
    expect(session["rightsChecked"], "Portail DF was not asked")
    expect("banner" not in session, f"something is wrong with the person's rights: {session}")
    expect(set(session["effectiveGeoCodes"]) == set(COMMUNES), f"visible: {session['effectiveGeoCodes']}")
    ok("the person is signed in, rights checked with Portail DF")
    housing = api.call(200, "GET", "/droits/v1/housing", session["accessToken"])["items"]
    expect(len(housing) == len(COMMUNES), f"{len(housing)} housings are visible")
    ok(f"and sees {len(housing)} housings")


def second_factor(api: Api, stack: Stack, log: Path) -> None:
    """An administrator confirms with a code sent by mail: through the queue of mails, to Brevo."""
    # No call of the API makes an administrator.
    deviation("done in the table: the person becomes an administrator, for which there is no call")
    dynamodb, table = client("dynamodb"), stack.ids["DroitsTable"]
    key = {"PK": {"S": f"E#{EMAIL}"}, "SK": {"S": "E"}}
    user = dynamodb.get_item(TableName=table, Key=key)["Item"]["userId"]["S"]
    dynamodb.update_item(
        TableName=table,
        Key={"PK": {"S": f"U#{user}"}, "SK": {"S": "U"}},
        UpdateExpression="SET #role = :admin",
        ConditionExpression="#role = :usual",
        ExpressionAttributeNames={"#role": "role"},
        ExpressionAttributeValues={":admin": {"S": "ADMIN"}, ":usual": {"S": "USUAL"}},
    )
    answer = api.call(200, "POST", "/droits/v1/authenticate", body=CREDENTIALS)
    expect(answer["requiresTwoFactor"], f"no second factor is asked for: {answer}")
    challenge = answer["challengeId"]

    def mailed() -> str | None:
        # The stand-in for Brevo writes what it is asked to send to its log.
        found = re.search(r"Zéro Logement Vacant : (\d{6})", log.read_text(encoding="utf-8"))
        return found and found[1]

    code = until("the mail with the code, at Brevo", 60, mailed)
    ok("an administrator's code went through the queue of mails to Brevo")
    session = api.call(200, "POST", "/droits/v1/authenticate/verify-2fa", body={"email": EMAIL, "challengeId": challenge, "code": code})
    expect(session["accessToken"], "the code opens nothing")
    ok("and signs the administrator in")
