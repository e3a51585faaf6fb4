"""What events may have missed: Security Hub's findings and our problems, held against each other once a day.

    theirs    each finding that is live there, page by page, of Security Hub CSPM (`asff`) and then of V2 (`ocsf`),
              whichever is enabled: what it says is recorded as an event's would be
    ours      each finding by which a problem fails here, and that nothing was heard of for a day: is it still there?
              Of V2, where that cannot be read: was it heard of within as long as V2 keeps it?
    gone      problems by which nothing there fails any more, unless they are so many that it is doubted (`vanishing`)

At most three calls a second; each page is written down before the next is asked for. Reads of Security Hub lag behind,
so nothing that was heard of lately is taken for gone, and nothing older than what is known is recorded. An event that
is still on its way has the last word.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

import msgspec

from fleet import clock, telemetry
from fleet.refusal import DroppedError, RefusedError
from functions.findings.brief import Brief
from functions.findings.decision import reviewed
from functions.findings.event import findings_of
from functions.findings.failures import Failures
from functions.findings.finding import FAILING, Finding, Seen, Status
from functions.findings.lease import DAY_MS
from functions.findings.office import Office
from functions.findings.problem import Problem
from functions.findings.securityhub import MOST_IDS, NotEnabledError, SecurityHub, StaleTokenError, any_of
from functions.findings.store import IGNORED
from functions.findings.vanishing import Doubts, Gaps
from functions.findings.walks import Walk, Walks

NAME = "reconcile"
LATELY_MS = 3_600_000
"""Reads may be older than an update that has been acknowledged: it "can take several minutes"."""
V2_KEEPS_MS = 90 * DAY_MS
"""So long Security Hub V2 keeps an active finding of which it hears nothing."""
MOST_MISSING = 5_000
"""Problems that one walk takes for gone; it carries their ids, and the rest is the next one's."""
_LIVE: dict[str, Any] = {
    "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    "WorkflowStatus": [{"Value": value, "Comparison": "EQUALS"} for value in ("NEW", "NOTIFIED", "SUPPRESSED")],
}
# Neither Resolved (4) nor Archived (5), and its last activity was not Close (3).
_LIVE_V2 = (
    any_of("Number", "status_id", [{"Lte": 3}, {"Gte": 6}]),
    any_of("Number", "activity_id", [{"Lte": 2}, {"Gte": 4}]),
)
_EVER = "2100-01-01T00:00:00.000Z"
_BY = "reconciled-"
"""How the ids begin of what no event brought."""


class Reconciliation:
    """Of one deployment."""

    def __init__(
        self, office: Office, hub: SecurityHub, walks: Walks, failures: Failures, time_left: Callable[[], bool]
    ) -> None:
        self._office, self._hub, self._walks, self._failures = office, hub, walks, failures
        self._time_left, self._doubts = time_left, Doubts(office)

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
        match walk.place.get("phase"):
            case "ours":
                return self._ours(walk.place)
            case "gone":
                return self._gone(walk.place)
            case _:
                return self._theirs(walk.place)

    def _theirs(self, place: dict[str, Any]) -> dict[str, Any]:
        """`form`: which Security Hub is being read; `read`: which have been."""
        form, read = place.get("form", "asff"), place.get("read", [])
        here = {"phase": "theirs", "form": form, "read": read}
        try:
            documents, token = self._hub.page(self._filters(place), place.get("token", ""), form=form)
        except StaleTokenError:
            return here | {"after": place.get("last") or place.get("after", "")}
        except NotEnabledError as error:
            telemetry.log("not enabled", form=form, why=str(error))
            if form == "asff":  # in the same step: where there is neither, the walk has not begun
                return self._theirs({"form": "ocsf"})
            if not read:
                raise
            return _first_of_ours(read)
        last = next(filter(None, map(_updated_at, reversed(documents))), place.get("last", ""))
        found = (finding for document in documents for finding in self._read(document))
        self._compare(finding for finding in found if self._office.accepts.take(finding))
        if token:
            return here | {"token": token, "last": last, "after": place.get("after", "")}
        read = [*read, form]
        return {"phase": "theirs", "form": "ocsf", "read": read} if form == "asff" else _first_of_ours(read)

    def _filters(self, place: dict[str, Any]) -> dict[str, Any]:
        accounts, after = self._office.accepts.accounts, place.get("after")
        named = [{"Value": each, "Comparison": "EQUALS"} for each in accounts or []]
        since = [{"Start": after, "End": _EVER}] if after else []
        if place.get("form") == "ocsf":
            wanted = [
                *_LIVE_V2,
                *([any_of("String", "cloud.account.uid", named)] if named else []),
                *([any_of("Date", "finding_info.modified_time_dt", since)] if since else []),
            ]
            return {"CompositeFilters": [one for each in wanted for one in each["CompositeFilters"]]}
        return _LIVE | ({"AwsAccountId": named} if named else {}) | ({"UpdatedAt": since} if since else {})

    def _ours(self, place: dict[str, Any]) -> dict[str, Any] | None:
        # What is ignored is looked for as well: else it would be kept for ever, and be open if its rule went.
        teams, index = [*self._office.teams(), IGNORED], place["team"]
        gaps = msgspec.convert(place.get("gaps", {}), Gaps)
        gone: dict[str, list[str]] = {where: [*some] for where, some in place.get("gone", {}).items()}
        if index >= len(teams):
            return self._weighed(place, gaps, gone)
        briefs, after = self._office.store.live_page(teams[index], place.get("after"), MOST_IDS)
        for brief in briefs:
            gaps.count(_place_of(brief), known=1)
        yesterday, room = clock.now_ms() - DAY_MS, MOST_MISSING - sum(map(len, gone.values()))
        for problem in self._missing([each.problem for each in briefs if each.heard < yesterday], _forms_read(place)):
            gaps.count(_place_of(problem), missing=1)
            if room > 0:
                gone.setdefault(_place_of(problem), []).append(problem.id)
                room -= 1
        counted = {"gaps": msgspec.to_builtins(gaps), "gone": gone}
        return place | {"team": index if after else index + 1, "after": after} | counted

    def _weighed(self, place: dict[str, Any], gaps: Gaps, gone: dict[str, list[str]]) -> dict[str, Any] | None:
        held = self._doubts.held(gaps, clock.now_ms())
        believed = [problem for where, some in gone.items() if where not in held for problem in some]
        return {"phase": "gone", "read": _forms_read(place), "problems": believed} if believed else None

    def _gone(self, place: dict[str, Any]) -> dict[str, Any] | None:
        """They were missing a while ago: what is missing still is gone."""
        problems, more = place["problems"][:MOST_IDS], place["problems"][MOST_IDS:]
        vanished = self._vanished(self._known(problems), _forms_read(place))
        self._compare(_gone(copy) for some in vanished.values() for copy in some)
        return place | {"problems": more} if more else None

    def _missing(self, problems: Iterable[str], read: Sequence[str]) -> list[Problem]:
        """Those of which all that fails is not to be found any more. What else is found of them is recorded."""
        known = self._known(problems)
        vanished = self._vanished(known, read)
        missing = [each for each in known if each.id in vanished and _all_that_fails(each, vanished[each.id])]
        whole = {each.id for each in missing}
        self._compare(_gone(copy) for problem, some in vanished.items() if problem not in whole for copy in some)
        return missing

    def _known(self, problems: Iterable[str]) -> list[Problem]:
        return [known for each in problems if (known := self._office.store.get(each).problem)]

    def _vanished(self, problems: Iterable[Problem], read: Sequence[str]) -> dict[str, list[Finding]]:
        """The findings of each problem that are not to be found any more. What is found is recorded."""
        vanished: dict[str, list[Finding]] = {}
        silent = list(self._silent(problems, read))
        for form in ("asff", "ocsf"):
            for some in batched((copy for copy in silent if copy.form == form), MOST_IDS, strict=False):
                found, lost = self._now(some) if form in read else ([], some)
                self._compare(found)
                for copy in lost:
                    vanished.setdefault(copy.problem, []).append(copy)
        return vanished

    def _silent(self, problems: Iterable[Problem], read: Sequence[str]) -> Iterator[Finding]:
        """The findings of these that are live, and of which nothing was heard for a day.

        Of those that cannot be looked for, V2's of which nothing was heard for 90 days: without this, one of which the
        end was missed would be open for ever.
        """
        now = clock.now_ms()
        for problem in problems:
            for key, copy in problem.copies.items():
                report = problem.history.last_of(key)
                before = now - (DAY_MS if copy.form in read else V2_KEEPS_MS)
                looked_for = copy.form in read or copy.form == "ocsf"
                if copy.status in FAILING and looked_for and report and report.event_time < before:
                    yield copy

    def _now(self, findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
        """These as they are there now, and those that are not there; one that cannot be read is neither."""
        there: dict[tuple[str, str], Finding] = {}
        unread: set[str] = set()
        try:
            documents = self._hub.find(findings)
        except NotEnabledError:  # any more: that says nothing of them
            return [], []
        for document in documents:
            some = self._read(document)
            there |= {(each.problem, each.copy): each for each in some}
            unread |= set() if some else {_document(document).finding_id}
        asked = [(each, there.get((each.problem, each.copy))) for each in findings if each.finding_id not in unread]
        return [now for _, now in asked if now], [each for each, now in asked if not now]

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
            # What was ignored is so no more, for example.
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


def _first_of_ours(read: list[str]) -> dict[str, Any]:
    return {"phase": "ours", "team": 0, "read": read}


def _forms_read(place: dict[str, Any]) -> list[str]:
    """Which Security Hub was read in this walk; one that an older version has begun reads no V2."""
    return list(place.get("read", ["asff"]))


def _place_of(one: Problem | Brief) -> str:
    return f"{one.account} {one.region}"


def _all_that_fails(problem: Problem, some: Iterable[Finding]) -> bool:
    failing = {key for key, copy in problem.copies.items() if copy.status in FAILING}
    return failing <= {finding.copy for finding in some}


class _Info(msgspec.Struct, frozen=True):
    uid: str = ""
    modified_time_dt: str = ""


class _Document(msgspec.Struct, frozen=True):
    """Of either form."""

    id: str = msgspec.field(default="", name="Id")
    updated_at: str = msgspec.field(default="", name="UpdatedAt")
    finding_info: _Info = _Info()

    @property
    def finding_id(self) -> str:
        return self.id or self.finding_info.uid


def _document(document: bytes) -> _Document:
    try:
        return msgspec.json.decode(document, type=_Document)
    except msgspec.DecodeError:
        return _Document()


def _updated_at(document: bytes) -> str:
    found = _document(document)
    return found.updated_at or found.finding_info.modified_time_dt
