"""What is told of an action that stands behind another is true: held to what the judge of problems does."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from fleet.catalogue import Owner
from functions.findings.judge import Facts, Judge
from stacks.config import model_findings as written
from stacks.config import rules_policy_order
from stacks.config.rules_policy_order import order_breaches
from tests.layers.fleet.refute import REFUTE
from tests.stacks.test_config_compile_policy import CONFIG, compiled, ms, rule, with_findings

LEVELS = {"LOW": written.Level(suppress_days=4), "HIGH": written.Level(suppress_days=8)}
TEXTS = st.text("ab*", min_size=1, max_size=3)
SEVERITIES = st.sampled_from(["LOW", "HIGH"])


def some[T](values: st.SearchStrategy[T]) -> st.SearchStrategy[Any]:
    return st.just(UNSET) | st.just(UNSET) | st.just(UNSET) | st.lists(values, min_size=1, max_size=2)


MATCHES = st.builds(
    written.Match,
    control=some(TEXTS),
    resource=some(TEXTS),
    severity=some(SEVERITIES),
    account=some(st.sampled_from(["hub", "111122223333", "222233334444"])),
    team=some(st.sampled_from(["sre", "records"])),
    tags=st.just(UNSET) | st.just(UNSET) | st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), min_size=1),
)
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 12))
LEASES = st.tuples(DAYS, DAYS).map(
    lambda days: written.Suppress(requester="aiko", approver="ben", start=min(days), until=max(days))
)
FACTS = st.builds(
    Facts,
    control=st.text("ab", max_size=3),
    resource=st.text("ab", max_size=3),
    severity=SEVERITIES,
    account=st.sampled_from(["111122223333", "222233334444"]),
    region=st.just("us-east-1"),
    tags=st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
    owner=st.builds(
        Owner,
        service=st.just("s"),
        team=st.sampled_from(["sre", "records"]),
        environment=st.just("production"),
        rule=st.just("tag"),
    ),
)
CASES = {
    "matches": st.tuples(MATCHES, MATCHES),
    "leases": st.tuples(LEASES, LEASES),
    "facts": st.lists(FACTS, min_size=1, max_size=5),
    "day": DAYS,
}


def assert_what_is_behind_never_decides(
    matches: tuple[written.Match, written.Match],
    leases: tuple[written.Suppress, written.Suppress],
    facts: list[Facts],
    day: date,
) -> None:
    rules = [
        rule(f"r{i}", match=match, suppress=lease, ignore=True)
        for i, (match, lease) in enumerate(zip(matches, leases, strict=True))
    ]
    config = with_findings(rules=rules, levels=LEVELS)
    behind = {breach.path[2] for breach in order_breaches(config.findings, config.fleet)}
    judge = Judge(compiled(config).policy)
    for each in facts:
        reasons = judge.judge(each, ms(day.year, day.month, day.day, 12)).reasons
        assert not {kind for kind, reason in reasons.items() if reason.rule == "rule:r1"} & behind


test_what_is_told_as_behind_another_never_decides = given(**CASES)(assert_what_is_behind_never_decides)


def any_time(_earlier: written.Rule, _later: written.Rule, _findings: written.FindingsFile) -> bool:
    return True


def without_tags(earlier: dict[str, Any], later: dict[str, Any]) -> bool:
    rest = {condition: values for condition, values in earlier.items() if condition != "tags"}
    return all(
        rules_policy_order._one_covers(condition, values, later.get(condition)) for condition, values in rest.items()
    )


def one_is_enough(earlier: dict[str, Any], later: dict[str, Any]) -> bool:
    return any(
        rules_policy_order._one_covers(condition, values, later.get(condition)) for condition, values in earlier.items()
    )


def overlapping(condition: str, earlier: Any, later: Any) -> bool:
    return later is not None and (condition == "tags" or bool(set(later) & set(earlier)))


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("_outlasts", any_time),
        ("_covers", without_tags),
        ("_covers", one_is_enough),
        ("_one_covers", overlapping),
    ],
)
def test_the_property_refutes(monkeypatch: pytest.MonkeyPatch, name: str, broken: Callable[..., bool]) -> None:
    monkeypatch.setattr(rules_policy_order, name, broken)
    with pytest.raises(AssertionError):
        REFUTE(given(**CASES)(assert_what_is_behind_never_decides))()


@given(match=MATCHES, more=MATCHES, lease=LEASES)
def test_a_rule_with_a_condition_more_is_behind_one_without(
    match: written.Match, more: written.Match, lease: written.Suppress
) -> None:
    added = {name: value for name in written.CONDITIONS if (value := getattr(more, name)) and not getattr(match, name)}
    narrower = msgspec.structs.replace(match, **added)
    rules = [rule("r0", match=match, suppress=lease), rule("r1", match=narrower, suppress=lease)]
    (breach,) = order_breaches(written.FindingsFile(rules=rules), CONFIG.fleet)
    assert breach.path == ("rules", 1, "suppress")
