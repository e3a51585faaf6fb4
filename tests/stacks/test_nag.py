"""cdk-nag and cfn-lint find nothing, and would find something."""

import pytest

from fleetctl.templates import Template, synthesize
from stacks.parts import fleet_function
from tests.stacks.fleets import small
from tests.stacks.lint import lint


@pytest.mark.parametrize("own_key", [False, True], ids=["AWS's keys", "own key"])
def test_every_stage_is_clean(own_key: bool) -> None:
    made = synthesize([small(customer_managed_key=own_key)], nag=True)
    assert sum(len(template.resources) for template in made.templates) >= 60
    assert made.violations == []


def test_an_acknowledgement_that_is_taken_away_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {rule: why for rule, why in fleet_function._SAME_FOR_ALL.items() if rule != "HIPAA.Security-LambdaInsideVPC"}
    monkeypatch.setattr(fleet_function, "_SAME_FOR_ALL", kept)
    violations = synthesize([small()], nag=True).violations
    assert [violation.split(": ")[:2] for violation in violations] == [
        [f"{path}/Function/Resource", "HIPAA.Security-LambdaInsideVPC"]
        for path in (
            *(f"hub/chatops/{each}" for each in ("Anchor", "Answers", "Desk", "Ingress", "Notify", "Publish")),
            *("hub/operations/Publish", "hub/operations/Work"),
            *(
                f"security-audit/findings/{each}"
                for each in ("Publish", "Sweep", "Tickets", "Triage", "Work", "Writeback")
            ),
            *("security-audit/operations/Publish", "security-audit/operations/Work"),
        )
    ]


def test_every_acknowledgement_gives_a_reason() -> None:
    assert all(len(reason) > 10 for reason in fleet_function._SAME_FOR_ALL.values())


def test_cfn_lint_finds_nothing(hub_and_spoke: list[Template]) -> None:
    assert [match for template in hub_and_spoke for match in lint(template)] == []


def test_cfn_lint_would_find_something(hub_and_spoke: list[Template]) -> None:
    broken = Template("hub", "x", "1", "us-east-1", local=False, body={"Resources": {"Q": {"Type": "AWS::SQS::Queu"}}})
    assert any("E3006" in match for match in lint(broken))
