"""Security Hub asks the policies of a role as AWS does, down to the fields of an update."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import client as local
from local.process import Instance
from tests.local.conftest import Aws
from tests.local.test_securityhub import asff, named, refused

_DENIED = (403, "AccessDeniedException")


@pytest.fixture
def acting(aws: Aws, account: str) -> Callable[..., Any]:
    """Security Hub as a role with these statements."""

    def act(*statements: dict[str, Any]) -> Any:
        trust = {"AWS": f"arn:aws:iam::{account}:root"}
        role = aws.role(account, f"role-{len(statements)}", trust=trust, allow=list(statements))
        return aws("securityhub", account, credentials=aws.session(role, account))

    return act


def _allow(*actions: str, **more: Any) -> dict[str, Any]:
    named_ = [f"securityhub:{each}" for each in actions]
    return {"Effect": "Allow", "Action": named_, "Resource": "*", **more}


def _deny(action: str, condition: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": f"securityhub:{action}", "Resource": "*", "Condition": condition}


def test_without_the_action_a_call_is_refused_with_action_and_resource(
    cloud: Instance, acting: Any, account: str
) -> None:
    hub = acting(_allow("DescribeHub"))
    hub.describe_hub()
    update = {"FindingIdentifiers": named(asff(account)), "Workflow": {"Status": "NOTIFIED"}}
    with pytest.raises(ClientError) as error:
        hub.batch_update_findings(**update)
    caller = f"arn:aws:sts::{account}:assumed-role/role-1/session"
    assert error.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {caller} is not authorized to perform: securityhub:BatchUpdateFindings on resource: "
        f"arn:aws:securityhub:us-east-1:{account}:hub/default because no identity-based policy allows the "
        "securityhub:BatchUpdateFindings action",
    }
    assert refused(hub.get_findings) == _DENIED
    assert refused(hub.get_findings_v2) == _DENIED
    assert refused(hub.batch_update_findings_v2, MetadataUids=["u"], StatusId=1) == _DENIED
    assert refused(hub.batch_import_findings, Findings=[asff(account)]) == _DENIED
    calls = local.securityhub_calls(cloud, account)
    assert [each["outcome"] for each in calls] == ["ok"] + ["AccessDeniedException"] * 5
    assert {each["principal"] for each in calls} == {caller}


def test_the_v2_operations_go_by_the_actions_of_the_classic_ones(acting: Any) -> None:
    hub = acting(_allow("GetFindings", "BatchUpdateFindings"))
    hub.get_findings()
    hub.get_findings_v2()
    [undone] = hub.batch_update_findings_v2(MetadataUids=["u"], StatusId=1)["UnprocessedFindings"]
    assert undone["ErrorCode"] == "ResourceNotFoundException"


def test_a_policy_may_name_the_hub(acting: Any, account: str) -> None:
    hub = acting(_allow("GetFindings", Resource=f"arn:aws:securityhub:us-east-1:{account}:hub/default"))
    hub.get_findings()
    assert refused(hub.get_findings_v2) == _DENIED


def test_a_policy_may_deny_a_value_and_a_field(aws: Aws, acting: Any, account: str) -> None:
    finding = asff(account)
    aws("securityhub", account).batch_import_findings(Findings=[finding])
    hub = acting(
        _allow("BatchUpdateFindings"),
        _deny("BatchUpdateFindings", {"StringEquals": {"securityhub:ASFFSyntaxPath/Workflow.Status": "SUPPRESSED"}}),
        _deny("BatchUpdateFindings", {"Null": {"securityhub:ASFFSyntaxPath/Severity.Label": "false"}}),
        _deny("BatchUpdateFindings", {"StringEquals": {"securityhub:OCSFSyntaxPath/StatusId": ["3", "4"]}}),
    )
    which = {"FindingIdentifiers": named(finding)}
    assert hub.batch_update_findings(**which, Workflow={"Status": "NOTIFIED"})["UnprocessedFindings"] == []
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        hub.batch_update_findings(**which, Workflow={"Status": "SUPPRESSED"})
    assert refused(hub.batch_update_findings, **which, Severity={"Label": "LOW"}) == _DENIED
    assert refused(hub.batch_update_findings_v2, MetadataUids=["u"], StatusId=3) == _DENIED
    hub.batch_update_findings_v2(MetadataUids=["u"], StatusId=2)


def test_a_role_imports_only_its_accounts_findings_of_the_default_product(
    acting: Any, account: str, other_account: str
) -> None:
    hub = acting(_allow("BatchImportFindings"))
    own = f"arn:aws:securityhub:us-east-1:{account}:product/{account}/default"
    assert hub.batch_import_findings(Findings=[asff(account, ProductArn=own)])["SuccessCount"] == 1
    with pytest.raises(ClientError, match=r"on resource: arn:aws:securityhub:us-east-1::product/aws/securityhub$"):
        hub.batch_import_findings(Findings=[asff(account)])
    foreign = asff(other_account, ProductArn=own)
    assert refused(hub.batch_import_findings, Findings=[asff(account, ProductArn=own), foreign]) == _DENIED


def test_a_signature_that_does_not_fit_is_refused(aws: Aws, account: str) -> None:
    trust = {"AWS": f"arn:aws:iam::{account}:root"}
    role = aws.role(account, "signs", trust=trust, allow=[_allow("GetFindings")])
    credentials = aws.session(role, account)
    aws("securityhub", account, credentials=credentials).get_findings()
    wrong = {**credentials, "SecretAccessKey": "x" * 40}
    assert refused(aws("securityhub", account, credentials=wrong).get_findings)[0] == 403
