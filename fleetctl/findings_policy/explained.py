"""An explanation in words for people. Pure."""

from collections.abc import Iterator

from fleetctl.findings_policy.explanation import Claim, Dropped, Explained, Found, Looked, Outcome, Refused, Resource
from fleetctl.findings_policy.words import Line, block, count, when

_FORMS = {"asff": "ASFF", "ocsf": "OCSF, as Security Hub V2 has it"}
_KINDS = ("owner", "severity", "ignore", "suppress", "route", "ticket")
"""In the order in which they are decided."""
_TELL = {"now": "told at once", "digest": "told with the day's digest", "never": "told to nobody"}
_NEXT = {
    "review": "the suppression ends",
    "warn": "whoever asked for the suppression is warned of its end",
    "remind": "its owner is reminded",
    "overdue": "it is due",
    "escalate": "others are told that it is overdue",
}


def lines_of(explained: Explained, now: int) -> Iterator[Line]:
    """One event; `now` in ms."""
    yield Line(explained.where, "bold")
    if explained.detail_type:
        yield from block("event", [Line(f"{explained.detail_type}, {explained.event or 'without an id'}")])
    if explained.refused:
        yield from block("refused", [_refused(explained.refused), *_letter(explained.refused, "it")])
    if explained.dropped:
        yield from block("dropped", [_dropped(explained.dropped)])
    for number, found in enumerate(explained.findings, 1):
        if number > 1:
            yield Line("")
        yield from _found(found, now)
    yield Line("")


def _found(found: Found, now: int) -> Iterator[Line]:
    yield from block("finding", [Line(found.id or "without an id"), *([Line(found.title)] if found.title else [])])
    product = found.product or "none"
    if found.refused:
        yield from block("product", [Line(product)])
        yield from block("refused", [_refused(found.refused), *_letter(found.refused, "its event")])
        return
    if found.dropped:
        yield from block("product", [Line(product)])
        yield from block("dropped", [_dropped(found.dropped)])
        return
    yield from block("form", [Line(_FORMS[found.form])])
    yield from block("product", [Line(f"{product}: AWS's own, since it names no account; it is trusted")])
    for number, resource in enumerate(found.resources, 1):
        if len(found.resources) > 1:
            yield Line("")
            yield Line(f"  resource {number} of {len(found.resources)}: a problem of its own", "bold")
        yield from _resource(resource, now)


def _resource(told: Resource, now: int) -> Iterator[Line]:
    place = f"{told.account}, {told.region}, {told.control}, {told.resource}"
    known = f"known already, by {count(told.heard, 'report')} before this one in the file" if told.heard else ""
    yield from block("problem", [Line(told.problem), Line(place), *([Line(known)] if known else [])])
    yield from block("control", [Line(f"{told.control}: {told.control_why}")])
    if told.taken_by and not told.dropped:
        yield from block("taken", [Line(f"by {told.taken_by}: {told.taken_why}")])
    says = f"record {told.says.record}, check {told.says.check}, workflow {told.says.workflow}"
    status = [Line(f"{told.status}: {told.status_why}"), Line(says, "dim")]
    if told.echo:
        status.append(Line("by the fleet's own note: counts as open, since the lease decides and not the echo of it"))
    if told.overruled:
        status.append(Line(f"but {told.overruled}"))
    yield from block("status", status)
    yield from block("severity", [Line(f"{told.reported}: {told.reported_why}")])
    if told.dropped:
        yield from block("dropped", [_dropped(told.dropped)])
    elif told.repeat or told.outcome is None:
        yield from block("so", [Line("it says nothing new: nothing is written, and nobody is told", "bold")])
    else:
        yield from block("owner", [_claim(each) for each in told.claims])
        yield from block("rules", _rules(told))
        yield from block("so", _outcome(told.outcome, now))


def _claim(claim: Claim) -> Line:
    if not claim.claimant:
        return Line(f"- {claim.step:<9} {claim.why}")
    return Line(f"✓ {claim.step:<9} {claim.claimant}: {claim.why}", "green")


def _rules(told: Resource) -> Iterator[Line]:
    for kind in _KINDS:
        looked = [each for each in told.rules if each.kind == kind]
        yield from (_rule(each) for each in looked)
        if after := told.passed_over.get(kind, 0):
            yield Line(f"  {kind:<9} {count(after, 'rule')} after that: not looked at", "dim")
        elif not looked:
            yield Line(f"- {kind:<9} no rule is about it")


def _rule(looked: Looked) -> Line:
    name = looked.rule.removeprefix("rule:")
    if not looked.decided:
        return Line(f"- {looked.kind:<9} {name}: {looked.why_not}")
    reason = f" ({looked.reason})" if looked.reason else ""
    return Line(f"✓ {looked.kind:<9} {name}: {looked.decided}{reason}", "green")


def _outcome(out: Outcome, now: int) -> Iterator[Line]:
    what = "ignored: remembered, and nothing more" if out.ignored else out.status
    yield Line(f"{out.severity}, {what}", "bold")
    yield Line(f"of {out.team} (service {out.service}, environment {out.environment}, by {out.owner_by})")
    live = out.status in ("open", "suppressed") and not out.ignored
    if out.status == "open" and not out.ignored:
        where = f" in {out.channel}" if out.channel else ""
        yield Line(f"{_TELL[out.tell]}{where}{', and somebody is woken' if out.pages else ''}, by {out.tell_by}")
        yield Line(f"due {when(out.due, now)}" if out.due else "due whenever: its severity has no deadline")
    if out.status == "suppressed":
        yield from _suppressed(out, now)
    if live and out.ticket:
        yield Line(f"an issue in {out.ticket}{_held(out)}")
    for asked in out.security_hub:
        held = _held(out) if asked.workflow == "SUPPRESSED" else ""
        yield Line(f"Security Hub is asked for {asked.workflow}{held}: {asked.finding}")
        yield Line(f"  with the note: {asked.note}", "dim")
    if out.left_alone:
        yield Line("Security Hub is not asked: the finding has one workflow for several resources")
    elif not out.security_hub:
        yield Line("Security Hub is asked nothing")
    yield Line(f"fleet events: {', '.join(out.events) or 'none'}")
    if out.next_what:
        at = when(out.next_at, now) if out.next_at > now else "at once"
        yield Line(f"next, {at}: {_NEXT[out.next_what]}")


def _suppressed(out: Outcome, now: int) -> Iterator[Line]:
    if not out.suppressed_by:
        yield Line("suppressed in Security Hub, and nothing of ours explains it: the day's digest says so", "yellow")
        return
    who = f"{out.requester} asked, {out.approver} agreed"
    yield Line(f"suppressed until {when(out.suppressed_until, now)} by {out.suppressed_by} ({who})")


def _held(out: Outcome) -> str:
    return "" if out.acting else " (not yet: by its mode in fleet.yaml the deployment only observes)"


def _refused(refused: Refused) -> Line:
    return Line(f"{refused.reason} at {refused.path}: {refused.text}", "red")


def _letter(refused: Refused, what: str) -> list[Line]:
    if refused.reason == "unfit":
        return []
    return [Line(f"{what} would be a dead letter{'' if what == 'it' else '; all else in it is done first'}")]


def _dropped(dropped: Dropped) -> Line:
    return Line(f"{dropped.reason}: {dropped.why}", "yellow")
