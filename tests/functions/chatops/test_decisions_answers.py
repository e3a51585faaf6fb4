"""What becomes of a granted request: answers, silence, expiry; and the timer that looks at them."""

import pytest

from functions.chatops.audit import Entry
from functions.chatops.decisions import PARTIAL_AFTER_MS
from functions.chatops.request import EXECUTE_MS, NotAllowedError
from tests.functions.chatops.core import Core
from tests.functions.chatops.requests import HOUR, HUB, NOW, SPOKE, request, voter

ONE = request()
SPOKE_BUS = "arn:aws:events:us-east-1:222222222222:event-bus/yagura"
REASON = "the shop is down"


@pytest.fixture
def core() -> Core:
    return Core()


def test_an_answer_ends_a_request_is_audited_and_edits_its_message(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "approve", voter("ben"))
    assert core.answer(ONE.id).status == "DONE"
    last = core.trail()[-1].entry
    assert (last.kind, last.actor, last.via) == ("executed", "yagura.operations", "event:e1")
    assert last.facts == {"status": "DONE", "answers": {str(SPOKE): ["done", "2 of 2 moved"]}}
    assert [each.version for each in core.drafts()] == [1, 2, 3]
    assert list(core.store.due(10**15)) == []


@pytest.mark.parametrize(
    ("minutes", "where", "url"), [(24, "C1", "https://hooks/1"), (25, "U0AIKO00000", ""), (450, "U0AIKO00000", "")]
)
def test_whoever_asked_hears_how_it_ended(core: Core, minutes: int, where: str, url: str) -> None:
    """Slack takes replies for half an hour; later they come by themselves."""
    core.file(request(reply_url="https://hooks/1", channel="C1"))
    now = NOW + minutes * 60_000
    core.click(ONE.id, "approve", voter("ben"), now=now)
    core.answer(ONE.id, now=now, outcome="refused")
    (said,) = [each for each in core.drafts() if each.subject == f"ended#{ONE.id}"]
    assert (said.channel, said.reply_url) == (where, url)
    assert "`r-0123456789` queues redrive in spoke: failed, granted by ben" in said.text
    assert "2 of 2 moved" in said.text


def test_whoever_asked_hears_who_denied_it_and_why(core: Core) -> None:
    core.file(request(reply_url="https://hooks/1", channel="C1"))
    core.click(ONE.id, "deny", voter("ben"), words="not on a Friday")
    (said,) = [each for each in core.drafts() if each.subject == f"ended#{ONE.id}"]
    assert "denied by ben\n> not on a Friday" in said.text.replace("&gt;", ">")


@pytest.mark.parametrize("outcome", ["failed", "refused"])
def test_what_was_not_done_is_audited_as_failed(core: Core, outcome: str) -> None:
    core.file(ONE)
    core.click(ONE.id, "approve", voter("ben"))
    assert core.answer(ONE.id, outcome=outcome).status == "FAILED"
    assert core.kinds()[-1] == "failed"


def test_an_answer_that_comes_again_and_one_of_a_stranger_change_nothing(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "approve", voter("ben"))
    core.answer(ONE.id)
    before = dict(core.dynamodb.items)
    core.answer(ONE.id)
    core.answer(ONE.id, outcome="failed")
    core.answer(ONE.id, HUB)
    assert core.dynamodb.items == before


def test_an_account_is_called_silent_when_it_may_no_longer_begin_once_and_may_still_be_heard(core: Core) -> None:
    core.file(request(targets=[HUB, SPOKE]))
    core.click(ONE.id, "approve", voter("ben"))
    core.answer(ONE.id, HUB)
    core.decisions.overdue(ONE.id, NOW + EXECUTE_MS - 1)
    assert core.now(ONE.id).status == "GRANTED"
    for late in (0, 1, HOUR):
        core.decisions.overdue(ONE.id, NOW + EXECUTE_MS + late)
    one = core.now(ONE.id)
    assert (one.status, one.answers[str(SPOKE)].headline) == ("FAILED", "no answer in 60 minutes")
    assert core.kinds()[-2:] == ["executed", "failed"]
    assert list(core.store.due(10**15)) == []
    assert core.answer(ONE.id, now=NOW + HOUR).status == "DONE"


def test_what_only_reads_is_answered_to_whoever_asked_when_all_have_answered(core: Core) -> None:
    core.file(request(tier=0, public=False, targets=[HUB, SPOKE], reply_url="https://hooks/1", channel="C1"))
    core.answer(ONE.id, HUB)
    assert core.drafts() == []
    core.answer(ONE.id)
    (message,) = core.drafts()
    assert (message.subject, message.reply_url, message.channel) == (f"answer#{ONE.id}", "https://hooks/1", "C1")


def test_whoever_waits_for_a_slow_account_is_told_once_what_came_so_far(core: Core) -> None:
    core.file(request(tier=0, public=False, targets=[HUB, SPOKE], reply_url="https://hooks/1", channel="C1"))
    core.answer(ONE.id, HUB)
    core.decisions.overdue(ONE.id, NOW + PARTIAL_AFTER_MS - 1)
    assert core.drafts() == []
    for late in (0, 1):
        core.decisions.overdue(ONE.id, NOW + PARTIAL_AFTER_MS + late)
    (message,) = core.drafts()
    assert "1 of 2 accounts have not answered yet" in message.text
    core.answer(ONE.id)
    assert len(core.drafts()) == 2
    assert "not answered" not in max(core.drafts(), key=lambda each: each.version).text


def test_a_command_that_nobody_took_in_time_is_not_sent_any_more(core: Core) -> None:
    core.file(ONE)
    core.click(ONE.id, "approve", voter("ben"))
    assert ("CommandRequested", SPOKE_BUS) in core.events(ONE.id)
    core.decisions.overdue(ONE.id, NOW + EXECUTE_MS)
    assert core.events(ONE.id) == [("ApprovalGranted", "")]


def test_an_open_request_expires_when_it_is_looked_at_after_its_time_and_once(core: Core) -> None:
    core.file(ONE)
    core.decisions.overdue(ONE.id, ONE.expires_at - 1)
    assert core.now(ONE.id).status == "PENDING"
    for late in (0, 1, HOUR):
        core.decisions.overdue(ONE.id, ONE.expires_at + late)
    assert core.kinds() == ["requested", "expired"]
    assert core.events(ONE.id) == [("ApprovalExpired", "")]
    assert list(core.store.due(10**15)) == []


def test_whoever_clicks_after_the_time_is_refused_whether_or_not_somebody_looked(core: Core) -> None:
    core.file(ONE)
    with pytest.raises(NotAllowedError, match="expired"):
        core.click(ONE.id, "approve", voter("ben"), now=ONE.expires_at)
    core.decisions.overdue(ONE.id, ONE.expires_at)
    with pytest.raises(NotAllowedError, match="expired"):
        core.click(ONE.id, "approve", voter("ben"), now=ONE.expires_at)


def test_the_clock_lets_go_of_what_was_granted_to_a_capability_when_its_time_is_over(core: Core) -> None:
    core.file(request(asked=True, requester="yagura.x"))
    core.click(ONE.id, "approve", voter("ben"))
    core.decisions.overdue(ONE.id, NOW + EXECUTE_MS - 1)
    assert list(core.store.due(10**15)) == [ONE.id]
    core.decisions.overdue(ONE.id, NOW + EXECUTE_MS)
    assert list(core.store.due(10**15)) == []
    assert core.now(ONE.id).status == "GRANTED"


def test_the_clock_lets_go_of_a_request_that_is_not_there(core: Core) -> None:
    core.decisions.overdue("r-nothing", NOW)
    assert list(core.store.due(10**15)) == []


def test_a_note_is_audited_once(core: Core) -> None:
    for _ in range(2):
        core.decisions.note([Entry(kind="refused", actor="ben", via="v")], once="n", now=NOW)
    assert core.kinds() == ["refused"]
