"""What people are told when Security Hub suddenly has no word of many open problems: pure."""

from fleet.events.envelope import Received
from fleet.events.findings import ProblemsVanished
from fleet.masking import mask_identifier
from fleet.refusal import RefusedError
from functions.chatops.message import Message, Priority, day, escape, section
from functions.chatops.routes import Routing

_MOST_PLACES = 10


def message(event: Received[ProblemsVanished], routing: Routing) -> Message:
    """One message for what vanished in one reading, in the default channel. Raises RefusedError."""
    meta, data = event.meta, event.data
    keeper = next((a for a in routing.accounts if (a.id, a.region) == (meta.account, data.region)), None)
    if keeper is None or data.account != meta.account:
        raise RefusedError("foreign", "$.detail.meta.account", "expected an account of the fleet, about itself")
    head = f"Security Hub has no word any more of {data.missing} of {data.known} open problems that {keeper.name} keeps"
    worst = list(data.places.items())[:_MOST_PLACES]
    places = ", ".join(f"{_place(where, routing)}: {missing}" for where, missing in worst)
    advice = (
        "They are kept as they are: nothing is closed. Was Security Hub, a standard or the aggregation of a Region "
        "switched off, or may the fleet read less than before? Mend that, and the next day's reading finds them again. "
        f"Are they really gone? Then there is nothing to do: if Security Hub still says so on {day(data.believed)}, it "
        "is believed."
    )
    return Message(
        subject=f"vanished#{keeper.name}#{meta.time}",
        channel=routing.default_channel,
        text=f":octagonal_sign: {escape(head)}",
        blocks=[section(f":octagonal_sign: *{escape(head)}*"), section(escape(places)), section(escape(advice))],
        priority=Priority.CRITICAL,
        version=1,
    )


def _place(where: str, routing: Routing) -> str:
    account, _, region = where.partition(" ")
    return f"{routing.account(account)} {mask_identifier(region)}"
