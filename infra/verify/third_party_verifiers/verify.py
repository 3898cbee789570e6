"""Each exhibit is verified by both libraries, and refused by both once its body is altered."""

import json
import sys

import standardwebhooks
import svix

with open(sys.argv[1], encoding="utf-8") as file:
    exhibits = json.load(file)

for library in (standardwebhooks, svix):
    for exhibit in exhibits:
        verifier = library.Webhook(exhibit["secret"])
        verifier.verify(exhibit["body"], exhibit["headers"])
        try:
            verifier.verify(exhibit["body"] + " ", exhibit["headers"])
        except library.WebhookVerificationError:
            continue
        sys.exit(f"{library.__name__} accepts an altered body")
    print(f"{library.__name__} (PyPI): {len(exhibits)} webhooks verified")
