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


def test_whoever_may_change_visibility_may_change_that_of_many_at_once(aws: Aws, account: str) -> None:
    url = aws("sqs", account).create_queue(QueueName="q", tags={"open": "yes"})["QueueUrl"]
    allow = [
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"],
            "Resource": f"arn:aws:sqs:us-east-1:{account}:*",
            "Condition": {"Null": {"aws:ResourceTag/open": "false"}},
        }
    ]
    role = aws.role(account, "looker", trust={"AWS": f"arn:aws:iam::{account}:root"}, allow=allow)
    sqs = aws("sqs", account, credentials=aws.session(role, account))
    aws("sqs", account).send_message(QueueUrl=url, MessageBody="m")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    entry = {"Id": "0", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
    assert sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])["Successful"]
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
