"""The chapter `findings`: a problem from its first finding to its end, and what people make of it meanwhile."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local import fleet_clock, ready, trace
from local.chat import AIKO, BEN, Message, awaited, buttons, click, read, say, words
from local.client import SPOKE, github_issues, securityhub_findings
from local.demo_chatops import REQUEST, letters, story
from local.errors import LocalCloudError
from local.process import Instance
from local.sample_findings import Finding, asff, imported, ocsf, stamp

PUBLIC = {"control": "S3.8", "title": "S3 general purpose buckets should block public access"}
CRITICAL = {"control": "KMS.3", "title": "KMS keys should not be deleted unintentionally", "severity": "CRITICAL"}
REASON = "Receipts move to the new bucket on Friday"
STORY = ["requested aiko", "approved ben", "granted yagura.chatops", "executed yagura.findings"]
"""Beside it the refusal of aiko, if she was refused nothing else within a minute: in another chapter, for example."""
_FORMS = ("ASFF", "OCSF")
_SECONDS = 60.0

type Tell = Callable[[str], None]


@dataclass
class Scene:
    """What the acts share: the stage, what is told of it, and which promises were kept."""

    instance: Instance
    tell: Tell
    run: str = field(default_factory=letters)
    kept: dict[str, bool] = field(default_factory=dict)

    def bucket(self, name: str) -> str:
        """A resource of this run."""
        return f"arn:aws:s3:::acme-payments-{name}-{self.run}"

    def message(self, resource: str, says: str) -> Message:
        """The message about a resource, as soon as it says this."""
        return awaited(
            self.instance, AIKO, lambda m: _about(m, resource) and says in words(m), f"a message on {resource}: {says}"
        )

    def messages(self, resource: str) -> list[Message]:
        """All messages about a resource's problem."""
        return [message for message in read(self.instance, AIKO) if _about(message, resource)]

    def problem(self, resource: str) -> trace.Problem:
        """What the fleet holds of a resource."""
        found = [one for one in trace.known_problems(self.instance) if one["resource"] == resource]
        self.kept[f"{resource} has one problem"] = len(found) == 1
        return found[0]

    def rest(self) -> None:
        """Until nothing is on its way."""
        trace.wait_until_quiet(self.instance, 0, lambda _done, _total: None)


def run(instance: Instance, tell: Tell) -> list[str]:
    """Play the chapter; returns the promises that were not kept. `tell` hears each step in a sentence."""
    scene = Scene(instance, tell)
    bucket = scene.bucket("receipts")
    try:
        _one_problem(scene, bucket)
        _suppressed(scene, bucket)
        _ended(scene, bucket)
        _ticket(scene, scene.bucket("keys"))
    finally:
        if not fleet_clock.read(instance).real:
            fleet_clock.set_clock(instance, "real")
    return [promise for promise, holds in scene.kept.items() if not holds]


def numbers(instance: Instance) -> str:
    """What `/yagura findings numbers` answers, in Slack's mrkdwn."""
    before = {message["ts"] for message in read(instance, AIKO)}
    say(instance, AIKO, "findings numbers")
    said = awaited(instance, AIKO, lambda m: m["ts"] not in before and "open problem" in words(m), "the numbers")
    return "\n".join(block["text"]["text"] for block in said["blocks"][:-1])


def _one_problem(scene: Scene, bucket: str) -> None:
    given: dict[str, Any] = {**PUBLIC, "service": "payments-api"}
    scene.tell(f"Security Hub finds: {PUBLIC['control']} fails for {bucket}")
    imported(scene.instance, asff(bucket, **given))
    message = scene.message(bucket, "is open")
    scene.tell(f"in Slack, {message['channel']}: {message['text']}")
    scene.tell("the same failure comes in the second schema (OCSF), and twice more in the first")
    imported(scene.instance, ocsf(bucket, **given), asff(bucket, **given))
    imported(scene.instance, asff(bucket, **given))
    scene.rest()
    problem = scene.problem(bucket)
    scene.kept["four findings in two schemas are one problem, with its owner"] = (
        len(problem["copies"]) == 2 and problem["state"]["owner"]["team"] == "payments"
    )
    scene.kept["they are one message"] = len(scene.messages(bucket)) == 1


def _suppressed(scene: Scene, bucket: str) -> None:
    instance, problem = scene.instance, scene.problem(bucket)["id"]
    shown = _asked(scene, f"findings show local-spoke {problem}", "Days at most")
    request = _requested(scene, f"findings suppress {shown} 1 {REASON}")
    name = REQUEST.findall(words(request))[-1]
    scene.tell("aiko presses Approve herself")
    click(instance, AIKO, request, "approve")
    awaited(instance, AIKO, lambda m: "somebody else must decide" in words(m), "the refusal")
    scene.tell(f"she is refused: somebody else must decide {name}")
    scene.kept["nobody suppresses alone"] = scene.problem(bucket)["state"]["status"] == "open"
    scene.tell("ben presses Approve")
    click(instance, BEN, request, "approve")
    message = scene.message(bucket, "is suppressed")
    scene.tell(f"in Slack, the same message: {message['text']}")
    scene.kept["the message is edited, and says why"] = REASON in words(message) and len(scene.messages(bucket)) == 1
    notes = _noted(scene, bucket, "SUPPRESSED", "Suppressed")
    scene.tell(f"in Security Hub, suppressed: {notes[0]}")
    scene.kept["Security Hub says so too, in both schemas, and why"] = all(
        each.startswith("yagura: suppressed until") and REASON in each and f"request:{name}" in each for each in notes
    )
    # The fleet is told that it is done after it is done.
    _eventually(lambda: STORY[-1] in story(instance, name) or None, f"the end of the story of {name}")
    told = [entry for entry in story(instance, name) if entry != "refused aiko"]
    scene.kept["the audit trail has the whole story"] = told == STORY


def _ended(scene: Scene, bucket: str) -> None:
    scene.tell("the clock of the fleet jumps two days ahead")
    fleet_clock.set_clock(scene.instance, "+2d")
    ready.sweep(scene.instance)
    message = scene.message(bucket, "is open again")
    scene.tell(f"in Slack, the same message: {message['text']}")
    notes = _noted(scene, bucket, "NEW", "New")
    scene.tell(f"in Security Hub, new again: {notes[0]}")
    scene.kept["the suppression ended by itself, and Security Hub is told"] = all(
        each == "yagura: the suppression has ended" for each in notes
    )
    scene.kept["a problem has one message all its life"] = len(scene.messages(bucket)) == 1
    fleet_clock.set_clock(scene.instance, "real")
    scene.tell("the clock shows today again")


def _ticket(scene: Scene, key: str) -> None:
    instance = scene.instance
    given: dict[str, Any] = {**CRITICAL, "service": "payments-api"}
    scene.tell(f"Security Hub finds: {CRITICAL['control']} fails for {key}, and that is critical for payments-api")
    imported(instance, asff(key, **given))
    issue = _issue(scene, key, "open")
    scene.tell(f"in GitHub: {issue['repository']}#{issue['number']} {issue['title']}")
    scene.message(key, "is open")
    scene.tell("the check passes")
    imported(instance, asff(key, **given, status="PASSED", updated=stamp()))
    closed = _issue(scene, key, "closed")
    scene.tell(f"in GitHub: closed, {closed['said'][-1]['body']}")
    scene.kept["one issue was opened, and closed with its problem"] = closed["number"] == issue["number"]
    message = scene.message(key, "is resolved")
    scene.tell(f"in Slack, the same message: {message['text']}")
    scene.kept["the message of a resolved problem is the same one"] = len(scene.messages(key)) == 1


def _asked(scene: Scene, text: str, says: str) -> str:
    """The name of what aiko is shown."""
    before = {message["ts"] for message in read(scene.instance, AIKO)}
    scene.tell(f"aiko: /yagura {text}")
    say(scene.instance, AIKO, text)
    answer = awaited(scene.instance, AIKO, lambda m: m["ts"] not in before and says in words(m), f"answer to {text}")
    return str(REQUEST.findall(words(answer))[-1])


def _requested(scene: Scene, text: str) -> Message:
    before = {message["ts"] for message in read(scene.instance, BEN)}
    scene.tell(f"aiko: /yagura {text}")
    say(scene.instance, AIKO, text)
    return awaited(scene.instance, BEN, lambda m: m["ts"] not in before and "approve" in buttons(m), "the request")


def _noted(scene: Scene, resource: str, classic: str, new: str) -> list[str]:
    """What was last said of both copies of a finding, once they have this workflow."""

    def notes() -> list[str] | None:
        found = securityhub_findings(scene.instance, SPOKE)
        said = [each["Note"]["Text"] for each in found["asff"] if _is(each, resource, classic)]
        said += [each["comment"] for each in found["ocsf"] if _is(each, resource, new)]
        return said if len(said) == len(_FORMS) else None

    return _eventually(notes, f"both findings of {resource} as {classic}")


def _is(finding: Finding, resource: str, workflow: str) -> bool:
    resources = finding.get("Resources") or finding.get("resources") or []
    status = finding["Workflow"]["Status"] if "Workflow" in finding else finding.get("status")
    return resource in (resources[0].get("Id"), resources[0].get("uid")) and status == workflow


def _issue(scene: Scene, resource: str, state: str) -> dict[str, Any]:
    def issue() -> dict[str, Any] | None:
        found = [each for each in github_issues(scene.instance) if resource in _plain(each["body"])]
        return found[0] if [each["state"] for each in found] == [state] else None

    return _eventually(issue, f"one issue about {resource}, {state},")


def _eventually[T](look: Callable[[], T | None], what: str) -> T:
    end = time.monotonic() + _SECONDS
    while (found := look()) is None:
        if time.monotonic() > end:
            raise LocalCloudError(f"{what} did not come within {_SECONDS:.0f} s")
        time.sleep(0.1)
    return found


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _about(message: Message, resource: str) -> bool:
    """Whether it is the message of the resource's problem, not an answer that names it."""
    return not message["ephemeral_for"] and not buttons(message) and f"({resource})" in message["text"]
