"""What people are told when a capability has had all effects of an hour: pure."""

import re

from fleet.events.chatops import BudgetUsedUp
from fleet.events.envelope import Received
from fleet.masking import mask_identifier
from fleet.refusal import RefusedError
from functions.chatops.message import Message, Priority, escape, section
from functions.chatops.routes import Routing

_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}\Z")


def message(event: Received[BudgetUsedUp], routing: Routing) -> Message:
    """One message for a capability, place and hour, in the default channel. Raises RefusedError."""
    meta, data = event.meta, event.data
    place = next((a for a in routing.accounts if (a.id, a.region) == (meta.account, data.region)), None)
    if place is None or data.account != meta.account:
        raise RefusedError("foreign", "$.detail.meta.account", "expected an account of the fleet, about itself")
    if not _HOUR.match(data.hour):
        raise RefusedError("malformed", "$.detail.data.hour", "expected an hour such as 2026-11-23T17")
    capability = mask_identifier(event.capability)
    head = f"{capability} in {place.name} has changed {data.limit} things in an hour, and only observes until the next"
    advice = (
        "What it would change is kept, and done later. Is it meant? If not, `/yagura freeze` the account and look at "
        f"what changed in its configuration; `effects_per_hour` in `config/{capability}.yaml` is the limit."
    )
    return Message(
        subject=f"budget#{capability}#{place.name}#{data.hour}",
        channel=routing.default_channel,
        text=f":octagonal_sign: {escape(head)}",
        blocks=[section(f":octagonal_sign: *{escape(head)}*"), section(escape(advice))],
        priority=Priority.CRITICAL,
        version=1,
    )
