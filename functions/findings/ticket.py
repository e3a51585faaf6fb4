"""What an issue of a problem says: pure. Ids, names and masked text; whoever may read the repository reads it."""

from datetime import UTC, datetime

from fleet.masking import mask, mask_identifier
from functions.findings.problem import Problem

_MOST_TITLE = 200


def mark(problem: Problem) -> str:
    """By which the issue of a problem is found again."""
    return f"yagura-problem:{problem.id}"


def title(problem: Problem) -> str:
    """Control and what it says."""
    return f"{problem.state.severity} {problem.control}: {mask(problem.shown.title)}"[:_MOST_TITLE]


def body(problem: Problem) -> str:
    """What whoever mends it needs."""
    state = problem.state
    facts = {
        "Control": mask_identifier(problem.control),
        "Resource": mask_identifier(problem.resource, known={problem.account}),
        "Account": f"{problem.account} {problem.region} ({state.owner.environment})",
        "Severity": state.severity,
        "Owner": f"{state.owner.team} ({state.owner.service}, by {state.owner.rule})",
        "Open since": _day(state.opened),
        "Due": _day(state.due) if state.due else "whenever",
    }
    rows = "\n".join(f"| {name} | {_cell(value)} |" for name, value in facts.items())
    text = mask(problem.shown.title)
    ends = f"Yagura closes this issue when the check passes.\n\n<!-- {mark(problem)} -->\n"
    return f"{_cell(text)}\n\n| | |\n|---|---|\n{rows}\n\n{ends}"


def closing(problem: Problem) -> str:
    """Why it is closed."""
    gone = "is gone" if problem.state.status == "gone" else "passes its check"
    return f"The resource {gone} since {_day(problem.state.closed)}." if not problem.state.ignored else "It is ignored."


def reopening(problem: Problem) -> str:
    """Why it is open again."""
    return f"It failed its check again on {_day(problem.state.opened)}: the {problem.state.openings}th time."


def _cell(text: str) -> str:
    """No text of a finding becomes a cell border, a mention, a reference or markup."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>()#+!|@~" else each for each in text.replace("\n", " "))


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
