"""Sums: what was there before the fleet, once for each account and team, and the day's digest."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.lease import DAY_MS
from functions.findings.policy import Match, Rule
from tests.functions.entry import ACCOUNT
from tests.functions.findings.deployments import HOUR, MINUTE, Context, Deployment
from tests.functions.findings.hubs import asff, iso
from tests.functions.findings.laws import NOW, suppressing
from tests.layers.fleet.refute import REFUTE

OTHER = "444455556666"
OWNED = Rule(name="owned", owner="records", match=Match(resource=["arn:aws:s3:::r*"]))
MIDNIGHT = NOW - NOW % DAY_MS + DAY_MS

type Break = Callable[[Deployment], None]


def sound(_deployment: Deployment) -> None:
    """As it is."""


@pytest.fixture
def deployment() -> Deployment:
    return Deployment(OWNED, accounts=[ACCOUNT, OTHER])


def sums(deployment: Deployment, kind: str) -> list[tuple[str, str, int]]:
    """Account, team and how many are open, of each sum that was told."""
    found = [each for each in deployment.told("FindingsSummarized") if each["kind"] == kind]
    return sorted((each["account"], each["meta"]["team"], sum(each["open"].values())) for each in found)


def alerts(deployment: Deployment) -> list[str]:
    return [each["type"] for each in deployment.told("FindingOpened") if each["tell"] != "never"]


def there(deployment: Deployment) -> None:
    """Findings of two teams in two accounts, which Security Hub had before the fleet came."""
    for name, account in (("a", ACCOUNT), ("b", ACCOUNT), ("r1", ACCOUNT), ("c", OTHER), ("r2", OTHER), ("r3", OTHER)):
        deployment.hub.put(asff(name, at=deployment.now - 9 * DAY_MS, AwsAccountId=account))
    deployment.hub.events.clear()


EVERYTHING = [(ACCOUNT, "platform", 2), (ACCOUNT, "records", 1), (OTHER, "platform", 1), (OTHER, "records", 2)]


def test_the_first_sweep_is_one_sum_for_each_team_and_account_and_no_single_alert(deployment: Deployment) -> None:
    there(deployment)
    deployment.tick()
    assert sums(deployment, "baseline") == EVERYTHING
    assert alerts(deployment) == []
    deployment.ticks(3, every=HOUR)
    assert sums(deployment, "baseline") == EVERYTHING, "and only once"


def test_what_events_bring_before_the_first_sweep_is_in_it_and_told_by_nothing_else(deployment: Deployment) -> None:
    deployment.put("a", "b")
    assert alerts(deployment) == []
    deployment.tick()
    assert sums(deployment, "baseline") == [(ACCOUNT, "platform", 2)]
    deployment.put("d")
    assert alerts(deployment) == ["FindingOpened"], "from then on each is told"


def test_the_digest_names_what_is_overdue_though_it_was_never_told_by_itself(deployment: Deployment) -> None:
    deployment.tick()
    (problem,) = deployment.put("a", Severity={"Label": "MEDIUM"})
    due = deployment.problem(problem).state.due
    found = []
    for at in (due - DAY_MS, due + DAY_MS):
        deployment.now = at
        deployment.tick()
        deployment.stream()
        told = deployment.told("FindingsSummarized")[-1]
        found.append((told["kind"], [each["problem"] for each in told["late"]], told["due_soon"]))
    assert found == [("digest", [], 1), ("digest", [problem], 0)]


def test_it_names_the_worst_and_oldest_of_them(deployment: Deployment) -> None:
    created = iso(NOW)
    deployment.put("a")
    deployment.now += HOUR
    deployment.put("b", Severity={"Label": "CRITICAL"}, CreatedAt=created)
    deployment.put("d", CreatedAt=created)
    deployment.tick()
    (told,) = (each for each in deployment.told("FindingsSummarized") if each["kind"] == "baseline")
    assert [each["resource"][-1] for each in told["first"]] == ["b", "a", "d"]
    assert (told["account"], told["region"]) == (ACCOUNT, "eu-west-1")


def test_what_is_newer_than_the_fleet_is_told_by_itself_and_not_in_the_sum(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.now += HOUR
    deployment.put("b")
    assert len(alerts(deployment)) == 1
    deployment.tick()
    assert sums(deployment, "baseline") == [(ACCOUNT, "platform", 1)]


def test_while_security_hub_is_still_being_read_it_is_not_summed_up_and_no_digest_is_told(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.findings.securityhub.PAGE", 2)
    there(deployment)
    for _ in range(3):
        deployment.tick(Context(looks=1))
        assert deployment.told("FindingsSummarized") == []
        deployment.now += MINUTE
        deployment.stream()
    deployment.tick()
    assert sums(deployment, "baseline") == EVERYTHING


def test_an_account_without_security_hub_is_not_waited_for(deployment: Deployment) -> None:
    deployment.hub.behaves(enabled=False)
    deployment.tick()
    deployment.hub.behaves()
    deployment.put("a")
    assert alerts(deployment) == ["FindingOpened"]


def test_after_a_day_without_security_hub_what_is_known_is_summed_up(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.hub.behaves(down=True)
    for hours in (0, 12, 11):
        deployment.now += hours * HOUR
        with pytest.raises(ExceptionGroup):
            deployment.tick()
        assert sums(deployment, "baseline") == []
    deployment.now += HOUR
    with pytest.raises(ExceptionGroup):
        deployment.tick()
    assert sums(deployment, "baseline") == [(ACCOUNT, "platform", 1)]
    deployment.put("b")
    assert alerts(deployment) == ["FindingOpened"], "silence has ended"


def test_an_account_that_comes_later_is_read_at_once_and_summed_up_by_itself() -> None:
    deployment = Deployment(OWNED)
    there(deployment)
    deployment.tick()
    assert sums(deployment, "baseline") == EVERYTHING[:2]
    deployment._accepts = type(deployment._accepts)(accounts=[ACCOUNT, OTHER])
    deployment.restart()
    deployment.ticks(1, every=HOUR)
    assert sums(deployment, "baseline") == EVERYTHING


def test_an_account_that_comes_while_others_are_read_is_summed_up_by_the_next_walk() -> None:
    deployment = Deployment(OWNED)
    there(deployment)
    deployment.tick(Context(looks=0))
    deployment._accepts = type(deployment._accepts)(accounts=[ACCOUNT, OTHER])
    deployment.restart()
    deployment.ticks(1, every=MINUTE)
    assert sums(deployment, "baseline") == EVERYTHING[:2]
    deployment.ticks(1, every=MINUTE)
    assert sums(deployment, "baseline") == EVERYTHING


def test_an_account_with_nothing_open_is_summed_up_in_silence(deployment: Deployment) -> None:
    deployment.tick()
    assert deployment.told("FindingsSummarized") == []
    deployment.put("a")
    assert alerts(deployment) == ["FindingOpened"]


def test_each_team_has_one_digest_a_day(deployment: Deployment) -> None:
    deployment.tick()
    deployment.put("a", "r1")
    deployment.ticks(30, every=2 * HOUR)
    assert sums(deployment, "digest") == [(ACCOUNT, "platform", 1)] * 2 + [(ACCOUNT, "records", 1)] * 2
    assert {each["day"] for each in deployment.told("FindingsSummarized")} == {"2026-03-04", "2026-03-05"}


def test_a_digest_is_told_from_its_hour_on() -> None:
    deployment = Deployment(OWNED, digest_hour=9)
    deployment.known()
    deployment.put("a")
    for hours, told in ((8, 0), (9, 1), (10, 1)):
        deployment.now = MIDNIGHT + hours * HOUR
        deployment.tick()
        assert len(sums(deployment, "digest")) == told


def test_a_digest_counts_what_nothing_of_ours_explains() -> None:
    deployment = Deployment(suppressing("accepted", match=Match(resource=["arn:aws:s3:::a"])))
    deployment.known()
    deployment.put("a")
    deployment.put("b", workflow="SUPPRESSED")
    deployment.tick()
    (told,) = deployment.told("FindingsSummarized")
    assert (told["suppressed"], told["unexplained"], told["open"]) == (2, 1, {})


def test_a_team_whose_digest_cannot_be_told_holds_up_no_other(deployment: Deployment) -> None:
    deployment.tick()
    deployment.put("a", "r1")
    digest: Any = deployment.sweep.rounds._sums.digest

    def broken(team: str, day: str, now: int) -> None:
        if team == "platform":
            raise ValueError
        digest(team, day, now)

    deployment.sweep.rounds._sums.digest = broken
    deployment.now += DAY_MS
    with pytest.raises(ExceptionGroup):
        deployment.tick()
    deployment.tick()
    assert sums(deployment, "digest") == [(ACCOUNT, "records", 1)]


def test_a_sum_goes_away_by_itself_after_a_month(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.tick()
    expires = [item["expires"]["N"] for pk, item in deployment.dynamodb.items.items() if pk.startswith("summary#")]
    assert {int(each) for each in expires} == {NOW // 1000 + 30 * 86400}


def assert_told_once(kills: Sequence[int | None], looks: int, late: bool, break_it: Break = sound) -> None:
    """Killed at any steps: each team and account is summed up once, whole, and then each problem is told by itself."""
    deployment = Deployment(OWNED, accounts=[ACCOUNT, OTHER])
    deployment.now = MIDNIGHT - 2 * MINUTE if late else NOW
    there(deployment)

    def work() -> None:
        break_it(deployment)
        deployment.tick(Context(looks=looks))
        deployment.stream()

    deployment.survive(work, kills, minutes=1)
    for _ in range(12 if looks < 10 else 2):
        work()
        deployment.now += MINUTE
    assert sums(deployment, "baseline") == EVERYTHING
    assert alerts(deployment) == []
    days = {(each["account"], each["day"]) for each in deployment.told() if each.get("kind") == "baseline"}
    assert len(days) == 2, "each account is summed up under one day"
    digests = [(each["day"], each["meta"]["team"]) for each in deployment.told() if each.get("kind") == "digest"]
    assert len(digests) == len(set(digests))
    deployment.put("new")
    assert alerts(deployment) == ["FindingOpened"]
    sent = [json.loads(entry["Detail"])["meta"]["id"] for entry in deployment.bus.taken]
    baselines = {each for each in sent if each.startswith("baseline-")}
    assert len(baselines) == len(EVERYTHING)


kills_ = st.lists(st.none() | st.integers(1, 90), max_size=4)
looks_ = st.sampled_from([1, 3, 1000])


@given(kills_, looks_, st.booleans())
def test_killed_at_any_step_everything_is_summed_up_once(kills: list[int | None], looks: int, late: bool) -> None:
    assert_told_once(kills, looks, late)


@pytest.mark.parametrize("step", range(1, 130, 3))
def test_killed_at_each_single_step_everything_is_summed_up_once(step: int) -> None:
    assert_told_once([step], 1000, late=True)


def is_called_done_first(deployment: Deployment) -> None:
    """The account is called summed up, then it is."""
    its: Any = deployment.sweep.rounds._sums
    baseline = type(its).baseline

    def early(accounts: Any, now: int) -> None:
        for account in accounts:
            deployment.sweep.office.baselines.finish(account, now)
        baseline(its, accounts, now)

    its.baseline = early


def has_a_key_of_its_own_each_time(deployment: Deployment) -> None:
    """Whoever comes again tells it as something new."""
    its: Any = deployment.sweep.rounds._sums
    tell = type(its)._tell

    def anew(kind: str, team: str, summary: Any, account: str, _day: str, now: int) -> None:
        tell(its, kind, team, summary, account, str(now), now)

    its._tell = anew


def does_not_wait(deployment: Deployment) -> None:
    """It is summed up before Security Hub has been read."""
    its: Any = deployment.sweep.rounds
    baseline, reconcile = its._sums.baseline, type(its).reconcile

    def hasty(time_left: Any) -> None:
        now = deployment.now
        baseline(its._sums.new_accounts(now), now)
        reconcile(its, time_left)

    hasty.__name__ = "reconcile"
    its.reconcile = hasty


@pytest.mark.parametrize("broken", [is_called_done_first, has_a_key_of_its_own_each_time, does_not_wait])
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(kills_, looks_, st.booleans())
    def holds(kills: list[int | None], looks: int, late: bool) -> None:
        assert_told_once(kills, looks, late, broken)

    with pytest.raises(AssertionError):
        holds()
