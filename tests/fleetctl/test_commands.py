"""`fleetctl ask`, `follow` and `unfreeze`: what is said, as whom, and what becomes of it."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.chatops.request import Vote
from tests.fleetctl.hub import ARN, NOW, Hub, answer, run
from tests.layers.fleet.fakes import client_error

REQUEST = "r-0123456789"


def test_a_question_is_handed_in_as_it_was_said_and_its_answer_is_printed_plainly(hub: Hub) -> None:
    hub.later[3] = lambda: hub.reply("You are *aiko* of sre (pinned in people.yaml).", "`r-1` &lt;here&gt;")
    result = run("ask", "whoami", "--local", "--as", "aiko")
    assert result.exit_code == 0
    assert hub.asked == [("whoami", "aiko")]
    assert result.stdout == "You are aiko of sre (pinned in people.yaml).\nr-1 <here>\n"


def test_words_are_handed_in_as_one_command(hub: Hub) -> None:
    hub.reply("ok")
    run("ask", "queues", "peek", "local-spoke", "q", "20", "--local")
    assert hub.asked == [("queues peek local-spoke q 20", None)]


def test_a_command_that_needs_nobody_is_followed_to_its_end(hub: Hub) -> None:
    hub.reply("`r-0123456789` queues list in all: needs nobody else.", request=REQUEST)
    hub.request(status="GRANTED", tier=0)
    table = [["queue", "waiting"], ["payments-dead-letters", "3"]]
    hub.later[6] = lambda: hub.request(status="DONE", tier=0, answers=answer(headline="1 queue", table=table))
    result = run("ask", "queues list", "--local")
    assert result.exit_code == 0
    assert "local-spoke: done: 1 queue\n  queue                  waiting\n  payments-dead-letters  3\n" in result.stdout


def test_a_command_that_needs_others_says_so_and_how_to_follow_it(hub: Hub) -> None:
    hub.reply("filed", request=REQUEST)
    hub.request()
    result = run("ask", "queues redrive r-x", "--local")
    assert result.exit_code == 0
    assert "waits for somebody else of sre, until 2026-11-18 19:06 UTC" in result.stdout
    assert f"fleetctl follow {REQUEST} --local" in result.stdout
    assert hub.now < NOW + 1


def test_with_wait_a_request_is_followed_through_its_decision_to_its_end(hub: Hub) -> None:
    hub.reply("filed", request=REQUEST)
    hub.request()
    votes = [Vote("ben", 1)]
    hub.later[3600] = lambda: hub.request(status="GRANTED", votes=votes, decided_by=["ben"], decided_at=_ms(3600))
    hub.later[3610] = lambda: hub.request(status="DONE", votes=votes, decided_by=["ben"], answers=answer())
    result = run("ask", "queues redrive r-x", "--local", "--wait")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        f"{REQUEST} queues redrive in local-spoke: waits for somebody else of sre, until 2026-11-18 19:06 UTC",
        "ben said yes",
        f"{REQUEST} queues redrive in local-spoke: granted by ben",
        f"{REQUEST} queues redrive in local-spoke: done, granted by ben",
        "local-spoke: done: 3 messages are back",
    ]


def _ms(seconds: float) -> int:
    return int((NOW + seconds) * 1000)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "DENIED", "decided_by": ["ben"], "note": "not today"}, "denied by ben (not today)"),
        ({"status": "CANCELLED", "decided_by": ["aiko"]}, "cancelled by aiko"),
        ({"status": "EXPIRED"}, "expired"),
        ({"status": "FAILED", "answers": answer("failed", "no such queue")}, "local-spoke: failed: no such queue"),
    ],
)
def test_a_request_that_did_not_end_well_is_status_1(hub: Hub, changes: dict[str, Any], words: str) -> None:
    hub.request(**changes)
    result = run("follow", REQUEST, "--local")
    assert result.exit_code == 1
    assert words in result.stdout


def test_work_that_nobody_answers_for_is_not_waited_on_for_ever(hub: Hub) -> None:
    hub.request(status="GRANTED", decided_at=_ms(0))
    result = run("follow", REQUEST, "--local")
    assert result.exit_code == 1
    assert "has not ended" in result.stderr
    assert 300 <= hub.now - NOW < 310


def test_a_request_that_nobody_decides_is_waited_on_until_it_has_expired(hub: Hub) -> None:
    hub.request()
    hub.later[8 * 3600 + 60] = lambda: hub.request(status="EXPIRED")
    result = run("follow", REQUEST, "--local")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].endswith("expired")


def test_a_request_that_is_not_there_or_is_none_is_told(hub: Hub) -> None:
    assert "There is no request r-0123456789." in run("follow", REQUEST, "--local").stderr
    result = run("follow", "../x", "--local")
    assert result.exit_code == 2
    assert "is no request" in result.stderr


def test_a_refusal_is_status_1(hub: Hub) -> None:
    hub.reply(":no_entry: `queues peek` is for people of sre.", refused=True)
    result = run("ask", "queues peek a b", "--local", "--as", "chie")
    assert result.exit_code == 1
    assert result.stdout == "✗ queues peek is for people of sre.\n"


def test_whoever_is_not_known_gets_no_answer_and_learns_who_he_is(hub: Hub) -> None:
    result = run("ask", "help", "--local")
    assert result.exit_code == 1
    assert 30 <= hub.now - NOW <= 31
    assert ARN in result.stderr
    assert "people.yaml" in result.stderr


def test_the_reply_is_read_by_its_key_alone(hub: Hub) -> None:
    hub.reply("ok")
    run("ask", "help", "--local")
    assert hub.table.reads == ["reply#" + "d" * 64]


def test_what_is_asked_is_signed_for_the_api_of_the_hub_with_its_body(hub: Hub) -> None:
    hub.reply("ok")
    run("ask", "help", "--local")
    [sent] = hub.sent
    assert sent.method == "POST"
    assert sent.url == "https://a1.execute-api.example/fleetctl"
    assert "/us-east-1/execute-api/aws4_request" in sent.headers["Authorization"]
    assert "content-type" in sent.headers["Authorization"]
    assert sent.headers["X-Amz-Security-Token"] == "token"


def test_a_given_address_is_used_and_must_be_https(hub: Hub) -> None:
    hub.reply("ok")
    run("ask", "help", "--local", "--api", "https://api.example.com/")
    assert hub.sent[0].url == "https://api.example.com/fleetctl"
    result = run("ask", "help", "--local", "--api", "http://api.example.com")
    assert result.exit_code == 1
    assert "is no https:// address" in result.stderr
    assert len(hub.sent) == 1


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_id(hub: Hub) -> None:
    hub.reply("ok")
    hub.status = 503
    hub.later[1] = lambda: setattr(hub, "status", EndpointConnectionError(endpoint_url="https://a1"))
    hub.later[3] = lambda: setattr(hub, "status", 202)
    assert run("ask", "help", "--local").exit_code == 0
    assert len(hub.sent) == 3
    assert len({sent.body for sent in hub.sent}) == 1


@pytest.mark.parametrize(
    ("status", "words", "tries"),
    [
        (403, f"you ({ARN}) may not call it", 1),
        (404, "there is no POST /fleetctl", 1),
        (400, "it answered 400 no", 1),
        (413, "it answered 413 no", 1),
        (200, "it answered 200 no", 1),
        (301, "it answered 301 no", 1),
        (500, "busy or broken: it answered 500", 3),
        (429, "busy or broken: it answered 429", 3),
        (EndpointConnectionError(endpoint_url="https://a1"), "cannot be reached", 3),
    ],
)
def test_what_the_api_does_not_take_is_told_in_a_line(hub: Hub, status: Any, words: str, tries: int) -> None:
    hub.status = status
    result = run("ask", "help", "--local")
    assert result.exit_code == 1
    assert result.stderr.startswith("Not asked: ")
    assert words in result.stderr
    assert len(hub.sent) == tries


def test_a_hub_without_an_api_says_what_to_do(hub: Hub) -> None:
    hub.apis.pop()
    assert "deploy chatops there first, or give its address as --api" in run("ask", "help", "--local").stderr


def test_a_table_that_may_not_be_read_is_told_in_a_line(hub: Hub) -> None:
    hub.table.error = client_error("AccessDeniedException", "GetItem")
    result = run("ask", "help", "--local")
    assert result.exit_code == 1
    assert "AccessDeniedException" in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_and_too_much_are_not_asked(hub: Hub) -> None:
    assert run("ask", " ", "--local").exit_code == 2
    assert run("ask", "x" * 3001, "--local").exit_code == 2
    assert hub.sent == []


def test_an_answer_cannot_steer_the_terminal(hub: Hub) -> None:
    hub.reply("safe\x1b[2J\x07\u202egnirts", request=REQUEST)
    hub.request(headline="x\x1b]0;title\x07")
    result = run("ask", "help", "--local")
    assert not {"\x1b", "\x07", "\u202e"} & set(result.stdout)


def test_unfreezing_is_a_request_that_somebody_else_must_grant(hub: Hub) -> None:
    hub.reply("filed", request=REQUEST)
    hub.request(headline="unfreeze in all", command="unfreeze")
    result = run("unfreeze", "--all", "--local", "--as", "ben")
    assert result.exit_code == 0
    assert hub.asked == [("unfreeze all", "ben")]
    assert hub.frozen == []
    hub.asked.clear()
    run("unfreeze", "--account", "local-spoke", "--local")
    assert hub.asked == [("unfreeze local-spoke", None)]


def test_an_account_that_is_none_is_not_asked_for(hub: Hub) -> None:
    result = run("unfreeze", "--account", "moon", "--local")
    assert result.exit_code == 1
    assert "'moon' is no account of the fleet; it has: local-hub, local-spoke, local-audit" in result.stderr
    assert run("unfreeze", "--local").exit_code == 2
    assert run("unfreeze", "--all", "--account", "local-hub", "--local").exit_code == 2
    assert hub.sent == []


def test_freezing_asks_nobody_and_does_what_it_can(hub: Hub) -> None:
    hub.unreachable = {"local-hub", "local-audit denied"}
    result = run("freeze", "--all", "--local")
    assert result.exit_code == 1
    parameter = {"Name": "/yagura/freeze", "Value": "frozen", "Type": "String", "Overwrite": True}
    assert hub.frozen == [("local-spoke", parameter)]
    assert result.stdout == "local-spoke: frozen\n"
    assert "Not done: local-hub; local-audit: An error occurred (AccessDenied)" in result.stderr
    assert hub.sent == []
