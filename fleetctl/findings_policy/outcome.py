"""What a decision leads to: what people are told and where, what Security Hub and GitHub would be asked."""

from fleet.events.envelope import Meta
from fleet.events.findings import FindingsSummarized
from fleetctl.findings_policy.deployments import Deployment
from fleetctl.findings_policy.explanation import Asked, Outcome
from functions.chatops.routes import Routing
from functions.chatops.routes import Told as Place
from functions.findings.attend import attended
from functions.findings.effects import attention, changes, issue_wanted
from functions.findings.finding import Seen
from functions.findings.problem import Problem
from functions.findings.telling import Told, entries

ACTOR = "aws.securityhub"
_DEEDS = {"warned": "warn", "reminded": "remind", "overdue": "overdue", "escalated": "escalate"}
"""What has been done, as it is called before it is."""


def outcome_of(
    before: Problem | None, after: Problem, seen: Seen, deployment: Deployment, routing: Routing, now: int
) -> Outcome:
    """What becomes of a problem that a finding has changed."""
    state = after.state
    told = Told(
        problem=after,
        here=deployment.here(now),
        revision=len(after.history.reports),
        cause=seen.event_id,
        actor=ACTOR,
    )
    sent = entries(before.state if before else None, told, quiet_days=deployment.policy.quiet_days)
    where = told_where(after, deployment, routing, now)
    wanted = changes(after)
    next_what, next_at = _next(after, deployment, now)
    return Outcome(
        status=state.status,
        severity=state.severity,
        ignored=state.ignored,
        team=state.owner.team,
        service=state.owner.service,
        environment=state.owner.environment,
        owner_by=state.owner.rule,
        opened=state.opened,
        openings=state.openings,
        due=state.due,
        tell=state.tell,
        tell_by=state.reasons["route"].rule if "route" in state.reasons else f"levels.{state.severity}",
        channel=where.channel,
        pages=where.page,
        suppressed_by=state.lease.by if state.lease else "",
        suppressed_until=state.lease.until if state.lease else 0,
        requester=state.lease.requester if state.lease else "",
        approver=state.lease.approver if state.lease else "",
        ticket=state.ticket if state.open else "",
        issue=issue_wanted(after),
        security_hub=[
            Asked(finding=each.finding.finding_id, product=each.finding.product, workflow=each.workflow, note=each.note)
            for each in wanted
        ],
        left_alone=sum(copy.shared for copy in after.copies.values()) if state.lease else 0,
        acting=deployment.acting,
        events=[entry.detail_type for entry in sent],
        next_what=next_what,
        next_at=next_at,
    )


def _next(problem: Problem, deployment: Deployment, now: int) -> tuple[str, int]:
    """What the clock does to it next, and when; of what has passed already only the last counts."""
    ahead = attention(problem, deployment.policy)
    if ahead is None:
        return "", 0
    done = [act.what for act in attended(problem, deployment.law, now).problem.acts[len(problem.acts) :]]
    return _DEEDS.get(done[-1], ahead.what) if done else ahead.what, ahead.at


def told_where(problem: Problem, deployment: Deployment, routing: Routing, now: int) -> Place:
    """Where the hub tells of a problem, by the policy's channel or its own routes."""
    state = problem.state
    meta = Meta(
        id="",
        version=1,
        time=now,
        account=deployment.account.id,
        region=deployment.account.region,
        service=state.owner.service,
        team=state.owner.team,
        environment=state.owner.environment,
        actor=ACTOR,
    )
    if state.tell == "digest":
        return Place(channel=routing.team(FindingsSummarized.detail_type(), meta))
    if state.tell == "never":
        return Place(channel="")
    return routing.problem(state.severity, meta, state.channel)
