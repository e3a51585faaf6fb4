"""How a delivery gets to the desk: once, by a marker in the table, then on the queue."""

import os
import time

from fleet.sigv4 import Aws, AwsError
from functions.chatops import intake
from functions.chatops.door import UnfitError

type Item = dict[str, str | int]

MARKER_VERSION = 1
KEEP_SECONDS = 3600
"""Twice the window on either side of now would do; DynamoDB deletes no item early."""
_CLEANING_SECONDS = 0.3


class Reception:
    """The marker's table and the desk's queue."""

    def __init__(self, aws: Aws, *, table: str, queue: str) -> None:
        self._aws, self._table, self._queue = aws, table, queue

    def take_once(self, delivery: intake.Delivery, deadline: float) -> None:
        """Queue a delivery of Slack. Raises UnfitError (`repeated`: it was here before), AwsError: it was not taken."""
        body = intake.encoded(delivery)
        marker = {"pk": f"seen#{delivery['id']}"}
        # A put that is sent again, its first answer lost, finds its own marker: that is not a repeated delivery.
        attempt = {":attempt": os.urandom(8).hex()}
        now = int(time.time())
        item: Item = {
            **marker,
            "v": MARKER_VERSION,
            "attempt": attempt[":attempt"],
            "at": now,
            "expires": now + KEEP_SECONDS,
        }
        condition = "attribute_not_exists(pk) OR attempt = :attempt"
        try:
            self._aws.put_item(self._table, item, condition=condition, values=attempt, deadline=deadline)
            self._aws.send_message(self._queue, body, deadline=deadline)
        except AwsError as error:
            if error.condition_failed:
                raise UnfitError("repeated") from error
            self._forget(marker, attempt, deadline)  # also after a put without an answer: it may be there
            raise

    def take(self, delivery: intake.Delivery, deadline: float) -> None:
        """Queue a delivery of fleetctl, again if it comes again: the desk does nothing twice, and a marker whose
        message was lost would lock the caller out. Raises AwsError, UnfitError: then it was not taken.
        """
        self._aws.send_message(self._queue, intake.encoded(delivery), deadline=deadline)

    def _forget(self, marker: dict[str, str], attempt: dict[str, str], deadline: float) -> None:
        until = max(deadline, time.monotonic() + _CLEANING_SECONDS)
        try:
            self._aws.delete_item(self._table, marker, condition="attempt = :attempt", values=attempt, deadline=until)
        except AwsError:
            return  # the sender is told that it failed either way, and says it anew
