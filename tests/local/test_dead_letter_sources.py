"""Which queues send their dead letters to a queue."""

import json

from tests.local.conftest import Aws


def test_the_queues_whose_redrive_policy_names_a_queue_are_listed_and_no_others(aws: Aws, account: str) -> None:
    sqs = aws("sqs", account)
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{account}:dead", "maxReceiveCount": "1"})
    urls = [sqs.create_queue(QueueName=f"q{n}", Attributes={"RedrivePolicy": policy})["QueueUrl"] for n in range(3)]
    sqs.create_queue(QueueName="other")
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == urls
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2)
    assert first["queueUrls"] == urls[:2]
    rest = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert (rest["queueUrls"], rest.get("NextToken")) == (urls[2:], None)
