"""Only rules that may match a control are asked, and that changes no verdict."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.findings.judge import Judge, Verdict
from functions.findings.policy import KINDS, Match, Rule
from tests.functions.findings.laws import NOW, policy, suppressing
from tests.functions.findings.test_policy import facts

CONTROLS = ["S3.8", "S3.9", "EC2.1"]
controls = st.lists(st.sampled_from([*CONTROLS, "S3.*", "*"]), max_size=2)


@st.composite
def rule(draw: st.DrawFn, number: int) -> Rule:
    """One that names some controls, or none, and does one thing."""
    match, name = Match(control=draw(controls)), f"r{number}"
    if draw(st.booleans()):
        return suppressing(name, match=match)
    return draw(st.sampled_from([Rule(name=name, match=match, ignore=True), Rule(name=name, match=match, owner=name)]))


rules = st.integers(0, 6).flatmap(lambda count: st.tuples(*(rule(number) for number in range(count))))


def verdicts(judge: Judge, control: str) -> tuple[Verdict, Verdict]:
    """Without and with all rules asked: whoever is told the steps hears of each rule."""
    about = facts(control=control)
    return judge.judge(about, NOW), judge.judge(about, NOW, trace=lambda _step: None)


@given(given_rules=rules, control=st.sampled_from([*CONTROLS, "KMS.1"]))
def test_the_verdict_is_the_same_as_if_every_rule_were_asked(given_rules: Sequence[Rule], control: str) -> None:
    quick, thorough = verdicts(Judge(policy(*given_rules)), control)
    assert quick == thorough


NAMED = suppressing("named", match=Match(control=["S3.8"]))
BEFORE, AFTER = Rule(name="before", ignore=True), Rule(name="after", owner="x", match=Match(control=["S3.*"]))


@pytest.mark.parametrize("lost", ["_naming", "_any"])
def test_a_list_that_is_lost_changes_the_verdict(lost: str) -> None:
    judge = Judge(policy(BEFORE, NAMED, AFTER))
    for kind in KINDS:
        of_kind = judge._rules[kind]
        setattr(of_kind, lost, type(getattr(of_kind, lost))())
    control = "S3.8" if lost == "_naming" else "S3.9"
    quick, thorough = verdicts(judge, control)
    assert quick != thorough


def test_rules_that_name_other_controls_only_are_not_asked() -> None:
    other = suppressing("other", match=Match(control=["S3.9"]))
    asked = Judge(policy(NAMED, other, suppressing("all")))._rules["suppress"].asked
    assert [each.rule.name for each in asked(facts(control="EC2.1"), None)] == ["all"]
    assert [each.rule.name for each in asked(facts(control="S3.8"), None)] == ["named", "all"]
    assert [each.rule.name for each in asked(facts(control="EC2.1"), lambda _step: None)] == ["named", "other", "all"]
