"""What each function loads until its first answer has left, from the bundle that is deployed."""

import sys
from pathlib import Path

import pytest

from bench import ack
from bench.bundles import Bundles, bundles, entries, run
from stacks.parts.bundling import Platform

pytestmark = pytest.mark.slow

BOTO3 = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
OURS = {"fleet", "functions"}
ALL = OURS | BOTO3 | {"aws_lambda_powertools", "typing_extensions", "msgspec"}
THIRD_PARTY = {
    "functions.findings.triage": ALL,
    "functions.findings.publish": ALL,
    "functions.findings.writeback": ALL,
    "functions.findings.tickets": ALL,
    "functions.findings.sweep": ALL,
    "functions.findings.work": ALL | {"rfc8785"},
    "functions.operations.work": ALL | {"rfc8785"},
    "functions.operations.publish": ALL,
    "functions.chatops.desk": ALL | {"rfc8785", "slack_sdk"},
    "functions.chatops.answers": ALL | {"rfc8785"},
    "functions.chatops.notify": ALL | {"slack_sdk"},
    "functions.chatops.publish": ALL,
    "functions.chatops.anchor": ALL | {"rfc8785"},
}
"""Top-level packages. Whoever adds one looks at `make bench` first: the budget is 120 ms beyond a boto3 client."""

ACKNOWLEDGING = {"functions.chatops.ingress"}
"""Somebody waits for these: 25 ms beyond the bare interpreter, everything counted; `bench/ack.py` prints them."""
ACK_STANDARD_LIBRARY = {
    *("_blake2", "_collections", "_collections_abc", "_functools", "_hashlib", "_json", "_operator"),
    *("_socket", "_sre", "_stat", "array", "binascii", "collections", "copyreg", "enum", "errno"),
    *("functools", "gc", "genericpath", "hashlib", "hmac", "itertools", "json", "keyword", "math", "operator", "os"),
    *("posixpath", "re", "reprlib", "select", "selectors", "socket", "stat", "types", "warnings"),
}
"""Of each, all that it needs; whoever adds one looks at `bench/ack.py` first. `http.client` alone is 27 ms."""
ACK_TLS = {"_ssl", "_struct", "base64", "ssl", "struct"}

HEAVY = {"asyncio", "ctypes", "doctest", "pdb", "pydoc", "sqlite3", "tkinter", "unittest", "xmlrpc"}
"""Packages of the standard library that cost 10 ms or more, and that nothing here needs."""
EXCUSED = {"functions.chatops.notify": {"asyncio"}, "functions.chatops.desk": {"asyncio"}}
"""slack_sdk's WebClient imports it."""

# The first answer, with AWS answering nothing: what is imported late is counted too. No network is touched.
_FIRST_ANSWER = """
import json, importlib, io, contextlib
from botocore.client import BaseClient
keys = dict.fromkeys(["AccessKeyId", "SecretAccessKey", "SessionToken"], "none")
BaseClient._make_api_call = lambda self, operation, request: {
    "Items": [], "Parameters": [], "Findings": [], "Credentials": keys
}
class Context:
    def get_remaining_time_in_millis(self):
        return 30_000
entry = importlib.import_module(%r)
record = {"messageId": "m", "receiptHandle": "r", "body": "{}", "attributes": {"ApproximateReceiveCount": "1"}}
for event in %r:
    event = {"Records": [record]} if event == "batch" else event
    with contextlib.redirect_stdout(io.StringIO()):
        answer = entry.handler(event, Context())
    assert answer in ({}, {"batchItemFailures": []}), answer
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
_EVENTS: dict[str, list[object]] = {
    "functions.findings.triage": ["batch"],
    "functions.findings.publish": [{"tick": 120}],
    "functions.findings.writeback": ["batch"],
    "functions.findings.tickets": ["batch"],
    "functions.findings.sweep": [{"tick": 300}],
    "functions.findings.work": ["batch"],
    "functions.operations.work": ["batch"],
    "functions.operations.publish": [{"tick": 120}],
    "functions.chatops.desk": ["batch"],
    "functions.chatops.answers": ["batch", {"tick": 60}],
    "functions.chatops.notify": ["batch", {"tick": 120}],
    "functions.chatops.publish": [{"tick": 120}],
    "functions.chatops.anchor": [{"tick": 3600}],
}


@pytest.fixture(scope="module")
def built() -> Bundles:
    """For this machine: an arm64 wheel does not load on x86."""
    return bundles(Platform.host())


def loaded(built: Bundles, capability: str, module: str) -> set[str]:
    program = _FIRST_ANSWER % (module, _EVENTS[module])
    return set(run(program, built.path(capability), capability=capability))


def test_every_function_of_every_capability_has_a_budget() -> None:
    assert {module for _, module in entries()} == set(THIRD_PARTY) == set(_EVENTS)


@pytest.mark.parametrize(("capability", "module"), list(entries()))
def test_a_function_loads_the_packages_that_it_needs_and_no_other(built: Bundles, capability: str, module: str) -> None:
    found = loaded(built, capability, module)
    packages = {name for name in found - sys.stdlib_module_names if not name.startswith("_")}
    assert packages == THIRD_PARTY[module]
    assert found & HEAVY == EXCUSED.get(module, set())


def test_every_function_in_a_stack_has_an_entry_here() -> None:
    root = Path(__file__).parents[2] / "functions"
    handlers = {
        f"functions.{path.parent.name}.{path.stem}"
        for path in root.glob("*/*.py")
        if "\ndef handler(" in path.read_text()
    }
    assert handlers == {module for _, module in entries()} | ACKNOWLEDGING


@pytest.mark.parametrize("plain", [False, True])
def test_an_acknowledging_path_loads_nothing_that_is_not_on_its_list(built: Bundles, plain: bool) -> None:
    found = {name.partition(".")[0] for name in ack.loaded(built, plain=plain)}
    assert found - OURS <= ACK_STANDARD_LIBRARY | (set() if plain else ACK_TLS)
    assert found & OURS == OURS


def test_an_acknowledging_path_loads_only_the_part_of_the_fleet_that_is_written_for_it(built: Bundles) -> None:
    assert {name for name in ack.loaded(built) if name.startswith("fleet.")} == {
        *("fleet.clock", "fleet.light_telemetry", "fleet.sigv4", "fleet.wire"),
    }
