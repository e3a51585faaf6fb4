"""What the hub knows of a problem, and where it has told of it: pure.

Events come in any order and number. The newest says how the problem stands; every channel in which it has been told
shows that, so none goes on showing as open what is not: neither after the owner changed, nor because Security Hub gives
another severity (so routes another channel) to what passes.
"""

import msgspec

from functions.chatops import problem_message
from functions.chatops.message import Message
from functions.chatops.problem_message import Said
from functions.chatops.standing import BETWEEN, Standing, moved


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A channel in which a problem has been told."""

    news: int
    """The last version that was told here as news."""
    afresh: int = 0
    """The last that was to be posted afresh."""
    window: int = 0
    """In which the problem was counted (`storm.py`): when that began."""
    storm: str = ""
    """Subject of the storm's message that told this news; empty: it was told by itself."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A problem, as far as people have been told."""

    standing: Standing
    """By the newest event."""
    channel: str = ""
    """Where its message belongs."""
    moved: int = 0
    """By which version."""
    places: dict[str, Place] = {}
    """By channel."""
    escalated: Place | None = None
    """Where somebody else was told that it is overdue."""
    late: int = 0
    """How many older events have changed where the standing is shown."""

    @property
    def version(self) -> int:
        """Of its messages."""
        return self.standing.version + min(self.late, BETWEEN - 1)

    @property
    def home(self) -> str:
        """Where it is told as it stands; empty: nowhere, the digest lists it."""
        return self.channel if self.channel in self.places else ""


def heard(known: Known | None, said: Said) -> Known | None:
    """`known` after an event, itself if that changes nothing; its news is still to be told (`is_news`, `told`)."""
    newer = said.standing
    if newer is None:
        return known
    after = known or Known(standing=newer)
    if newer.version > after.standing.version:
        after = msgspec.structs.replace(after, standing=newer, late=0)
    if said.worth != "edit" and said.version > after.moved:
        after = _late(after, said, channel=said.channel, moved=said.version)
    return after


def is_news(known: Known, said: Said) -> bool:
    """Whether an event that `known` has heard is worth a message that nobody has been sent yet.

    One that comes late is, if what came after it only edits.
    """
    place = place_of(known, said)
    if not known.standing.open or (place is not None and place.news >= said.version):
        return False
    return said.escalates or (said.worth == "news" and said.version == known.moved)


def told(known: Known, said: Said, *, window: int, storm: str) -> Known:
    """`known` after its news has been told in the event's channel: by itself, or in a storm's message."""
    before = place_of(known, said)
    afresh = said.version if said.anew else before.afresh if before else 0
    place = Place(news=said.version, afresh=afresh, window=window, storm=storm)
    if said.escalates:
        return msgspec.structs.replace(known, escalated=place)
    return _late(known, said, places=known.places | {said.channel: place})


def place_of(known: Known, said: Said) -> Place | None:
    """What has been told where an event's news goes."""
    return known.escalated if said.escalates else known.places.get(said.channel)


def messages(known: Known | None, said: Said) -> list[Message]:
    """What every channel should show by now, and what the event says besides."""
    found: list[Message] = []
    if known is not None:
        for channel, place in known.places.items():
            here = channel == known.home or not known.standing.open
            standing = known.standing if here else moved(known.standing, known.home)
            message = problem_message.message(
                standing, channel, news=place.news, afresh=place.afresh, told_in=place.storm
            )
            found.append(msgspec.structs.replace(message, version=known.version))
        if _wants_reply(known, said):
            found.append(problem_message.reply(said, known.home))
    if said.own and not said.escalates:
        found.append(said.own)
    elif said.own and known and known.standing.open and known.escalated and known.escalated.news == said.version:
        found.append(msgspec.structs.replace(said.own, told_in=known.escalated.storm))
    return found


def _late(known: Known, said: Said, **changes: object) -> Known:
    late = known.late + (said.version < known.standing.version)
    return msgspec.structs.replace(known, late=late, **changes)


def _wants_reply(known: Known, said: Said) -> bool:
    """Whether there is somebody to reply to, whom no storm's message told the same."""
    if not (said.reply and known.home and known.standing.open):
        return False
    place = known.places[known.home]
    return said.worth != "news" or (place.news == said.version and not place.storm)
