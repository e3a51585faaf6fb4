"""How a function says no to an event: for good (dead letter, with a reason) or quietly (dropped, counted)."""

import re

_SLUG = re.compile(r"[a-z][a-z0-9_]*")


class RefusedError(Exception):
    """The event can never be processed: it goes to the dead-letter queue with this reason and is not retried.

    `reason` is a slug for counting, `path` the place of the field (`$.detail.findings[0].Id`), `text` what was
    expected there. None of them may quote the event: they are logged.
    """

    def __init__(self, reason: str, path: str, text: str) -> None:
        if not _SLUG.fullmatch(reason):
            raise ValueError(f"a reason is a slug such as malformed; got {reason!r}")
        super().__init__(f"{reason} at {path}: {text}")
        self.reason, self.path, self.text = reason, path, text


class DroppedError(Exception):
    """The event is not for this function: it is counted under `reason` and forgotten."""

    def __init__(self, reason: str) -> None:
        if not _SLUG.fullmatch(reason):
            raise ValueError(f"a reason is a slug such as not_ours; got {reason!r}")
        super().__init__(reason)
        self.reason = reason
