"""Dead-letter queues of this account and Region, as far as their owners have opened them by the tag `yagura:redrive`.

The tag's value `dead-letters` opens a queue for looking into and redriving; `target` only for what is sent back to it;
any other value does what the queue is: dead letters if other queues send theirs there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from functions.operations.answers import QueueState
from functions.operations.calls import calling
from functions.operations.failure import CallFailedError
from functions.operations.letters import Place

if TYPE_CHECKING:
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_sqs import SQSClient

TAG = "yagura:redrive"
_DEAD_LETTERS, _TARGET = "dead-letters", "target"
_GONE = ("NonExistentQueue", "QueueDoesNotExist")
_SOURCES = 10
"""More than one is ambiguous; the rest is not of interest."""


class UnfitQueueError(Exception):
    """The queue is not to be looked into; the text says why, for people."""


class DeadLetterQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that may be looked into and redriven."""

    name: str
    arn: str
    url: str
    sources: list[str]
    """ARNs of the queues that send their dead letters there."""


class Queues:
    """SQS, and the tags of its queues. Raises CallFailedError when AWS does not answer."""

    def __init__(self, sqs: "SQSClient", tagging: "ResourceGroupsTaggingAPIClient", here: Place) -> None:
        self._sqs, self._tagging, self._here = sqs, tagging, here

    def states(self, most: int) -> tuple[list[QueueState], int]:
        """Up to `most` dead-letter queues by name, and how many more could not be looked at."""
        tagged = sorted(self._tagged())
        found, missed = [], max(0, len(tagged) - most)
        for name, tags in tagged[:most]:
            try:
                state = self._state(name, tags)
            except CallFailedError:  # logged; one queue must not hide the others
                missed += 1
            else:
                found += [] if state is None else [state]
        return found, missed

    def open(self, name: str) -> DeadLetterQueue:
        """The dead-letter queue `name`. Raises UnfitQueueError if it is none, or not open to us."""
        try:
            url = self.url(name)
            opened = None if url is None else self.opened(url)
        except CallFailedError as error:
            if not error.denied:
                raise
            url, opened = None, None
        if url is None or opened is None:
            raise UnfitQueueError(f"there is no queue {name} here that is tagged {TAG}")
        sources = self._sources(url)
        if opened == _TARGET or not (opened == _DEAD_LETTERS or sources):
            raise UnfitQueueError(f"{name} is not a dead-letter queue")
        with calling("GetQueueAttributes"):
            attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        if attributes.get("Attributes", {}).get("RedrivePolicy"):
            # Looking is receiving, and after so many receives SQS would move its messages on.
            raise UnfitQueueError(f"{name} has dead letters of its own: looking into it would move them there")
        return DeadLetterQueue(name=name, arn=self._arn(name), url=url, sources=[self._arn(one) for one in sources])

    def url(self, name: str) -> str | None:
        """A queue's URL; None if there is no such queue."""
        try:
            with calling("GetQueueUrl"):
                return self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except CallFailedError as error:
            if error.code.endswith(_GONE):
                return None
            raise

    def opened(self, url: str) -> str | None:
        """The value of the tag that opens a queue to us; None if it has none."""
        with calling("ListQueueTags"):
            return self._sqs.list_queue_tags(QueueUrl=url).get("Tags", {}).get(TAG)

    def _tagged(self) -> Iterator[tuple[str, dict[str, str]]]:
        with calling("GetResources"):
            # A resource type is what stands in the ARN, and a queue's has none: GetResources knows it as `sqs` only.
            pages: Any = self._tagging.get_paginator("get_resources").paginate(
                TagFilters=[{"Key": TAG}], ResourceTypeFilters=["sqs"]
            )
            for page in pages:
                for resource in page["ResourceTagMappingList"]:
                    tags = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
                    if tags.get(TAG) != _TARGET:
                        yield resource["ResourceARN"].rpartition(":")[2], tags

    def _state(self, name: str, tags: dict[str, str]) -> QueueState | None:
        url = self.url(name)
        if url is None:  # deleted since: the tags are older than the queues
            return None
        sources = self._sources(url)
        if not (sources or tags[TAG] == _DEAD_LETTERS):
            return None
        with calling("GetQueueAttributes"):
            counts = self._sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            )["Attributes"]
        return QueueState(
            name=name,
            waiting=int(counts["ApproximateNumberOfMessages"]),
            hidden=int(counts["ApproximateNumberOfMessagesNotVisible"]),
            sources=sources,
            tags=tags,
        )

    def _sources(self, url: str) -> list[str]:
        """Names of the queues whose dead letters go there; they are in the same account and Region, as SQS demands."""
        with calling("ListDeadLetterSourceQueues"):
            urls = self._sqs.list_dead_letter_source_queues(QueueUrl=url, MaxResults=_SOURCES).get("queueUrls", [])
        return sorted(one.rpartition("/")[2] for one in urls)

    def _arn(self, name: str) -> str:
        return f"arn:aws:sqs:{self._here.region}:{self._here.account}:{name}"
