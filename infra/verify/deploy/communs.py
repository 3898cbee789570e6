"""Les Communs: TeT creates a project, MEC's receiver is told by a signed webhook."""

from api import Api
from common import expect, ok, until
from receiver import Receiver

PROJECT = {
    "externalId": "fiche-1207",
    "nom": "Rénovation énergétique du groupe scolaire de la Meinau",
    "statut": "En cours",
    "collectivites": [{"type": "Commune", "code": "67482"}],
}
WEBHOOKS = "/communs/v1/webhooks"


def open_to_strangers(api: Api) -> None:
    """What needs no key, and that the rest does."""
    document = api.call(200, "GET", "/communs/v1/openapi.json")
    expect("/projects" in document["paths"], "the OpenAPI document of communs has no projects")
    for path in ("/problems", "/problems/validation-failed"):
        status, headers, _ = api.send("GET", path)
        expect(status == 200 and headers["content-type"].startswith("text/html"), f"GET {path}: {status}, {headers}")
    status, headers, _ = api.send("GET", "/communs/v1/projects")
    expect(
        status == 401 and headers["content-type"] == "application/problem+json",
        f"a call without a key: {status}, {headers}",
    )
    ok("communs answers: OpenAPI document, problem pages, 401 without a key")


def refuses_loopback(api: Api, mec: str) -> None:
    """As the template deploys it."""
    api.call(422, "POST", WEBHOOKS, mec, {"url": "http://127.0.0.1:8443/webhooks"})
    ok("communs as deployed refuses a webhook to loopback")


def told(api: Api, tet: str, mec: str) -> None:
    # The first attempt fails: the second comes by the queue of retries.
    receiver = Receiver(failures=1)
    try:
        webhook = api.call(201, "POST", WEBHOOKS, mec, {"url": receiver.url})
        receiver.secret = webhook["secret"]
        ok("MEC has a webhook")
        project = api.call(201, "POST", "/communs/v1/projects", tet, PROJECT)
        ok(f"TeT created the project {project['id']}")

        until("the first attempt at MEC's receiver", 60, lambda: receiver.refused or receiver.received)
        event = until("MEC's webhook, tried again", 60, lambda: receiver.received)[0]
        expect(receiver.refused == 1, "the receiver was not tried twice")
        expect(not receiver.forged, f"{receiver.forged} webhooks had no good signature")
        seen = event["data"]["project"]["id"], event["data"]["origin"]
        expect(seen == (project["id"], "tet"), f"MEC's webhook is about another project: {seen}")
        ok(f"MEC got {event['type']} at the second attempt, its signature verified by standardwebhooks")

        def delivered() -> dict | None:
            found = api.call(200, "GET", f"{WEBHOOKS}/{webhook['id']}/deliveries", mec)["items"]
            wanted = event["id"], "delivered"
            return next((item for item in found if (item["eventId"], item["status"]) == wanted), None)

        delivery = until("the delivery in MEC's list", 30, delivered)
        expect(delivery["attemptCount"] == 2, f"the delivery took {delivery['attemptCount']} attempts")
        api.call(202, "POST", f"{WEBHOOKS}/{webhook['id']}/deliveries/{event['id']}/resend", mec)
        until("MEC's webhook, sent again", 60, lambda: len(receiver.received) == 2)
        expect(receiver.received[1] == event, "what was sent again is not the same event")
        ok("MEC sees the delivery, has it sent again, and gets the same event")
    finally:
        receiver.close()
