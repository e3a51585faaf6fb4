"""What the ingress puts on the desk's queue. The ingress itself writes it as plain JSON: see `intake.py`."""

from typing import Literal

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One command, click or form of one person, as it came in; nobody has been looked up yet.

    Texts that do not apply are empty, never absent.
    """

    id: str
    """Hex sha256: of Slack's timestamp and signature, or of fleetctl's caller and the id that it chose."""
    received: int
    """ms, by the fleet's clock."""
    via: Literal["slack", "iam"]
    kind: Literal["command", "action", "view"]
    team: str = ""
    user: str = ""
    channel: str = ""
    text: str = ""
    """What was typed after the slash command, or given to fleetctl."""
    response_url: str = ""
    trigger_id: str = ""
    """Opens a form; Slack honours it for three seconds."""
    action: str = ""
    """The button's action_id, or the form's callback_id."""
    value: str = ""
    """The button's value, or the form's private_metadata."""
    input: str = ""
    """What was typed into the form."""
    message_ts: str = ""
    principal: str = ""
    """ARN of the IAM caller; only when `via` is iam."""
