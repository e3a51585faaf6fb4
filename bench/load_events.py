"""The load of `bench/load.py`: events of many problems, shuffled, and what must become of each.

Of all that is sent 1 % is bad, and 30 % are events that were sent before, delivered again. Of the others most are the
first word of a problem, and some a second one, later by its own time whichever comes first here. Most say, as Security
Hub's do, that a check was passed; one problem in twenty or so is open in the end.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from functions.findings.finding import Status
from local.client import Event
from tests.local.fleet import Finding, finding, imported

BAD, REPEATED, SECOND, FAILING, CHANGING = 0.01, 0.30, 0.15, 0.03, 0.20
_AT = "$.detail.findings[0]"
_CONTROLS = ("S3.1", "S3.8", "S3.20", "KMS.4", "SQS.1", "SNS.1", "Lambda.1", "RDS.3")


@dataclass
class Load:
    """What is sent, in its order, and what is to be found afterwards."""

    sent: list[Event]
    problems: dict[str, "Expected"] = field(repr=False)
    """By resource."""
    bad: dict[str, tuple[str, str]] = field(repr=False)
    """By id of the event: reason and path."""
    repeated: int

    @property
    def reports(self) -> int:
        """Good events that differ: each is one report of a problem's history."""
        return sum(len(each.events) for each in self.problems.values())


@dataclass
class Expected:
    """A problem as all of its events leave it."""

    events: set[str]
    status: Status


def load(count: int, seed: int = 1) -> Load:
    """`count` events to send."""
    chance = random.Random(seed)  # noqa: S311 - the same load each time
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(
        hours=12
    )  # whatever was silent for a day is asked after
    bad, repeated = round(count * BAD), round(count * REPEATED)
    good: list[Event] = []
    problems: dict[str, Expected] = {}
    while len(good) < count - bad - repeated:
        words = 2 if chance.random() < SECOND and len(good) < count - bad - repeated - 1 else 1
        resource = f"arn:aws:s3:::load-{len(problems)}"
        events, status = _words(chance, resource, words, began)
        good += events
        problems[resource] = Expected({str(event["id"]) for event in events}, status)
    spoilt = [_spoilt(chance, number, began) for number in range(bad)]
    sent = [*good, *chance.choices(good, k=repeated), *(event for event, _, _ in spoilt)]
    chance.shuffle(sent)
    return Load(sent, problems, {str(event["id"]): (reason, path) for event, reason, path in spoilt}, repeated)


def _words(chance: random.Random, resource: str, count: int, began: datetime) -> tuple[list[Event], Status]:
    """The events of one problem, and what it is after the last of them."""
    control, failing = chance.choice(_CONTROLS), chance.random() < FAILING
    at = began + timedelta(seconds=chance.randrange(3600))
    events = []
    for number in range(count):
        failing ^= number > 0 and chance.random() < CHANGING
        uid = f"{resource.rpartition('-')[2]:0>12}"
        status = "FAILED" if failing else "PASSED"
        one = finding(resource, control=control, status=status, updated=_iso(at), uid=f"00000000-0000-4000-8000-{uid}")
        events.append(imported(one, time=_iso(at + timedelta(seconds=5))))
        at += timedelta(minutes=chance.randint(1, 600))
    return events, Status.OPEN if failing else Status.RESOLVED


def _spoilt(chance: random.Random, number: int, began: datetime) -> tuple[Event, str, str]:
    one = finding(f"arn:aws:s3:::bad-{number}", updated=_iso(began))
    path = chance.choice(_SPOILERS)(one)
    return imported(one, time=_iso(began)), "malformed", path


def _unknown_severity(one: Finding) -> str:
    one["Severity"]["Label"] = "SEVERE"
    return f"{_AT}.Severity.Label"


def _no_resources(one: Finding) -> str:
    del one["Resources"]
    return _AT


def _null_resource(one: Finding) -> str:
    one["Resources"][0] = None
    return f"{_AT}.Resources[0]"


def _too_many_resources(one: Finding) -> str:
    one["Resources"] *= 33
    return f"{_AT}.Resources"


def _no_date(one: Finding) -> str:
    one["UpdatedAt"] = "yesterday"
    return f"{_AT}.UpdatedAt"


def _no_account(one: Finding) -> str:
    one["AwsAccountId"] = "12345"
    return f"{_AT}.AwsAccountId"


_SPOILERS: tuple[Callable[[Finding], str], ...] = (
    _unknown_severity,
    _no_resources,
    _null_resource,
    _too_many_resources,
    _no_date,
    _no_account,
)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
