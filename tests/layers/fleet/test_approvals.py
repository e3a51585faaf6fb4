"""Claims: what people granted is taken once, as it was granted, by one, in time; on the fake and on moto."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import aws
from fleet.approvals import CONFLICTS, Approvals, NotApprovedError, from_environment
from fleet.items import to_dynamodb
from functions.chatops.request import EXECUTE_MS
from tests.functions.chatops.core import Core, no_sleep
from tests.functions.chatops.requests import ARGUMENTS, HUB, NOW, request, voter
from tests.layers.fleet.fakes import FakeDynamoDB, KilledError, Steps, client_error, interleave
from tests.layers.fleet.refute import REFUTE
from tests.layers.fleet.test_items import on_moto

ONE = request()
LAST = NOW + EXECUTE_MS - 1


@pytest.fixture(params=["fake", "moto"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def core_(kind: str) -> Iterator[Core]:
    if kind == "fake":
        yield Core()
        return
    with on_moto() as table:
        yield Core(table.client, table.name, sleep=no_sleep)


def granted(core: Core, **changes: Any) -> Core:
    core.file(request(**changes))
    core.click(ONE.id, "approve", voter("ben"))
    return core


def refusal(core: Core, **changes: Any) -> str:
    """Why a claim is refused; empty if it is not."""
    try:
        core.claim(ONE, **changes)
    except NotApprovedError as error:
        return error.reason
    return ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"now": LAST}, ""),
        ({"now": LAST + 1}, "expired"),
        ({"arguments": ARGUMENTS | {"queue": "another"}}, "altered"),
        ({"arguments": ARGUMENTS | {"more": 1}}, "altered"),
        ({"arguments": {}}, "altered"),
        ({"arguments": dict(reversed(ARGUMENTS.items()))}, ""),
        ({"command": "queues peek"}, "altered"),
        ({"account": HUB.account}, "elsewhere"),
        ({"region": "eu-west-1"}, "elsewhere"),
    ],
)
def test_a_granted_request_is_claimed_as_it_was_granted(core_: Core, changes: dict[str, Any], reason: str) -> None:
    granted(core_)
    assert refusal(core_, **changes) == reason
    taken = core_.table.get(f"claim#{ONE.id}#222222222222:us-east-1")
    assert (taken or {}).get("by") == (None if reason else "operations")


def test_who_asked_and_who_agreed_is_read_from_the_request(core_: Core) -> None:
    approvals = Approvals(lambda _request: core_.table.client, core_.table.name)
    assert approvals.people(ONE.id) == ("", [])
    granted(core_)
    assert approvals.people(ONE.id) == (ONE.requester, ["ben"])


def test_an_event_without_a_request_claims_nothing(core_: Core) -> None:
    assert refusal(core_) == "unknown"


def test_a_request_that_nobody_granted_claims_nothing(core_: Core) -> None:
    core_.file(ONE)
    assert refusal(core_) == "not_granted"
    core_.click(ONE.id, "deny", voter("ben"))
    assert refusal(core_) == "not_granted"


def test_a_claim_made_before_the_grant_does_not_come_true_with_it(core_: Core) -> None:
    core_.file(ONE)
    assert refusal(core_) == "not_granted"
    core_.click(ONE.id, "approve", voter("ben"))
    assert refusal(core_) == ""


def test_only_one_takes_it_and_may_go_on_with_it_also_when_its_time_is_over(core_: Core) -> None:
    granted(core_)
    assert refusal(core_, by="first") == ""
    assert refusal(core_, by="second") == "claimed_by_another"
    assert refusal(core_, by="first", now=LAST + 10**9) == ""
    assert refusal(core_, by="second", now=LAST + 1) == "expired"


def test_whoever_took_it_in_time_goes_on_after_it_was_called_silent_and_nobody_else(core_: Core) -> None:
    """The worker died with half of the work done, and its delivery comes again when the request is over."""
    granted(core_, targets=[HUB, *ONE.targets])
    assert refusal(core_, now=LAST) == ""
    core_.decisions.overdue(ONE.id, LAST + 1)
    assert core_.now(ONE.id).status == "FAILED"
    assert refusal(core_, now=LAST + 1) == ""
    assert refusal(core_, now=LAST + 1, by="another") == "expired"
    assert refusal(core_, now=LAST + 1, arguments=ARGUMENTS | {"queue": "another"}) == "altered"
    assert refusal(core_, now=LAST + 1, account=HUB.account) == "expired"


def test_a_claim_that_was_not_made_in_time_is_none(core_: Core) -> None:
    granted(core_)
    core_.decisions.overdue(ONE.id, LAST + 1)
    claim = {"by": "operations", "command": ONE.command, "arguments_hash": ONE.arguments_hash, "at": LAST + 1}
    core_.table.put({"pk": f"claim#{ONE.id}#222222222222:us-east-1", "v": 1} | claim, over=None)
    assert refusal(core_, now=LAST + 2) == "expired"


@pytest.mark.parametrize("changes", [{"arguments": ARGUMENTS | {"queue": "another"}}, {"command": "queues peek"}])
def test_whoever_took_it_goes_on_with_nothing_else(core_: Core, changes: dict[str, Any]) -> None:
    granted(core_)
    assert refusal(core_) == ""
    assert refusal(core_, **changes) == "altered"


def test_each_place_is_claimed_by_itself(core_: Core) -> None:
    granted(core_, targets=[HUB, *ONE.targets])
    assert refusal(core_, by="there") == ""
    assert refusal(core_, by="here", account=HUB.account) == ""


def test_a_conflict_says_nothing_so_nothing_is_done_and_it_is_tried_again() -> None:
    core = granted(Core())
    core.dynamodb.conflicts = CONFLICTS
    with pytest.raises(core.dynamodb.exceptions.TransactionCanceledException):
        core.claim(ONE)
    assert refusal(core) == ""


def test_conflicts_with_others_at_the_same_request_are_waited_out() -> None:
    core = granted(Core())
    core.dynamodb.conflicts = CONFLICTS - 1
    core.claim(ONE)
    assert refusal(core) == ""


def test_a_table_that_does_not_answer_authorises_nothing() -> None:
    core = granted(Core())
    core.dynamodb.error = client_error("ProvisionedThroughputExceededException")
    with pytest.raises(Exception, match="ProvisionedThroughput"):
        core.claim(ONE)
    assert core.table.get(f"claim#{ONE.id}#222222222222:us-east-1") is None


def test_whoever_dies_at_any_call_goes_on_with_the_claim() -> None:
    for step in range(1, 3):
        core = granted(Core())
        core.steps.kill_at = core.steps.taken + step
        with pytest.raises(KilledError):
            core.claim(ONE)
        assert refusal(core) == ""
        assert refusal(core, by="second") == "claimed_by_another"


def assert_one_takes_it(core: Core, steps: Steps, choices: list[int]) -> None:
    """Three executors at once, while somebody says no in vain: at most one executes."""
    taken: list[str] = []

    def take(name: str) -> None:
        if refusal(core, by=name) == "":
            taken.append(name)

    interleave(steps, [lambda: take("a"), lambda: take("b"), lambda: take("c")], choices)
    assert len(taken) == 1


side_by_side = st.lists(st.integers(0, 5), max_size=20)


@given(side_by_side)
def test_of_many_at_once_exactly_one_takes_it(choices: list[int]) -> None:
    core = granted(Core())
    assert_one_takes_it(core, core.steps, choices)


def test_the_property_refutes_a_claim_that_looks_first_and_writes_then() -> None:
    @REFUTE
    @given(side_by_side)
    def holds(choices: list[int]) -> None:
        core = granted(Core())
        memory: FakeDynamoDB = core.dynamodb

        def careless(**what: Any) -> dict[str, Any]:
            put = what["TransactItems"][1]["Put"]
            if core.approvals._read(core.dynamodb, put["Item"]["pk"]["S"]):
                raise memory.exceptions.TransactionCanceledException([])
            return memory.put_item(TableName="t", Item=put["Item"])

        core.dynamodb.transact_write_items = careless
        assert_one_takes_it(core, core.steps, choices)

    with pytest.raises(AssertionError):
        holds()


def test_the_session_that_claims_is_named_after_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    core = granted(Core())
    asked: list[tuple[str, str, str]] = []

    def dynamodb_as(role: str, *, session: str, region: str) -> Any:
        asked.append((role, session, region))
        return core.dynamodb

    monkeypatch.setattr(aws, "dynamodb_as", dynamodb_as)
    environment = {
        "YAGURA_CLAIMS_ROLE": "arn:aws:iam::111111111111:role/claims",
        "YAGURA_HUB_REGION": "us-east-1",
        "YAGURA_REQUESTS_TABLE": "yagura-chatops",
    }
    core.approvals = from_environment(environment)
    assert isinstance(core.approvals, Approvals)
    core.claim(ONE)
    assert asked == [("arn:aws:iam::111111111111:role/claims", ONE.id, "us-east-1")]


def test_a_claim_writes_its_own_item_and_no_other() -> None:
    """The role may write `claim#...` only: it cannot grant."""
    core = granted(Core())
    before = dict(core.dynamodb.items)
    core.claim(ONE)
    (new,) = set(core.dynamodb.items) - set(before)
    assert new == f"claim#{ONE.id}#222222222222:us-east-1"
    assert {pk: item for pk, item in core.dynamodb.items.items() if pk != new} == before
    check, put = core.dynamodb.transactions[-1]
    assert (list(check), list(put)) == (["ConditionCheck"], ["Put"])
    assert put["Put"]["Item"]["at"] == to_dynamodb({"at": NOW})["at"]
