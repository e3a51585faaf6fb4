"""Findings that Security Hub has, and what the fleet and people make of them, for the end-to-end tests of findings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local import chat, demo_chatops, fleet_clock, ready, sample_findings, trace
from local.chat import Message, words
from local.client import SPOKE, client, securityhub_behave, securityhub_calls, securityhub_findings
from local.process import Instance
from local.sample_findings import Finding
from tests.local.conftest import eventually
from tests.local.fleet import restart

PATIENCE = 60.0
"""Seconds: the machine may be busy with other tests."""


class Watch:
    """One fleet, its Security Hub, and its Slack."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def fresh(self, **about: Any) -> Finding:
        """A finding about a resource, and of a control, that no other test uses."""
        name = demo_chatops.letters()
        given = {"control": f"S3.{name}", "title": f"A check called {name}", "service": "payments-api", **about}
        return sample_findings.asff(given.pop("resource", f"arn:aws:s3:::acme-{name}"), **given)

    def find(self, *findings: Finding) -> None:
        """Security Hub takes these, and tells of them."""
        sample_findings.imported(self.instance, *findings)

    def problem(self, finding: Finding) -> trace.Problem | None:
        """The problem of a finding's (first) resource."""
        about = resource(finding)
        return next((one for one in trace.known_problems(self.instance) if one["resource"] == about), None)

    def becomes(self, finding: Finding, status: str) -> trace.Problem:
        """The problem, once it is so."""
        found = eventually(lambda: self._if_so(finding, status), seconds=PATIENCE)
        assert found, f"{self.problem(finding)} is not {status}. {trace.failures(self.instance)}"
        return found

    def _if_so(self, finding: Finding, status: str) -> trace.Problem | None:
        found = self.problem(finding)
        return found if found and found["state"]["status"] == status else None

    def messages(self, finding: Finding) -> list[Message]:
        """All messages of a problem: the one that is edited, wherever it was told."""
        about = f"({resource(finding)})"
        return [each for each in self.read() if not each["ephemeral_for"] and about in each["text"]]

    def read(self) -> list[Message]:
        """All that an SRE sees."""
        return chat.read(self.instance, chat.AIKO)

    def says(self, finding: Finding, text: str) -> Message:
        """A problem's message, once it says this."""
        found = eventually(lambda: [each for each in self.messages(finding) if text in words(each)], seconds=PATIENCE)
        assert found, f"{[each['text'] for each in self.messages(finding)]}; {trace.failures(self.instance)}"
        return found[-1]

    def there(self, finding: Finding) -> tuple[str, str]:
        """What Security Hub has of a finding: its workflow, and what was last said of it."""
        held = securityhub_findings(self.instance, SPOKE)
        for each in held["asff"]:
            if each["Id"] == finding.get("Id"):
                return each["Workflow"]["Status"], each.get("Note", {}).get("Text", "")
        for each in held["ocsf"]:
            if each["metadata"]["uid"] == finding.get("metadata", {}).get("uid"):
                return each["status"], each.get("comment", "")
        return "", ""

    def is_there(self, finding: Finding, workflow: str) -> str:
        """What was said of a finding, once Security Hub has it so."""
        assert eventually(lambda: self.there(finding)[0] == workflow, seconds=PATIENCE), (
            f"{self.there(finding)}, not {workflow}. {trace.failures(self.instance)}"
        )
        return self.there(finding)[1]

    def updates(self, finding: Finding) -> list[dict[str, Any]]:
        """The calls by which the fleet asked Security Hub to change an ASFF finding, refused ones too."""
        return [
            call
            for call in securityhub_calls(self.instance, SPOKE)
            if call["operation"] == "BatchUpdateFindings"
            and "findings-writeback" in call["principal"]
            and finding["Id"] in json.dumps(call.get("request", {}))
        ]

    def rest(self) -> None:
        """Until nothing is on its way."""
        # A hundred messages of one channel take as many seconds, and longer beside other tests.
        trace.wait_until_quiet(self.instance, 0, lambda _done, _total: None, seconds=5 * PATIENCE)

    @contextmanager
    def ahead(self) -> Iterator["Travel"]:
        """The fleet's clock may be moved; afterwards it shows the wall's time again."""
        try:
            yield Travel(self.instance)
        finally:
            fleet_clock.set_clock(self.instance, "real")

    @contextmanager
    def trouble(self, queue: str = "writeback", *, again_after: int = 720, **wish: Any) -> Iterator[None]:
        """While Security Hub misbehaves; what fails comes again after so many seconds. At the end nothing waits so."""
        sqs = client(self.instance, "sqs", SPOKE)
        url = sqs.get_queue_url(QueueName=f"yagura-findings-{queue}")["QueueUrl"]
        usual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(again_after)})
        securityhub_behave(self.instance, **wish)
        try:
            yield
        finally:
            securityhub_behave(self.instance)
            sqs.purge_queue(QueueUrl=url)
            sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)

    def asks(self, person: str, text: str, answer: str) -> str:
        """What a person is told in private, once it has this in it: what an earlier command says may come late."""
        seen = {message["ts"] for message in chat.read(self.instance, person)}
        chat.say(self.instance, person, text)
        return words(
            chat.awaited(
                self.instance,
                person,
                lambda m: m["ts"] not in seen and m["ephemeral_for"] == person and answer in words(m),
                f"{answer}, which answers {text},",
            )
        )

    def shown(self, problem: trace.Problem) -> str:
        """The name under which aiko was shown a problem."""
        answer = self.asks(chat.AIKO, f"findings show local-spoke {problem['id']}", "Must agree")
        return str(demo_chatops.REQUEST.findall(answer)[-1])

    def does(self, person: str, text: str) -> None:
        """A command whose answer is not for one person only."""
        chat.say(self.instance, person, text)

    def told(self, text: str) -> list[Message]:
        """What was said in channels that has this in it."""
        return [each for each in self.read() if not each["ephemeral_for"] and text in words(each)]

    def issue_is_free(self, finding: Finding) -> None:
        """Two minutes of wall time are over, for which whoever was about to open the issue has it."""
        found = self.problem(finding)
        assert found
        key, problem = {"pk": {"S": f"problem#{found.pop('id')}"}}, found | {"issue": found["issue"] | {"busy": 0}}
        client(self.instance, "dynamodb", SPOKE).update_item(
            TableName="yagura-findings",
            Key=key,
            UpdateExpression="SET problem = :problem ADD rev :one",
            ExpressionAttributeValues={":problem": {"S": json.dumps(problem)}, ":one": {"N": "1"}},
        )

    def restarted(self, *entries: str) -> None:
        """These functions of findings, so that what they cached is forgotten."""
        self.rest()
        for entry in entries:
            restart(self.instance, SPOKE, f"yagura-findings-{entry}")

    def suppressed(self, finding: Finding, days: int, reason: str) -> None:
        """Aiko asks, ben agrees."""
        problem = self.becomes(finding, "open")
        seen = {message["ts"] for message in self.read()}
        chat.say(self.instance, chat.AIKO, f"findings suppress {self.shown(problem)} {days} {reason}")
        request = chat.awaited(
            self.instance, chat.BEN, lambda m: m["ts"] not in seen and bool(chat.buttons(m)), "the request"
        )
        chat.click(self.instance, chat.BEN, request, "approve")


class Travel:
    """Time, as the fleet sees it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def goes(self, ahead: str) -> None:
        """So far ahead of now, and what the schedule does then."""
        fleet_clock.set_clock(self._instance, ahead)
        ready.sweep(self._instance)


def resource(finding: Finding) -> str:
    """The first thing that it is about."""
    first = (finding.get("Resources") or finding["resources"])[0]
    return str(first.get("Id") or first["uid"])


def control_of(finding: Finding) -> str:
    """The security control."""
    return str(finding["Compliance"]["SecurityControlId"])
