"""What a known person types, from the delivery to what stands in the table."""

import pytest

from functions.chatops.filing import SHOWN_MS, request_id
from functions.chatops.request import EXECUTE_MS, OPEN_MS
from tests.functions.chatops.counters import AIKO, AIKO_AS_IAM, BEN, CHIE, SHOWN, TABLE, Desk
from tests.functions.chatops.deliveries import HOOK
from tests.functions.chatops.requests import HUB, NOW, SPOKE

MINUTE = 60_000


@pytest.fixture
def desk() -> Desk:
    return Desk()


# What chatops itself is asked


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("help", "`audit verify`"),
        ("help queues redrive", "needs one other person"),
        ("whoami", "You are *aiko* of sre (pinned in people.yaml)."),
        ("status", "nothing has been posted yet"),
        ("audit tail", "seq"),
        ("audit tail 50", "seq"),
        ("audit verify", "Entries 1 to 0 are intact"),
    ],
)
@pytest.mark.parametrize("by", ["slack", "iam"])
def test_a_question_is_answered_to_whoever_asked_and_asks_for_nothing(
    desk: Desk, text: str, found: str, by: str
) -> None:
    told = desk.types(AIKO, text) if by == "slack" else desk.asks(AIKO_AS_IAM, text)
    assert found in desk.told(told)
    assert desk.requests() == []
    assert desk.sqs.dead.messages == []
    if by == "slack":
        message = desk.drafts()[f"reply#{told}"]
        assert (message.reply_url, message.channel) == (HOOK, "C0SRE000000")
        assert desk.woken() == ["C0SRE000000"]
    else:
        assert (desk.table.get(f"reply#{told}") or {})["refused"] is False
        assert (desk.drafts(), desk.woken()) == ({}, [])


@pytest.mark.parametrize("text", ["status", "audit tail", "audit verify"])
def test_what_shows_something_of_the_infrastructure_is_audited(desk: Desk, text: str) -> None:
    desk.types(AIKO, text)
    (entry,) = desk.trail()
    assert (entry.kind, entry.actor, entry.via, entry.facts) == ("executed", "aiko", f"slack:{AIKO}", {"command": text})


@pytest.mark.parametrize("text", ["help", "help freeze", "whoami"])
def test_what_shows_nothing_is_not_audited(desk: Desk, text: str) -> None:
    desk.types(AIKO, text)
    assert desk.trail() == []


def test_help_is_limited_to_what_its_caller_may_run(desk: Desk) -> None:
    known, hidden = desk.told(desk.types(AIKO, "help")), desk.told(desk.types(CHIE, "help"))
    for words in ("freeze", "unfreeze", "queues peek", "queues redrive", "audit tail", "audit verify", "break-glass"):
        assert f"`{words}" in known
        assert f"`{words}" not in hidden
    assert "`queues list" in hidden
    assert "is not a command" in desk.told(desk.types(CHIE, "help freeze"))


def test_the_audit_trail_of_today_is_verified_up_to_its_head(desk: Desk) -> None:
    desk.redriven()
    assert "Entries 1 to 4 are intact; anchored up to 0, 4 not yet anchored" in desk.told(
        desk.types(AIKO, "audit verify")
    )


# What cannot be understood


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "Which command?"),
        ("frieze spoke", "Did you mean `freeze` or `unfreeze`?"),
        ("queues", "is the beginning of `queues list`, `queues peek`, `queues redrive`"),
        ("freeze", "`account` is missing: expected the name or the id of an account"),
        ("freeze spook", "`account`: found `spook`, expected the name or the id of an account"),
        ("approve r-nothing", "expected the id of a request, such as `r-0123456789`"),
        ("queues peek spoke orders 21", "`count`: found `21`, expected a whole number from 1 to 20"),
        ("audit tail 0", "expected a whole number from 1 to 50"),
        ("whoami now", "`now` is more than `whoami` takes"),
        ("x" * 3001, "That is 3001 characters"),
    ],
)
@pytest.mark.parametrize("by", ["slack", "iam"])
def test_what_is_not_understood_is_told_with_the_reason_and_is_no_refusal(
    desk: Desk, text: str, found: str, by: str
) -> None:
    told = desk.types(AIKO, text) if by == "slack" else desk.asks(AIKO_AS_IAM, text)
    assert found in desk.told(told)
    assert (desk.trail(), desk.requests()) == ([], [])
    if by == "iam":
        assert (desk.table.get(f"reply#{told}") or {})["refused"] is True


def test_nobody_is_proposed_a_command_that_they_may_not_run(desk: Desk) -> None:
    assert "`freeze`" not in desk.told(desk.types(CHIE, "frieze spoke"))


@pytest.mark.parametrize(
    ("text", "hidden", "left"),
    [
        ("patient Taro Yamada", "taro", "patient [masked]"),
        ("Dr Smith is ill", "smith", "is not a command"),
        ("x 山田太郎 様", "山田太郎", "is not a command"),
        ("freeze 090-1234-5678", "1234", "found `[masked]`"),
        ("freeze taro.yamada@example.com", "yamada", "found `[masked]`"),
        ("audit tail 5 for Mrs Sato", "sato", "is more than"),
        ("help patient Taro Yamada", "taro", "is not a command"),
        (f"deny r-0a1b2c3d4e {'x' * 44} 4242 4242 4242 {'y' * 500}", "4242", "expected a text"),
        (f"deny r-0a1b2c3d4e {'1234 ' * 120}", "1234", "does not fit (bad argument)"),
    ],
)
def test_what_is_quoted_is_masked_before_it_is_cut_or_put_in_lower_case(
    desk: Desk, text: str, hidden: str, left: str
) -> None:
    told = desk.told(desk.types(AIKO, text))
    assert left in told
    assert hidden not in told.lower()
    assert hidden not in desk.everything().lower()


def test_the_id_of_a_problem_is_not_masked_where_it_does_not_fit(desk: Desk) -> None:
    told = desk.told(desk.types(AIKO, "findings show 3337317e320f0a78243d396f8b5ffa2c"))
    assert "found `3337317e320f0a78243d396f8b5ffa2c`, expected the name or the id of an account" in told
    assert "Usage: `/yagura findings show" in told


# What is done elsewhere


@pytest.mark.parametrize(
    ("text", "command", "arguments", "targets"),
    [
        ("queues list", "queues list", {}, [HUB, SPOKE]),
        ("queues list spoke", "queues list", {}, [SPOKE]),
        ("queues peek spoke orders 3", "queues peek", {"queue": "orders", "count": 3}, [SPOKE]),
        ("queues peek 222222222222 orders", "queues peek", {"queue": "orders", "count": 10}, [SPOKE]),
    ],
)
def test_what_only_reads_goes_out_at_once_and_is_told_nowhere_else(
    desk: Desk, text: str, command: str, arguments: object, targets: object
) -> None:
    id_ = desk.types(AIKO, text)
    request = desk.only()
    assert (request.id, request.command, request.arguments) == (request_id(id_), command, arguments)
    assert (request.capability, request.tier, request.targets) == ("operations", 0, targets)
    assert (request.status, request.requester, request.public) == ("GRANTED", "aiko", False)
    assert (request.reply_url, request.channel, request.policy) == (HOOK, "C0SRE000000", "0123456789ab")
    assert request.execute_until == NOW + EXECUTE_MS
    assert desk.kinds() == ["requested", "granted"]
    assert desk.events(request.id) == ["CommandRequested"] * len(request.targets)
    assert desk.drafts() == {}


def test_its_answer_goes_to_whoever_asked_and_for_fleetctl_nowhere_in_slack(desk: Desk) -> None:
    shown = desk.peeked()
    assert desk.drafts()[f"answer#{shown.id}"].reply_url == HOOK
    id_ = desk.asks(AIKO_AS_IAM, "queues peek spoke orders-dead-letters")
    reply = desk.table.get(f"reply#{id_}") or {}
    assert reply["request"] == request_id(id_)
    assert "needs nobody else" in reply["texts"][0]
    before = desk.drafts()
    desk.answers(desk.request(request_id(id_)))
    assert desk.drafts() == before
    assert desk.request(request_id(id_)).status == "DONE"


@pytest.mark.parametrize("by", ["slack", "iam"])
def test_a_freeze_goes_out_at_once_and_everybody_sees_it(desk: Desk, by: str) -> None:
    id_ = desk.types(AIKO, "freeze all") if by == "slack" else desk.asks(AIKO_AS_IAM, "freeze all")
    request = desk.only()
    assert (request.status, request.arguments, request.targets) == ("GRANTED", {}, [HUB, SPOKE])
    assert request.via == (f"slack:{AIKO}" if by == "slack" else f"iam:{AIKO_AS_IAM}")
    assert {entry.via for entry in desk.trail()} == {request.via}
    assert desk.events(request.id) == ["CommandRequested"] * 2
    assert f"request#{request.id}" in desk.drafts()
    assert desk.told(id_).endswith("needs nobody else. It stands in #approvals.")
    assert "#approvals" in desk.woken()


@pytest.mark.parametrize("by", ["slack", "iam"])
def test_an_unfreeze_waits_for_somebody_else(desk: Desk, by: str) -> None:
    id_ = desk.types(AIKO, "unfreeze spoke") if by == "slack" else desk.asks(AIKO_AS_IAM, "unfreeze spoke")
    request = desk.only()
    assert (request.status, request.tier, request.expires_at) == ("PENDING", 1, NOW + OPEN_MS)
    assert (desk.kinds(), desk.events(request.id)) == (["requested"], [])
    assert desk.drafts()[f"request#{request.id}"].channel == "#approvals"
    assert "needs one other person. It stands in #approvals." in desk.told(id_)
    assert list(desk.store.due(request.expires_at + 1)) == [request.id]


def test_a_redrive_freezes_what_was_shown_and_where(desk: Desk) -> None:
    shown = desk.peeked()
    desk.types(AIKO, f"queues redrive {shown.id}")
    request = desk.requests()[-1]
    assert (request.arguments, request.table, request.targets) == (SHOWN, TABLE, [SPOKE])
    assert (request.status, request.tier) == ("PENDING", 1)


def test_a_redrive_refers_only_to_an_answered_peek(desk: Desk) -> None:
    desk.types(AIKO, "queues peek spoke orders-dead-letters")
    waiting = desk.only()
    desk.types(AIKO, "queues list spoke")
    listed = desk.requests()[-1]
    desk.answers(listed)
    desk.types(AIKO, "queues peek spoke orders-dead-letters")
    failed = desk.requests()[-1]
    desk.answers(failed, outcome="failed")
    before = desk.requests()
    for one, why in (
        (waiting.id, "has shown nothing"),
        (failed.id, "has shown nothing"),
        (listed.id, "is no answer of `queues peek`"),
        ("r-abcdefghjk", "is no answer of `queues peek`"),
    ):
        assert why in desk.told(desk.types(AIKO, f"queues redrive {one}"))
    assert desk.requests() == before


def test_what_was_shown_too_long_ago_is_not_redriven(desk: Desk) -> None:
    shown = desk.peeked()
    desk.now += SHOWN_MS + 1
    assert "is too old" in desk.told(desk.types(AIKO, f"queues redrive {shown.id}"))


# What is not theirs


@pytest.mark.parametrize(
    "text",
    ["freeze all", "unfreeze all", "queues peek spoke orders", "queues redrive r-abcdefghjk", "audit tail",
     "audit verify", "break-glass r-abcdefghjk the shop is down"],
)  # fmt: skip
def test_what_is_for_the_sre_team_is_refused_to_others_and_audited(desk: Desk, text: str) -> None:
    told = desk.told(desk.types(CHIE, text))
    assert told.startswith(":no_entry: ")
    assert "is for people of sre" in told
    (entry,) = desk.trail()
    assert (entry.kind, entry.actor, entry.facts["reason"]) == ("refused", "chie", "not_yours")
    assert text.startswith(entry.facts["route"])
    assert entry.request == ("r-abcdefghjk" if "r-" in text else "")
    assert desk.requests() == []


def test_no_number_in_a_command_is_taken_for_a_request(desk: Desk) -> None:
    desk.types(CHIE, "queues peek spoke order-0901234567")
    assert "0901234567" not in desk.everything()
    assert desk.trail()[0].request == ""


def test_refusals_are_told_each_time_and_audited_once_a_minute_for_a_person_and_route(desk: Desk) -> None:
    desk.now = NOW - NOW % MINUTE
    told = [desk.types(CHIE, "freeze all") for _ in range(5)]
    desk.now += MINUTE - 1
    told.append(desk.types(CHIE, "freeze spoke"))
    assert all(desk.told(each) for each in told)
    assert len(desk.trail()) == 1
    told += [desk.types(CHIE, "unfreeze all"), desk.types(BEN, "approve r-abcdefghjk")]
    assert len(desk.trail()) == 3
    desk.now += 1
    told.append(desk.types(CHIE, "freeze all"))
    assert len(desk.trail()) == 4
    assert all(desk.told(each) for each in told)
    assert {entry.kind for entry in desk.trail()} == {"refused"}


def test_what_was_refused_stays_refused_when_it_comes_again_and_would_be_allowed(desk: Desk) -> None:
    desk.types(AIKO, "queues peek spoke orders-dead-letters")
    shown = desk.only()
    late = desk.written(text=f"queues redrive {shown.id}")
    desk.take(late)
    desk.answers(shown)
    desk.take(late)
    assert [one.id for one in desk.requests()] == [shown.id]


def test_what_was_filed_stays_filed_when_it_comes_again_and_would_be_refused(desk: Desk) -> None:
    shown = desk.peeked()
    redrive = desk.written(text=f"queues redrive {shown.id}")
    desk.take(redrive)
    desk.now += SHOWN_MS + 1
    desk.take(redrive)
    assert "refused" not in desk.kinds()
    assert len(desk.drafts()) == 3
