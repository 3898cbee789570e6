// Each exhibit is verified by both libraries, and refused by both once its body is altered.
import { readFileSync } from "node:fs";
import * as standardwebhooks from "standardwebhooks";
import * as svix from "svix";

const exhibits = JSON.parse(readFileSync(process.argv[2], "utf8"));

for (const [name, library] of Object.entries({ standardwebhooks, svix })) {
  for (const { secret, headers, body } of exhibits) {
    const verifier = new library.Webhook(secret);
    verifier.verify(body, headers);
    let accepted = true;
    try {
      verifier.verify(`${body} `, headers);
    } catch {
      accepted = false;
    }
    if (accepted) throw new Error(`${name} accepts an altered body`);
  }
  console.log(`${name} (npm): ${exhibits.length} webhooks verified`);
}
