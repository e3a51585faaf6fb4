"""What the clock does to a problem: suppressions end, deadlines come near and pass: pure."""

from typing import Literal

import msgspec

from functions.findings.decision import Law, did, reviewed
from functions.findings.effects import attention, due_again
from functions.findings.problem import Deed, Problem

type Say = Literal["warn", "remind", "overdue", "escalate"]

_LEVELS: dict[Say, tuple[int, Deed]] = {
    "remind": (1, "reminded"),
    "overdue": (2, "overdue"),
    "escalate": (3, "escalated"),
}
_MOST = 10


class Attended(msgspec.Struct, frozen=True):
    """A problem after all that was due, and what people are to be told of it."""

    problem: Problem
    said: Say | None


def attended(problem: Problem, law: Law, now: int) -> Attended:
    """Do all that is due by `now`. Of what has passed together only the last is told, and nothing that is over."""
    said: Say | None = None
    for _ in range(_MOST):
        ahead, lease = attention(problem, law.judge.policy), problem.state.lease
        if ahead is None or ahead.at > now:
            break
        match ahead.what:
            case "review":
                before, problem = problem, reviewed(problem, law, now)
                if problem == before:
                    break
                if problem.state != before.state:
                    said = None
            case "warn" if lease is not None:
                problem = did(msgspec.structs.replace(problem, warned=lease.until), "warned", "clock", now)
                said = "warn"
            case "again":
                problem = due_again(problem, now)
            case stage:
                level, deed = _LEVELS[stage]
                problem = msgspec.structs.replace(problem, stage=(problem.state.due, level))
                problem, said = did(problem, deed, "clock", now), stage
    return Attended(problem, said)
