"""People at the fake Slack and an app that they talk to, for the tests of both directions."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from local.client import slack_behave, slack_messages
from local.process import Instance, get_json
from local.slack_out import SIGNING_SECRET
from tests.local.conftest import free_port

AIKO, BEN, CHIE = "U0AIKO00000", "U0BEN000000", "U0CHIE00000"


class App:
    """An app of the tests: keeps what it was sent, answers what it was told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status, self.answer, self.seconds = 200, b"", 0.0
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                app.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(app.seconds)
                self.send_response(app.status)
                self.end_headers()
                self.wfile.write(app.answer)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events?x=1"

    @property
    def form(self) -> dict[str, str]:
        """The last form."""
        return {name: value[0] for name, value in parse_qs(self.requests[-1][1].decode(), strict_parsing=True).items()}

    @property
    def payload(self) -> dict[str, Any]:
        """The last interaction."""
        return dict(json.loads(self.form["payload"]))

    def valid(self) -> list[bool]:
        """Whether slack_sdk takes each request for Slack's."""
        verifier = SignatureVerifier(SIGNING_SECRET)
        return [verifier.is_valid_request(body, headers) for headers, body in self.requests]


class Desk:
    """People at the fake Slack, and the app that they talk to."""

    def __init__(self, instance: Instance, app: App) -> None:
        self.instance, self.app = instance, app
        self.slack = WebClient(token="xoxb-local-1", base_url=f"{instance.endpoint}/_local/slack/api/")

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        return dict(get_json(self.instance, f"/_local/slack/{path}", body=body or None))

    def sees(self, user: str, since: int = 0) -> list[dict[str, Any]]:
        return list(self.ask(f"messages?since={since}&user={user}")["messages"])

    def last(self) -> int:
        return max((each["seq"] for each in slack_messages(self.instance)), default=0)

    def ask_for_approval(self, request: str) -> dict[str, Any]:
        buttons = [
            {
                "type": "button",
                "action_id": name,
                "value": request,
                "text": {"type": "plain_text", "text": name.capitalize()},
            }
            for name in ("approve", "deny")
        ]
        row = {"type": "actions", "block_id": f"row-{request}", "elements": buttons}
        answer = self.slack.chat_postMessage(channel="#sre", text=f"May {request}?", blocks=[row])
        return {"channel": answer["channel"], "ts": answer["ts"]}


@contextmanager
def listening(instance: Instance) -> Iterator[App]:
    """An app to which the fake Slack sends; nothing of an earlier test's wishes holds."""
    app = App()
    slack_behave(instance)
    get_json(instance, "/_local/slack/app", body={"request_url": app.url})
    yield app
    slack_behave(instance)
    get_json(instance, "/_local/slack/app", body={"request_url": ""})
    app.server.shutdown()
    app.server.server_close()
