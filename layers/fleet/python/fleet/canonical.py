"""One text for one value, whoever writes it: RFC 8785 canonical JSON, and its sha256."""

from hashlib import sha256
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """RFC 8785: sorted keys, no blanks, one form of each number. Raises CanonicalError for what JSON cannot hold."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise CanonicalError(type(error).__name__) from error


def digest(value: Any) -> str:
    """sha256 of the canonical JSON, in hex."""
    return sha256(canonical(value)).hexdigest()


class CanonicalError(ValueError):
    """A value that has no canonical JSON: not JSON, an integer beyond 2^53, half a character, nested without end."""
