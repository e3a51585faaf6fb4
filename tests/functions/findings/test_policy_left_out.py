"""What a policy or a rule does not say."""

from typing import Any

import pytest

from functions.findings.policy import Policy, Rule, Suppress
from tests.functions.findings.laws import LEVELS, NOW
from tests.functions.findings.test_policy import judge


def test_a_policy_without_numbers_has_those_that_the_file_has_without_them() -> None:
    said = Policy(levels=LEVELS)
    assert (said.remind_days, said.escalate_days, said.escalate_to) == (1, 3, "")
    assert (said.quiet_days, said.digest_hour, said.effects_per_hour) == (7, 0, 500)


@pytest.mark.parametrize(
    ("left_out", "flaw"),
    [
        ({"reason"}, "it gives no reason"),
        ({"requester"}, "it names no requester or no approver"),
        ({"approver"}, "it names no requester or no approver"),
        ({"start", "until"}, "it ends before it begins"),
    ],
)
def test_a_rule_that_leaves_out_what_a_lease_must_have_suppresses_nothing(left_out: set[str], flaw: str) -> None:
    whole: dict[str, Any] = {"requester": "ada", "approver": "grace", "start": NOW - 1, "until": NOW + 1}
    terms = {name: value for name, value in whole.items() if name not in left_out}
    reason: dict[str, Any] = {} if "reason" in left_out else {"reason": "Vendor fix is due"}
    rule = Rule(name="x", suppress=Suppress(**terms), **reason)
    lease = rule.lease()
    assert lease is not None
    assert lease.flaw() == flaw
    assert judge(rule).lease is None
