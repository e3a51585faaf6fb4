"""What an issue of a problem says: pure. Ids, names and masked text; whoever may read the repository reads it.

Texts of findings are others'. They stand in code: there GitHub makes neither markup of them nor mentions, references or
links, which a backslash would not prevent.
"""

from datetime import UTC, datetime

from fleet.masking import mask, mask_identifier
from functions.findings.problem import Problem

_MOST_TITLE = 200


def mark(problem: Problem) -> str:
    """By which the issue of a problem is found again; no text of a finding can be one."""
    return f"<!-- yagura-problem:{problem.id} -->"


def title(problem: Problem) -> str:
    """Control and what it says. In a title GitHub makes code of what stands between backticks, and nothing else."""
    text = f"{problem.state.severity} {mask_identifier(problem.control)}: {mask(problem.shown.title)}"
    return " ".join(text.replace("`", "'").replace("@", "\uff20").split())[:_MOST_TITLE]


def body(problem: Problem) -> str:
    """What whoever mends it needs."""
    state, known = problem.state, {problem.account}
    facts = {
        "Control": mask_identifier(problem.control),
        "Resource": mask_identifier(problem.resource, known=known),
        "Account": f"{mask_identifier(problem.account, known=known)} {mask_identifier(problem.region)}"
        f" ({state.owner.environment})",
        "Severity": state.severity,
        "Owner": f"{state.owner.team} ({state.owner.service}, by {state.owner.rule})",
        "Open since": _day(state.opened),
        "Due": _day(state.due) if state.due else "whenever",
        "Problem": problem.id,
    }
    rows = "\n".join(f"| {name} | {_code(value)} |" for name, value in facts.items())
    ends = f"Yagura closes this issue when the check passes.\n\n{mark(problem)}\n"
    return f"{_code(mask(problem.shown.title))}\n\n| | |\n|---|---|\n{rows}\n\n{ends}"


def closing(problem: Problem) -> str:
    """Why it is closed."""
    if problem.state.ignored:
        return "It is ignored."
    gone = "The resource is gone" if problem.state.status == "gone" else "The resource passes its check"
    return f"{gone} since {_day(problem.state.closed)}."


def reopening(problem: Problem) -> str:
    """Why it is open again."""
    times = problem.state.openings
    often = f"; it was opened {times} times" if times > 1 else ""
    return f"It is open again since {_day(problem.state.opened)}{often}."


def _code(text: str) -> str:
    """As code in one line, also in a table: there a bar would end the cell."""
    plain = " ".join(text.replace("`", "'").replace("<!--", "<!- -").split())
    return f"`{plain.replace('|', '\u00a6')}`" if plain else "-"


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
