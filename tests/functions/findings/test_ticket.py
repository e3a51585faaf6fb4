"""What an issue says: nothing of a finding becomes markup, a mention, a reference or a link, and it is masked."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.finding import Status
from functions.findings.problem import Problem, State
from functions.findings.ticket import body, closing, mark, reopening, title
from tests.functions.findings.laws import finding_like, open_problem, problem_of

DAY = 86_400_000
HOSTILE = [
    "@acme/security", "#12", "GH-12", "acme/shop#1", "https://evil.test/?a=1", "www.evil.test", "<b>x</b>", "**x**",
    "[x](https://evil.test)", "![x](https://evil.test/p.png)", "`x`", "``` x", "a | b", "| c |", "\n# head\n- [x] done",
    "$x^2$", ":smile:", "0123456789abcdef0123456789abcdef01234567", "<!-- x -->", "-->", "\\", "&lt;b&gt;", "~~x~~",
]  # fmt: skip
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=5).map(" ".join)


def problem(**changes: object) -> Problem:
    return problem_of(finding_like(**changes))


def without_code(text: str) -> str:
    """What GitHub reads as something other than code: the table's bars, and what the fleet says itself."""
    return re.sub(r"`[^`\n]+`", "CODE", text)


PLAIN = without_code(body(problem(title="x")))


@given(texts, texts, texts)
def test_of_what_others_wrote_nothing_stands_outside_of_code(of_title: str, control: str, resource: str) -> None:
    hostile = problem(title=of_title, control=control or "x", resource=resource or "x")
    said = without_code(body(hostile)).replace(mark(hostile), mark(problem(title="x")))
    blank = re.compile(r"(CODE|-)(?= \||\n\n\|)")
    assert blank.sub("CODE", said) == blank.sub("CODE", PLAIN)


@given(texts, texts)
def test_no_text_of_a_finding_makes_it_the_issue_of_another_problem(of_title: str, resource: str) -> None:
    other = problem(resource="arn:aws:s3:::other")
    hostile = problem(title=f"{of_title} {mark(other)}", resource=f"{resource}{mark(other)}")
    assert mark(other) not in body(hostile)
    assert body(hostile).count(mark(hostile)) == 1


@given(texts, texts)
def test_a_title_is_one_short_line_without_code_and_mentions(of_title: str, control: str) -> None:
    said = title(problem(title=of_title, control=control or "x"))
    assert said == " ".join(said.split())
    assert len(said) <= 200
    assert not set("`@\n") & set(said)


def test_it_says_which_control_of_which_resource_since_when_and_whose_it_is() -> None:
    said = problem(title="It is public")
    assert body(said) == "\n".join(
        [
            "`It is public`",
            "",
            "| | |",
            "|---|---|",
            "| Control | `S3.8` |",
            "| Resource | `arn:aws:s3:::clinic-staging-intake-forms` |",
            "| Account | `111122223333 eu-west-1 (staging)` |",
            "| Severity | `HIGH` |",
            "| Owner | `front-door (intake, by tag)` |",
            "| Open since | `2026-03-02` |",
            "| Due | `2026-04-01` |",
            f"| Problem | `{said.id}` |",
            "",
            "Yagura closes this issue when the check passes.",
            "",
            f"<!-- yagura-problem:{said.id} -->",
            "",
        ]
    )
    assert title(said) == "HIGH S3.8: It is public"


def test_what_would_end_the_code_or_the_cell_is_written_otherwise() -> None:
    said = body(problem(title="a`b | c <!-- d --> @e"))
    assert said.startswith("`a'b \u00a6 c <!- - d --> @e`\n")
    assert title(problem(title="a`b @c")) == "HIGH S3.8: a'b \uff20c"
    assert body(problem(title=" ")).startswith("-\n")


def test_a_long_title_is_cut() -> None:
    assert title(problem(title="x" * 256)) == "HIGH S3.8: " + "x" * 189


def test_without_a_deadline_it_is_due_whenever() -> None:
    assert "| Due | `whenever` |" in body(open_problem(state=State(status=Status.OPEN)))


@pytest.mark.parametrize("place", ["title", "resource", "control"])
def test_what_may_identify_a_person_is_masked(place: str) -> None:
    said = problem(**{place: "patient Taro Yamada 0120-444-444 taro@example.com"})
    for text in (title(said), body(said)):
        assert "Yamada" not in text
        assert "0120" not in text
        assert "example.com" not in text
    assert "[masked]" in body(said)


def test_the_accounts_own_number_stays_another_is_masked() -> None:
    said = body(problem(resource="arn:aws:iam::444455556666:role/x"))
    assert "444455556666" not in said
    assert "111122223333" in said


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State(status=Status.RESOLVED, closed=3 * DAY), "The resource passes its check since 1970-01-04."),
        (State(status=Status.GONE, closed=3 * DAY), "The resource is gone since 1970-01-04."),
        (State(status=Status.OPEN, ignored=True), "It is ignored."),
    ],
)
def test_it_is_closed_with_the_reason(state: State, words: str) -> None:
    assert closing(open_problem(state=state)) == words


@pytest.mark.parametrize(
    ("openings", "words"),
    [
        (1, "It is open again since 1970-01-04."),
        (2, "It is open again since 1970-01-04; it was opened 2 times."),
        (3, "It is open again since 1970-01-04; it was opened 3 times."),
    ],
)
def test_it_is_opened_again_with_the_day(openings: int, words: str) -> None:
    state = msgspec.structs.replace(State(), opened=3 * DAY, openings=openings)
    assert reopening(open_problem(state=state)) == words
