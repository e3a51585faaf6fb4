"""One message for a problem and its owner, edited as it changes; what is said besides."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingSuppressed,
    SuppressionExpiring,
)
from tests.functions.chatops.office import ROUTING, Office, away, note, opened
from tests.functions.chatops.problem_events import DAY_MS, MINUTE, OPENED_AT, about
from tests.layers.fleet.fakes import client_error

type Logged = Callable[[], str]

BACK: dict[str, Any] = {"reopened": True, "openings": 2}


@pytest.fixture
def office() -> Office:
    return Office()


def tell(office: Office, *bodies: str) -> None:
    for body in bodies:
        assert office.take(body) == []
        office.drain()


def heads(office: Office) -> list[str]:
    """What stands in Slack, without titles."""
    return [text.partition(": Buckets")[0].partition(": ")[2] or text for text in office.slack.texts]


def stands(office: Office) -> list[tuple[str, str]]:
    """The same with its channel."""
    places = {office.slack.id_of(name): name for name in ("#intake", "#front", "#default")}
    return [
        (places[place], said["text"].partition(": Buckets")[0].rpartition(": ")[2])
        for (place, _), said in office.slack.shown.items()
    ]


def methods(office: Office) -> list[str]:
    return [method.removeprefix("chat.") for method, _, _ in office.slack.calls]


def replies(office: Office) -> list[tuple[str, str]]:
    return [(said["text"], said["thread_ts"]) for said in office.slack.posts if "thread_ts" in said]


@pytest.mark.parametrize(
    ("then", "head"),
    [
        ((FindingResolved, {}), "S3.8 is resolved"),
        ((FindingResolved, {"gone": True}), "S3.8 is gone"),
        ((FindingSuppressed, {}), "HIGH S3.8 is suppressed"),
        ((FindingChanged, {"severity": "LOW"}), "LOW S3.8 is open"),
        ((FindingOverdue, {}), "HIGH S3.8 is overdue"),
        ((FindingOpened, BACK), "HIGH S3.8 is open again"),
        ((FindingOpened, BACK | {"tell": "digest"}), "HIGH S3.8 is open again"),
    ],
)
def test_what_becomes_of_a_problem_edits_its_message(
    office: Office, then: tuple[type[AboutProblem], dict[str, Any]], head: str
) -> None:
    tell(office, about(), about(then[0], 2, **then[1]))
    assert stands(office)[0] == ("#intake", head)
    assert methods(office)[:2] == ["postMessage", "update"]
    assert [said for said in office.slack.posts if "thread_ts" not in said] == office.slack.posts[:1]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (FindingResolved, {}),
        (FindingSuppressed, {}),
        (FindingChanged, {"severity": "LOW"}),
        (FindingOverdue, {}),
        (FindingOverdue, {"stage": "remind"}),
        (FindingOpened, {"tell": "digest", "severity": "CRITICAL"}),
        (FindingOpened, {"tell": "never"}),
    ],
)
def test_what_is_no_news_is_not_posted_where_nothing_stands(
    office: Office, kind: type[AboutProblem], changes: dict[str, Any]
) -> None:
    tell(office, about(kind, **changes))
    office.later(15 * MINUTE)
    assert office.slack.calls == []
    assert office.dead.messages == []


def test_what_passes_is_shown_where_the_problem_was_told_although_its_severity_routes_elsewhere_now() -> None:
    office = Office(ROUTING | {"routes": [{"match": {"severity": ["HIGH"]}, "channel": "#front"}]})
    tell(office, about(), about(FindingResolved, 2, severity="INFORMATIONAL"))
    assert stands(office) == [("#front", "S3.8 is resolved")]


def test_a_problem_that_is_back_soon_is_edited_and_replied_to(office: Office) -> None:
    tell(office, about(), about(FindingResolved, 2), about(FindingOpened, 3, reopened=True, openings=3))
    assert heads(office)[0] == "HIGH S3.8 is open again"
    assert replies(office) == [("open again, the 3rd time", "1.1")]
    assert len(office.slack.posts) == 2


def test_a_problem_that_is_back_after_long_is_posted_afresh_and_goes_on_there(office: Office) -> None:
    tell(office, about(), about(FindingResolved, 2), about(FindingOpened, 3, **BACK, anew=True))
    assert stands(office) == [("#intake", "S3.8 is resolved"), ("#intake", "HIGH S3.8 is open again")]
    assert methods(office) == ["postMessage", "update", "postMessage"]
    tell(office, about(FindingResolved, 4))
    assert stands(office) == [("#intake", "S3.8 is resolved")] * 2
    assert methods(office)[3:] == ["update"]


def test_a_problem_that_goes_to_another_owner_is_told_there_and_the_first_one_hears_of_it(office: Office) -> None:
    moved = about(FindingChanged, 2, meta={"service": "other"})
    tell(office, about(), moved)
    assert stands(office) == [
        ("#intake", "S3.8 is now owned by front-door, told in #front"),
        ("#front", "HIGH S3.8 is open"),
    ]
    tell(office, about(FindingResolved, 3, meta={"service": "other"}))
    assert stands(office) == [("#intake", "S3.8 is resolved"), ("#front", "S3.8 is resolved")]
    assert methods(office).count("postMessage") == 2


def test_a_problem_that_comes_back_to_its_first_owner_goes_on_under_the_first_message(office: Office) -> None:
    moved = about(FindingChanged, 2, meta={"service": "other"})
    tell(office, about(), moved, about(FindingChanged, 3, was_service="other"))
    assert stands(office) == [
        ("#intake", "HIGH S3.8 is open"),
        ("#front", "S3.8 is now owned by front-door, told in #intake"),
    ]


def test_a_new_owner_who_is_not_to_be_told_now_is_not(office: Office) -> None:
    tell(office, about(), about(FindingChanged, 2, tell="digest", meta={"service": "other"}))
    assert stands(office) == [("#intake", "S3.8 is now owned by front-door")]
    tell(office, about(FindingOverdue, 3, meta={"service": "other"}))
    assert len(office.slack.shown) == 1, "nobody is replied to where it no longer is"


def test_a_resolution_that_overtakes_its_opening_leaves_nothing_open(office: Office) -> None:
    tell(office, about(FindingResolved, 2), about(FindingOpened, 1, severity="CRITICAL"))
    assert (office.slack.calls, office.web.events) == ([], [])


def test_a_change_that_overtakes_the_opening_keeps_nobody_from_being_told(office: Office) -> None:
    tell(office, about(FindingChanged, 2, severity="LOW"), about(FindingOpened, 1))
    assert stands(office) == [("#intake", "LOW S3.8 is open")]


def test_what_was_told_in_a_digest_is_not_posted_by_an_edit_but_is_when_it_is_back(office: Office) -> None:
    for number in range(25):
        office.store.keep(note(f"n{number}"), office.now)
    office.take(about())
    office.later(5 * MINUTE)
    assert office.telling().state == "told"
    tell(office, about(FindingChanged, 2, severity="LOW"), about(FindingOverdue, 3), about(FindingResolved, 4))
    assert (len(office.slack.calls), office.telling().state) == (1, "told")
    tell(office, about(FindingOpened, 5, **BACK))
    assert heads(office)[1:] == ["HIGH S3.8 is open again"]
    assert replies(office) == [], "what has just been posted needs no reply"


def test_what_was_edited_while_a_digest_was_made_is_not_told_again(office: Office) -> None:
    for number in range(25):
        office.store.keep(note(f"n{number}"), office.now)
    away(office)
    office.take(about())
    office.take(about(FindingResolved, 2))
    office.slack.works()
    office.later(10 * MINUTE)
    assert all("since there were too many" in said["text"] for said in office.slack.posts)


def test_a_reminder_is_a_reply_and_the_digest_lists_what_has_no_message(office: Office) -> None:
    tell(office, about(), about(FindingOverdue, 2, stage="remind", due=OPENED_AT + DAY_MS))
    assert replies(office) == [("due on 2026-03-03", "1.1")]
    assert methods(office) == ["postMessage", "postMessage"]


def test_a_deadline_that_is_over_is_a_reply_and_an_edit(office: Office) -> None:
    tell(office, about(), about(FindingOverdue, 2))
    assert replies(office) == [("overdue since 2026-03-02", "1.1")]
    assert heads(office)[0] == "HIGH S3.8 is overdue"


def test_an_escalation_is_posted_whether_or_not_the_problem_was(office: Office) -> None:
    tell(office, about(FindingOverdue, 2, stage="escalate", escalate_to="#front"))
    assert stands(office) == [("#front", "HIGH S3.8 is overdue")]
    tell(office, about(FindingOverdue, 2, stage="escalate", escalate_to="#front"))
    assert len(office.slack.calls) == 1


def test_an_escalation_that_a_resolution_overtook_is_not_told(office: Office) -> None:
    tell(office, about(FindingResolved, 3), about(FindingOverdue, 2, stage="escalate"))
    assert office.slack.calls == []


def test_a_suppression_that_ends_soon_is_told_by_itself(office: Office) -> None:
    tell(office, about(), about(FindingSuppressed, 2), about(SuppressionExpiring, 3))
    assert stands(office) == [
        ("#intake", "HIGH S3.8 is suppressed"),
        ("#intake", "HIGH The suppression of S3.8 ends on 2026-03-09"),
    ]


@pytest.mark.parametrize("kind", [FindingResolved, FindingSuppressed])
def test_a_page_is_resolved_when_its_problem_is_closed_or_suppressed_and_triggered_when_it_is_back(
    office: Office, kind: type[AboutProblem]
) -> None:
    tell(office, about(severity="CRITICAL"), about(kind, 2, severity="INFORMATIONAL"))
    tell(office, about(FindingOpened, 3, severity="CRITICAL", **BACK))
    assert [event["event_action"] for event in office.web.events] == ["trigger", "resolve", "trigger"]
    assert len({event["dedup_key"] for event in office.web.events}) == 1


def test_what_pages_nobody_resolves_nothing(office: Office) -> None:
    tell(office, about(), about(FindingResolved, 2), about(tell="digest", severity="CRITICAL", problem="p2"))
    assert office.web.events == []


def test_an_alert_that_an_older_fleet_opened_is_resolved_by_todays(office: Office) -> None:
    tell(office, opened(time=OPENED_AT, finding={"severity": "CRITICAL"}), about(FindingResolved, 2))
    assert [event["event_action"] for event in office.web.events] == ["trigger", "resolve"]
    assert heads(office) == ["S3.8 is resolved"]


def test_a_page_is_kept_although_the_problem_cannot_be(office: Office) -> None:
    office.dynamodb.items["problem#p1"] = {"pk": {"S": "problem#p1"}, "rev": {"N": "1"}, "known": {"S": "spoilt"}}
    assert office.take(about(severity="CRITICAL")) == ["m0"]
    office.later(5 * MINUTE)
    assert [event["event_action"] for event in office.web.events] == ["trigger"]


def test_an_event_of_a_newer_fleet_is_dropped_and_counted(office: Office, logged: Logged) -> None:
    newer = json.dumps(json.loads(opened()) | {"detail-type": "FindingPainted"})
    assert office.take(newer) == []
    assert (office.slack.calls, office.dead.messages) == ([], [])
    assert '"reason":"unknown_event"' in logged()


def test_an_unknown_event_of_anybody_else_is_a_dead_letter(office: Office) -> None:
    forged = json.loads(opened()) | {"detail-type": "FindingPainted", "source": "acme.findings"}
    assert office.take(json.dumps(forged)) == []
    assert office.dead.reasons == ["foreign"]


def test_a_problem_that_others_keep_changing_is_taken_later(office: Office) -> None:
    office.dynamodb.conflicts = 1_000
    assert office.take(about()) == ["m0"]
    office.dynamodb.conflicts = 3
    assert office.take(about()) == []
    assert heads(office) == ["HIGH S3.8 is open"]


def test_a_transaction_that_dynamodb_refuses_is_an_error(office: Office) -> None:
    office.dynamodb.error = client_error("ValidationException", "TransactWriteItems")
    assert office.take(about()) == ["m0"]


def test_what_is_known_of_a_problem_expires_a_year_after_it_was_heard_of(office: Office) -> None:
    tell(office, about())
    assert (office.table.get("problem#p1") or {})["expires"] == office.now // 1000 + 365 * 24 * 3600
