"""What is wanted outside the fleet and cannot be done: it is kept, asked for again, and disturbs nobody meanwhile."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.budget import next_hour
from functions.findings.effects import MOST_RETRY_MS, RETRY_MS
from functions.findings.lease import DAY_MS
from functions.findings.policy import Match
from functions.findings.problem import Again
from functions.findings.retries import Retries
from tests.functions.findings.deployments import HOUR, MINUTE, TICKETS, WRITEBACK, Context, Deployment
from tests.functions.findings.hubs import asff, ocsf
from tests.functions.findings.laws import NOW, suppressing
from tests.functions.findings.repositories import TICKETED, Repository
from tests.functions.findings.written import ACCEPTED, of, put, review, workflows
from tests.layers.fleet.refute import REFUTE

type Break = Callable[[pytest.MonkeyPatch], None]

WISHES: tuple[dict[str, Any], ...] = (
    {"throttle": 10_000},
    {"fail": 10_000},
    {"fail": 10_000, "after": True},
    {"unprocessed": 10_000, "error": "InternalFailure"},
    {"down": True},
    {"enabled": False},
)


def sound(_monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is."""


def quiet(deployment: Deployment) -> Deployment:
    """Today's reconciliation is done: it would ask Security Hub as well."""
    deployment.known()
    deployment.tick()
    return deployment


def pass_on(deployment: Deployment, queue: str = WRITEBACK) -> None:
    """What is on the queue, as often as it comes: a first time, and once more if it is given back."""
    deployment.stream()
    for receives in (1, 2):
        if deployment.queues.bodies[queue]:
            deployment.deliver(queue, receives=receives)
            deployment.now += 12 * MINUTE if receives == 1 and deployment.queues.bodies[queue] else 0
    assert deployment.queues.bodies[queue] == [], "the message ends"
    deployment.stream()


def tick(deployment: Deployment, context: Context | None = None) -> None:
    """The sweep, by itself: whether it could read Security Hub is not asked here."""
    with deployment.running():
        deployment.sweep.rounds.attend((context or Context()).get_remaining_time_in_millis)


def assert_an_outage_is_weathered(names: list[str], wish: dict[str, Any], hours: int) -> None:
    """However long it lasts: no dead letter, ever fewer tries, and in the end all is done."""
    deployment = quiet(Deployment(ACCEPTED))
    put(deployment, *names)
    deployment.hub.behaves(**wish)
    pass_on(deployment)
    end = NOW + hours * HOUR
    while deployment.now < end:
        deployment.now += 5 * MINUTE
        tick(deployment)
        pass_on(deployment)
    calls = len(deployment.hub.asked())
    assert calls <= len(names) * 2 * (6 + (end - NOW) // MOST_RETRY_MS)
    assert set(workflows(deployment, *names)) == {"NEW"} or wish.get("after")
    assert deployment.queues.dead == []
    deployment.hub.behaves()
    for _ in range(MOST_RETRY_MS // HOUR + 1):
        deployment.now += HOUR
        tick(deployment)
        pass_on(deployment)
    assert set(workflows(deployment, *names)) == {"SUPPRESSED"}
    assert all(of(deployment, name).again is None for name in names)
    assert (deployment.queues.dead, deployment.told("BudgetUsedUp")) == ([], [])


@given(
    st.lists(st.sampled_from(["a1", "a2", "a3"]), min_size=1, unique=True), st.sampled_from(WISHES), st.integers(0, 60)
)
def test_security_hub_that_is_away_for_long_makes_no_dead_letters_and_loses_nothing(
    names: list[str], wish: dict[str, Any], hours: int
) -> None:
    assert_an_outage_is_weathered(names, wish, hours)


def test_the_property_of_an_outage_refutes_asking_every_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.findings.effects.MOST_RETRY_MS", RETRY_MS)
    with pytest.raises(AssertionError):
        assert_an_outage_is_weathered(["a1"], {"throttle": 10_000}, 60)


def test_it_is_asked_for_after_a_quarter_of_an_hour_then_each_time_after_twice_as_long_up_to_four_hours() -> None:
    deployment = quiet(Deployment(ACCEPTED))
    (problem,) = put(deployment, "a")
    deployment.hub.behaves(throttle=10_000)
    pass_on(deployment)
    pauses: list[int] = []
    for _ in range(7):
        deployment.now = deployment.item(problem)["due_at"]
        began = deployment.now
        tick(deployment)
        pass_on(deployment)
        pauses.append((deployment.item(problem)["due_at"] - began) // MINUTE)
    assert pauses == [15, 30, 60, 120, 240, 240, 240]


def test_github_that_is_away_for_long_makes_no_dead_letters_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = quiet(Deployment(TICKETED))
    github = Repository(monkeypatch, deployment)
    put(deployment, "b")
    deployment.secrets.value = None
    for _ in range(40):
        pass_on(deployment, TICKETS)
        deployment.now += HOUR
        tick(deployment)
    assert (deployment.queues.dead, github.states) == ([], [])
    deployment.secrets.value = "github_pat_0123456789"
    deployment.restart()
    for _ in range(6):
        pass_on(deployment, TICKETS)
        deployment.now += HOUR
        tick(deployment)
    assert (deployment.queues.dead, github.states) == ([], ["open"])


def test_one_security_hub_that_is_not_there_keeps_the_other_from_nothing() -> None:
    deployment = quiet(Deployment(ACCEPTED))
    deployment.hub.put_v2(ocsf("a1", at=NOW))
    put(deployment, "a2")
    deployment.hub.behaves(enabled=False, operations=["BatchUpdateFindingsV2"])
    pass_on(deployment)
    assert len(deployment.hub.asked("BatchUpdateFindingsV2")) == 2
    assert workflows(deployment, "a2") == ["SUPPRESSED"]


def test_what_is_decided_meanwhile_is_asked_for_at_once() -> None:
    deployment = quiet(Deployment(ACCEPTED))
    (problem,) = put(deployment, "a")
    deployment.hub.behaves(throttle=10_000)
    for _ in range(20):
        pass_on(deployment)
        deployment.now += HOUR
        tick(deployment)
    pass_on(deployment)
    deployment.hub.behaves()
    assert deployment.item(problem)["due_at"] > deployment.now + HOUR
    deployment.deploy(suppressing("better", match=Match(resource=["arn:aws:s3:::a*"])))
    review(deployment, problem)
    deployment.rest()
    assert workflows(deployment, "a") == ["SUPPRESSED"]


def test_after_a_change_of_configuration_nothing_waits_any_longer() -> None:
    deployment = quiet(Deployment(ACCEPTED, effects_per_hour=1))
    put(deployment, "a1", "a2", "a3", "a4")
    pass_on(deployment)
    deployment.now += 16 * MINUTE
    tick(deployment)
    deployment.deploy(ACCEPTED, effects_per_hour=500)
    law = deployment.sweep.office.law
    deployment.sweep.office.law = type(law)(law.judge, law.catalogue, "another")
    deployment.tick()
    deployment.rest()
    assert set(workflows(deployment, "a1", "a2", "a3", "a4")) == {"SUPPRESSED"}


def assert_what_waits_for_the_budget_is_left_alone(number: int, per_hour: int, every: int) -> None:
    """Each problem has at most one write and message in an hour, until it is done; all are done as soon as they may."""
    deployment = quiet(Deployment(ACCEPTED, effects_per_hour=per_hour))
    names = [f"a{each}" for each in range(number)]
    put(deployment, *names)
    pass_on(deployment)
    writes: Counter[tuple[str, int]] = Counter()
    sent: Counter[tuple[str, int]] = Counter()
    hours = -(-number // per_hour) + 1
    while deployment.now < NOW + hours * HOUR:
        deployment.now += every * MINUTE
        hour, written = deployment.now // HOUR, len(deployment.dynamodb.written)
        tick(deployment)
        sent.update((body, hour) for body in deployment.queues.bodies[WRITEBACK])
        pass_on(deployment)
        writes.update(
            (image["pk"]["S"], hour)
            for image in deployment.dynamodb.written[written:]
            if image["pk"]["S"].startswith("problem#") and '"ASKED' not in image["problem"]["S"]
        )
        deployment.hub.events.clear()
        done = workflows(deployment, *names).count("SUPPRESSED")
        assert done <= (hour - NOW // HOUR + 1) * per_hour
    assert max(writes.values(), default=0) <= 1
    assert max(sent.values(), default=0) <= 1
    assert done == number
    assert len(deployment.told("BudgetUsedUp")) <= hours
    assert deployment.queues.dead == []


@given(st.integers(1, 12), st.integers(1, 4), st.sampled_from([5, 7, 20]))
def test_what_waits_for_the_budget_is_left_alone_until_there_is_one(number: int, per_hour: int, every: int) -> None:
    assert_what_waits_for_the_budget_is_left_alone(number, per_hour, every)


def asks_whatever_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the budget before a message is sent."""
    monkeypatch.setattr(Retries, "_spend", lambda *_: True)


def waits_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were an outage."""
    monkeypatch.setattr(Retries, "_turn", lambda _self, _effects, now: now + RETRY_MS)


def waits_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Retries, "_turn", lambda _self, _effects, now: now + DAY_MS)


@pytest.mark.parametrize("broken", [asks_whatever_is_left, waits_a_quarter_of_an_hour, waits_a_day])
def test_the_property_of_the_budget_refutes(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)

    @REFUTE
    @given(st.integers(1, 12), st.integers(1, 4), st.sampled_from([5, 7, 20]))
    def holds(number: int, per_hour: int, every: int) -> None:
        assert_what_waits_for_the_budget_is_left_alone(number, per_hour, every)

    with pytest.raises(AssertionError):
        holds()


def test_it_waits_for_the_hour_in_which_it_may_have_its_turn() -> None:
    deployment = quiet(Deployment(ACCEPTED, effects_per_hour=2))
    names = [f"a{each}" for each in range(8)]
    put(deployment, *names)
    pass_on(deployment)
    deployment.now += 16 * MINUTE
    tick(deployment)
    begins = next_hour(deployment.now)
    turns = [of(deployment, name).again for name in names]
    assert Counter(turns) == {None: 2, Again(begins, 0): 3, Again(begins + HOUR, 0): 3}


def test_those_that_wait_for_the_budget_leave_the_sweep_its_time() -> None:
    ending = suppressing("ending", match=Match(resource=["arn:aws:s3:::z"]), until=NOW + 2 * HOUR)
    deployment = quiet(Deployment(ACCEPTED, ending, effects_per_hour=5))
    put(deployment, "z")
    pass_on(deployment)
    deployment.echo()
    put(deployment, *(f"a{each}" for each in range(60)))
    pass_on(deployment)
    deployment.now += 16 * MINUTE
    tick(deployment)
    deployment.now = NOW + 2 * HOUR
    tick(deployment, Context(looks=20))
    deployment.rest()
    assert deployment.hub.workflow(asff("z", at=NOW)["Id"]) == "NEW"


def test_while_the_budget_is_used_up_undoing_is_asked_for() -> None:
    deployment = quiet(Deployment(ACCEPTED, TICKETED, effects_per_hour=1))
    (problem,) = put(deployment, "a1")
    deployment.rest()
    deployment.deploy(TICKETED, effects_per_hour=1)
    review(deployment, problem)
    deployment.lose_stream()
    deployment.now += 15 * MINUTE
    tick(deployment)
    assert deployment.queues.bodies[TICKETS] == [], "there is no budget for an issue"
    assert len(deployment.queues.bodies[WRITEBACK]) == 1
    pass_on(deployment)
    assert workflows(deployment, "a1") == ["NEW"]


@pytest.mark.parametrize("mode", ["off", "observe"])
def test_whatever_the_mode_is_undoing_that_was_in_vain_is_asked_for_again(mode: str) -> None:
    deployment = quiet(Deployment(ACCEPTED))
    (problem,) = put(deployment, "a")
    deployment.rest()
    deployment.deploy()
    deployment.parameters.values["/yagura/mode/findings"] = mode
    review(deployment, problem)
    deployment.hub.behaves(throttle=10_000)
    for _ in range(10):
        pass_on(deployment)
        deployment.now += HOUR
        tick(deployment)
    deployment.hub.behaves()
    deployment.rest()
    assert workflows(deployment, "a") == ["NEW"]
    assert deployment.queues.dead == []
