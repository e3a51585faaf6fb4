"""The acknowledging path beside its peers: from a bare interpreter to the answer, each in fresh processes, one run.

Peers are pinned in `bench/peers.txt` and installed into the cache of bundles, away from everything else. AWS answers at
once and from memory, for all alike: what is measured is what the function itself costs.
"""

import statistics
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table
from uv import find_uv_bin

from bench.bundles import ROOT, Bundles, bundles, run
from stacks.parts.bundling import CACHE, Platform

ROUNDS = 21
WARM = 200
IMPORT_BUDGET_MS = 25.0
"""Beyond the bare interpreter, everything counted that is loaded until the answer leaves."""
HANDLER_BUDGET_MS = 10.0
OURS, OURS_PLAIN = "functions.chatops.ingress", "the same, over plain http"
_PEERS = Path(__file__).with_name("peers.txt")
_FORM = (
    "team_id=T0LOCAL0000&channel_id=C0SRE000000&user_id=U0AIKO00000&command=%2Fyagura&text=queues+list&"
    "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F1&trigger_id=1.2.3"
)

# Only what is there without any import, lest the program pay for what is to be measured.
_PREPARE = """
import posix, sys, time
for name, value in {environment!r}.items():
    posix.environ[name.encode()] = value.encode()
form = {form!r}
since = time.process_time()
"""
_SEAL = """
def sealed(n):
    # Signed as Slack does; loaded already by whoever verifies.
    import hashlib, hmac
    stamp = str(int(time.time()))
    body = form + "&n=" + str(n)
    signature = "v0=" + hmac.new(b"secret", f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"version": "2.0", "routeKey": "POST /slack", "isBase64Encoded": False, "body": body, "rawPath": "/slack",
            "headers": {"x-slack-request-timestamp": stamp, "x-slack-signature": signature,
                        "content-type": "application/x-www-form-urlencoded"},
            "requestContext": {"http": {"method": "POST", "path": "/slack"}, "stage": "$default"}}
def once(answer, n):
    event = sealed(n)
    began = time.perf_counter()
    status = answer(event)
    spent = time.perf_counter() - began
    assert status == 200, status
    return spent
"""
_REPORT = """
import io, json
kept, sys.stdout = sys.stdout, io.StringIO()
first = once(answer, 0)
spent = time.process_time() - since
warm = sorted(once(answer, n) for n in range(1, {warm}))[{warm} // 2]
sys.stdout = kept
print(json.dumps({{"load": load * 1000, "first": first * 1000, "warm": warm * 1000, "spent": spent * 1000,
    "modules": sorted(sys.modules)}}))
"""
_BARE = "import sys; names = [*sys.modules]; import json; print(json.dumps(names))"
_INGRESS = """
began = time.perf_counter()
from functions.chatops import ingress
load = time.perf_counter() - began
from fleet.wire import Answer, Connection
def post(self, path, headers, body, deadline):
    secret = headers["x-amz-target"].endswith("GetSecretValue")
    return Answer(200, {}, b'{"SecretString": "secret"}' if secret else b"{}")
Connection.post = post
def answer(event):
    return ingress.handler(event, None)["statusCode"]
"""
_VERIFIER = """
began = time.perf_counter()
from slack_sdk.signature import SignatureVerifier
verifier = SignatureVerifier("secret")
load = time.perf_counter() - began
def answer(event):
    return 200 if verifier.is_valid_request(event["body"], event["headers"]) else 401
"""
_BOLT = """
began = time.perf_counter()
from slack_bolt import App
from slack_bolt.adapter.aws_lambda import SlackRequestHandler
from slack_sdk.web import WebClient
app = App(signing_secret="secret", token="xoxb-1", token_verification_enabled=False, process_before_response=True)
@app.command("/yagura")
def command(ack):
    ack()
handler = SlackRequestHandler(app)
load = time.perf_counter() - began
WebClient.auth_test = lambda self, **_: __import__("slack_sdk").web.SlackResponse(
    client=self, http_verb="POST", api_url="", req_args={}, headers={}, status_code=200,
    data={"ok": True, "team_id": "T0LOCAL0000", "user_id": "U1", "bot_id": "B1", "bot_user_id": "U1"})
class Context:
    function_name = invoked_function_arn = "bench"
def answer(event):
    return handler.handle(event, Context)["statusCode"]
"""
_LEAST = """
began = time.perf_counter()
import hmac, json, ssl
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
load = time.perf_counter() - began
def answer(event):
    return 200
"""
_CLIENT = """
began = time.perf_counter()
import boto3
boto3.client("dynamodb")
load = time.perf_counter() - began
def answer(event):
    return 200
"""


@dataclass(frozen=True)
class Row:
    """Medians of ROUNDS fresh processes, in ms."""

    name: str
    load: float
    """Imports, and what is done at import."""
    first: float
    """The first request after that: what is imported late is in it."""
    warm: float
    """Any later request."""
    spent: float
    """Load and first request in processor time: what a clock shows on a quiet machine, since nothing here waits."""
    at_best: float
    """The same of the best round. Whether the budget holds is judged by this: neighbours only ever add."""


def rows() -> list[Row]:
    """Each program in turn, ROUNDS times, so that a noisy neighbour meets them all alike."""
    built, peers = bundles(Platform.host()), installed_peers()
    chatops = built.path("chatops")
    programs: dict[str, tuple[str, list[Path]]] = {
        OURS: (_INGRESS, chatops),
        OURS_PLAIN: (_INGRESS, chatops),
        "hmac, json and TLS alone (the least there is)": (_LEAST, []),
        "slack_sdk.signature (verifies only)": (_VERIFIER, [peers]),
        "Bolt's Lambda adapter (acknowledges only)": (_BOLT, [peers, built.deps / "python"]),
        "boto3.client('dynamodb') alone": (_CLIENT, [built.deps / "python"]),
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(ROUNDS):
        for name, (program, path) in programs.items():
            found.setdefault(name, []).append(measured(program, path, plain=name == OURS_PLAIN))
    return [_row(name, each) for name, each in found.items()]


def _row(name: str, found: list[dict[str, Any]]) -> Row:
    load, first, warm, spent = (
        statistics.median(each[key] for each in found) for key in ("load", "first", "warm", "spent")
    )
    return Row(name, load, first, warm, spent, min(each["spent"] for each in found))


def measured(program: str, path: list[Path], *, plain: bool = False) -> dict[str, Any]:
    """One fresh process: ms to load, for the first request and for a warm one; and the modules that it ended with."""
    environment = {
        "YAGURA_CAPABILITY": "chatops",
        "YAGURA_SLACK_TEAM": "T0LOCAL0000",
        "YAGURA_SIGNING_SECRET": "yagura/slack-signing",
        "YAGURA_DESK_QUEUE": "https://sqs.eu-west-1.amazonaws.com/111122223333/yagura-chatops-desk",
        **({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"} if plain else {}),
    }
    prepare = _PREPARE.format(environment=environment, form=_FORM) + _SEAL
    return dict(run(prepare + program + _REPORT.format(warm=WARM), path))


def ingress(built: Bundles, *, plain: bool = False) -> dict[str, Any]:
    """The deployed ingress in one fresh process."""
    return measured(_INGRESS, built.path("chatops"), plain=plain)


def loaded(built: Bundles, *, plain: bool = False) -> set[str]:
    """All modules that the deployed ingress has loaded when its answer leaves; `plain`: without TLS."""
    return set(ingress(built, plain=plain)["modules"]) - set(run(_BARE, []))


def show(out: Console) -> bool:
    """Print the table; whether the budgets hold."""
    found = rows()
    ours = found[0]
    table = Table(
        *(
            "acknowledging a slash command",
            "load ms",
            "first request ms",
            "warm request ms",
            "load + first",
            "processor ms",
            "at best",
            "x ours",
        ),
        title=f"The acknowledging path, median of {ROUNDS} fresh processes; AWS answers from memory",
    )
    for row in found:
        times = (row.load, row.first, row.warm, row.load + row.first, row.spent, row.at_best)
        table.add_row(row.name, *(f"{each:.2f}" for each in times), f"{row.spent / ours.spent:.1f}")
    out.print(table)
    over = ours.spent - IMPORT_BUDGET_MS
    out.print(
        f"budget for all that is loaded until the answer leaves: {IMPORT_BUDGET_MS:.0f} ms; the median is "
        f"{ours.spent:.1f} ({abs(over):.1f} {'over' if over > 0 else 'under'}), the best round {ours.at_best:.1f}\n"
        f"budget for the handler without network: {HANDLER_BUDGET_MS:.0f} ms; the median is {ours.first:.2f}"
    )
    return ours.at_best <= IMPORT_BUDGET_MS and ours.first <= HANDLER_BUDGET_MS


def installed_peers(pins: Path = _PEERS) -> Path:
    """The folder with the peers that `pins` lists, made here if it is not there already; whole or not at all."""
    made = CACHE / f"peers-{sha256(pins.read_bytes()).hexdigest()[:16]}"
    if made.is_dir():
        return made
    CACHE.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=CACHE, prefix=f"{made.name}.") as scratch:
        out = Path(scratch) / "out"
        command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(out), "--python", sys.executable]
        options = ["--require-hashes", "--no-deps", "--compile-bytecode", "--requirements", str(pins)]
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"error: the peers of bench/{pins.name} could not be installed. uv said:\n{done.stderr}")
        out.rename(made)
    return made
