"""A receiver of webhooks as a service would write it: it trusts a signature that `standardwebhooks` verifies."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """Listens on a free port of loopback until closed. Refuses the first `failures` genuine webhooks with a 500."""

    def __init__(self, failures: int) -> None:
        self.secret = ""
        self.received: list[dict] = []
        self.refused = 0
        self.forged = 0
        self.failures = failures
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.judge(body, {name.lower(): value for name, value in self.headers.items()}))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def judge(self, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; names of headers are in lower case."""
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
            return 401
        if self.refused < self.failures:
            self.refused += 1
            return 500
        self.received.append({"id": headers["webhook-id"], **json.loads(body)})
        return 204

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
