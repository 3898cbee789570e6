"""Makes one delivery on a fresh local stack and prints the ids of MEC's webhook and of the event delivered to it."""

import json
import sys
import time
import urllib.request

PROJECT = {
    "externalId": "fiche-1207",
    "nom": "Rénovation énergétique du groupe scolaire de la Meinau",
    "statut": "En cours",
    "collectivites": [{"type": "Commune", "code": "67482"}],
}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        greeting = json.load(file)

    def call(service: str, method: str, path: str, body: object = None) -> dict:
        request = urllib.request.Request(
            f"{greeting['api']}/communs/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {greeting['services'][service]['sync']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    project = call("tet", "POST", "/projects", PROJECT)
    webhook = call("mec", "GET", "/webhooks")["items"][0]["id"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for delivery in call("mec", "GET", f"/webhooks/{webhook}/deliveries")["items"]:
            if delivery["projectId"] == project["id"]:
                print(webhook, delivery["eventId"], sep="\n")
                return
        time.sleep(0.1)
    sys.exit("aucune livraison après 30 s")


main()
