"""Why a recorded finding is decided as it is. The decision is made by the functions of the fleet itself, which tell."""

from collections.abc import Iterator

import msgspec

from fleet.masking import mask
from fleet.refusal import DroppedError, RefusedError
from fleetctl.findings_policy.deployments import Deployment, Deployments
from fleetctl.findings_policy.explanation import Claim, Dropped, Explained, Found, Looked, Refused, Resource
from fleetctl.findings_policy.outcome import outcome_of
from fleetctl.findings_policy.reading import Reading, glance, reading_of
from fleetctl.findings_policy.recorded import Recorded, Unfit, single
from fleetctl.findings_policy.words import when
from functions.findings.decision import facts_of, judged, taken
from functions.findings.event import Accepts, open_event
from functions.findings.finding import Seen, Status
from functions.findings.history import History, Report
from functions.findings.judge import Step
from functions.findings.policy import KINDS
from functions.findings.problem import Problem

_EVERYTHING = Accepts(accounts=None)
_DROPPED = {
    "foreign_product": "its product is not AWS's own, as anybody could import it: it is counted, and never believed",
    "not_ours": "another deployment triages it, or none",
    "coverage": "it tells what is covered, and not that anything is wrong",
    "no_control": "it is about no control, and neither a threat nor a vulnerability",
    "insight_results": "the findings that it counts come by themselves",
}


class Explainer:
    """Explains the events of one file in their order: what came before is remembered, as the table would."""

    def __init__(self, deployments: Deployments, chosen: Deployment | None, now: int) -> None:
        """`chosen` is the deployment to decide as; None: whichever takes the finding. `now` in ms."""
        self._deployments, self._chosen, self._now = deployments, chosen, now
        self._known: dict[str, Problem] = {}

    def explain(self, recorded: Recorded | Unfit) -> Explained:
        """One event, or one bare finding."""
        if isinstance(recorded, Unfit):
            return Explained(where=recorded.where, refused=Refused(reason="unfit", path="$", text=recorded.why))
        head = Explained(where=recorded.where, event=recorded.event, detail_type=recorded.detail_type)
        try:
            open_event(recorded.body, _EVERYTHING)
        except RefusedError as error:
            return msgspec.structs.replace(head, refused=_refused(error, recorded))
        except DroppedError as error:
            return msgspec.structs.replace(head, dropped=_dropped(error))
        try:
            apart = list(single(recorded.body))
        except (msgspec.DecodeError, UnicodeError) as error:
            text = f"expected JSON in UTF-8: {error}"
            return msgspec.structs.replace(head, refused=Refused(reason="malformed", path="$", text=text))
        findings = [self._finding(place, raw, alone, recorded) for place, (raw, alone) in enumerate(apart)]
        return msgspec.structs.replace(head, findings=findings)

    def _finding(self, place: int, raw: bytes, alone: str, recorded: Recorded) -> Found:
        found = glance(raw, place)
        contents = open_event(alone, _EVERYTHING)
        if contents.refused:
            return msgspec.structs.replace(found, refused=_refused(contents.refused[0], recorded, place))
        if not contents.seen:
            drop = _dropped(contents.dropped[0])
            return msgspec.structs.replace(found, dropped=drop)
        resources = [self._resource(seen, reading_of(raw, seen.finding)) for seen in contents.seen]
        return msgspec.structs.replace(found, form=contents.seen[0].finding.form, resources=resources)

    def _resource(self, seen: Seen, reading: Reading) -> Resource:
        finding = seen.finding
        deployment = self._chosen or self._deployments.taking(finding)
        before = self._known.get(finding.problem)
        told = Resource(
            problem=finding.problem,
            account=finding.account,
            region=finding.region,
            control=finding.control,
            control_why=reading.control_why,
            resource=finding.resource,
            resource_type=finding.resource_type,
            reported=finding.severity,
            reported_why=reading.severity_why,
            taken_by=deployment.account.name if deployment else "",
            taken_why=self._deployments.why_taking(finding, deployment),
            status=finding.status,
            status_why=reading.status_why,
            says=reading.says,
            echo=finding.status is Status.SUPPRESSED and Report.of(seen).status is Status.OPEN,
            heard=len((before.history if before else History()).reports),
        )
        if deployment is None or not deployment.accepts.take(finding):
            return msgspec.structs.replace(told, dropped=Dropped(reason="not_ours", why=told.taken_why))
        after = taken(before, seen, deployment.law, self._now)
        if after is None:
            return msgspec.structs.replace(told, repeat=True)
        self._known[finding.problem] = after
        return self._decided(told, before, after, seen, deployment)

    def _decided(
        self, told: Resource, before: Problem | None, after: Problem, seen: Seen, deployment: Deployment
    ) -> Resource:
        law = deployment.law
        claims: list[tuple[str, str]] = []
        facts_of(after, law, lambda step, claimant: claims.append((step, claimant)))
        steps: list[Step] = []
        judged(after, law, self._now, steps.append)
        return msgspec.structs.replace(
            told,
            overruled=_overruled(Report.of(seen), after, self._now),
            claims=list(_claims(claims, after, deployment)),
            rules=[
                Looked(
                    kind=step.kind,
                    rule=step.rule,
                    why_not=step.why_not,
                    decided=step.decided,
                    reason=mask(after.state.reasons[step.kind].text) if step.decided else "",
                )
                for step in steps
            ],
            passed_over=_passed_over(deployment, steps),
            outcome=outcome_of(before, after, seen, deployment, self._deployments.routing, self._now),
        )


def _passed_over(deployment: Deployment, steps: list[Step]) -> dict[str, int]:
    """By kind, how many rules were not looked at, since one before them had decided."""
    by_rules = [step.kind for step in steps if step.rule.startswith("rule:")]
    counts = {kind: sum(bool(getattr(rule, kind)) for rule in deployment.policy.rules) for kind in KINDS}
    return {kind: left for kind in KINDS if (left := counts[kind] - by_rules.count(kind))}


def _overruled(report: Report, problem: Problem, now: int) -> str:
    """Why a problem is not what one report says of it."""
    history = problem.history
    last = history.last_of(report.copy)
    if last is not None and last != report:
        return f"it is an old report: the same finding has said {last.status} since, on {when(last.at, now)}"
    if history.status is report.status:
        return ""
    return f"another of its findings says {history.status}, and the problem is {history.status} while one of them does"


def _claims(told: list[tuple[str, str]], problem: Problem, deployment: Deployment) -> Iterator[Claim]:
    for step, claimant in told:
        yield Claim(step=step, claimant=claimant, why=_why_claimed(step, claimant, problem, deployment))
    if not any(claimant for _, claimant in told):
        default = deployment.law.catalogue.default.team
        yield Claim(step="default", claimant=default, why="whoever owns what nobody claims")


def _why_claimed(step: str, claimant: str, problem: Problem, deployment: Deployment) -> str:
    """A step of ownership in words. Of tags only those that the catalogue names are told."""
    catalogue, tags = deployment.law.catalogue, problem.tags()
    service = next((each for each in catalogue.services if each.name == claimant), None)
    place = catalogue.accounts.get(problem.account)
    stack = tags.get("aws:cloudformation:stack-name")
    match step:
        case "tag" if service:
            pairs = sorted(service.tags.items() & tags.items())
            why = "its tag " + ", ".join(f"{key}={value}" for key, value in pairs)
        case "tag":
            why = f"nobody claims any of its tags ({len(tags)})" if tags else "the finding names no tags"
        case "stack" if stack is None:
            why = "no tag tells its CloudFormation stack"
        case "stack":
            why = f"its stack {stack}" if claimant else f"nobody claims its stack {stack}"
        case "resource":
            why = "its name" if claimant else "nobody claims it by its name"
        case "account":
            name = f"{place.name} ({problem.account})" if place else problem.account
            why = f"its account {name}" if claimant else f"nobody claims its whole account {name}"
        case _ if place is None:
            why = f"fleet.yaml does not know its account {problem.account}"
        case _:
            why = f"its unit {place.unit}" if claimant else f"nobody claims its unit {place.unit}, or one above it"
    return why


def _refused(error: RefusedError, recorded: Recorded, place: int = 0) -> Refused:
    path = recorded.path(error.path).replace("$.detail.findings[0]", f"$.detail.findings[{place}]", 1)
    return Refused(reason=error.reason, path=path, text=error.text)


def _dropped(error: DroppedError) -> Dropped:
    return Dropped(reason=error.reason, why=_DROPPED.get(error.reason, "it is not for this fleet"))
