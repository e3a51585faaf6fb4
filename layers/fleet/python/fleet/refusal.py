"""How a function says no to an event: for good (dead letter, with a reason), quietly (dropped, counted) or not now."""

import re
from typing import ClassVar

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


class AwayError(Exception):
    """Somebody outside the fleet does not do now what is asked. That stands in a table, and is asked again from there.

    So the message need not outlast it: it comes again a first time, since most of this is over soon, and then it ends
    (`fleet.worker`). `reason` is a slug for counting; the text may be logged.
    """

    reason: ClassVar[str] = "unavailable"
