"""How the fake Slack behaves next, for tests, the demo and the page: `POST /_local/slack/behave`.

What a wish does not name is normal again. Towards callers of the Web API:
- `{"next": 2, "error": "ratelimited", "status": 429, "retry_after": 1}`: the next two calls fail;
- `{"every": 5, "status": 500}`: every fifth call fails, until the next wish;
- `{"missing_channels": ["C0MISSING00"]}`: these channels are not found;
- `{"strict_rate": true}`: a second chat.postMessage to a channel within a second is refused with 429. docs.slack.dev,
  "Rate limits": about one message a second and channel, bursts tolerated but not promised: here never.
Towards the app, for the next command, click or view: `{"deliver": "twice"}`; `{"deliver": "late", "seconds": 4}`;
`{"deliver": "old_timestamp"}`: signed 301 s ago; `{"deliver": "bad_signature"}`: by another secret.
"""

import math
from typing import Any, NamedTuple

DELIVERIES = ("", "twice", "late", "old_timestamp", "bad_signature")
_LONGEST_WAIT = 60.0
# What the network between a fair sender and us may take away from its second.
_JITTER = 0.05


class Failure(NamedTuple):
    """What a call gets instead of its answer."""

    error: str
    status: int
    retry_after: int


class Manner(NamedTuple):
    """How the next interaction is delivered."""

    deliver: str = ""
    seconds: float = 0.0


class Behaviour:
    """The wishes that hold now."""

    def __init__(self) -> None:
        self.missing_channels: set[str] = set()
        self.strict_rate = False
        self._failures: list[Failure] = []
        self._every: tuple[int, Failure] | None = None
        self._calls = 0
        self._manner = Manner()
        self._posted: dict[str, float] = {}

    def wish(self, asked: dict[str, Any]) -> None:
        """Take a wish. Raises ValueError or TypeError for one that means nothing, and changes nothing then."""
        failure = Failure(str(asked.get("error", "")), int(asked.get("status", 200)), int(asked.get("retry_after", 1)))
        count, every = int(asked.get("next", 0)), int(asked.get("every", 0))
        manner = Manner(asked.get("deliver") or "", float(asked.get("seconds", 4)))
        if manner.deliver not in DELIVERIES:
            raise ValueError(f"deliver is one of {', '.join(DELIVERIES[1:])}")
        if not 0 <= manner.seconds <= _LONGEST_WAIT:
            raise ValueError(f"seconds is a number up to {_LONGEST_WAIT:.0f}")
        missing = {str(each) for each in asked.get("missing_channels") or []}
        self._failures = [failure] * count
        self._every, self._calls = ((every, failure) if every > 0 else None), 0
        self._manner, self.missing_channels = manner, missing
        self.strict_rate = asked.get("strict_rate") is True
        self._posted.clear()

    def told(self) -> dict[str, Any]:
        """What holds now."""
        return {
            "next": len(self._failures),
            "every": self._every[0] if self._every else 0,
            "missing_channels": sorted(self.missing_channels),
            "strict_rate": self.strict_rate,
            "deliver": self._manner.deliver,
        }

    def failure(self) -> Failure | None:
        """What this call of the Web API gets, if it is to fail."""
        self._calls += 1
        if self._failures:
            return self._failures.pop(0)
        if self._every and self._calls % self._every[0] == 0:
            return self._every[1]
        return None

    def too_fast(self, channel: str, now: float) -> int:
        """Seconds until a channel takes a message again; 0 when it takes this one, which counts from now."""
        if not self.strict_rate:
            return 0
        left = self._posted.get(channel, -math.inf) + 1 - _JITTER - now
        if left > 0:
            return max(1, math.ceil(left))
        self._posted[channel] = now
        return 0

    def manner(self) -> Manner:
        """How to deliver this interaction; the one after it is delivered as usual."""
        manner, self._manner = self._manner, Manner()
        return manner
