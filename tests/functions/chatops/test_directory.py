"""Who is this? Every way to be somebody, and every way to be refused."""

from typing import Any

import pytest

from functions.chatops.people import Person
from functions.chatops.slack import SlackUnavailableError
from tests.functions.chatops.directories import (
    AIKO,
    FAILURES,
    PRINCIPAL,
    Delivery,
    FakeSlack,
    User,
    client_error,
    directory,
    refused,
)


def test_a_pinned_person_is_known_by_the_slack_id_and_slack_is_asked() -> None:
    slack = FakeSlack(AIKO)
    found = directory(slack).of(Delivery())
    assert found == Person(id="aiko", teams=frozenset({"sre"}), pinned=True, slack="U0AIKO00000")
    assert slack.asked == ["U0AIKO00000"]


def test_slack_is_asked_each_time() -> None:
    slack = FakeSlack(AIKO)
    desk = directory(slack)
    desk.of(Delivery())
    slack.users["U0AIKO00000"] = AIKO._replace(deleted=True)
    assert refused(lambda: desk.of(Delivery())) == "deactivated"


def test_a_pinned_principal_is_the_same_person_and_slack_is_not_asked() -> None:
    slack = FakeSlack()
    found = directory(slack).of(Delivery(via="iam", team="", user="", principal=PRINCIPAL))
    assert found == Person(id="aiko", teams=frozenset({"sre"}), pinned=True, slack="")
    assert slack.asked == []


@pytest.mark.parametrize("team", ["T0OTHER0000", "", "t0local0000"])
def test_another_workspace_is_refused_before_slack_is_asked(team: str) -> None:
    slack = FakeSlack(AIKO)
    assert refused(lambda: directory(slack).of(Delivery(team=team))) == "wrong_team"
    assert slack.asked == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"team": "T0OTHER0000"}, "wrong_team"),
        ({"team": ""}, "wrong_team"),
        ({"deleted": True}, "deactivated"),
        ({"bot": True}, "bot"),
        ({"restricted": True}, "guest"),
        ({"id": "U0BEN000000"}, "lookup_failed"),
        ({"team": "T0OTHER0000", "deleted": True, "bot": True, "restricted": True}, "wrong_team"),
    ],
)
def test_what_slack_says_of_a_pinned_person_refuses(changes: dict[str, Any], reason: str) -> None:
    slack = FakeSlack()
    slack.answers = AIKO._replace(**changes)
    assert refused(lambda: directory(slack).of(Delivery())) == reason


def test_somebody_whom_nobody_pinned_is_unknown_without_identity_center() -> None:
    assert refused(lambda: directory().of(Delivery(user="U0DAI000000"))) == "unknown"


@pytest.mark.parametrize("principal", ["", "arn:aws:sts::111122223333:assumed-role/operators/ben"])
def test_a_principal_whom_nobody_pinned_is_unknown(principal: str) -> None:
    assert refused(lambda: directory().of(Delivery(via="iam", principal=principal))) == "unknown"


@pytest.mark.parametrize("via", ["", "Slack", "event"])
def test_any_other_way_in_is_refused(via: str) -> None:
    delivery = Delivery(via=via, principal=PRINCIPAL)
    assert refused(lambda: directory().of(delivery)) == "unknown"


def test_each_way_in_looks_only_at_its_own_mark() -> None:
    assert directory().of(Delivery(principal="arn:of:somebody")).slack == "U0AIKO00000"
    assert refused(lambda: directory().of(Delivery(via="iam", user="U0AIKO00000"))) == "unknown"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: f"{type(error).__name__}-{error}"[:50])
def test_any_failure_of_slack_refuses_even_who_is_pinned(failure: Exception) -> None:
    slack = FakeSlack(AIKO)
    slack.fails = failure
    if isinstance(failure, SlackUnavailableError):  # a rate limit is no stranger: nobody is let in, and it comes back
        with pytest.raises(SlackUnavailableError):
            directory(slack).of(Delivery())
        return
    assert refused(lambda: directory(slack).of(Delivery())) == "lookup_failed"


@pytest.mark.parametrize("answer", [None, {}, "x", 7, AIKO._replace(id="U0OTHER0000")])
def test_an_answer_of_slack_that_makes_no_sense_refuses(answer: Any) -> None:
    class Odd(FakeSlack):
        def user(self, user_id: str) -> User:
            return answer  # type: ignore[no-any-return]

    assert refused(lambda: directory(Odd()).of(Delivery())) == "lookup_failed"


def test_nothing_of_a_person_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    slack = FakeSlack()
    slack.fails = client_error("AccessDeniedException")
    refused(lambda: directory(slack).of(Delivery()))
    (record,) = caplog.records
    assert (record.message, vars(record)["where"], vars(record)["error"]) == ("lookup failed", "slack", "ClientError")
    assert "aiko" not in str(vars(record)).lower()
