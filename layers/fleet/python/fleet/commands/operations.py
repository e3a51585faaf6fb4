"""Commands of the capability `operations`: dead letters sent back, and the fleet's hand taken off an account."""

from fleet.commands import Account, Argument, Command, Count, Queue, Shown, Who

_PEEK = ("queues", "peek")

COMMANDS = (
    Command(
        words=("queues", "list"),
        capability="operations",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="List the queues that may be redriven, and how many messages wait in them.",
        help="These are the queues with the tag `yagura:redrive`, of the fleet and of product teams.",
        arguments=(Argument("account", Account(many=True), "where to look", default="all"),),
    ),
    Command(
        words=_PEEK,
        capability="operations",
        tier=0,
        who=Who.SRE,
        reads=True,
        summary="Show the messages that wait in a queue: their ids, reasons and ages.",
        help="Bodies are never shown. What it shows can be redriven.",
        arguments=(
            Argument("account", Account(), "where the queue is"),
            Argument("queue", Queue(), "the queue with the tag `yagura:redrive`"),
            Argument("count", Count(1, 20), "how many messages at most", default=10),
        ),
    ),
    Command(
        words=("queues", "redrive"),
        capability="operations",
        tier=1,
        who=Who.SRE,
        summary="Send the messages that were shown back to where they came from.",
        help="Nothing is moved but what was shown; what is no longer there, or has changed, is reported.",
        arguments=(Argument("shown", Shown(_PEEK), "which messages"),),
    ),
    Command(
        words=("freeze",),
        capability="operations",
        tier=0,
        who=Who.SRE,
        summary="Stop the fleet from changing anything in an account.",
        help="Capabilities in the mode `act` only observe from then on, within 10 s. Undoing is never blocked.",
        arguments=(Argument("account", Account(many=True), "where to stop"),),
    ),
    Command(
        words=("unfreeze",),
        capability="operations",
        tier=1,
        who=Who.SRE,
        summary="Let the fleet act again in an account that was frozen.",
        help="Each capability goes back to its own mode.",
        arguments=(Argument("account", Account(many=True), "where to go on"),),
    ),
)
