"""Suppressions are leases: pure. Each has a reason, two people and an end; without them it suppresses nothing."""

import msgspec

DAY_MS = 24 * 3_600_000
WARN_MS = 7 * DAY_MS
"""So long before its end people are warned."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Why a problem is not to be shown as open, and until when. Times are ms since the epoch."""

    by: str
    """`rule:<name>` of config/findings.yaml, or `request:<id>` of one that people granted."""
    reason: str
    requester: str
    approver: str
    start: int
    until: int
    tier: int = 3
    """Of the risk for which it was granted: a rule was reviewed with the file in which it stands, for any."""

    def ends(self, most_days: int) -> int:
        """Its end, for a severity of which the most is so many days."""
        return min(self.until, self.start + most_days * DAY_MS)

    def flaw(self) -> str:
        """Why it is no lease at all; empty if it is one."""
        if not self.reason.strip():
            return "it gives no reason"
        if not self.requester or not self.approver:
            return "it names no requester or no approver"
        if self.requester == self.approver:
            return f"{self.requester} both asked and approved"
        if self.until <= self.start:
            return "it ends before it begins"
        return ""

    def why_not(self, now: int, most_days: int, tier: int = 0) -> str:
        """Why it does not suppress now; empty if it does. Whatever is wrong with it, it does not.

        `most_days`, `tier`: what the severity allows, and asks for.
        """
        if flaw := self.flaw():
            return flaw
        if most_days <= 0:
            return "this severity may not be suppressed"
        if self.tier < tier:
            return f"it was granted for tier {self.tier}, and this severity asks for {tier}"
        if now >= (end := self.ends(most_days)):
            sooner = f": this severity allows {most_days} days at most" if end < self.until else ""
            return f"it ended {_days(now - end)} ago{sooner}"
        return f"it begins in {_days(self.start - now)}" if now < self.start else ""


def _days(milliseconds: int) -> str:
    days, hours = divmod(milliseconds // 3_600_000, 24)
    return f"{days} d" if days else f"{hours} h"
