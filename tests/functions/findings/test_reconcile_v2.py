"""Security Hub V2 is read as well, where it is enabled; what only it knows is found, and missed, like anything else."""

import contextlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings import reconcile, securityhub
from functions.findings.finding import Status
from functions.findings.lease import DAY_MS as DAY
from functions.findings.securityhub import NotEnabledError, StaleTokenError, any_of
from tests.functions.entry import ACCOUNT
from tests.functions.findings.deployments import MINUTE, Context, Deployment
from tests.functions.findings.hubs import asff, iso, ocsf
from tests.functions.findings.laws import NOW
from tests.functions.findings.reconciled import day, known, miss, problem_of, status, walk_though_tokens_are_forgotten
from tests.layers.fleet.fakes import client_error

CSPM, V2 = ["GetFindings"], ["GetFindingsV2"]
SAID: dict[str, dict[str, Any]] = {
    "open": {},
    "suppressed": {"status_id": 3, "status": "Suppressed"},
    "passed": {"compliance": {"control": "S3.8", "status": "Pass"}, "status_id": 4, "status": "Resolved"},
    "archived": {"activity_id": 3, "status_id": 5, "status": "Archived"},
}
MEANS = {"open": Status.OPEN, "suppressed": Status.SUPPRESSED, "passed": Status.RESOLVED, "archived": Status.GONE}
MEANS["nothing"] = Status.GONE


@pytest.fixture
def deployment() -> Deployment:
    return known(Deployment())


def put_v2(deployment: Deployment, *names: str, **more: Any) -> list[str]:
    for name in names:
        deployment.hub.put_v2(ocsf(name, at=deployment.now, **more))
    deployment.echo()
    return [problem_of(deployment, name) for name in names]


def miss_v2(deployment: Deployment, name: str = "a", **more: Any) -> str:
    deployment.hub.put_v2(ocsf(name, **({"at": deployment.now} | more)))
    deployment.hub.events.clear()
    return problem_of(deployment, name)


def uid(name: str) -> str:
    return str(ocsf(name, at=NOW)["finding_info"]["uid"])


@pytest.mark.parametrize("cspm", [True, False])
def test_a_finding_of_v2_of_which_no_event_came_is_recorded_and_told(deployment: Deployment, cspm: bool) -> None:
    if not cspm:
        deployment.hub.behaves(enabled=False, operations=CSPM)
    problem = miss_v2(deployment)
    day(deployment)
    (opened,) = deployment.told("FindingOpened")
    assert (opened["problem"], opened["opened"]) == (problem, NOW)


@pytest.mark.parametrize("now", ["suppressed", "passed", "archived"])
def test_a_change_in_v2_of_which_no_event_came_is_found(deployment: Deployment, now: str) -> None:
    (problem,) = put_v2(deployment, "a")
    miss_v2(deployment, at=NOW + MINUTE, **SAID[now])
    day(deployment, days=2)
    assert status(deployment, problem) is MEANS[now]


@pytest.mark.parametrize("cspm", [True, False])
def test_what_vanished_from_v2_is_gone_once_nothing_was_heard_of_it_for_a_day(
    deployment: Deployment, cspm: bool
) -> None:
    if not cspm:
        deployment.hub.behaves(enabled=False, operations=CSPM)
    gone, there = put_v2(deployment, "a", "b")
    deployment.hub.remove(uid("a"))
    day(deployment, days=2)
    assert (status(deployment, gone), status(deployment, there)) == (Status.GONE, Status.OPEN)


def test_what_v2_still_has_is_open_though_it_has_been_silent_for_long(deployment: Deployment) -> None:
    (problem,) = put_v2(deployment, "a")
    day(deployment, days=200)
    assert status(deployment, problem) is Status.OPEN


def test_where_v2_cannot_be_read_a_finding_is_gone_once_v2_does_not_keep_it_any_more(deployment: Deployment) -> None:
    (problem,) = put_v2(deployment, "a")
    deployment.hub.behaves(enabled=False, operations=V2)
    day(deployment, days=90)
    assert status(deployment, problem) is Status.OPEN
    day(deployment)
    assert status(deployment, problem) is Status.GONE
    deployment.now += DAY
    put_v2(deployment, "a")
    assert status(deployment, problem) is Status.OPEN, "heard of again, it is there"


def test_where_cspm_cannot_be_read_nothing_of_it_is_taken_for_gone(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    deployment.hub.hub.findings.clear()
    deployment.hub.behaves(enabled=False, operations=CSPM)
    day(deployment, days=120)
    assert status(deployment, problem) is Status.OPEN


def test_a_problem_that_one_of_the_two_still_has_is_open(deployment: Deployment) -> None:
    (problem,) = deployment.put("a")
    put_v2(deployment, "a")
    deployment.hub.hub.findings.clear()
    day(deployment, days=2)
    assert status(deployment, problem) is Status.OPEN
    assert sorted(copy.status for copy in deployment.problem(problem).copies.values()) == [Status.GONE, Status.OPEN]


def test_v2_that_is_switched_off_while_it_is_read_says_nothing_of_its_findings(deployment: Deployment) -> None:
    (problem,) = put_v2(deployment, "a")
    deployment.hub.hub.ocsf.clear()
    find = deployment.sweep.hub.find

    def off(findings: Any) -> Any:
        deployment.hub.behaves(enabled=False, operations=V2)
        return find(findings)

    deployment.sweep.hub.find = off
    day(deployment, days=2)
    assert status(deployment, problem) is Status.OPEN


def test_v2_that_is_switched_on_later_is_read_from_then_on(deployment: Deployment) -> None:
    deployment.hub.behaves(enabled=False)
    problem = miss_v2(deployment)
    deployment.tick()
    deployment.tick()
    assert status(deployment, problem) is None
    deployment.hub.behaves()
    deployment.tick()
    assert status(deployment, problem) is Status.OPEN


def test_only_live_findings_of_our_own_accounts_are_asked_for(deployment: Deployment) -> None:
    miss_v2(deployment, "other", cloud={"account": {"uid": "444455556666"}, "region": "eu-west-1"})
    miss_v2(deployment, "closed", **SAID["archived"])
    miss_v2(deployment, "passed", **SAID["passed"])
    day(deployment)
    (asked,) = deployment.hub.asked("GetFindingsV2")
    wanted = any_of("String", "cloud.account.uid", [{"Value": ACCOUNT, "Comparison": "EQUALS"}])["CompositeFilters"]
    assert asked["Filters"]["CompositeFilters"][-1:] == wanted
    assert not [pk for pk in deployment.dynamodb.items if pk.startswith("problem#")]


def test_a_token_of_v2_that_is_forgotten_leads_on_from_the_last_change_that_was_seen(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 2)
    problems = [miss_v2(deployment, name, at=NOW + number * MINUTE) for number, name in enumerate("abcdef")]
    walk_though_tokens_are_forgotten(deployment, 7)
    assert {status(deployment, problem) for problem in problems} == {Status.OPEN}
    asked = [each["Filters"]["CompositeFilters"] for each in deployment.hub.asked("GetFindingsV2")]
    dates = [each[-1].get("DateFilters") for each in asked if len(each) > 1]
    assert dates[:2] == [None, None]
    since = {"Start": iso(NOW + MINUTE), "End": "2100-01-01T00:00:00.000Z"}
    assert dates[2] == [{"FieldName": "finding_info.modified_time_dt", "Filter": since}]
    assert None not in dates[2:]


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ValidationException", "ResourceNotFoundException", "InvalidAccessException"]
)
def test_whatever_v2_says_where_it_is_not_enabled_cspm_is_read_all_the_same(deployment: Deployment, code: str) -> None:
    def refuse(**_: Any) -> Any:
        raise client_error(code, "GetFindingsV2")

    deployment.hub.get_findings_v2 = refuse  # type: ignore[method-assign]
    problem = miss(deployment)
    day(deployment)
    assert status(deployment, problem) is Status.OPEN


def test_v2_that_is_away_leaves_the_walk_for_the_next_tick(deployment: Deployment) -> None:
    problem = miss_v2(deployment)
    deployment.hub.behaves(fail=9, operations=V2)
    deployment.tick()
    deployment.hub.behaves()
    pages = len(deployment.hub.asked("GetFindings"))
    deployment.tick()
    assert status(deployment, problem) is Status.OPEN
    assert len(deployment.hub.asked("GetFindings")) == pages, "what was read is not read again"


def test_a_client_of_v2_reads_pages_in_the_order_of_change_and_knows_its_errors(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(securityhub, "PAGE", 1)
    hub = deployment.sweep.hub
    for name, at in (("b", NOW + 2), ("a", NOW + 1)):
        miss_v2(deployment, name, at=at)
    (first,), token = hub.page({}, form="ocsf")
    assert uid("a").encode() in first
    deployment.hub.forget_tokens()
    with pytest.raises(StaleTokenError):
        hub.page({}, token, form="ocsf")
    deployment.hub.behaves(enabled=False)
    with pytest.raises(NotEnabledError):
        hub.page({}, form="ocsf")


# Killed at any step.

kills_ = st.lists(st.none() | st.integers(1, 50), max_size=3)
words = st.sampled_from([*SAID, "nothing"])


@given(st.lists(st.tuples(words, words), min_size=1, max_size=4), st.booleans(), kills_, st.sampled_from([1, 2, 100]))
def test_killed_at_any_step_it_ends_with_what_v2_says(
    pairs: Sequence[tuple[str, str]], cspm: bool, kills: list[int | None], looks: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(securityhub, "PAGE", 2)
        patch.setattr(reconcile, "MOST_IDS", 2)
        deployment = known(Deployment())
        deployment.tick()
        if not cspm:
            deployment.hub.behaves(enabled=False, operations=CSPM)
        for number, (before, _) in enumerate(pairs):
            if before != "nothing":
                put_v2(deployment, f"b{number}", **SAID[before])
        deployment.rest()
        deployment.hub.hub.ocsf.clear()
        for number, (_, now) in enumerate(pairs):
            if now != "nothing":
                deployment.hub.put_v2(ocsf(f"b{number}", at=NOW + MINUTE, **SAID[now]))
        deployment.hub.events.clear()
        deployment.now += 2 * DAY

        def work() -> None:
            with contextlib.suppress(ExceptionGroup):
                deployment.tick(Context(looks=looks))

        deployment.survive(work, kills, minutes=1)
        for _ in range(2 if looks > 10 else 20):
            work()
            deployment.now += MINUTE
        for number, (before, now) in enumerate(pairs):
            found = status(deployment, problem_of(deployment, f"b{number}"))
            if "open" in (before, now) or "suppressed" in (before, now):
                assert found is MEANS[now]
            else:
                assert found is (None if before == "nothing" else MEANS[before]), "what is closed is not looked for"


def test_copies_in_both_forms_are_each_asked_for_where_they_are(deployment: Deployment) -> None:
    deployment.hub.put(asff("a", at=NOW))
    deployment.hub.put_v2(ocsf("a", at=NOW))
    deployment.echo()
    deployment.hub.calls.clear()
    day(deployment, days=2)
    by_id = [each for each in deployment.hub.asked("GetFindings") if "Id" in each["Filters"]]
    of_v2 = [
        each["Filters"]["CompositeFilters"][0]["StringFilters"]
        for each in deployment.hub.asked("GetFindingsV2")
        if len(each["Filters"]["CompositeFilters"]) == 1
    ]
    assert (len(by_id), len(of_v2)) == (1, 1)
    assert of_v2[0] == [{"FieldName": "finding_info.uid", "Filter": {"Value": uid("a"), "Comparison": "EQUALS"}}]
