"""Which event a change of state is to be told by: the table that tests hold the fleet to."""

from functions.findings.finding import Status
from functions.findings.problem import State

_SEEN = {Status.OPEN: "open", Status.SUPPRESSED: "suppressed"}
_EVENTS = {
    ("closed", "open"): "FindingOpened",
    ("suppressed", "open"): "FindingOpened",
    ("closed", "suppressed"): "FindingSuppressed",
    ("open", "suppressed"): "FindingSuppressed",
    ("open", "closed"): "FindingResolved",
    ("suppressed", "closed"): "FindingResolved",
}


def kinds(before: State | None, after: State) -> list[str]:
    """Detail-types of the events by which `before` became `after`."""
    was, now = _seen(before), _seen(after)
    if was == now == "open" and before is not None:
        return ["FindingChanged"] if _shown(before) != _shown(after) else []
    if was == now == "suppressed" and before is not None:
        return ["FindingSuppressed"] if _terms(before) != _terms(after) else []
    return [_EVENTS[was, now]] if (was, now) in _EVENTS else []


def _seen(state: State | None) -> str:
    return "closed" if state is None or state.ignored else _SEEN.get(state.status, "closed")


def _terms(state: State) -> tuple[str, int] | None:
    return (state.lease.by, state.lease.until) if state.lease else None


def _shown(state: State) -> tuple[str, ...]:
    return state.severity, state.owner.team, state.owner.service, state.channel, state.tell
