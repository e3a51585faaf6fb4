"""Security Hub as far as one finding's workflow goes, people at its console, and the fleet beside them."""

from collections.abc import Callable, Iterable, Sequence

from hypothesis import strategies as st

from functions.findings.decision import reviewed, suppressed, taken, unsuppressed
from functions.findings.effects import Change, answered, changes
from functions.findings.finding import UPDATED_BY, Seen, Status, terms_of
from functions.findings.lease import DAY_MS
from functions.findings.problem import Problem
from tests.functions.findings.laws import NOW, finding_like, law, lease

HOUR = 3_600_000

type Ask = Callable[[Problem], Iterable[Change]]
type Keep = Callable[[Problem, Sequence[Change], int], Problem]


class Console:
    """Events come in order, as late as the test has it; nothing that was settled may be asked against somebody."""

    def __init__(self, *, keeps: bool, ask: Ask = changes, keep: Keep = answered) -> None:
        """`keeps`: whether a check that passes leaves a finding SUPPRESSED; the documentation can be read both ways."""
        self._keeps, self._ask, self._keep = keeps, ask, keep
        self.failing, self.workflow, self.set_by = True, "NEW", "hub"
        self._note = ("", "")
        self._label, self.refused = "", ""
        self.people_came = False
        self.now, self._grants = NOW, 0
        self._events: list[Seen] = []
        self._say()
        problem = taken(None, self._events.pop(), law(), self.now)
        assert problem is not None
        self.problem = problem

    def _say(self) -> None:
        self.now += 1000
        status = Status.RESOLVED
        if self.failing:
            status = Status.SUPPRESSED if self.workflow == "SUPPRESSED" else Status.OPEN
        by, text = self._note
        found = finding_like(status=status, updated_at=self.now, terms=terms_of(text) if by == UPDATED_BY else "")
        self._events.append(Seen(finding=found, event_id=f"e{self.now}", event_time=self.now))

    def _set(self, workflow: str, by: str, note: tuple[str, str] | None = None) -> None:
        if workflow != self.workflow or by == "fleet":
            self.workflow, self.set_by = workflow, by
        self._note = note or self._note
        self._say()

    # What may happen.

    def people_suppress(self, note: tuple[str, str] | None = None) -> None:
        if self.failing:  # of one that passes nobody decides anything; the workflow of such a one cannot be seen
            self.people_came = True
            self._set("SUPPRESSED", "people", note)

    def people_suppress_with_a_note(self) -> None:
        self.people_suppress(("ada", "accepted"))

    def people_open(self, note: tuple[str, str] | None = None) -> None:
        if self.failing:
            self.people_came = True
            if self.workflow == "SUPPRESSED" and self.set_by == "fleet":
                self.refused = self._label
            self._set("NEW", "people", note)

    def people_open_with_a_note(self) -> None:
        self.people_open(("ada", "not accepted"))

    def people_note(self) -> None:
        self._set(self.workflow, self.set_by, ("ada", "looking into it"))

    def check_passes(self) -> None:
        self.failing = False
        self._set(self.workflow if self._keeps and self.workflow == "SUPPRESSED" else "RESOLVED", "hub")

    def check_fails(self) -> None:
        self.failing = True
        self._set("NEW" if self.workflow == "RESOLVED" else self.workflow, "hub")

    def grant(self) -> None:
        self._grants += 1
        given = lease(by=f"request:r{self._grants}", start=self.now, until=self.now + 80 * DAY_MS)
        self.problem = suppressed(self.problem, given, law(), self.now)

    def take_back(self) -> None:
        self.problem = unsuppressed(self.problem, law(), "request:r0", self.now)

    def time_passes(self) -> None:
        self.now += 90 * DAY_MS
        self.problem = reviewed(self.problem, law(), self.now)

    def event_comes(self) -> None:
        if self._events:
            self.problem = taken(self.problem, self._events.pop(0), law(), self.now) or self.problem

    def all_events_come(self) -> None:
        while self._events:
            self.event_comes()

    def write_back(self) -> None:
        """Ask what is to be asked, and keep that it was."""
        wanted = list(self._ask(self.problem))
        for change in wanted:
            self._check(change)
            self._label = change.label
            self._set(change.workflow, "fleet", (UPDATED_BY, change.note))
        self.problem = self._keep(self.problem, wanted, self.now)

    def ask_in_vain(self) -> None:
        """Security Hub says that it has done it, and has not, as its next word of the finding shows."""
        self.all_events_come()
        wanted = list(self._ask(self.problem))
        for change in wanted:
            self._check(change)
        self.problem = self._keep(self.problem, wanted, self.now)
        self.now += HOUR
        self._say()
        self.all_events_come()

    def _check(self, change: Change) -> None:
        lease_now = self.problem.state.lease
        if change.workflow == "SUPPRESSED":
            assert lease_now is not None
            assert lease_now.by in change.note
        else:
            assert lease_now is None
        if self._events:
            return  # what is known may be out of date
        assert self.failing
        if change.workflow == "SUPPRESSED":
            assert self.workflow != "SUPPRESSED"
            assert change.label != self.refused
        else:
            assert (self.workflow, self.set_by) == ("SUPPRESSED", "fleet")

    def come_to_rest(self) -> None:
        """When everything has arrived and been done, there is no more to do, and it is as it should be."""
        self.all_events_come()
        self.write_back()
        self.all_events_come()
        assert list(self._ask(self.problem)) == []
        if self.failing and not self.people_came:
            leased = self.problem.state.lease is not None
            assert (self.workflow == "SUPPRESSED") is leased
            assert self.problem.state.status is (Status.SUPPRESSED if leased else Status.OPEN)


DEEDS = [
    name
    for name, value in vars(Console).items()
    if callable(value) and not name.startswith("_") and name != "come_to_rest"
]
_SETTLED = ["write_back", "all_events_come"]
_phrases = st.sampled_from(DEEDS).flatmap(lambda deed: st.sampled_from([[deed], [deed], [deed, *_SETTLED]]))
stories = st.lists(_phrases, max_size=9).map(lambda phrases: [deed for phrase in phrases for deed in phrase])


def assert_nobody_is_overruled(story: Sequence[str], *, keeps: bool, ask: Ask = changes, keep: Keep = answered) -> None:
    """The property: nothing is asked that was not meant, or twice, or against people; and in the end it is done."""
    console = Console(keeps=keeps, ask=ask, keep=keep)
    for deed in story:
        getattr(console, deed)()
    console.come_to_rest()
