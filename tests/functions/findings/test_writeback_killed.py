"""Writeback that dies: nothing that was wanted is lost, and nothing is asked that was not meant."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.decision import reviewed
from functions.findings.effects import Batch
from functions.findings.policy import Match, Rule
from functions.findings.securityhub import Done
from tests.functions.findings.deployments import HOUR, WRITEBACK, Deployment
from tests.functions.findings.hubs import asff, ocsf
from tests.functions.findings.laws import NOW, suppressing
from tests.layers.fleet.refute import REFUTE

KINDS = ("leased", "ended", "plain", "by hand", "leased in V2", "gone")
WISHES: tuple[dict[str, Any], ...] = (
    {},
    {"throttle": 1},
    {"fail": 1},
    {"fail": 1, "after": True},
    {"unprocessed": 1, "error": "ConcurrentUpdateError"},
    {"unprocessed": 2, "error": "InternalFailure"},
)
MEANT = {"leased": "SUPPRESSED", "ended": "NEW", "plain": "NEW", "by hand": "SUPPRESSED"}
"""What Security Hub should say in the end."""

ASKED: dict[str, set[Any]] = {
    "leased": {"SUPPRESSED"},
    "gone": {"SUPPRESSED"},
    "leased in V2": {3},
    "ended": {"NEW"},
}
"""What it may be asked for."""

type Break = Callable[[Deployment], None]


def sound(_deployment: Deployment) -> None:
    """As it is."""


def bucket(number: int) -> str:
    return f"b{number}"


def rule(kinds: Sequence[str], *leased: str) -> Rule:
    found = [f"arn:aws:s3:::{bucket(number)}" for number, kind in enumerate(kinds) if kind in leased]
    return suppressing("accepted", match=Match(resource=found or ["none"]))


def prepared(kinds: Sequence[str]) -> Deployment:
    """Problems of these kinds, and what is to be done about them on its way."""
    deployment = Deployment(rule(kinds, "ended"))
    for number, kind in enumerate(kinds):
        if kind == "leased in V2":
            deployment.hub.put_v2(ocsf(bucket(number), at=NOW))
        else:
            workflow = "SUPPRESSED" if kind == "by hand" else "NEW"
            deployment.hub.put(asff(bucket(number), at=NOW, workflow=workflow))
    deployment.rest()
    deployment.hub.calls.clear()
    deployment.deploy(rule(kinds, "leased", "leased in V2", "gone"))
    with deployment.running():
        for pk in list(deployment.dynamodb.items):
            office = deployment.office
            if pk.startswith("problem#"):
                problem = pk.removeprefix("problem#")
                office.change(problem, lambda p, now: reviewed(p, office.law, now), actor="tests")  # noqa: B023
    for number, kind in enumerate(kinds):
        if kind == "gone":
            deployment.hub.remove(asff(bucket(number), at=NOW)["Id"])
    return deployment


def assert_nothing_is_lost(
    kinds: Sequence[str], kills: Sequence[int | None], wish: dict[str, Any], break_it: Break = sound
) -> None:
    """Killed at any steps and delivered again, it comes to what was meant, by no call that was not."""
    deployment = prepared(kinds)
    deployment.hub.behaves(**wish)

    def work() -> None:
        break_it(deployment)
        deployment.stream()
        deployment.deliver()

    deployment.survive(work, kills)
    deployment.hub.behaves()
    deployment.now += HOUR  # what it does not know then is gone
    deployment.rest()
    _assert_meant(deployment, kinds)
    assert deployment.queues.dead == []
    asked = len(deployment.hub.calls)
    for pk in list(deployment.dynamodb.items):
        assert "wants" not in deployment.dynamodb.items[pk]
        deployment.queues.bodies[WRITEBACK].append(json.dumps({"problem": pk.removeprefix("problem#")}))
    deployment.rest()
    assert len(deployment.hub.calls) == asked, "what is done is not asked again"


def _assert_meant(deployment: Deployment, kinds: Sequence[str]) -> None:
    for number, kind in enumerate(kinds):
        finding_id = asff(bucket(number), at=NOW)["Id"]
        if kind in MEANT:
            assert deployment.hub.workflow(finding_id) == MEANT[kind], kind
        if kind == "leased in V2":
            (found,) = (
                r.finding for r in deployment.hub.hub.ocsf.values() if r.finding["finding_info"]["uid"] == finding_id
            )
            assert found["status"] == "Suppressed"
        asked = {
            request.get("Workflow", {}).get("Status") or request.get("StatusId")
            for _, request in deployment.hub.calls
            for each in request.get("FindingIdentifiers", [])
            if finding_id in each.values()
        }
        assert asked <= ASKED.get(kind, set()), kind


some_kinds = st.lists(st.sampled_from(KINDS), min_size=1, max_size=4)
kills_ = st.lists(st.none() | st.integers(1, 30), max_size=4)
wishes = st.sampled_from(WISHES)


@given(some_kinds, kills_, wishes)
def test_killed_at_any_step_and_delivered_again_nothing_is_lost_and_nothing_asked_that_was_not_meant(
    kinds: list[str], kills: list[int | None], wish: dict[str, Any]
) -> None:
    assert_nothing_is_lost(kinds, kills, wish)


@pytest.mark.parametrize("step", range(1, 32))
def test_killed_at_each_single_step_nothing_is_lost(step: int) -> None:
    assert_nothing_is_lost(["leased", "ended", "by hand"], [step], {})


def written_down_first(deployment: Deployment) -> None:
    """What is to be asked is written down as asked, and then it is."""
    asks = deployment.writeback.asking
    ask = type(asks)._ask

    def early(batch: Batch) -> Done:
        asks._write_down(list(batch.changes))
        done: Done = ask(asks, batch)
        return done

    asks._ask = early


def never_written_down(deployment: Deployment) -> None:
    """What was asked is not remembered."""
    deployment.writeback.asking._write_down = lambda _taken: {}


def takes_http_200_for_success(deployment: Deployment) -> None:
    """Findings that were not processed count as done."""
    hub = deployment.writeback.hub
    update = type(hub).update

    def all_of_it(batch: Batch) -> Done:
        update(hub, batch)
        return Done(list(batch.changes), [], [], [])

    hub.update = all_of_it


def acknowledges_what_failed(deployment: Deployment) -> None:
    """The message is gone, whatever came of it."""
    asks = deployment.writeback.asking
    bring_about = type(asks).bring_about

    def quietly(problems: Any) -> Any:
        bring_about(asks, problems)
        return {}

    asks.bring_about = quietly


def suppresses_all_that_is_open(deployment: Deployment) -> None:
    """Whatever comes is suppressed."""
    asks = deployment.writeback.asking
    wanted = type(asks)._wanted

    def all_of_it(problems: Any, errors: Any) -> Any:
        found = wanted(asks, problems, errors)
        return [msgspec.structs.replace(each, workflow="SUPPRESSED") for each in found]

    asks._wanted = all_of_it


@pytest.mark.parametrize(
    "broken",
    [
        written_down_first,
        never_written_down,
        takes_http_200_for_success,
        acknowledges_what_failed,
        suppresses_all_that_is_open,
    ],
)
def test_the_property_refutes(broken: Break) -> None:
    @REFUTE
    @given(some_kinds, kills_, wishes)
    def holds(kinds: list[str], kills: list[int | None], wish: dict[str, Any]) -> None:
        assert_nothing_is_lost(kinds, kills, wish, broken)

    with pytest.raises(AssertionError):
        holds()
