"""How the fake GitHub behaves next, for tests and the demo: `POST /_local/github/behave`.

What a wish does not name is normal again.
- `{"next": 2, "status": 502}`: the next two calls fail, and nothing is done; with `"done": true` they do their work
  and the answer is lost; with `"seconds": 15` the answer comes that late;
- `{"next": 1, "secondary": true, "status": 429, "retry_after": 1}`: the secondary rate limit (403 if no status is
  given; no header if `retry_after` is 0, as GitHub may do);
- `{"remaining": 3, "reset_seconds": 2, "limit_status": 429}`: the primary rate limit, 403 if no status is given: after
  three calls none is taken for the rest of the two seconds. Usually it is 5,000 calls an hour;
- `{"down": true}`: no call is answered but by a proxy's page;
- `{"missing": ["acme/shop"]}`, `"disabled"` (no issues there), `"archived"`, `"moved"`: what is the matter with
  these repositories; `{"bad_tokens": [...]}`; `{"labels_dropped": true}`: the token may not set labels.
"""

import math
from typing import Any, NamedTuple

_LIMIT, _HOUR = 5000, 3600.0
_LONGEST_WAIT = 60.0
_MATTERS = ("missing", "disabled", "archived", "moved")


class Failure(NamedTuple):
    """What a call gets instead of its answer."""

    status: int
    done: bool
    seconds: float
    secondary: bool
    retry_after: int


class Behaviour:
    """The wishes that hold now."""

    def __init__(self) -> None:
        self.wish({}, 0.0)

    def wish(self, asked: dict[str, Any], now: float) -> None:
        """Take a wish. Raises ValueError or TypeError for one that means nothing, and changes nothing then."""
        secondary, count = asked.get("secondary") is True, int(asked.get("next", 0))
        failure = Failure(
            status=int(asked.get("status", 403 if secondary else 500)),
            done=asked.get("done") is True,
            seconds=float(asked.get("seconds", 0)),
            secondary=secondary,
            retry_after=int(asked.get("retry_after", 1)),
        )
        if not 400 <= failure.status <= 599:
            raise ValueError("status is a number from 400 to 599")
        if not 0 <= failure.seconds <= _LONGEST_WAIT:
            raise ValueError(f"seconds is a number up to {_LONGEST_WAIT:.0f}")
        remaining, reset = int(asked.get("remaining", _LIMIT)), now + float(asked.get("reset_seconds", _HOUR))
        limit_status = int(asked.get("limit_status", 403))
        matters = {each: {str(name).lower() for name in asked.get(each) or []} for each in _MATTERS}
        self.bad_tokens = {str(each) for each in asked.get("bad_tokens") or []}
        self.down, self.labels_dropped = asked.get("down") is True, asked.get("labels_dropped") is True
        self._failures, self._matters = [failure] * count, matters
        self._remaining, self._reset, self.limit_status = remaining, reset, limit_status

    def told(self) -> dict[str, Any]:
        """What holds now."""
        matters = {each: sorted(names) for each, names in self._matters.items()}
        return {"next": len(self._failures), "remaining": self._remaining, "down": self.down, **matters}

    def failure(self) -> Failure | None:
        """What this call gets, if it is to fail."""
        return self._failures.pop(0) if self._failures else None

    def matter(self, repository: str) -> str:
        """What is the matter with a repository, in a word; empty for most."""
        return next((each for each, names in self._matters.items() if repository.lower() in names), "")

    def may(self, now: float) -> bool:
        """Count a call; whether the primary rate limit lets it through."""
        if now >= self._reset:
            self._remaining, self._reset = _LIMIT, now + _HOUR
        self._remaining -= 1
        return self._remaining >= 0

    def limits(self) -> dict[str, str]:
        """What every answer says of the primary rate limit."""
        left = max(self._remaining, 0)
        return {
            "x-ratelimit-limit": str(_LIMIT),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-used": str(_LIMIT - left),
            "x-ratelimit-reset": str(math.ceil(self._reset)),
            "x-ratelimit-resource": "core",
        }
