"""The functions of the small app: they say what they see."""

import json
import os
import sys
from typing import Any

import boto3
import in_layer  # type: ignore[import-not-found]


def worker(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Record each message; `poison` fails, `forbidden` does what its role may not."""
    failures, table = [], boto3.client("dynamodb")
    for record in event["Records"]:
        detail = json.loads(record["body"]).get("detail", {})
        if detail.get("poison"):
            failures.append({"itemIdentifier": record["messageId"]})
        elif detail.get("forbidden"):
            table.delete_item(TableName=os.environ["TABLE"], Key={"pk": {"S": "x"}})
        else:
            table.put_item(
                TableName=os.environ["TABLE"],
                Item={
                    "pk": {"S": detail["id"]},
                    "pending": {"S": detail.get("pending", "yes")},
                    "layer": {"S": in_layer.NAME},
                    "function": {"S": os.environ["AWS_LAMBDA_FUNCTION_NAME"]},
                },
            )
            boto3.client("events").put_events(
                Entries=[
                    {
                        "EventBusName": os.environ["BUS"],
                        "Source": "yagura.findings",
                        "DetailType": "FindingOpened",
                        "Detail": json.dumps({"id": detail["id"]}),
                    }
                ]
            )
    return {"batchItemFailures": failures}


def reader(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Print the keys that came by the table's stream."""
    for record in event["Records"]:
        sys.stdout.write(f"stream {record['dynamodb']['Keys']['pk']['S']}\n")
    return {"batchItemFailures": []}


def seen(event: dict[str, Any], context: object) -> dict[str, Any]:
    """What a function can import, and its search path."""
    found = {}
    for name in event.get("import", []):
        try:
            found[name] = getattr(__import__(name), "__file__", "") or "yes"
        except ImportError:
            found[name] = ""
    return {"found": found, "path": sys.path, "env": dict(os.environ)}
