"""The permission proof's own judgement: which refusal proves which grant, and who must miss it."""

import pytest

from bench.grants import Grant, without
from bench.permissions import Proof, judge
from bench.scenarios import SCENARIOS
from fleetctl.permissions import Unproven
from local.client import HUB, SPOKE

ROLE = "yagura-us-east-1-findings-publish"
QUEUE = f"arn:aws:sqs:us-east-1:{SPOKE}:yagura-findings-writeback"
REFUSAL = (
    f'{{"why":"User: arn:aws:sts::{SPOKE}:assumed-role/{ROLE}/x is not authorized to perform: sqs:SendMessage'
    f' on resource: {QUEUE} because no identity-based policy allows the sqs:SendMessage action"}}'
)


def grant(resource: str = QUEUE, *, role: str = ROLE, action: str = "sqs:SendMessage", account: str = SPOKE) -> Grant:
    return Grant(account, role, action, resource, "policy")


def test_a_refusal_proves_the_one_grant_that_it_names() -> None:
    assert grant().is_refused_in(REFUSAL)
    assert grant(f"arn:aws:sqs:us-east-1:{SPOKE}:*").is_refused_in(REFUSAL)
    assert not grant(QUEUE.replace("writeback", "tickets")).is_refused_in(REFUSAL)
    assert not grant(role=ROLE.replace("publish", "sweep")).is_refused_in(REFUSAL)
    assert not grant(action="sqs:SendMessageBatch").is_refused_in(REFUSAL)


def test_of_a_transaction_no_resource_is_named() -> None:
    said = f"assumed-role/{ROLE}/x is not authorized to perform: dynamodb:PutItem because no identity-based policy"
    assert grant("arn:aws:dynamodb:us-east-1:1:table/yagura-findings", action="dynamodb:PutItem").is_refused_in(said)


def test_a_grant_is_named_as_in_the_page_and_another_accounts_resource_by_its_account() -> None:
    assert (grant().short_role, grant().function) == ("findings publish", "yagura-findings-publish")
    assert grant().log_group == "/yagura/findings/publish"
    assert grant().short_resource == "sqs:yagura-findings-writeback"
    assert HUB in grant(f"arn:aws:events:us-east-1:{HUB}:event-bus/yagura").short_resource


def test_one_action_on_one_resource_is_taken_out_and_nothing_else() -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": ["x", "y"]}]}
    left = without(document, "a:B", "x")["Statement"]
    assert left == [
        {"Effect": "Allow", "Action": ["a:C"], "Resource": ["x", "y"]},
        {"Effect": "Allow", "Action": ["a:B"], "Resource": ["y"]},
    ]


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        (QUEUE, ["a rule suppresses in Security Hub"]),
        (QUEUE.replace("writeback", "tickets"), ["a critical problem gets an issue"]),
        (QUEUE.replace("writeback", "dead-letters"), []),
    ],
)
def test_who_misses_a_grant_is_told_apart_by_its_resource(resource: str, names: list[str]) -> None:
    assert [each.name for each in SCENARIOS if each.exercises(grant(resource))] == names


def test_a_scenario_of_one_account_proves_nothing_of_another() -> None:
    asked = {"role": "yagura-us-east-1-operations-work", "action": "tag:GetResources"}
    found = {
        account: [each for each in SCENARIOS if each.exercises(grant("*", account=account, **asked))]
        for account in (HUB, SPOKE)
    }
    assert [[each.only_in for each in some] for some in found.values()] == [[HUB], [SPOKE]]


def test_what_is_unproven_needs_a_reason_and_a_reason_something_unproven() -> None:
    proofs = [Proof(grant(), "")] + [Proof(grant(action=f"a:{number}"), "seen") for number in range(30)]
    excuse = Unproven(role="findings publish", action="sqs:SendMessage", reason="because")
    assert judge(proofs, [excuse]) == []
    assert "nothing fails without it" in judge(proofs, [])[0]
    assert "is proven or gone" in judge(proofs[1:], [excuse])[0]
    assert "of the permissions are unproven" in judge(proofs[:5], [excuse])[-1]
