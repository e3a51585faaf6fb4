"""Patterns in which `*` stands for any text, as regular expressions that take linear time."""

import re


def wildcard(text: str) -> str:
    """The expression for a full match, with DOTALL.

    Each part between two stars is taken where it is found first, and never looked for again (atomic groups): a name
    made by an attacker cannot make a pattern slow.

    >>> re.fullmatch(wildcard("arn:aws:s3:::*-logs"), "arn:aws:s3:::acme-logs", re.DOTALL) is not None
    True
    """
    first, *rest = (re.escape(part) for part in text.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return f"{first}{''.join(f'(?>.*?{part})' for part in middle)}.*{last}"
