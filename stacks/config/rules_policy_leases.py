"""Rules about what `findings.yaml` suppresses: who asked and approved, and for how long. No rule knows what day it is:
a suppression that has ended is no mistake, and the same files give the same assets tomorrow.
"""

from collections.abc import Iterator
from datetime import timedelta

from .model_findings import LEVELS, FindingsFile, Rule, Suppress
from .model_people import PeopleFile
from .model_routes import Severity
from .problem import Path, did_you_mean
from .rules import Breach, known


def lease_breaches(findings: FindingsFile, people: PeopleFile) -> Iterator[Breach]:
    """All that is wrong with the suppressions."""
    ids = [person.id for person in people.people]
    for i, rule in enumerate(findings.rules):
        if rule.suppress:
            at = ("rules", i, "suppress")
            if known(people, people.people, *ids):
                yield from _people(rule.suppress, at, ids)
            yield from _days(rule, rule.suppress, at, findings)


def severities(rule: Rule) -> list[Severity]:
    """Those that it can match."""
    return rule.match.severity or list(LEVELS)


def _people(suppress: Suppress, at: Path, ids: list[str]) -> Iterator[Breach]:
    for field in ("requester", "approver"):
        person = getattr(suppress, field)
        if known(person) and person not in ids:
            yield Breach(
                path=(*at, field),
                expected="the id of a person of people.yaml",
                advice=did_you_mean(person, ids, f"name one of them: {', '.join(ids[:20])}"),
            )
    if known(suppress.requester, suppress.approver) and suppress.requester == suppress.approver:
        yield Breach(
            path=(*at, "approver"),
            expected="another person than the requester",
            advice="let somebody else approve it",
        )


def _days(rule: Rule, suppress: Suppress, at: Path, findings: FindingsFile) -> Iterator[Breach]:
    start, until = suppress.start, suppress.until
    if not known(start, until):
        return
    if until < start:
        expected = f"a day that is not before {start}, where it begins"
        yield Breach(path=(*at, "until"), expected=expected, advice="correct one of the two")
        return
    matched = severities(rule)
    if not known(matched, *matched):
        return
    allowed = [findings.level(severity).suppress_days for severity in matched]
    if not known(*allowed):
        return
    days, most = (until - start).days + 1, max(int(each or 0) for each in allowed)
    if days <= most:
        return
    some = " or ".join(matched) if rule.match.severity else "any severity"
    if most == 0:
        expected, advice = (
            f"no suppression: levels allows none of {some}",
            "remove it, or raise suppress_days in levels",
        )
    else:
        expected = f"at most {most} days, the most that levels allows of {some}"
        advice = f"let it end on {start + timedelta(days=most - 1)}, and prolong it while it is needed"
    yield Breach(path=(*at, "until"), found=f"{until}, after {days} days", expected=expected, advice=advice)
