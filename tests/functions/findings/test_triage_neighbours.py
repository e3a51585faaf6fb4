"""Several findings in one event: what is wrong with one of them is told, and keeps none of the others from it."""

import json
from collections.abc import Callable

import pytest

from fleet.items import ConflictError
from functions.findings.event import open_event
from functions.findings.finding import Seen
from tests.functions.findings.samples import event
from tests.functions.findings.worlds import World, counts

type Logged = Callable[[], str]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("bad", [0, 1])
def test_of_two_findings_the_good_one_is_recorded_and_the_malformed_one_is_a_dead_letter(
    world: World, bad: int
) -> None:
    spoilt = event("custom-action-two")
    spoilt["detail"]["findings"][bad]["Severity"] = {"Label": "SEVERE"}
    assert world.take(json.dumps(spoilt)) == []
    assert len(world.problems) == 1
    assert world.dead.reasons == ["malformed"]


def test_each_refused_finding_of_an_event_is_counted_and_named(world: World, logged: Logged) -> None:
    spoilt = event("custom-action-two")
    spoilt["detail"]["findings"][0]["Severity"] = {"Label": "SEVERE"}
    spoilt["detail"]["findings"][1]["Resources"] = []
    world.take(json.dumps(spoilt))
    assert counts(logged) == [("Refused", "malformed")] * 2
    letter = world.dead.messages[0]["MessageAttributes"]
    assert letter["yagura-path"]["StringValue"] == "$.detail.findings[0].Severity.Label"
    assert "$.detail.findings[1].Resources" in letter["yagura-text"]["StringValue"]


@pytest.mark.parametrize("bad", [0, 1])
def test_a_finding_that_cannot_be_recorded_does_not_keep_its_neighbour_from_it(world: World, bad: int) -> None:
    record, whole = world.triage.office.record, json.dumps(event("custom-action-two"))
    contested = open_event(whole, world.triage.office.accepts).seen[bad].finding.problem

    def spoilt(seen: Seen) -> None:
        if seen.finding.problem == contested:
            raise ConflictError(seen.finding.problem)
        record(seen)

    world.triage.office.record = spoilt
    assert world.take(whole) == ["m0"]
    assert len(world.problems) == 1


def test_a_dropped_finding_does_not_hide_that_its_neighbour_is_malformed(world: World) -> None:
    spoilt = event("custom-action-two")
    spoilt["detail"]["findings"][0]["ProductArn"] = "arn:aws:securityhub:eu-west-1:1:product/1/default"
    spoilt["detail"]["findings"][1]["Severity"] = {"Label": "SEVERE"}
    world.take(json.dumps(spoilt))
    assert world.dead.reasons == ["malformed"]
