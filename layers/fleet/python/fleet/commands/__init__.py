"""Chat commands: what people may say to the fleet, and how it is understood.

Each module beside this one declares the commands of one capability, as `COMMANDS`: declarations only, and nothing
else has to be told of a new file. The work is an event to that capability. What makes commands of text is in
`fleet.commands.grammar`.
"""

from fleet.commands.grammar.command import (
    Account,
    Argument,
    Command,
    Count,
    Id,
    Kind,
    Problem,
    Queue,
    Request,
    Shown,
    Text,
    Value,
    Who,
    Word,
)
from fleet.commands.grammar.help import Help, help_for
from fleet.commands.grammar.parse import Parsed, parse
from fleet.commands.grammar.refused import CommandError
from fleet.commands.grammar.registry import Registry, RegistryError, registry
from fleet.commands.grammar.values import Known, Place

__all__ = [
    "Account",
    "Argument",
    "Command",
    "CommandError",
    "Count",
    "Help",
    "Id",
    "Kind",
    "Known",
    "Parsed",
    "Place",
    "Problem",
    "Queue",
    "Registry",
    "RegistryError",
    "Request",
    "Shown",
    "Text",
    "Value",
    "Who",
    "Word",
    "help_for",
    "parse",
    "registry",
]
