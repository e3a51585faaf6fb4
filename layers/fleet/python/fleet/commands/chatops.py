"""Commands of the capability `chatops`: help, decisions about requests, and the audit trail."""

from fleet.commands import Argument, Command, Count, Request, Text, Who

_REASON_CHARACTERS = 500
_REQUEST = Argument("request", Request(), "the request, as its message shows it")

COMMANDS = (
    Command(
        words=("help",),
        capability="chatops",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="Show what you may run.",
        arguments=(Argument("about", Text(most=100), "the command, or its first word", default=""),),
    ),
    Command(
        words=("whoami",),
        capability="chatops",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="Show as whom the fleet knows you, and your teams.",
    ),
    Command(
        words=("status",),
        capability="chatops",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="Show what waits: requests for people, messages, pages; and how the audit trail stands.",
    ),
    Command(
        words=("approve",),
        capability="chatops",
        tier=0,
        who=Who.EVERYONE,
        summary="Agree to a request of somebody else.",
        help="Who may agree stands on the request. Nobody agrees to their own, nor twice.",
        arguments=(_REQUEST,),
    ),
    Command(
        words=("deny",),
        capability="chatops",
        tier=0,
        who=Who.EVERYONE,
        summary="Say no to a request: one no is enough.",
        arguments=(_REQUEST, Argument("reason", Text(_REASON_CHARACTERS), "why, without patient data", default="")),
    ),
    Command(
        words=("cancel",),
        capability="chatops",
        tier=0,
        who=Who.EVERYONE,
        summary="Take back a request of your own.",
        arguments=(_REQUEST,),
    ),
    Command(
        words=("break-glass",),
        capability="chatops",
        tier=0,
        who=Who.SRE,
        summary="Grant a request alone, in an emergency.",
        help="Everyone is told at once, the grant is short, and somebody else reviews it afterwards.",
        arguments=(
            _REQUEST,
            Argument("reason", Text(_REASON_CHARACTERS, least=10), "why it cannot wait, without patient data"),
        ),
    ),
    Command(
        words=("audit", "tail"),
        capability="chatops",
        tier=0,
        who=Who.SRE,
        reads=True,
        summary="Show the last entries of the audit trail.",
        arguments=(Argument("count", Count(1, 50), "how many entries", default=10),),
    ),
    Command(
        words=("audit", "verify"),
        capability="chatops",
        tier=0,
        who=Who.SRE,
        reads=True,
        summary="Check the last two days of the audit trail against its anchors.",
    ),
)
