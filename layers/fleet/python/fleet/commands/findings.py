"""Commands of the capability `findings`: problems listed, shown, suppressed for a while, and given to a team."""

from fleet.commands import Account, Argument, Command, Count, Id, Problem, Shown, Text, Who, Word

_SHOW = ("findings", "show")
_WHERE = Argument("account", Account(), "where the problem is kept, as `findings list` says")
_PROBLEM = Argument("problem", Problem(), "the problem, as lists and messages show it")

COMMANDS = (
    Command(
        words=("findings", "list"),
        capability="findings",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="List the open problems of a team, the worst first.",
        arguments=(
            Argument("account", Account(many=True), "where to look", default="all"),
            Argument("team", Id(most=40), "whose; `all` for everybody's", default="all"),
            Argument("status", Word(("open", "suppressed")), "which", default="open"),
            Argument("count", Count(1, 50), "how many at most", default=20),
        ),
    ),
    Command(
        words=_SHOW,
        capability="findings",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="Show a problem: its owner, why it is told as it is, its history, and what its suppression would need.",
        help="What it shows can be suppressed or assigned.",
        arguments=(_WHERE, _PROBLEM),
    ),
    Command(
        words=("findings", "numbers"),
        capability="findings",
        tier=0,
        who=Who.EVERYONE,
        reads=True,
        summary="Count problems by severity, age and team, how long they take, and how much of it was told.",
        arguments=(Argument("account", Account(many=True), "where to look", default="all"),),
    ),
    Command(
        words=("findings", "suppress"),
        capability="findings",
        tier=0,
        who=Who.EVERYONE,
        summary="Suppress the problem that was shown, for a number of days.",
        help="How many days, and how many people must agree, depends on its severity: `findings show` says it. When "
        "the time is over, it is open again.",
        arguments=(
            Argument("shown", Shown(_SHOW), "which problem"),
            Argument("days", Count(1, 730), "for how many days"),
            Argument("reason", Text(300, least=10), "why, without patient data"),
        ),
    ),
    Command(
        words=("findings", "unsuppress"),
        capability="findings",
        tier=0,
        who=Who.EVERYONE,
        summary="End a suppression that was granted.",
        help="One that a rule of config/findings.yaml gives ends with the rule.",
        arguments=(_WHERE, _PROBLEM),
    ),
    Command(
        words=("findings", "assign"),
        capability="findings",
        tier=0,
        who=Who.SRE,
        summary="Give a problem to a team, or back to the one that the rules say.",
        arguments=(_WHERE, _PROBLEM, Argument("team", Id(most=40), "a team of services.yaml, or `rules`")),
    ),
)
