"""Any order, any crash: what a request is, what the audit says and what goes out agree."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chatops.filing import request_id
from functions.chatops.request import NotAllowedError
from functions.chatops.store import request_key
from tests.functions.chatops.core import Core
from tests.functions.chatops.requests import request, voter
from tests.layers.fleet.fakes import KilledError, interleave
from tests.layers.fleet.refute import REFUTE

ONE = request()
SPOKE_BUS = "arn:aws:events:us-east-1:222222222222:event-bus/yagura"
REASON = "the shop is down"


@pytest.fixture
def core() -> Core:
    return Core()


type Act = Callable[[Core], object]

ACTS: dict[str, Act] = {
    "ben": lambda core: core.click(ONE.id, "approve", voter("ben"), once="ben"),
    "ben again": lambda core: core.click(ONE.id, "approve", voter("ben"), once="ben 2"),
    "dai": lambda core: core.click(ONE.id, "approve", voter("dai"), once="dai"),
    "dai denies": lambda core: core.click(ONE.id, "deny", voter("dai"), once="no"),
    "aiko": lambda core: core.click(ONE.id, "approve", voter("aiko"), once="own"),
    "aiko cancels": lambda core: core.click(ONE.id, "cancel", voter("aiko"), once="back"),
    "glass": lambda core: core.click(ONE.id, "break_glass", voter("aiko"), once="glass", words=REASON),
    "late": lambda core: core.click(ONE.id, "approve", voter("ben"), once="late", now=ONE.expires_at),
    "expire": lambda core: core.decisions.overdue(ONE.id, ONE.expires_at),
    "answer": lambda core: core.answer(ONE.id),
}
acts = st.lists(st.sampled_from(list(ACTS)), min_size=2, max_size=4)
turns = st.lists(st.integers(0, 11), max_size=40)


def assert_consistent(core: Core, tier: int, names: list[str], choices: list[int], kill: int) -> None:
    """Side by side, one of them killed and delivered again: state, audit and events say the same."""
    core.file(request(tier=tier))
    core.steps.kill_at = core.steps.taken + kill

    def act(name: str) -> Callable[[], None]:
        def until_done() -> None:
            while True:
                try:
                    ACTS[name](core)
                except KilledError:
                    continue
                except NotAllowedError:
                    return
                return

        return until_done

    interleave(core.steps, [act(name) for name in names], choices)
    core.steps.kill_at = None
    # Clocks in these acts lie far apart, so only the hashes of the trail are looked at here.
    head = core.store.head()
    records = list(core.store.records(1, head.seq))
    assert [record.entry.seq for record in records] == list(range(1, head.seq + 1))
    assert records[-1].hash == head.hash
    kinds = [record.entry.kind for record in records if record.entry.request == ONE.id]
    one, sent = core.now(ONE.id), [kind for kind, _ in core.events(ONE.id)]
    granted = one.status in {"GRANTED", "DONE", "FAILED"}
    assert kinds.count("granted") + kinds.count("broke_glass") == granted
    # A command that nobody took in time is not sent any more.
    assert sent.count("CommandRequested") == (one.status == "GRANTED")
    assert kinds.count("approved") == len(one.votes) == len({vote.person for vote in one.votes})
    if "granted" in kinds:
        assert len(one.votes) == tier
    finals = [kind for kind in kinds if kind in {"granted", "broke_glass", "denied", "cancelled", "expired"}]
    assert len(finals) == (one.status != "PENDING")
    review = core.store.request(request_id(f"review:{ONE.id}"))
    assert (review is not None) == ("broke_glass" in kinds)
    waiting = list(core.table.pending(before=10**15))
    assert (request_key(ONE.id) in waiting) == bool(sent)


@given(st.sampled_from([1, 2]), acts, turns, st.integers(1, 40))
def test_whatever_happens_at_once_and_dies_in_between_state_audit_and_events_agree(
    tier: int, names: list[str], choices: list[int], kill: int
) -> None:
    assert_consistent(Core(), tier, names, choices, kill)


def _without_revision(core: Core) -> None:
    write = core.dynamodb.transact_write_items

    def careless(*, TransactItems: list[dict[str, Any]]) -> Any:  # noqa: N803
        bare = [
            {"Put": {name: each["Put"][name] for name in ("TableName", "Item")}}
            if each["Put"]["Item"]["pk"]["S"].startswith("request#")
            else each
            for each in TransactItems
        ]
        return write(TransactItems=bare)

    core.dynamodb.transact_write_items = careless


def _events_afterwards(core: Core) -> None:
    """The event is written when the decision is true already: whoever dies in between loses it."""
    commit = core.store.commit

    def torn(decision: Any, now: int) -> Any:
        records = commit(msgspec.structs.replace(decision, events=()), now)
        if decision.events:
            kept = core.store.request(decision.request.id)
            assert kept is not None
            again = msgspec.structs.replace(decision, once=f"{decision.once} events", over=kept, entries=(), also=())
            element = core.store._put_request(again, now)
            element["Put"].pop("ConditionExpression")
            element["Put"].pop("ExpressionAttributeValues")
            element["Put"].pop("ExpressionAttributeNames", None)
            core.dynamodb.put_item(**element["Put"])
        return records

    store: Any = core.store
    store.commit = torn


@pytest.mark.parametrize("broken", [_without_revision, _events_afterwards])
def test_the_property_refutes(broken: Callable[[Core], None]) -> None:
    @REFUTE
    @given(st.sampled_from([1, 2]), acts, turns, st.integers(1, 40))
    def holds(tier: int, names: list[str], choices: list[int], kill: int) -> None:
        core = Core()
        broken(core)
        assert_consistent(core, tier, names, choices, kill)

    with pytest.raises(AssertionError):
        holds()
