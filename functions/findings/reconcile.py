"""What events may have missed: Security Hub's findings and our problems, held against each other once a day.

    theirs    each finding that is live there, page by page: what it says is recorded as an event's would be
    ours      each finding by which a problem is live here, and that nothing was heard of for a day: if it is no more
              there, it is gone; so is one of V2 of which nothing was heard for as long as V2 keeps it

At most three calls a second; each page is written down before the next is asked for. Reads of Security Hub lag behind,
so nothing that was heard of lately is taken for gone, and nothing older than what is known is recorded. An event that
is still on its way has the last word.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from typing import Any

import msgspec

from fleet import clock, telemetry
from fleet.refusal import DroppedError, RefusedError
from functions.findings.decision import reviewed
from functions.findings.event import findings_of
from functions.findings.failures import Failures
from functions.findings.finding import Finding, Seen, Status
from functions.findings.lease import DAY_MS
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.securityhub import MOST_IDS, SecurityHub, StaleTokenError
from functions.findings.walks import Walk, Walks

NAME = "reconcile"
LATELY_MS = 3_600_000
"""Reads may be older than an update that has been acknowledged: it "can take several minutes"."""
V2_KEEPS_MS = 90 * DAY_MS
"""So long Security Hub V2 keeps an active finding of which it hears nothing."""
_LIVE: dict[str, Any] = {
    "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    "WorkflowStatus": [{"Value": value, "Comparison": "EQUALS"} for value in ("NEW", "NOTIFIED", "SUPPRESSED")],
}
_EVER = "2100-01-01T00:00:00.000Z"
_BY = "reconciled-"
"""How the ids begin of what no event brought."""


class Reconciliation:
    """Of one deployment."""

    def __init__(
        self, office: Office, hub: SecurityHub, walks: Walks, failures: Failures, time_left: Callable[[], bool]
    ) -> None:
        self._office, self._hub, self._walks, self._failures = office, hub, walks, failures
        self._time_left = time_left

    def go_on(self, run: str, *, since: int = 0) -> None:
        """Go as far as there is time. Raises what keeps Security Hub or the table from answering."""
        walk = self._walks.begin(NAME, run, clock.now_ms(), since=since)
        while walk is not None and self._time_left():
            if (place := self._step(walk)) is not None:
                walk = self._walks.go_on(walk, place)
                continue
            self._walks.end(walk)
            telemetry.log("reconciled")
            return

    def _step(self, walk: Walk) -> dict[str, Any] | None:
        """One page; where the next begins, None if there is none."""
        return self._ours(walk.place) if walk.place.get("phase") == "ours" else self._theirs(walk.place)

    def _theirs(self, place: dict[str, Any]) -> dict[str, Any]:
        try:
            documents, token = self._hub.page(self._filters(place), place.get("token", ""))
        except StaleTokenError:
            return {"phase": "theirs", "after": place.get("last") or place.get("after", "")}
        last = next(filter(None, map(_updated_at, reversed(documents))), place.get("last", ""))
        found = (finding for document in documents for finding in self._read(document))
        self._compare(finding for finding in found if self._office.accepts.take(finding))
        if not token:
            return {"phase": "ours", "team": 0}
        return {"phase": "theirs", "token": token, "last": last, "after": place.get("after", "")}

    def _filters(self, place: dict[str, Any]) -> dict[str, Any]:
        filters = dict(_LIVE)
        if self._office.accepts.accounts is not None:
            filters["AwsAccountId"] = [
                {"Value": each, "Comparison": "EQUALS"} for each in self._office.accepts.accounts
            ]
        if after := place.get("after"):
            filters["UpdatedAt"] = [{"Start": after, "End": _EVER}]
        return filters

    def _ours(self, place: dict[str, Any]) -> dict[str, Any] | None:
        teams, index = self._office.teams(), place["team"]
        if index >= len(teams):
            return None
        briefs, after = self._office.store.live_page(teams[index], place.get("after"), MOST_IDS)
        yesterday = clock.now_ms() - DAY_MS
        silent = list(self._silent([brief.problem for brief in briefs if brief.heard < yesterday], yesterday))
        for some in batched((copy for copy in silent if copy.form == "asff"), MOST_IDS, strict=False):
            self._compare(self._now(some))
        self._compare(_gone(copy) for copy in silent if copy.form == "ocsf")
        return {"phase": "ours", "team": index, "after": after} if after else {"phase": "ours", "team": index + 1}

    def _silent(self, problems: Iterable[str], yesterday: int) -> Iterator[Finding]:
        """The findings of these that are live, and of which nothing was heard for a day; V2's, for 90 days.

        V2's cannot be looked for by their ids here, and without this one of which the end was missed would be open for
        ever.
        """
        kept = clock.now_ms() - V2_KEEPS_MS
        for problem_id in problems:
            problem = self._office.store.get(problem_id).problem
            for key, copy in problem.copies.items() if problem else ():
                report = problem.history.last_of(key) if problem else None
                live = copy.status in (Status.OPEN, Status.SUPPRESSED)
                if live and report and report.event_time < (yesterday if copy.form == "asff" else kept):
                    yield copy

    def _now(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """These as they are there now; one that cannot be read is left out, since it is there."""
        findings = list(findings)
        there: dict[tuple[str, str], Finding] = {}
        unread: set[str] = set()
        for document in self._hub.find(findings):
            some = self._read(document)
            there |= {(each.problem, each.copy): each for each in some}
            unread |= set() if some else {_document(document).id}
        for finding in findings:
            if finding.finding_id not in unread:
                yield there.get((finding.problem, finding.copy)) or _gone(finding)

    def _compare(self, findings: Iterable[Finding]) -> None:
        """Record what these say otherwise than is known of them; each problem is read once."""
        by_problem: dict[str, list[Finding]] = {}
        for finding in findings:
            by_problem.setdefault(finding.problem, []).append(finding)
        for problem_id, some in by_problem.items():
            with self._failures.of(problem_id):
                self._compare_problem(problem_id, some)

    def _compare_problem(self, problem_id: str, findings: Iterable[Finding]) -> None:
        problem, now, law = self._office.store.get(problem_id).problem, clock.now_ms(), self._office.law
        news = [found for finding in findings if (found := _news(problem, finding, now))]
        for seen in news:
            self._office.record(seen)
            telemetry.count("Missed", capability="findings", reason="by_events")
        if problem and not news and reviewed(problem, law, now) != problem:
            # A lease of a rule has begun, or what was ignored is so no more.
            self._office.change(problem_id, lambda known, at: reviewed(known, law, at), actor="yagura.findings")

    def _read(self, document: bytes) -> list[Finding]:
        try:
            return findings_of(document)
        except (RefusedError, DroppedError) as error:
            telemetry.count("Unread", capability="findings", reason=error.reason)
            return []


def _news(problem: Problem | None, finding: Finding, now: int) -> Seen | None:
    """What is to be recorded; None if it says nothing new."""
    known = problem.copies.get(finding.copy) if problem else None
    last = problem.history.last_of(finding.copy) if problem else None
    heard = 0
    if known is not None and last is not None:
        heard, changed = last.event_time + 1, finding.updated_at - known.updated_at
        if known.status is Status.GONE and last.event.startswith(_BY) and finding.status is not Status.GONE:
            finding = _at(finding, max(finding.updated_at, known.updated_at))  # it was taken for gone, and is there
        elif known == finding or changed < 0 or (changed == 0 and last.event_time > now - LATELY_MS):
            return None
        elif changed == 0 and finding.status is Status.GONE:  # by when nobody has said
            finding = _at(finding, now)
    # As early as it can have been so: an event that is still on its way is later.
    event_time = max(min(finding.updated_at, now), heard)
    return Seen(finding=finding, event_id=f"{_BY}{event_time}", event_time=event_time)


def _gone(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, status=Status.GONE)


def _at(finding: Finding, updated_at: int) -> Finding:
    return msgspec.structs.replace(finding, updated_at=updated_at)


class _Document(msgspec.Struct, frozen=True):
    id: str = msgspec.field(default="", name="Id")
    updated_at: str = msgspec.field(default="", name="UpdatedAt")


def _document(document: bytes) -> _Document:
    try:
        return msgspec.json.decode(document, type=_Document)
    except msgspec.DecodeError:
        return _Document()


def _updated_at(document: bytes) -> str:
    return _document(document).updated_at
