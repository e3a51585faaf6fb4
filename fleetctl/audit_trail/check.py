"""Whether a chain is what it was: its entries, its anchors, its head. Pure."""

from collections.abc import Sequence

import msgspec

from fleetctl.audit_trail.lines import Entries, Export, NotJsonError, UnusableError
from functions.chatops import audit
from functions.chatops.audit import Anchor, Broken, Head, Verdict


class Anchored(msgspec.Struct, frozen=True, kw_only=True):
    """The anchors that a chain is held to, and what is to be said about them."""

    anchors: list[Anchor]
    contradictions: list[str] = []
    """Where what came with the chain is not what is trusted."""
    remarks: list[str] = []


def chosen(own: Sequence[Anchor], trusted: Sequence[Anchor] | None) -> Anchored:
    """The trusted anchors, if there are any, instead of those that came with the chain.

    A copy that begins later leaves the earlier ones as they came: each anchor holds the digest of the one before, so
    the trusted ones vouch for them.
    """
    if trusted is None:
        return Anchored(anchors=list(own))
    came = {each.number: each for each in own}
    contradictions = [
        f"anchor {each.number} ({each.hour}) of the export is not the one that you trust"
        for each in trusted
        if came.get(each.number, each) != each
    ]
    first, last = trusted[0].number, trusted[-1].number
    remarks = []
    if lacking := [each.number for each in trusted if each.number not in came]:
        remarks.append(f"{len(lacking)} of your anchors do not stand in the export, the first is number {lacking[0]}.")
    if newer := sum(number > last for number in came):
        remarks.append(f"{newer} anchors of the export are newer than your copy; they were not used.")
    earlier = [each for each in own if each.number < first]
    return Anchored(anchors=[*earlier, *trusted], contradictions=contradictions, remarks=remarks)


def check(entries: Entries, anchors: Sequence[Anchor], head: Head) -> Verdict:
    """The verdict on `entries`, which should end with `head`; `broken` is the first thing that is wrong."""
    verdict = audit.verify(entries, anchors)
    broken = verdict.broken
    if entries.broken is not None and (broken is None or broken.seq >= entries.broken.seq):
        # Where the reading ended is where the chain seems to have been cut off; the line says why better.
        broken = entries.broken
    if broken is None:
        broken = _end(verdict, head)
    return msgspec.structs.replace(verdict, broken=broken)


def check_export(export: Export, anchors: Sequence[Anchor]) -> Verdict:
    """The verdict on an export. Raises UnusableError for a file that is damaged, though all entries be right."""
    entries = Entries(export.lines())
    try:
        verdict = check(entries, anchors, export.header.head)
    except UnusableError as error:
        text = f"line {export.number} is not JSON" if isinstance(error, NotJsonError) else str(error)
        raise UnusableError(f"{text}{_so_far(entries.last)}") from error
    if verdict.intact and export.damage:
        raise UnusableError(f"{export.damage}{_so_far(entries.last)}")
    return verdict


def _so_far(last: int) -> str:
    return f"; entries 1 to {last} before it are intact" if last else ""


def _end(verdict: Verdict, head: Head) -> Broken | None:
    """Whether the chain ends where its head says."""
    if verdict.entries < head.seq:
        text = f"the chain's head says that there are {head.seq} entries, and there are {verdict.entries}"
        return Broken(seq=verdict.entries + 1, why="truncated", text=text)
    if verdict.entries > head.seq:
        text = f"the chain's head says that it ends with entry {head.seq}, and there are {verdict.entries}"
        return Broken(seq=head.seq + 1, why="rewritten", text=text)
    if verdict.head != head.hash:
        text = f"the chain's head has another hash than entry {verdict.entries}"
        return Broken(seq=verdict.anchored + 1, why="rewritten", text=text)
    return None
