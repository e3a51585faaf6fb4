"""Findings end to end: whatever Security Hub sends is triaged, and what the fleet changes there holds; IAM enforced."""

import json
import os
import random
import signal
from collections import Counter

import pytest

from functions.findings.event import Accepts, open_event
from local import process, ready, trace
from local.client import SPOKE, client, securityhub_behave, send_aws_event, slack_messages
from local.process import Instance
from local.replay import envelope
from local.sample_findings import Finding, ocsf
from tests.functions.findings import samples
from tests.local.conftest import eventually
from tests.local.fleet import send
from tests.local.hub_watch import PATIENCE, Watch, resource

pytestmark = pytest.mark.local
ASFF = "Security Hub Findings - Imported"
BY_RULE = "yagura: suppressed until 2036-10-28 by rule:practice-network (aiko asked, ben agreed)"
INSIGHTS = "Security Hub Insight Results"


@pytest.fixture
def hub(fleet: Instance) -> Watch:
    securityhub_behave(fleet)
    return Watch(fleet)


def test_every_documented_form_shuffled_and_repeated_is_the_problems_that_it_reports(fleet: Instance) -> None:
    events = [samples.event(name) for name in samples.ALL]
    wanted: set[str] = set()
    bad: set[tuple[str, str, str]] = set()
    for event in events:
        if event["detail-type"] != INSIGHTS:
            contents = open_event(json.dumps(event), Accepts(accounts=None))
            wanted |= {seen.finding.problem for seen in contents.seen}
            bad |= {(event["id"], refusal.reason, refusal.path) for refusal in contents.refused}
    sent = events * 3
    random.Random(11).shuffle(sent)  # noqa: S311 - a shuffle
    outcomes = {outcome.event["id"]: outcome for outcome in send(fleet, *sent)}
    assert {one["id"] for one in trace.known_problems(fleet)} == wanted
    letters = [
        (event, each["reason"], each["path"]) for event, found in outcomes.items() for each in found.dead_letters
    ]
    assert Counter(letters) == dict.fromkeys(bad, 3)  # each time that it was sent


def test_what_is_not_fit_harms_none_of_its_neighbours(fleet: Instance, hub: Watch) -> None:
    good = [hub.fresh() for _ in range(3)]
    big = hub.fresh() | {"Description": "x" * 225_000}
    many = hub.fresh()
    many["Resources"] = [{"Type": "AwsS3Bucket", "Id": f"{resource(many)}-{number}"} for number in range(33)]
    forged = hub.fresh() | {"ProductArn": f"arn:aws:securityhub:us-east-1:{SPOKE}:product/{SPOKE}/default"}
    wrong: dict[str, Finding] = {
        "$.detail.findings[0].Resources": many,
        "$.detail.findings[0].Resources[1]": hub.fresh(),
        "$.detail.findings[0].AwsAccountId": hub.fresh() | {"AwsAccountId": "12345678901"},
        "$.detail.findings[0].UpdatedAt": hub.fresh() | {"UpdatedAt": "yesterday"},
        "$": hub.fresh() | {"Title": "half a character: \ud83d"},
    }
    wrong["$.detail.findings[0].Resources[1]"]["Resources"].append(None)
    events = {path: envelope(one, ASFF) for path, one in wrong.items()}
    mixed = envelope(good[1], ASFF)
    mixed["detail"]["findings"] = [many, good[1], forged, good[2]]
    sound = [envelope(one, ASFF) for one in (good[0], big, forged)]
    outcomes = send(fleet, sound[0], *events.values(), mixed, *sound[1:])
    for one in (*good, big):
        hub.becomes(one, "open")
    assert not any(hub.problem(one) for one in (forged, *wrong.values()))
    letters = {each["event"]: each["path"] for outcome in outcomes for each in outcome.dead_letters}
    said = {event["id"]: path for path, event in events.items()}
    assert letters == said | {mixed["id"]: "$.detail.findings[0].Resources"}


def test_what_somebody_does_in_security_hub_is_seen_and_not_overruled(fleet: Instance, hub: Watch) -> None:
    """A change of workflow alone, which leaves UpdatedAt as it was."""
    one = hub.fresh()
    hub.find(one)
    hub.says(one, "is open")
    _by_hand(fleet, one, "SUPPRESSED")
    hub.says(one, "nothing of the fleet's explains it")
    _by_hand(fleet, one, "NEW")
    hub.says(one, "is open again")
    assert hub.updates(one) == []
    assert len(hub.messages(one)) == 1


def test_a_rule_suppresses_every_copy_and_its_echo_is_absorbed(fleet: Instance, hub: Watch) -> None:
    one = hub.fresh(control="EC2.6")
    other = ocsf(resource(one), control="EC2.6", title=one["Title"])
    reborn = one | {"Id": f"{one['Id'][:-4]}beef"}
    for each, workflow in ((one, "SUPPRESSED"), (other, "Suppressed"), (reborn, "SUPPRESSED")):
        hub.find(each)
        assert hub.is_there(each, workflow).startswith(BY_RULE)
        hub.rest()
    assert len(hub.becomes(one, "suppressed")["copies"]) == 3
    ready.sweep(fleet)
    hub.rest()
    assert [len(hub.updates(each)) for each in (one, reborn)] == [1, 1]
    assert resource(one) not in str(slack_messages(fleet))


def test_what_a_policy_ignores_or_lowers_is_told_nobody(fleet: Instance, hub: Watch) -> None:
    told = len(slack_messages(fleet))
    ignored, lowered = hub.fresh(control="SSM.1"), hub.fresh(control="S3.9")
    hub.find(ignored, lowered)
    assert hub.becomes(ignored, "open")["state"]["ignored"]
    state = hub.becomes(lowered, "open")["state"]
    assert (state["severity"], state["reported"], state["tell"]) == ("LOW", "HIGH", "digest")
    assert state["reasons"]["severity"]["rule"] == "rule:access-logs-by-trail"
    hub.rest()
    assert len(slack_messages(fleet)) == told


def test_while_security_hub_is_down_triage_goes_on_and_changes_are_kept(hub: Watch) -> None:
    leased, other = hub.fresh(control="EC2.8"), hub.fresh()
    with hub.trouble(down=True, operations=["BatchUpdateFindings"]):
        hub.find(leased)
        assert eventually(lambda: _outcomes(hub, leased) == ["ServiceUnavailableException"], seconds=PATIENCE)
        hub.find(other)
        hub.says(other, "is open")
        assert hub.becomes(leased, "suppressed")["asked"] == {}
    with hub.ahead() as time:
        time.goes("+2h")
        hub.is_there(leased, "SUPPRESSED")
    assert _outcomes(hub, leased)[1:] == ["ok"]


def test_what_security_hub_does_not_take_at_once_is_asked_again(hub: Watch) -> None:
    leased = [hub.fresh(control="EC2.9") for _ in range(3)]
    with hub.trouble(again_after=2, throttle=1, operations=["BatchUpdateFindings"]):
        hub.find(*leased)
        assert eventually(
            lambda: "TooManyRequestsException" in str([hub.updates(one) for one in leased]), seconds=PATIENCE
        )
        for one in leased:
            hub.is_there(one, "SUPPRESSED")
    leased = [hub.fresh(control="EC2.9") for _ in range(3)]
    with hub.trouble(again_after=2, unprocessed=1, error="ConcurrentUpdateError"):
        hub.find(*leased)
        for one in leased:
            hub.is_there(one, "SUPPRESSED")
    assert max(len(hub.updates(one)) for one in leased) == 2


def test_an_answer_that_was_lost_is_known_by_its_echo(fleet: Instance, hub: Watch) -> None:
    one = hub.fresh(control="EC2.10")
    with hub.trouble(fail=1, after=True, operations=["BatchUpdateFindings"]):
        hub.find(one)
        hub.is_there(one, "SUPPRESSED")
        assert eventually(lambda: _echoed(hub.problem(one)), seconds=PATIENCE)
    with hub.ahead() as time:
        time.goes("+2h")
    assert _outcomes(hub, one) == ["InternalException"]
    assert hub.becomes(one, "suppressed")["state"]["openings"] == 1


def test_killed_workers_lose_no_finding(fleet: Instance, hub: Watch) -> None:
    sqs = client(fleet, "sqs", SPOKE)
    url = sqs.get_queue_url(QueueName="yagura-findings")["QueueUrl"]
    usual = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    # What a worker had in hand when it died comes again after this.
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3"})
    sent = [hub.fresh(severity="LOW") for _ in range(40)]
    wanted, killed = {resource(one) for one in sent}, 0
    try:
        for start in range(0, len(sent), 10):
            send_aws_event(fleet, SPOKE, [envelope(one, ASFF) for one in sent[start : start + 10]])
            for pid in eventually(lambda: process.workers(fleet, "yagura-findings-triage"), seconds=PATIENCE):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        assert eventually(lambda: not wanted - _known(fleet), seconds=2 * PATIENCE), wanted - _known(fleet)
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)
    assert killed


def test_a_capability_that_observes_changes_nothing_in_security_hub(fleet: Instance, hub: Watch) -> None:
    ssm = client(fleet, "ssm", SPOKE)
    one = hub.fresh(control="EC2.11")
    try:
        ssm.put_parameter(Name="/yagura/mode/findings", Value="observe", Overwrite=True)
        hub.restarted("triage", "publish", "writeback", "sweep")
        hub.find(one)
        hub.becomes(one, "suppressed")
        ready.sweep(fleet)
        hub.rest()
        assert (hub.there(one)[0], hub.updates(one)) == ("NEW", [])
    finally:
        ssm.put_parameter(Name="/yagura/mode/findings", Value="act", Overwrite=True)
        hub.restarted("triage", "publish", "writeback", "sweep")
    ready.sweep(fleet)
    hub.is_there(one, "SUPPRESSED")


def test_a_missing_permission_is_named_with_its_action_and_resource(fleet: Instance, hub: Watch) -> None:
    roles = client(fleet, "iam", SPOKE)
    role = "yagura-us-east-1-findings-writeback"
    (policy,) = roles.list_role_policies(RoleName=role)["PolicyNames"]
    document = roles.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    without = json.loads(json.dumps(document).replace("securityhub:BatchUpdateFindings", "securityhub:GetFindings"))
    roles.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(without))
    try:
        with hub.trouble():
            hub.find(hub.fresh(control="EC2.12"))
            assert eventually(lambda: "securityhub:BatchUpdateFindings" in trace.failures(fleet), seconds=PATIENCE)
        assert f"arn:aws:securityhub:us-east-1:{SPOKE}:hub/default" in trace.failures(fleet)
    finally:
        roles.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _by_hand(fleet: Instance, one: Finding, workflow: str) -> None:
    client(fleet, "securityhub", SPOKE).batch_update_findings(
        FindingIdentifiers=[{"Id": one["Id"], "ProductArn": one["ProductArn"]}], Workflow={"Status": workflow}
    )


def _outcomes(hub: Watch, one: Finding) -> list[str]:
    return [str(call["outcome"]) for call in hub.updates(one)]


def _echoed(problem: trace.Problem | None) -> bool:
    return bool(problem) and all(copy["status"] == "suppressed" for copy in (problem or {})["copies"].values())


def _known(fleet: Instance) -> set[str]:
    return {one["resource"] for one in trace.known_problems(fleet)}
