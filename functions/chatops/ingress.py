"""What comes from Slack and from fleetctl: verified, put on the desk's queue, and answered within three seconds."""

# ruff: noqa: E402
import gc

gc.disable()  # What is loaded stays. Looking for garbage in it, six times by then, takes 1 to 2 of the 25 ms.

import json
import os
import time

from fleet import clock, light_telemetry
from fleet.sigv4 import Aws, AwsError
from functions.chatops import door, intake
from functions.chatops.reception import Reception
from functions.chatops.signing_secret import SigningSecret, UnreadableError

CAPABILITY = os.environ["YAGURA_CAPABILITY"]
TEAM = os.environ["YAGURA_SLACK_TEAM"]
SECRET = os.environ["YAGURA_SIGNING_SECRET"]
SECONDS = 2.3
"""Slack waits for three, on its own clock."""
aws = Aws()
reception = Reception(aws, table=os.environ["YAGURA_TABLE"], queue=os.environ["YAGURA_DESK_QUEUE"])
secret = SigningSecret(lambda stage, until: aws.get_secret_value(SECRET, stage=stage, deadline=until), time.monotonic)
gc.freeze()  # Nor does the first request pay for it.
gc.enable()


def handler(event: door.Event, _context: object) -> door.Event:
    """Entry point: one HTTP request."""
    operator = event.get("routeKey") == door.OPERATOR_ROUTE
    deadline = time.monotonic() + SECONDS
    try:
        return (from_operator if operator else from_slack)(event, deadline)
    except door.UnfitError as unfit:
        light_telemetry.count("Refused", capability=CAPABILITY, reason=unfit.reason)
        return door.refusal(unfit, operator=operator)
    except (AwsError, UnreadableError) as error:
        reason = "not_taken" if isinstance(error, AwsError) else "secret_unreadable"
        light_telemetry.log_failure(reason, error, capability=CAPABILITY)
        light_telemetry.count("Refused", capability=CAPABILITY, reason=reason)
        return door.refusal(door.UnfitError(reason), operator=operator)


def from_slack(event: door.Event, deadline: float) -> door.Event:
    """Signed by Slack, of our workspace, not seen before: on to the desk."""
    body = door.body(event)
    if not intake.is_ssl_check(body):
        timestamp, signed = door.header(event, door.TIMESTAMP), door.header(event, door.SIGNATURE)
        # Slack stamps by the wall clock, whatever clock the fleet runs by.
        secret.check(timestamp, body, signed, now_s=int(time.time()), deadline=deadline)
        delivery = intake.from_slack(body, team=TEAM, timestamp=timestamp, signature=signed, received=clock.now_ms())
        reception.take_once(delivery, deadline)
        light_telemetry.count("Accepted", capability=CAPABILITY)
    return door.answer(200)


def from_operator(event: door.Event, deadline: float) -> door.Event:
    """Let in by API Gateway's IAM authorizer, and by nothing else: on to the desk."""
    principal = door.principal(event)
    delivery = intake.from_operator(door.body(event), principal=principal, received=clock.now_ms())
    reception.take(delivery, deadline)
    light_telemetry.count("Accepted", capability=CAPABILITY)
    return door.answer(202, json.dumps({"id": delivery["id"]}))
