"""The wrapper's own routes under `/_local/`; everything else goes to the emulator."""

from pathlib import Path
from typing import Any

from ministack import app as emulator
from ministack.core import hypercorn_compat

from local import (
    aws_events,
    bus_delivery,
    bus_policy,
    cfn_types,
    dead_letter_sources,
    empty_secrets,
    github,
    http_apis,
    iam_boundary,
    journal,
    lambda_code,
    lambda_python,
    leading_keys,
    object_lock,
    pagerduty,
    parameter_names,
    poller_grants,
    principals,
    put_events,
    rule_names,
    schedules,
    securityhub,
    slack,
    sqs_batches,
)
from local.asgi import Receive, Scope, Send, query, send_json

# By how the paths begin that each of them answers.
_FAKES = {
    "/_local/slack/": slack.serve,
    "/_local/pagerduty/": pagerduty.serve,
    "/_local/github/": github.serve,
    securityhub.PREFIX: securityhub.serve_local,
}


def build(state_dir: Path) -> Any:
    """Install every simulated behaviour and return the ASGI app."""
    hypercorn_compat.install()
    principals.install()
    parameter_names.install()
    rule_names.install()
    leading_keys.install()
    journal.install()
    bus_policy.install()
    put_events.install()
    bus_delivery.install()
    cfn_types.install()
    empty_secrets.install()
    dead_letter_sources.install()
    object_lock.install()
    sqs_batches.install()
    iam_boundary.install()
    poller_grants.install()
    lambda_code.install()
    lambda_python.install(state_dir)
    http_apis.install()
    return _app


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope.get("path", "") if scope["type"] == "http" else ""
    if path == "/_local/aws-events":
        await aws_events.serve(scope, receive, send)
    elif path == "/_local/schedules":
        await schedules.serve(scope, receive, send)
    elif fake := next((serve for below, serve in _FAKES.items() if path.startswith(below)), None):
        await fake(scope, receive, send)
    elif path == "/_local/journal":
        asked = query(scope)
        if not (asked.get("since") or "0").isdigit():
            await send_json(send, 400, {"error": f"since={asked['since']}: it is a number"})
            return
        await send_json(
            send,
            200,
            journal.entries(
                account=asked.get("account", ""),
                bus=asked.get("bus", ""),
                since=int(asked.get("since") or 0),
                outcome=asked.get("outcome", "accepted"),
            ),
        )
    elif path == "/_local/not-simulated":
        await send_json(send, 200, cfn_types.not_simulated())
    elif path == "/_local/health":
        await send_json(send, 200, {"ok": True, "emulator": emulator._version()})
    elif path.startswith("/_local/"):
        await send_json(send, 404, {"error": f"{path}: no such route"})
    elif securityhub.meant(scope):
        await securityhub.serve(scope, receive, send)
    else:
        await emulator.app(scope, receive, send)
