"""The policy judges a problem, and says why: pure.

Rules are looked at in their order, and the first that matches wins, for each kind of action by itself. Owner and
severity are decided first, and the other kinds see what these became. Each decision names its rule and the rule's
reason. `judge` can tell every step that it took (`fleetctl findings explain`).
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from fleet.catalogue import Owner
from fleet.wildcards import wildcard
from functions.findings.lease import Lease
from functions.findings.policy import KINDS, Level, Match, Policy, Route, Rule, Tell, Ticket


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What rules look at."""

    control: str
    severity: str
    account: str
    region: str
    resource: str
    tags: Mapping[str, str]
    owner: Owner


class Reason(msgspec.Struct, frozen=True):
    """The rule that decided, and why it stands there."""

    rule: str
    text: str


class Step(msgspec.Struct, frozen=True):
    """One thing that was looked at: of which kind, by which rule, why it did not decide, or what it decided."""

    kind: str
    rule: str
    why_not: str
    decided: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy says of a problem."""

    severity: str
    owner: Owner
    tell: Tell
    channel: str
    ticket: str
    """Repository of its issue; empty: it gets none."""
    ignored: bool
    lease: Lease | None
    """Which suppresses it now."""
    reasons: dict[str, Reason]
    """By kind."""


type Trace = Callable[[Step], None]
type _Check = Callable[[Facts], str]
"""Why a condition does not hold; empty if it does."""


class Judge:
    """Applies a policy. Made once: the rules are compiled."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        rules = [_Compiled(rule) for rule in policy.rules]
        self._starts = sorted({rule.suppress.start for rule in policy.rules if rule.suppress})
        self._rules = {kind: _OfKind([rule for rule in rules if kind in rule.kinds]) for kind in KINDS}

    def starts(self, now: int) -> list[int]:
        """When leases of rules begin after `now`, in order."""
        return self._starts[bisect_right(self._starts, now) :]

    def level(self, severity: str) -> Level:
        """What holds for a severity; an unknown one is treated as the worst."""
        return self.policy.levels.get(severity) or self.policy.levels["CRITICAL"]

    def judge(
        self, facts: Facts, now: int, *, granted: Lease | None = None, assigned: str = "", trace: Trace | None = None
    ) -> Verdict:
        """What becomes of a problem. `granted`, `assigned`: what people said of it outranks the rules."""
        reasons: dict[str, Reason] = {}
        owner = self._owner(facts, assigned, reasons, trace)
        facts = msgspec.structs.replace(facts, owner=owner)
        severity = facts.severity
        if rule := self._first("severity", facts, reasons, trace):
            severity = rule.severity or severity
            facts = msgspec.structs.replace(facts, severity=severity)
        level = self.level(severity)
        ignore = self._first("ignore", facts, reasons, trace)
        lease = self._lease(facts, granted, level, now, reasons, trace)
        route = self._first("route", facts, reasons, trace)
        ticket = self._first("ticket", facts, reasons, trace)
        said = (route.route if route else None) or Route()
        return Verdict(
            severity=severity,
            owner=owner,
            tell=said.tell or level.tell,
            channel=said.channel,
            ticket=self._repository(ticket.ticket if ticket else None, owner),
            ignored=ignore is not None,
            lease=lease,
            reasons=reasons,
        )

    def _owner(self, facts: Facts, assigned: str, reasons: dict[str, Reason], trace: Trace | None) -> Owner:
        if assigned:
            reasons["owner"] = Reason("assigned", "by people")
            if trace:
                trace(Step("owner", "assigned", "", f"people gave it to {assigned}"))
            return msgspec.structs.replace(facts.owner, team=assigned, rule="assigned")
        if rule := self._first("owner", facts, reasons, trace):
            return msgspec.structs.replace(facts.owner, team=rule.owner, rule=f"rule:{rule.name}")
        return facts.owner

    def _lease(
        self,
        facts: Facts,
        granted: Lease | None,
        level: Level,
        now: int,
        reasons: dict[str, Reason],
        trace: Trace | None,
    ) -> Lease | None:
        """The lease that suppresses now: that of people, else that of the first rule whose lease holds."""
        for lease in self._leases(facts, granted, trace):
            why = lease.why_not(now, level.suppress_days, level.tier)
            if trace:
                trace(Step("suppress", lease.by, why, "" if why else "its lease holds"))
            if not why:
                reasons["suppress"] = Reason(lease.by, lease.reason)
                return msgspec.structs.replace(lease, until=lease.ends(level.suppress_days))
        return None

    def _leases(self, facts: Facts, granted: Lease | None, trace: Trace | None) -> Iterator[Lease]:
        if granted is not None:
            yield granted
        for compiled in self._rules["suppress"].asked(facts, trace):
            if (lease := compiled.lease) is not None and compiled.holds(facts, "suppress", trace):
                yield lease

    def _first(self, kind: str, facts: Facts, reasons: dict[str, Reason], trace: Trace | None) -> Rule | None:
        """The first rule with an action of this kind that matches."""
        for compiled in self._rules[kind].asked(facts, trace):
            if compiled.holds(facts, kind, trace):
                rule = compiled.rule
                reasons[kind] = Reason(f"rule:{rule.name}", rule.reason)
                if trace:
                    trace(Step(kind, f"rule:{rule.name}", "", "it is the first that matches"))
                return rule
        return None

    def _repository(self, ticket: Ticket | None, owner: Owner) -> str:
        if ticket is None:
            return ""
        known = self.policy.repositories
        return ticket.repository or known.get(owner.service) or known.get("", "")


class _OfKind:
    """The rules with one kind of action, in their order. Those that name other controls need not be asked."""

    def __init__(self, rules: "list[_Compiled]") -> None:
        self._all = rules
        self._any = [rule for rule in rules if rule.controls is None]
        named = {control for rule in rules for control in rule.controls or ()}
        self._naming = {
            control: [rule for rule in rules if rule.controls is None or control in rule.controls] for control in named
        }

    def asked(self, facts: Facts, trace: Trace | None) -> "list[_Compiled]":
        """Those that may match; whoever wants to be told why others do not gets these as well."""
        return self._all if trace else self._naming.get(facts.control, self._any)


class _Compiled:
    """A rule, and its conditions as functions."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.lease = rule, rule.lease()
        self.kinds = frozenset(kind for kind in KINDS if getattr(rule, kind))
        controls = rule.match.control
        self.controls = None if not controls or any("*" in each for each in controls) else frozenset(controls)
        """The only ones that it can match; None: it may match any."""
        self._checks = list(_checks(rule.match))

    def holds(self, facts: Facts, kind: str, trace: Trace | None) -> bool:
        """Whether all conditions hold."""
        for check in self._checks:
            if why := check(facts):
                if trace:
                    trace(Step(kind, f"rule:{self.rule.name}", why))
                return False
        return True


def _checks(match: Match) -> Iterator[_Check]:
    values: dict[str, Callable[[Facts], str]] = {
        "control": lambda facts: facts.control,
        "severity": lambda facts: facts.severity,
        "account": lambda facts: facts.account,
        "region": lambda facts: facts.region,
        "service": lambda facts: facts.owner.service,
        "team": lambda facts: facts.owner.team,
        "environment": lambda facts: facts.owner.environment,
    }
    for name, value in values.items():
        if wanted := getattr(match, name):
            yield _one_of(name, value, wanted, patterns=name == "control")
    if match.tags:
        yield _tagged(match.tags)
    if match.resource:  # the last, since patterns take longest
        yield _one_of("resource", lambda facts: facts.resource, match.resource, patterns=True)


def _one_of(name: str, value: Callable[[Facts], str], wanted: Iterable[str], *, patterns: bool) -> _Check:
    exact = frozenset(wanted)
    loose = [wildcard(each) for each in wanted if patterns and "*" in each]
    pattern = re.compile("|".join(loose), re.DOTALL) if loose else None
    why = f"its {name} is none of {', '.join(wanted)}"

    def check(facts: Facts) -> str:
        found = value(facts)
        return "" if found in exact or (pattern is not None and pattern.fullmatch(found)) else why

    return check


def _tagged(wanted: Mapping[str, str]) -> _Check:
    pairs = list(wanted.items())

    def check(facts: Facts) -> str:
        for key, value in pairs:
            if facts.tags.get(key) != value:
                return f"its tag {key} is not {value}"
        return ""

    return check
