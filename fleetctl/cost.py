"""`docs/cost.md`: what the fleet costs while nothing happens, computed from the templates.

Prices are AWS's list prices of us-east-1 in US dollars, without free tiers: those are shared by a whole account or
organisation, and are mostly spent already.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetctl.templates import Properties, Template

KEY = 1.00
ALARM_METRIC = 0.10
CUSTOM_METRIC = 0.30
SECRET = 0.40
RECEIVES_PER_QUEUE = 650_000
"""Lambda's five pollers, each a long poll of 20 s: 5 x 3 x 60 x 24 x 30 = 648,000 a month."""
MILLION_SQS = 0.40
MINUTES_A_MONTH = 30 * 24 * 60
MILLION_INVOCATIONS = 0.20
GB_SECOND = 0.0000133334
"""arm64."""
SECONDS_PER_TICK = 0.1
"""A scheduled call that finds nothing to do, warm, generously."""
MILLION_READS = 0.125
READS_PER_TICK = 1
LOG_GB = 0.50
LOG_BYTES_PER_TICK = 1_000
"""Lambda's own JSON lines: start, report."""
ANCHORS_A_MONTH = 30 * 24
THOUSAND_PUTS = 0.005
"""S3 Standard. What an anchor takes of room, 300 bytes, is nothing even after six years."""
MILLION_REQUESTS = 1.00
"""Of an HTTP API, each of up to 512 KB."""
TARGET = 5.00
"""DESIGN.md: a spoke costs less than this."""


_COUNTING = {"telemetry.count", "light_telemetry.count", "self._count"}
_OUTCOMES = {"done", "failed", "refused"}
_COMPUTED = {
    ("chatops", "Answered"): _OUTCOMES,
    ("operations", "Answered"): _OUTCOMES,
    ("chatops", "Paged"): {"trigger", "acknowledge", "resolve"},
    ("chatops", "Stranger"): {"unknown", "wrong_team", "deactivated", "bot", "guest", "lookup_failed"},
    ("chatops", "Refused"): {"not_taken", "secret_unreadable"},
    ("findings", "Answered"): _OUTCOMES,
    ("findings", "PutOff"): {"throttled", "not_enabled", "unavailable", "unreachable", "unprocessed", "github"},
    ("findings", "Summed"): {"digest", "baseline"},
    ("findings", "Ticket"): {"open", "reopen", "close"},
    ("findings", "Unprocessed"): {"unknown", "other", "refused"},
    ("findings", "Unread"): {"malformed", "foreign_product", "coverage", "no_control"},
    ("findings", "WrittenBack"): {"suppressed", "new"},
    ("operations", "Refused"): {"unknown", "not_granted", "expired", "altered", "elsewhere", "claimed_by_another"},
}
"""Reasons that the code computes, by capability and metric."""


class UnknownReasonError(LookupError):
    """The code counts by a reason that nobody has written down."""


@dataclass(frozen=True)
class Line:
    """One line of the bill."""

    what: str
    number: str
    dollars: float


def idle(templates: Sequence[Template]) -> list[Line]:
    """The bill of one account and Region in a month without events."""
    every = [resource for template in templates for resource in template.resources.values()]

    def of(kind: str) -> list[Properties]:
        return [each.get("Properties", {}) for each in every if each["Type"] == kind]

    keys, secrets = len(of("AWS::KMS::Key")), len(of("AWS::SecretsManager::Secret"))
    metrics = sum(max(1, len(_metrics(alarm))) for alarm in of("AWS::CloudWatch::Alarm"))
    anchors = len(of("AWS::S3::Bucket")) * ANCHORS_A_MONTH
    queues = sum(":sqs:" in str(each["EventSourceArn"]) for each in of("AWS::Lambda::EventSourceMapping"))
    ticks, gb_seconds = 0, 0.0
    for template in templates:
        for calls, memory in _schedules(template):
            ticks += calls
            gb_seconds += calls * SECONDS_PER_TICK * memory / 1024
    return [
        Line("customer-managed keys", f"{keys}", keys * KEY),
        Line("alarms, by metric", f"{metrics}", metrics * ALARM_METRIC),
        Line("secrets", f"{secrets}", secrets * SECRET),
        Line(
            "receives of polled queues",
            f"{queues} x {RECEIVES_PER_QUEUE:,}",
            queues * RECEIVES_PER_QUEUE * MILLION_SQS / 1e6,
        ),
        Line("scheduled calls", f"{ticks:,}", ticks * MILLION_INVOCATIONS / 1e6),
        Line("their time", f"{gb_seconds:,.0f} GB-s", gb_seconds * GB_SECOND),
        Line("their reads", f"{ticks * READS_PER_TICK:,}", ticks * READS_PER_TICK * MILLION_READS / 1e6),
        Line("their logs", f"{ticks * LOG_BYTES_PER_TICK / 1e6:,.0f} MB", ticks * LOG_BYTES_PER_TICK * LOG_GB / 1e9),
        Line("anchors of the audit chain", f"{anchors:,}", anchors * THOUSAND_PUTS / 1e3),
    ]


def _metrics(alarm: Properties) -> list[Properties]:
    """An alarm on a metric-math expression is charged for each metric in it."""
    return [each for each in alarm.get("Metrics", []) if "MetricStat" in each]


def _schedules(template: Template) -> Iterator[tuple[int, int]]:
    """Calls a month and memory (MB) of each function that a schedule calls."""
    functions = template.of_type("AWS::Lambda::Function")
    memory = {template.arn(name): properties.get("MemorySize", 128) for name, properties in functions.items()}
    for rule in template.of_type("AWS::Events::Rule").values():
        rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", rule.get("ScheduleExpression", ""))
        if rate:
            minutes = int(rate[1]) * {"minute": 1, "hour": 60, "day": 24 * 60}[rate[2]]
            yield from ((MINUTES_A_MONTH // minutes, memory[target["Arn"]]) for target in rule["Targets"])


def custom_metrics(root: Path, capability: str) -> set[tuple[str, str]]:
    """The custom metrics that the capability's functions can write: name and reason, empty if it has none.

    Read from the code: every `telemetry.count("Name", ...)` of the capability and of the shared layer, and every
    `DroppedError("reason")`, `RefusedError("reason", ...)` and `UnfitError("reason")` that the two can raise. Raises
    UnknownReasonError if a reason is neither there nor in this module.
    """
    trees = [
        ast.parse(path.read_text())
        for folder in (root / "functions" / capability, root / "layers/fleet/python/fleet")
        for path in sorted(folder.rglob("*.py"))
    ]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    reasons = {
        "Dropped": {_first(call) for call in calls if _name(call) == "DroppedError"},
        "Refused": {_first(call) for call in calls if _name(call) in {"RefusedError", "UnfitError"}},
        "PutOff": set(),  # by capabilities that raise an AwayError alone
    }
    metrics: set[tuple[str, str]] = set()
    for call in calls:
        if _name(call) not in _COUNTING:
            continue
        reason = next((each.value for each in call.keywords if each.arg == "reason"), ast.Constant(""))
        # What has no name of its own passes on one that is counted where it is called.
        for name in _texts(call.args[0]):
            computed = _COMPUTED.get((capability, name), set())
            known = _texts(reason) or reasons.get(name, set()) | computed
            if not known and name not in reasons:
                raise UnknownReasonError(f"{capability} counts {name} by {ast.unparse(reason)}: see _COMPUTED")
            metrics |= {(name, each) for each in known}
    return metrics


def _texts(node: ast.expr) -> set[str]:
    """A literal, or the literals of which it is one."""
    match node:
        case ast.Constant():
            return {str(node.value)}
        case ast.IfExp():
            return _texts(node.body) | _texts(node.orelse)
    return set()


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _first(call: ast.Call) -> str:
    """The first argument, if it is a literal; what is not is one more name."""
    argument = call.args[0] if call.args else None
    return str(argument.value) if isinstance(argument, ast.Constant) else ""


def page(templates: Sequence[Template], root: Path) -> str:
    """The page, from the templates of the example fleet."""
    parts = [_HEAD]
    for stage, title in (("spoke", "A spoke"), ("hub", "The hub"), ("archive", "The account that keeps the anchors")):
        mine = [template for template in templates if template.stage == stage]
        stacks = sorted({template.stack for template in mine} - {"foundation"})
        working = {template.stack for template in mine if template.of_type("AWS::Lambda::Function")}
        lines = idle(mine)
        total = sum(line.dollars for line in lines)
        rows = "".join(f"| {line.what} | {line.number} | {line.dollars:.2f} |\n" for line in lines)
        metrics = [each for capability in sorted(working) for each in custom_metrics(root, capability)]
        ordinary = sum(not reason for _, reason in metrics)
        parts.append(
            f"## {title}: ${total:.2f} a month\n\nWith {', '.join(stacks)}.\n\n| what | number | $ a month |\n"
            f"|---|---|---:|\n{rows}| **idle** | | **{total:.2f}** |\n"
        )
        if metrics:
            parts.append(
                f"Busy, custom metrics come on top, ${CUSTOM_METRIC:.2f} each if counted in every hour of a month:\n"
                f"{ordinary} that tell of ordinary work, ${ordinary * CUSTOM_METRIC:.2f}, and at most "
                f"{len(metrics) - ordinary} reasons\nfor which something was not done, which are rare.\n"
            )
        if stage == "spoke":
            parts.append(
                f"The target for a spoke is under ${TARGET:.2f}: {'met' if total < TARGET else '**missed**'}.\n"
            )
    parts.append(_NOTES)
    return "\n".join(parts)


_HEAD = """# What it costs

Generated by `make generate` from the synthesized templates; CI fails when it is stale. Per account and Region and month
of 30 days, while nothing happens. List prices of us-east-1 in US dollars.
"""

_NOTES = f"""## What was assumed

- No free tier: those of SQS and Lambda (1,000,000 each a month), 10 alarms and 10 custom metrics are shared by the
  whole account, and of consolidated billing by the organisation.
- A polled queue is received from about {RECEIVES_PER_QUEUE:,} times a month though it is empty: five pollers, long
  polls of 20 s. Dead-letter queues are not polled; streams are read by Lambda for nothing.
- A scheduled call that finds nothing takes {SECONDS_PER_TICK:.1f} s, {READS_PER_TICK} read and
  {LOG_BYTES_PER_TICK:,} bytes of log.
- Custom metrics are charged by the hour in which they are written: an idle fleet writes none.
- `customer_managed_key: true` adds one key: ${KEY:.2f} a month, and $0.03 for 10,000 requests.

## What grows with use

- Tables: $0.25 for a GB, and point-in-time recovery $0.20 more; a million writes $0.625, a million reads $0.125. In a
  transaction, which is how requests and the audit chain are written, each counts twice.
- What people say: ${MILLION_REQUESTS:.2f} for a million requests to the HTTP API, and a line of its log for each.
- The audit chain: about 1 KB an entry, kept for ever. A command that two people agree to makes about five entries, and
  with its messages some 50 writes, 20 calls and 5 events: 10,000 of them a month are about $1.
- The archive of the fleet bus keeps 90 days: $0.10 for each GB taken in, $0.023 for a GB a month.
- Logs: ${LOG_GB:.2f} for each GB taken in, then $0.03 for a GB a month, for `log_retention_days`.
- Fleet events: $1 a million, and $1 a million more for those that go to the hub. A finding is about 1 KB of each.
- Mail of the alarm topic: the first 1,000 a month cost nothing, then $2 for 100,000.
"""
