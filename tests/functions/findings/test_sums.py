"""Sums: what was there before the fleet, once for each account and team, and the day's digest."""

from typing import Any

import pytest

from functions.findings.lease import DAY_MS
from functions.findings.policy import Match
from tests.functions.entry import ACCOUNT
from tests.functions.findings.deployments import HOUR, MINUTE, Context, Deployment
from tests.functions.findings.hubs import iso
from tests.functions.findings.laws import NOW, suppressing
from tests.functions.findings.summed import EVERYTHING, MIDNIGHT, OTHER, OWNED, alerts, sums, there


@pytest.fixture
def deployment() -> Deployment:
    return Deployment(OWNED, accounts=[ACCOUNT, OTHER])


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


def test_what_security_hub_finds_in_its_first_day_is_one_sum_and_no_single_alert() -> None:
    deployment = Deployment()
    deployment.hub.behaves(enabled=False)
    deployment.ticks(40, every=HOUR)
    assert deployment.told() == []
    deployment.hub.behaves()
    deployment.now += MINUTE
    deployment.put("a", "b")
    deployment.ticks(10, every=2 * HOUR)
    deployment.put("d")
    deployment.ticks(1, every=2 * HOUR)
    assert (alerts(deployment), deployment.told("FindingsSummarized")) == ([], [])
    deployment.ticks(2, every=2 * HOUR)
    assert sums(deployment, "baseline") == [(ACCOUNT, "platform", 3)]
    assert alerts(deployment) == []
    deployment.put("e")
    assert alerts(deployment) == ["FindingOpened"], "from then on each is told"


def test_while_the_first_day_goes_on_security_hub_is_read_no_more_often(deployment: Deployment) -> None:
    deployment.hub.behaves(enabled=False)
    deployment.tick()
    deployment.hub.behaves()
    deployment.hub.calls.clear()
    deployment.ticks(10, every=5 * MINUTE)
    assert len(deployment.hub.asked("GetFindings")) == 1


def test_an_account_that_was_summed_up_is_not_summed_up_again_when_security_hub_is_switched_off(
    deployment: Deployment,
) -> None:
    deployment.tick()
    deployment.hub.behaves(enabled=False)
    deployment.ticks(30, every=HOUR)
    deployment.hub.behaves()
    deployment.put("a")
    assert alerts(deployment) == ["FindingOpened"]


def test_where_there_is_no_security_hub_any_more_a_new_account_holds_up_no_digest() -> None:
    deployment = Deployment()
    deployment.tick()
    deployment.put("a")
    deployment.hub.behaves(enabled=False)
    deployment._accepts = type(deployment._accepts)(accounts=[ACCOUNT, OTHER])
    deployment.restart()
    deployment.ticks(1, every=DAY_MS)
    assert sums(deployment, "digest") == [(ACCOUNT, "platform", 1)]


def test_a_digest_that_midnight_overtakes_goes_on_at_once_as_that_days() -> None:
    deployment = Deployment(OWNED, digest_hour=23)
    deployment.known()
    deployment.tick(Context(looks=1000))
    deployment.put("a", "r1")
    deployment.now = MIDNIGHT - MINUTE
    tell: Any = deployment.sweep.rounds._sums.digest
    left = [60_000]

    def slow(team: str, day: str, now: int) -> None:
        tell(team, day, now)
        left[0] = 0

    deployment.sweep.rounds._sums.digest = slow
    context = Context()
    context.get_remaining_time_in_millis = lambda: left[0]  # type: ignore[method-assign]
    deployment.tick(context)
    deployment.sweep.rounds._sums.digest = tell
    deployment.ticks(1, every=5 * MINUTE)
    assert sums(deployment, "digest") == [(ACCOUNT, "platform", 1), (ACCOUNT, "records", 1)]
    assert {each["day"] for each in deployment.told("FindingsSummarized")} == {"2026-03-03"}
    deployment.ticks(24, every=HOUR)
    days = [each["day"] for each in deployment.told("FindingsSummarized")]
    assert sorted(days) == ["2026-03-03"] * 2 + ["2026-03-04"] * 2


def test_after_a_day_without_security_hub_what_is_known_is_summed_up(deployment: Deployment) -> None:
    deployment.put("a")
    deployment.hub.behaves(down=True)
    for hours in (0, 12, 11):
        deployment.now += hours * HOUR
        deployment.tick()
        assert sums(deployment, "baseline") == []
    deployment.now += HOUR
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
