"""Signs in to the local stack as a demonstration person and prints the access token."""

import json
import sys
import urllib.request

CREDENTIALS = {"email": "tout-va-bien@strasbourg.demo.fr", "password": "Motdepasse2026"}

request = urllib.request.Request(
    f"{sys.argv[1]}/droits/v1/authenticate",
    data=json.dumps(CREDENTIALS).encode(),
    headers={"Content-Type": "application/json"},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["accessToken"])
