"""What a verification found, in words for people. Pure."""

from collections.abc import Sequence

from functions.chatops.audit import ANCHOR_EVERY_MS, Anchor, Broken, Verdict

_LATE_HOURS = 2
_MEANS = {
    "edited": "Somebody changed this entry, or one was put in its place.",
    "missing": "At least one entry was taken out, or the order was changed.",
    "repeated": "An entry stands twice, or the order was changed.",
    "truncated": "The end of the chain was cut off.",
    "rewritten": "The chain was written anew, or another one was put in its place.",
    "clock": "A clock was put back or forward, or a time was made up.",
    "anchor_edited": "The anchors were changed.",
    "anchor_missing": "An anchor was taken out.",
    "unreadable": "Something else was put in the place of this entry.",
}


def lines_of(verdict: Verdict) -> list[str]:
    """The sentences of a verdict."""
    if verdict.broken is not None:
        return _broken(verdict.broken)
    if verdict.entries == 0:
        return ["There are no entries yet."]
    texts = [f"Intact: entries 1 to {verdict.entries}, each as it was written, none missing."]
    if verdict.anchored:
        texts.append(f"Anchored up to entry {verdict.anchored}.")
    if verdict.not_yet_anchored:
        texts.append(
            f"Not yet anchored: {_count(verdict.not_yet_anchored)}. Until an anchor covers them, whoever writes the "
            "table could write them anew."
        )
    return texts


def overdue(anchors: Sequence[Anchor], now: int) -> str:
    """Whether an anchor should have been written since the last one; empty if not. `now` in ms."""
    if not anchors:
        return "Nothing has been anchored yet; within an hour of the first deployment it should be."
    hours = (now - anchors[-1].at) // ANCHOR_EVERY_MS
    if hours < _LATE_HOURS:
        return ""
    return f"The last anchor is {hours} hours old, and there should be one every hour: look at yagura-chatops-anchor."


def _broken(broken: Broken) -> list[str]:
    texts = [f"BROKEN at entry {broken.seq}: {broken.text}.", _MEANS[broken.why]]
    if broken.seq > 1:
        texts.append(f"Entries 1 to {broken.seq - 1} are intact.")
    return texts


def _count(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"
