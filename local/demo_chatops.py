"""The chapter `chatops`: dead letters of a product team, sent back by one person with the consent of another."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from local import chat
from local.chat import AIKO, BEN, awaited, buttons, click, say, words
from local.client import HUB, REGION, SPOKE, client
from local.process import Instance

REQUEST = re.compile(r"r-[0-9a-hjkmnp-tv-z]{10}")

type Tell = Callable[[str], None]


def letters() -> str:
    """A name that was not there before. No digits: five in a row would be masked as somebody's number."""
    return uuid.uuid4().hex[:8].translate(str.maketrans("0123456789", "ghijklmnop"))


class Queues:
    """A product team's queue in the spoke and its dead letters, both opened to `/yagura queues` by a tag."""

    def __init__(self, instance: Instance, run: str) -> None:
        self._sqs = client(instance, "sqs", SPOKE)
        self.name, self.source = f"payments-{run}-dead-letters", f"payments-{run}"
        self.url = self._make(self.name, "dead-letters", {})
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{SPOKE}:{self.name}", "maxReceiveCount": "1"}
        self.source_url = self._make(self.source, "target", {"RedrivePolicy": json.dumps(policy)})

    def _make(self, name: str, tag: str, attributes: dict[str, str]) -> str:
        tags = {"yagura:redrive": tag, "team": "payments"}
        return str(self._sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"])

    def fail(self, count: int) -> None:
        """So many messages that their function refused: they end as dead letters."""
        for _ in range(count):
            body = json.dumps({"charge": uuid.uuid4().hex, "patient": "Taro Yamada, MRN 12345678"})
            self._sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def counts(self) -> tuple[int, int]:
        """Messages in the queue, and among the dead letters."""
        found = []
        for url in (self.source_url, self.url):
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            found.append(sum(int(attributes[name]) for name in names))
        return found[0], found[1]


def run(instance: Instance, tell: Tell) -> list[str]:
    """Play the chapter; returns the promises that were not kept. `tell` hears each step in a sentence."""
    queues = Queues(instance, letters())
    queues.fail(3)
    kept: dict[str, bool] = {}

    tell(f"aiko: /yagura queues peek local-spoke {queues.name}")
    say(instance, AIKO, f"queues peek local-spoke {queues.name}")
    peeked = awaited(
        instance, AIKO, lambda m: queues.name in words(m) and bool(REQUEST.search(words(m))), "the answer to peek"
    )
    kept["peek shows three messages, and no body"] = "Taro" not in words(peeked) and "12345678" not in words(peeked)
    queues.fail(1)
    tell("a fourth message fails, after aiko looked")

    shown = REQUEST.findall(words(peeked))[-1]
    tell(f"aiko: /yagura queues redrive {shown}")
    say(instance, AIKO, f"queues redrive {shown}")
    request = awaited(instance, BEN, lambda m: "approve" in buttons(m) and queues.name in words(m), "the request")
    name = REQUEST.findall(words(request))[-1]

    tell("aiko presses Approve herself")
    click(instance, AIKO, request, "approve")
    refusal = awaited(instance, AIKO, lambda m: "somebody else must decide" in words(m), "the refusal")
    kept["nobody approves their own request"] = bool(refusal) and queues.counts() == (0, 4)

    tell("ben presses Approve, and his click arrives twice")
    chat.behave(instance, deliver="twice")
    click(instance, BEN, request, "approve")
    done = awaited(
        instance, BEN, lambda m: m["ts"] == request["ts"] and "done" in m.get("text", ""), "the end of the redrive"
    )
    kept["the message is edited in place, and has no buttons any more"] = not buttons(done)
    kept["what was shown is back in its queue, and nothing else moved"] = queues.counts() == (3, 1)

    tell("the audit chain is anchored in the archive account, and verified")
    client(instance, "lambda", HUB).invoke(FunctionName="yagura-chatops-anchor", Payload=b"{}")
    say(instance, AIKO, "audit verify")
    verdict = awaited(instance, AIKO, lambda m: "intact" in words(m) or "broken" in words(m), "the verdict")
    kept["the audit trail is intact, and anchored"] = "are intact; anchored up to" in words(verdict)
    kept["the trail tells the whole story"] = story(instance, name) == STORY
    return [promise for promise, holds in kept.items() if not holds]


def trail(instance: Instance) -> list[str]:
    """The audit chain's last entries, a line each."""
    return [
        f"{each['seq']:>4}  {each['kind']:<12} {each['actor']:<18} {each['request']}"
        for each in entries(instance)[-12:]
    ]


STORY = ["requested aiko", "refused aiko", "approved ben", "granted yagura.chatops", "executed yagura.operations"]


def story(instance: Instance, request: str) -> list[str]:
    """What the chain says of a request, in order; the refused click names it too."""
    return [
        f"{entry['kind']} {entry['actor']}"
        for entry in entries(instance)
        if request in {entry["request"], entry["facts"].get("about")}
    ]


def entries(instance: Instance) -> list[dict[str, Any]]:
    """The audit chain."""
    table: Any = client(instance, "dynamodb", HUB)

    def item(key: str) -> dict[str, Any]:
        return dict(table.get_item(TableName="yagura-chatops", Key={"pk": {"S": key}})["Item"])

    last = int(item("audit#head")["seq"]["N"])
    return [json.loads(item(f"audit#{seq:012d}")["entry"]["S"]) for seq in range(1, last + 1)]
