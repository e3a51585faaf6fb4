"""How the fake Security Hub behaves next: `POST /_local/securityhub/behave`.

What a wish does not name is normal again; `{}` is all normal.
- `{"throttle": 3}`: the next three calls are throttled;
- `{"fail": 2}`: the next two calls get HTTP 500; with `"after": true` they do their work first, and lose the answer;
- `{"unprocessed": 5, "error": "ConcurrentUpdateError"}`: the next five findings of an update are not processed;
- `{"down": true}`: every call gets HTTP 503, until the next wish;
- `{"enabled": false}`: Security Hub is not switched on, until the next wish (API reference: InvalidAccessException;
  of the V2 operations AccessDeniedException is the only error that fits);
- `{"operations": ["BatchUpdateFindings"], "account": "222222222222"}`: the above for these alone;
- `{"forget_tokens": true}`: no NextToken that was given out before leads on any more;
- `{"limits": false}`: no throttling by rate; `{"clock": "stopped"}`: the clock of the rates stands still.
`{"advance": 1.5}` moves that clock by so many seconds; alone, it leaves the wish before it as it is.
"""

from collections.abc import Callable
from typing import Any

from local import securityhub_pages as pages
from local.securityhub_cspm import UNPROCESSED
from local.securityhub_limits import Buckets, Clock
from local.securityhub_model import RefusedError, failed, is_operation, not_enabled, throttled

type Json = dict[str, Any]

_NAMES = {"throttle", "fail", "after", "unprocessed", "error", "down", "operations", "account", "limits", "clock"}
_NAMES |= {"advance", "enabled", "forget_tokens"}


class Behaviour:
    """The wishes that hold now, and the rates."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock, self._buckets = clock or Clock(), Buckets()
        self._wish: Json = {}
        self._left = {"throttle": 0, "fail": 0, "unprocessed": 0}

    def wish(self, asked: Json) -> None:
        """Take a wish. Raises ValueError or TypeError for one that means nothing, and changes nothing then."""
        unknown = asked.keys() - _NAMES
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: known are {', '.join(sorted(_NAMES))}")
        left = {name: _count(asked, name) for name in self._left}
        ahead = float(asked.get("advance", 0))
        if ahead < 0:
            raise ValueError("advance: the clock goes forward only")
        if asked.get("error", "InternalFailure") not in UNPROCESSED:
            raise ValueError(f"error is one of {', '.join(UNPROCESSED)}")
        if asked.get("clock", "running") not in {"running", "stopped"}:
            raise ValueError("clock is running or stopped")
        if not all(is_operation(each) for each in asked.get("operations") or []):
            raise ValueError("operations are names such as BatchUpdateFindings")
        self._clock.advance(ahead)
        if asked.keys() == {"advance"}:
            return
        self._wish, self._left = dict(asked), left
        if asked.get("forget_tokens"):
            pages.forget()
        if asked.get("clock") == "stopped":
            self._clock.stop()
        else:
            self._clock.run()

    def told(self) -> Json:
        """What holds now."""
        return {**self._wish, **self._left}

    def refuse(self, account: str, region: str, operation: str) -> None:
        """Raise what this call gets instead of its answer, if it is to get something."""
        if self._meant(account, operation):
            if self._wish.get("down"):
                raise RefusedError("ServiceUnavailableException", "Service Unavailable")
            if self._wish.get("enabled") is False:
                raise not_enabled(operation, account)
            if self._taken("throttle"):
                raise throttled(operation)
            if not self._wish.get("after") and self._taken("fail"):
                raise failed(operation)
        fast = self._wish.get("limits") is False
        if not fast and not self._buckets.take(account, region, operation, self._clock.now()):
            raise throttled(operation)

    def lose_answer(self, account: str, operation: str) -> None:
        """Raise after the work is done, if the answer is to be lost."""
        if self._meant(account, operation) and self._wish.get("after") and self._taken("fail"):
            raise failed(operation)

    def spoiler(self, account: str, operation: str) -> Callable[[], str]:
        """Of each finding that an update comes to: the error that it gets, or the empty string."""
        if not self._meant(account, operation):
            return lambda: ""
        return lambda: str(self._wish.get("error", "InternalFailure")) if self._taken("unprocessed") else ""

    def _meant(self, account: str, operation: str) -> bool:
        operations = self._wish.get("operations")
        return self._wish.get("account") in {None, account} and (not operations or operation in operations)

    def _taken(self, name: str) -> bool:
        if self._left[name] <= 0:
            return False
        self._left[name] -= 1
        return True


def _count(asked: Json, name: str) -> int:
    count = int(asked.get(name, 0))
    if count < 0:
        raise ValueError(f"{name} is a number of calls or findings")
    return count
