"""What events may have missed: Security Hub's findings and our problems, held against each other once a day.

    theirs    each finding that is live there, page by page: what it says is recorded as an event's would be
    ours      each finding by which a problem is live here, and that nothing was heard of for a day: if it is no more
              there, it is gone

At most three calls a second; each page is written down before the next is asked for. Reads of Security Hub lag behind,
so nothing that was heard of lately is taken for gone, and nothing older than what is known is recorded.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import batched
from typing import Any

import msgspec

from fleet import clock, telemetry
from fleet.refusal import DroppedError, RefusedError
from functions.findings.event import findings_of
from functions.findings.finding import Finding, Seen, Status
from functions.findings.lease import DAY_MS
from functions.findings.office import Office
from functions.findings.securityhub import MOST_IDS, SecurityHub, StaleTokenError
from functions.findings.walks import Walk, Walks

NAME = "reconcile"
_LIVE: dict[str, Any] = {
    "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    "WorkflowStatus": [{"Value": value, "Comparison": "EQUALS"} for value in ("NEW", "NOTIFIED", "SUPPRESSED")],
}
_EVER = "2100-01-01T00:00:00.000Z"


class Reconciliation:
    """Of one deployment."""

    def __init__(self, office: Office, hub: SecurityHub, walks: Walks, time_left: Callable[[], bool]) -> None:
        self._office, self._hub, self._walks, self._time_left = office, hub, walks, time_left

    def go_on(self, run: str) -> Walk | None:
        """Go as far as there is time; the walk if it is over now. Raises what keeps Security Hub from answering."""
        walk = self._walks.begin(NAME, run, clock.now_ms())
        if walk is None:
            return None
        while walk.place.get("phase", "theirs") == "theirs":
            if not self._time_left():
                return None
            walk = self._walks.go_on(walk, self._theirs(walk.place))
        while walk.place["phase"] == "ours":
            if not self._time_left():
                return None
            walk = self._walks.go_on(walk, self._ours(walk.place))
        self._walks.end(walk)
        telemetry.count("Reconciled", capability="findings")
        return walk

    def _theirs(self, place: dict[str, Any]) -> dict[str, Any]:
        """One page of findings; where the next begins."""
        try:
            documents, token = self._hub.page(self._filters(place), place.get("token", ""))
        except StaleTokenError:
            return {"phase": "theirs", "after": place.get("last", place.get("after", ""))}
        last = place.get("last", "")
        for document in documents:
            last = _updated_at(document) or last
            for finding in self._read(document):
                if self._office.accepts.take(finding):
                    self._compare(finding)
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

    def _ours(self, place: dict[str, Any]) -> dict[str, Any]:
        """One page of a team's problems; where the next begins."""
        teams = self._office.teams()
        if place["team"] >= len(teams):
            return {"phase": "over"}
        team = teams[place["team"]]
        briefs, after = self._office.store.live_page(team, place.get("after"), MOST_IDS)
        silent = list(self._silent(brief.problem for brief in briefs))
        for some in batched(silent, MOST_IDS, strict=False):
            found = {finding.copy: finding for document in self._hub.find(some) for finding in self._read(document)}
            for finding in some:
                self._compare(found.get(finding.copy) or _gone(finding))
        if after is not None:
            return {"phase": "ours", "team": place["team"], "after": after}
        return {"phase": "ours", "team": place["team"] + 1}

    def _silent(self, problems: Iterable[str]) -> Iterator[Finding]:
        """The findings of these that are live, and of which nothing was heard for a day."""
        yesterday = clock.now_ms() - DAY_MS
        for problem_id in problems:
            problem = self._office.store.get(problem_id).problem
            for key, copy in problem.copies.items() if problem else ():
                report = problem.history.last_of(key) if problem else None
                live = copy.status in (Status.OPEN, Status.SUPPRESSED) and copy.form == "asff"
                if live and report is not None and report.event_time < yesterday:
                    yield copy

    def _compare(self, finding: Finding) -> None:
        """Record what Security Hub says of a finding, if it is other than what is known."""
        problem = self._office.store.get(finding.problem).problem
        known = problem.copies.get(finding.copy) if problem else None
        if known is not None and (known == finding or known.updated_at > finding.updated_at):
            return
        now = clock.now_ms()
        self._office.record(Seen(finding=finding, event_id=f"reconciled-{now}", event_time=now))
        telemetry.count("Missed", capability="findings")

    def _read(self, document: bytes) -> list[Finding]:
        try:
            return findings_of(document)
        except (RefusedError, DroppedError) as error:
            telemetry.count("Unread", capability="findings", reason=error.reason)
            return []


def _gone(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, status=Status.GONE, updated_at=clock.now_ms())


class _Dated(msgspec.Struct, frozen=True):
    updated_at: str = msgspec.field(default="", name="UpdatedAt")


def _updated_at(document: bytes) -> str:
    try:
        return msgspec.json.decode(document, type=_Dated).updated_at
    except msgspec.DecodeError:
        return ""


def run_of(now: int) -> str:
    """The day's: there is one a day."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d")
