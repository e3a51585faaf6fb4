"""The function `triage`: an event from the queue becomes a problem, a dead letter or a count, never nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.finding import Seen, Status
from tests.functions.findings.breaks import (
    confirmed_before_sent,
    confirmed_unconditionally,
    done_before_written,
    judged_by_what_was_first_read,
    outbox_forgotten,
    told_after_written,
    told_before_written,
    unconditional,
)
from tests.functions.findings.histories import event_of, seen_at, seens
from tests.functions.findings.laws import FIRST
from tests.functions.findings.samples import event, finding, with_finding
from tests.functions.findings.worlds import (
    CONFIG,
    Break,
    World,
    assert_survives_being_killed,
    assert_survives_company,
    counts,
    kills,
)
from tests.layers.fleet.fakes import client_error
from tests.layers.fleet.refute import REFUTE

type Logged = Callable[[], str]

histories = st.lists(seens, min_size=1, max_size=4)
choices = st.lists(st.integers(0, 5), max_size=40)


@pytest.fixture
def world() -> World:
    return World()


def body(name: str) -> str:
    return json.dumps(event(name))


@given(histories, kills)
def test_killed_at_any_step_and_delivered_again_nothing_is_lost(
    history: list[Seen], kill_after: list[int | None]
) -> None:
    assert_survives_being_killed(history, kill_after)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("step", range(1, 13))
def test_killed_at_each_single_step_nothing_is_lost(step: int, status: Status) -> None:
    assert_survives_being_killed([seen_at(1, 1, Status.OPEN), seen_at(1, 2, status)], [None, step])
    assert_survives_being_killed([seen_at(1, 1, Status.OPEN), seen_at(1, 2, status)], [step, None])


@given(histories, histories, choices)
def test_two_workers_and_a_publisher_side_by_side_lose_nothing_and_tell_each_change_once(
    first: list[Seen], second: list[Seen], order: list[int]
) -> None:
    assert_survives_company(first, second, order)


@pytest.mark.parametrize("broken", [told_after_written, confirmed_before_sent, outbox_forgotten])
def test_the_property_of_being_killed_refutes(broken: Break) -> None:
    @REFUTE
    @given(histories, kills)
    def holds(history: list[Seen], kill_after: list[int | None]) -> None:
        assert_survives_being_killed(history, kill_after, broken)

    with pytest.raises(AssertionError):
        holds()


@pytest.mark.parametrize(
    "broken",
    [
        unconditional,
        confirmed_unconditionally,
        told_before_written,
        judged_by_what_was_first_read,
        done_before_written,
    ],
)
def test_the_property_of_two_workers_refutes(broken: Break) -> None:
    @REFUTE
    @given(histories, histories, choices)
    def holds(first: list[Seen], second: list[Seen], order: list[int]) -> None:
        assert_survives_company(first, second, order, broken)

    with pytest.raises(AssertionError):
        holds()


def test_a_finding_is_recorded_with_its_owner_and_the_configuration_that_said_so(world: World) -> None:
    assert world.take(body("imported-s3.8")) == []
    assert world.problem is not None
    assert world.problem.shown == finding("imported-s3.8")
    owner = world.problem.state.owner
    assert (owner.service, owner.team, owner.rule) == ("intake", "front-door", "tag")
    assert world.problem.config == "0123456789ab"
    assert len(world.waiting) == 1


def test_both_schemas_of_one_failure_tell_one_opening(world: World) -> None:
    assert world.take(body("imported-s3.8"), body("v2-s3.8-fail"), body("imported-s3.8")) == []
    assert len(world.waiting) == 1
    assert len(world.problems) == 1
    assert world.problem is not None
    assert len(world.problem.copies) == 2


def test_a_custom_action_records_all_its_findings(world: World) -> None:
    assert world.take(body("custom-action-two")) == []
    assert len(world.problems) == 2


def test_a_repeated_event_writes_nothing(world: World) -> None:
    world.take(body("imported-s3.8"))
    written = len(world.versions)
    assert world.take(body("imported-s3.8")) == []
    assert len(world.versions) == written


def test_a_malformed_event_is_a_dead_letter_that_names_the_field_and_its_neighbours_are_recorded(
    world: World,
) -> None:
    assert world.take(body("malformed-label"), body("imported-s3.8"), "not json") == []
    label, not_json = world.dead.messages
    assert label["MessageBody"] == body("malformed-label")
    attributes = {name: value["StringValue"] for name, value in label["MessageAttributes"].items()}
    assert attributes == {
        "yagura-reason": "malformed",
        "yagura-path": "$.detail.findings[0].Severity.Label",
        "yagura-text": "Invalid enum value",
        "yagura-message-id": "m0",
    }
    assert not_json["MessageBody"] == "not json"
    assert world.problem is not None


def test_a_forged_product_is_dropped_and_counted_and_changes_nothing(world: World, logged: Logged) -> None:
    assert world.take(body("forged-product")) == []
    assert (world.problems, world.dead.messages) == ([], [])
    assert counts(logged) == [("Dropped", "foreign_product")]


def test_a_finding_of_an_account_that_is_not_ours_is_dropped_and_counted(logged: Logged) -> None:
    world = World(CONFIG | {"accepts": {"accounts": ["444455556666"]}})
    assert world.take(body("custom-action-two")) == []
    assert len(world.problems) == 1
    assert ("Dropped", "not_ours") in counts(logged)


def test_mode_off_drops_and_counts(world: World, logged: Logged) -> None:
    world.parameters.values["/yagura/mode/findings"] = "off"
    assert world.take(body("imported-s3.8"), body("malformed-label")) == []
    assert (world.problems, world.dead.messages) == ([], [])
    assert counts(logged) == [("Dropped", "mode_off")] * 2


@pytest.mark.parametrize("mode", ["observe", "act"])
def test_observing_records_as_acting_does(world: World, mode: str) -> None:
    world.parameters.values["/yagura/mode/findings"] = mode
    world.take(body("imported-s3.8"))
    assert world.problem is not None


def test_a_table_that_is_away_fails_only_what_came_and_is_retried(world: World) -> None:
    world.dynamodb.error = client_error("ProvisionedThroughputExceededException", "PutItem")
    assert world.take(body("imported-s3.8"), body("forged-product")) == ["m0"]
    world.dynamodb.error = None
    assert world.take(body("imported-s3.8")) == []
    assert len(world.waiting) == 1


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("malformed-33-resources", "$.detail.findings[0].Resources"),
        ("malformed-null-resource", "$.detail.findings[0].Resources[0]"),
        ("malformed-updated-at", "$.detail.findings[0].UpdatedAt"),
        ("malformed-v2-null-cloud", "$.detail.findings[0].cloud"),
    ],
)
def test_a_malformed_finding_is_a_dead_letter_that_names_its_path(world: World, name: str, path: str) -> None:
    assert world.take(body("imported-s3.8"), body(name)) == []
    (letter,) = world.dead.messages
    assert letter["MessageAttributes"]["yagura-path"]["StringValue"] == path
    assert len(world.problems) == 1


def test_invalid_utf_8_is_a_dead_letter_and_its_neighbour_is_recorded(world: World) -> None:
    spoilt = body("imported-s3.8").encode().replace(b"intake-forms", b"intake-\xff", 1)
    assert world.take(spoilt.decode(errors="surrogateescape"), body("imported-s3.8")) == []
    assert world.dead.reasons == ["malformed"]
    assert world.problem is not None


def test_an_insights_counts_are_dropped_and_counted(world: World, logged: Logged) -> None:
    assert world.take(body("insight-results"), body("insight-results-no-number")) == []
    assert (world.problems, world.dead.messages) == ([], [])
    assert counts(logged).count(("Dropped", "insight_results")) == 2


def test_each_of_32_resources_is_recorded(world: World) -> None:
    assert world.take(body("imported-s3.8-32-resources")) == []
    assert len(world.problems) == 32


def test_a_finding_of_240_kilobytes_is_recorded_without_its_details(world: World) -> None:
    assert world.take(json.dumps(with_finding("imported-s3.8", {"Resources.0.Details": {"x": "y" * 240_000}}))) == []
    assert len(str(world.versions[0])) < 20_000


def test_the_fleets_own_suppression_that_comes_back_tells_nobody_anything(world: World) -> None:
    world.take(body("imported-s3.8"))
    waiting = world.waiting
    assert world.take(body("imported-s3.8-suppressed-by-us"), body("v2-s3.8-suppressed-by-us")) == []
    assert world.waiting == waiting
    assert world.problem is not None
    assert world.problem.state.open


def test_a_suppression_by_somebody_else_is_told(world: World) -> None:
    world.take(body("imported-s3.8"), body("imported-s3.8-suppressed-after-us"))
    assert [entry.rsplit("-", 1)[1] for entry in world.waiting] == ["FindingOpened", "FindingSuppressed"]


def test_what_two_standards_report_is_told_once(world: World) -> None:
    world.take(body("imported-s3.8"), body("imported-cis-1.4.0-2.1.5.2"), body("imported-cis-3.0.0-2.1.4.2"))
    assert len(world.problems) == 1
    assert len(world.waiting) == 1


def test_others_that_keep_writing_make_the_event_come_again(world: World, logged: Logged) -> None:
    world.take(event_of(seen_at(1, 1, Status.OPEN)))
    reads: list[str] = []
    table = world.triage.office.store._table
    get = table.get

    def overtaken(pk: str) -> Any:
        item = get(pk)
        reads.append(pk)
        assert item is not None
        world.table.put(item, over=item)
        return item

    table.get = overtaken
    assert world.take(event_of(seen_at(2, 2, Status.RESOLVED))) == ["m0"]
    table.get = get
    assert len(reads) == 6
    assert "ConflictError" in logged()


def test_a_time_beyond_reason_is_refused_and_not_retried(world: World) -> None:
    assert (
        world.take(json.dumps(with_finding("v2-s3.8-fail", {"time": 10**40, "finding_info.modified_time": 10**40})))
        == []
    )
    assert world.dead.reasons == ["malformed"]


def test_nothing_of_an_event_but_ids_and_slugs_is_logged(world: World, logged: Logged) -> None:
    marker = "PATIENT-4711"
    for changes in ({"Title": marker}, {"Severity": {"Label": marker}}, {"UpdatedAt": marker}, {"Id": [marker]}):
        world.take(json.dumps(with_finding("imported-s3.8", changes)), receives=5)
    world.dynamodb.error = client_error("InternalServerError", "PutItem")
    world.take(json.dumps(with_finding("imported-s3.8", {"Title": marker, "UpdatedAt": "2027-01-01T00:00:00Z"})))
    output = logged()
    assert "Refused" in output
    assert marker not in output


def test_the_same_event_twice_in_one_batch_is_recorded_once(world: World) -> None:
    twice = event_of(seen_at(1, 1, Status.OPEN))
    assert world.take(twice, twice) == []
    assert [item["rev"]["N"] for item in world.versions] == ["1"]
    assert FIRST.problem in world.waiting[0]
