"""Commands and accounts for tests of how lines are understood: one argument of each kind."""

from collections.abc import Mapping
from typing import Any

from fleet.commands import (
    Account,
    Argument,
    Command,
    Count,
    Kind,
    Known,
    Place,
    Queue,
    Registry,
    Request,
    Shown,
    Text,
    Value,
    Who,
    Word,
)
from fleet.commands.grammar.registry import build

HUB = Place(name="hub", account="111111111111", region="us-east-1")
PAYMENTS = Place(name="payments-production", account="222222222222", region="us-east-1")
RECORDS = Place(name="records-tokyo", account="333333333333", region="ap-northeast-1")
RECORDS_OSAKA = Place(name="records-osaka", account="333333333333", region="ap-northeast-3")
KNOWN = Known(accounts=(HUB, PAYMENTS, RECORDS, RECORDS_OSAKA))

PEEK = ("queues", "peek")


def argument(name: str, kind: Kind, default: Value | None = None) -> Argument:
    return Argument(name, kind, f"what {name} is", default)


def command(*words: str, **changes: Any) -> Command:
    known: dict[str, Any] = {"capability": "tests", "tier": 0, "who": Who.EVERYONE, "summary": "Do it."}
    return Command(words=words, **(known | changes))


COMMANDS = (
    command("freeze", arguments=(argument("account", Account(many=True)),), who=Who.SRE),
    command("freeze", "list", reads=True),
    command("queues", "list", arguments=(argument("account", Account(many=True), "all"),), reads=True),
    command(
        *PEEK,
        arguments=(argument("account", Account()), argument("queue", Queue()), argument("count", Count(1, 50), 10)),
        reads=True,
        help="Bodies stay where they are.",
    ),
    command("queues", "redrive", arguments=(argument("shown", Shown(PEEK)),), tier=1, who=Who.SRE),
    command("mode", arguments=(argument("to", Word(("act", "observe", "all"))),), tier=2),
    command("deny", arguments=(argument("request", Request()), argument("reason", Text(40), ""))),
    command("explain", arguments=(argument("why", Text(60, least=10)),), tier=3),
)
REGISTRY: Registry = build({"tests": COMMANDS})
BY_TEXT: Mapping[str, Command] = {each.text: each for each in COMMANDS}
