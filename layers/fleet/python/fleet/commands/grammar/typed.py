"""The words of what a person typed, without what Slack, a telephone or a Japanese keyboard made of them.

Linear in the length of the text: no pattern here can look at a character more than twice.
"""

import re
from unicodedata import normalize

import msgspec

_SLACK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
"""`<@U123|ben>`, `<#C123|name>`, `<!here>`, `<https://x|label>`. What a person types as < arrives as `&lt;`."""
_ENTITY = re.compile(r"&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_QUOTES = "\"'`“”„‘’‚«»‹›「」"
_DASHES = str.maketrans({"‐": "-", "‒": "-", "–": "-", "−": "-", "—": "--"})
"""Telephones write -- as one long dash."""


class Typed(msgspec.Struct, frozen=True):
    """One word of a line."""

    raw: str
    """As it was typed."""
    plain: str
    """As it was meant: without quotes and code marks around it, with simple dashes, full-width letters made narrow."""


def typed(text: str) -> list[Typed]:
    """The words of `text`. None of them is empty or has an invisible character in it."""
    # Marks that turn the direction of writing, zero-width characters and half surrogates: what people approve must
    # be what they see, and it must have one form in JSON.
    visible = "".join(each for each in text if each.isprintable() or each.isspace())
    said = _ENTITY.sub(lambda found: _CHARACTERS[found[1]], _SLACK.sub(_said, visible))
    words = [Typed(raw, _plain(raw)) for raw in said.split()]
    return [word for word in words if word.plain]


def _plain(raw: str) -> str:
    return normalize("NFKC", raw).translate(_DASHES).strip(_QUOTES)


def _said(found: re.Match[str]) -> str:
    """What a person sees of Slack's escape. Of a person it is the id: names change and repeat."""
    target, label = found[1], found[2]
    match target[0]:
        case "@":
            return target
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:]}"
        case _:
            return label or target
