"""What is wanted outside the fleet and could not be done: asked for again after a while, each time after a longer one.

While the budget of effects is used up, only undoing is asked for; the rest waits for the next hour. More than an hour's
budget has room for waits for the hour after that, and so on: each is looked at when it may have its turn, and not every
hour together with all others, which would leave no time for suppressions that end.
"""

from msgspec.structs import replace

from fleet.budget import HOUR_MS, Budget, next_hour
from functions.findings.effects import cost, put_off, wants
from functions.findings.problem import Problem


class Retries:
    """Of one tick of the sweep."""

    def __init__(self, budget: Budget, *, acting: bool) -> None:
        self._budget, self._acting = budget, acting
        self._left: int | None = None
        """Of the hour's budget, for what has not been sent in this tick; None: it was not looked at yet."""
        self._waiting = 0

    def of(self, problem: Problem, now: int) -> tuple[Problem, list[str]]:
        """The problem as it waits for the next time, and what is to be asked for now."""
        if problem.again is not None and problem.again.at:  # it is due for something else
            return problem, []
        wanted = wants(problem, acting=self._acting)
        if not wanted:
            return replace(problem, again=None), []
        effects = cost(problem) if self._acting else 0
        if effects and not self._spend(effects, now):
            return put_off(problem, now, until=self._turn(effects, now)), wants(problem, acting=False)
        return put_off(problem, now), wanted

    def _spend(self, effects: int, now: int) -> bool:
        if self._left is None:
            self._left = self._budget.left(now)
        if not self._left:
            return False
        self._left = max(0, self._left - effects)
        return True

    def _turn(self, effects: int, now: int) -> int:
        if not self._waiting:
            self._budget.say_short(now)
        # One more than there is room for: so that as long as something waits, people are told so every hour.
        hours = self._waiting // (self._budget.per_hour + 1)
        self._waiting += effects
        return next_hour(now) + hours * HOUR_MS
