"""What chatops itself is asked: it says what it knows, and shows nothing that somebody may not run."""

from typing import Any

import pytest

from fleet.commands import Known, Parsed, parse, registry
from functions.chatops import audit
from functions.chatops.audit import Anchor, Entry
from functions.chatops.inquiries import Inquiries
from functions.chatops.people import Person
from functions.chatops.store import HEAD, Decision, audit_key
from tests.functions.chatops.chains import HOUR, START
from tests.functions.chatops.core import FLEET, PEOPLE, Core, person
from tests.functions.chatops.requests import request

CHIE = person("chie")


class FakeArchive:
    """Anchors by their hour."""

    def __init__(self) -> None:
        self.anchors: list[Anchor] = []
        self.asked: list[str] = []

    def since(self, hour: str) -> list[Anchor]:
        self.asked.append(hour)
        return [one for one in self.anchors if one.hour > hour]

    def last(self, most: int) -> list[Anchor]:
        self.asked.append(f"last {most}")
        return self.anchors[-most:]


class World:
    """The counter's answers, on the core's table."""

    def __init__(self) -> None:
        self.core, self.archive, self.now = Core(), FakeArchive(), START
        self.registry = registry()
        archive: Any = self.archive
        self.inquiries = Inquiries(
            store=self.core.store,
            messages=self.core.messages,
            archive=archive,
            registry=self.registry,
            hub=FLEET,
            people=PEOPLE,
        )

    def ask(self, text: str, who: Person | None = None) -> str:
        parsed: Parsed = parse(text, self.registry, Known(accounts=()), lambda _command: True)
        return "\n".join(self.inquiries.answer(parsed, who or person("aiko"), self.now))

    def write(self, count: int, **facts: Any) -> None:
        for _ in range(count):
            entry = Entry(kind="executed", actor="aiko", via="v", request="r-1", facts=facts)
            self.core.store.commit(Decision(once=f"{self.core.store.head().seq}", entries=[entry]), self.now)

    def anchor(self) -> None:
        last = self.archive.anchors[-1] if self.archive.anchors else None
        one = audit.anchor(self.core.store.head(), last, self.now, audit.hour_of(self.now))
        self.archive.anchors.append(one)
        assert self.core.store.remember_anchor(one)

    def hours(self, count: int) -> None:
        """One entry and an anchor in each."""
        for _ in range(count):
            self.write(1)
            self.anchor()
            self.now += HOUR


@pytest.fixture
def world() -> World:
    return World()


# Who am I, what may I


@pytest.mark.parametrize(
    ("who", "text"),
    [
        (person("aiko"), "You are *aiko* of sre (pinned in people.yaml)."),
        (
            Person(id="fay", teams=frozenset(), pinned=False),
            "You are *fay* of no team (found in Identity Center by e-mail: may not decide requests).",
        ),
        (
            Person(id="<fay>", teams=frozenset({"sre", "payments"}), pinned=True),
            "You are *&lt;fay&gt;* of payments, sre (pinned in people.yaml).",
        ),
    ],
)
def test_whoami_says_who_and_how_it_is_known(world: World, who: Person, text: str) -> None:
    assert world.ask("whoami", who) == text


def test_help_shows_only_what_one_may_run(world: World) -> None:
    assert "queues redrive" in world.ask("help")
    assert "queues redrive" not in world.ask("help", CHIE)
    assert "whoami" in world.ask("help", CHIE)


def test_help_on_one_command_tells_more_of_it(world: World) -> None:
    assert "queues redrive" in world.ask("help queues redrive")


# Status


def test_status_of_a_fleet_where_nothing_has_happened(world: World) -> None:
    text = world.ask("status")
    for line in (
        "nothing has been posted yet", "nobody has been paged yet", "0 entries", "never", "No request is open.",
    ):  # fmt: skip
        assert line in text


def test_status_says_what_waits_and_how_old_the_last_anchor_is(world: World) -> None:
    world.hours(1)
    world.core.file(request(created=world.now, expires_at=world.now + HOUR), world.now)
    world.now += 59 * 60_000
    text = world.ask("status")
    assert "entry 1, 119 min ago" in text
    assert "2 entries" in text
    assert "r-0123456789  queues redrive in spoke" in text
    world.now += 60_000
    text = world.ask("status")
    assert "entry 1, 2 h ago" in text
    assert "No request is open." in text


# The tail


def test_the_tail_shows_the_last_entries_oldest_first(world: World) -> None:
    world.write(1, command="queues peek")
    world.write(1, reason="twice")
    world.write(1, status="GRANTED")
    text = world.ask("audit tail 2")
    assert "twice" in text
    assert "GRANTED" in text
    assert "queues peek" not in text
    assert text.index("twice") < text.index("GRANTED")
    assert "11-24 16:00:00" in text
    assert "queues peek" in world.ask("audit tail 3")


def test_the_tail_of_nothing_is_a_head(world: World) -> None:
    assert world.ask("audit tail 2").strip("`").split() == ["seq", "when", "(UTC)", "what", "who", "request", "facts"]


# Verification


def test_an_intact_chain_is_said_to_be_with_what_is_not_anchored_yet(world: World) -> None:
    world.hours(3)
    world.write(2)
    assert world.ask("audit verify") == (
        ":white_check_mark: Entries 1 to 5 are intact; anchored up to 3, 2 not yet anchored."
    )


def test_a_chain_without_an_anchor_says_so(world: World) -> None:
    world.write(2)
    assert world.ask("audit verify").endswith("2 not yet anchored. There is no anchor yet.")


def test_a_late_anchor_is_said_to_be_late(world: World) -> None:
    world.hours(1)
    world.now += HOUR
    assert "old" not in world.ask("audit verify")
    world.now += 1
    assert ":warning: The last anchor is 2 h old" in world.ask("audit verify")


def test_it_begins_at_the_first_anchor_of_the_last_two_days(world: World) -> None:
    world.hours(60)
    text = world.ask("audit verify")
    assert world.archive.asked == [audit.hour_of(START + 12 * HOUR)]
    assert text.startswith(":white_check_mark: Entries 15 to 60 are intact; anchored up to 60, 0 not yet anchored.")


def test_without_anchors_in_two_days_it_begins_at_the_beginning(world: World) -> None:
    world.hours(2)
    world.now += 50 * HOUR
    text = world.ask("audit verify")
    assert text.startswith(":white_check_mark: Entries 1 to 2 are intact; anchored up to 2")
    assert "51 h old" in text


def test_of_anchors_that_are_all_older_only_the_last_two_days_worth_are_read(world: World) -> None:
    world.hours(60)
    world.now += 50 * HOUR
    text = world.ask("audit verify")
    assert world.archive.asked[-1] == "last 48"
    assert text.startswith(":white_check_mark: Entries 14 to 60 are intact; anchored up to 60, 0 not yet anchored.")
    assert ":warning: The last anchor is 51 h old" in text


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_deleted_entry_is_named(world: World, seq: int) -> None:
    """Also the last one, which only the head tells of."""
    world.hours(2)
    world.write(1)
    del world.core.dynamodb.items[audit_key(seq)]
    assert f"*The audit chain is broken at entry {seq}*" in world.ask("audit verify")


def test_a_table_that_went_back_in_time_is_told(world: World) -> None:
    world.hours(1)
    before = dict(world.core.dynamodb.items)
    world.hours(2)
    world.core.dynamodb.items = before
    assert "*The table has forgotten anchors*: it knows 1, and there are 3." in world.ask("audit verify")


def test_a_lost_head_is_a_chain_cut_off(world: World) -> None:
    world.hours(2)
    del world.core.dynamodb.items[HEAD]
    assert "broken at entry 1* (truncated)" in world.ask("audit verify")


def test_an_anchor_that_is_made_while_it_looks_is_no_fault(world: World) -> None:
    """The end is read after the anchors."""
    world.hours(2)
    since = world.archive.since

    def meanwhile(hour: str) -> list[Anchor]:
        world.hours(1)
        return since(hour)

    world.archive.since = meanwhile  # type: ignore[method-assign]
    assert world.ask("audit verify").startswith(":white_check_mark: Entries 1 to 3 are intact; anchored up to 3")


def test_what_is_declared_and_not_answered_is_an_error_of_ours(world: World) -> None:
    parsed = parse("approve r-0123456789", world.registry, Known(accounts=()), lambda _command: True)
    with pytest.raises(LookupError, match="approve: chatops declares it"):
        world.inquiries.answer(parsed, person("aiko"), world.now)
