"""The archive: the lock on the bucket, and who may add and read."""

from typing import Any

import pytest

from fleetctl.policies import statements
from fleetctl.templates import Template
from tests.stacks.fleets import find
from tests.stacks.test_findings import may

BUCKET = "arn:aws:s3:::yagura-audit-777788889999-ap-northeast-1"


@pytest.fixture
def archive(fleet: list[Template]) -> Template:
    return find(fleet, "audit-archive", "archive")


def bucket(template: Template) -> Any:
    return template.of_type("AWS::S3::Bucket")["Anchors"]


def trust(template: Template, entry: str) -> Any:
    (role,) = (each for each in template.of_type("AWS::IAM::Role").values() if each["RoleName"].endswith(f"-{entry}"))
    (statement,) = statements(role["AssumeRolePolicyDocument"])
    return statement


def test_there_is_one_archive_in_the_account_that_fleet_yaml_names(fleet: list[Template]) -> None:
    assert {template.stage for template in fleet if template.stack == "archive"} == {"audit-archive", "local-audit"}


def test_in_production_nobody_can_change_an_anchor_for_six_years(archive: Template) -> None:
    assert bucket(archive)["ObjectLockEnabled"] is True
    lock = bucket(archive)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock["Mode"] == "COMPLIANCE"
    # 2027 to 2032 have two leap days, and any six years have one or two.
    assert lock["Days"] == 6 * 365 + 2
    assert bucket(archive)["VersioningConfiguration"] == {"Status": "Enabled"}


def test_elsewhere_an_anchor_is_locked_for_a_day_and_can_be_removed_by_who_may(fleet: list[Template]) -> None:
    lock = bucket(find(fleet, "local-audit", "archive"))["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (lock["Mode"], lock["Days"]) == ("GOVERNANCE", 1)


def test_the_bucket_outlives_its_stack_under_the_same_id(archive: Template) -> None:
    resource = archive.resources["Anchors"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_bucket_lets_nobody_in_by_itself(archive: Template) -> None:
    assert set(bucket(archive)["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket(archive)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (policy,) = archive.of_type("AWS::S3::BucketPolicy").values()
    assert [each.effect for each in statements(policy["PolicyDocument"])] == ["Deny"]


def test_one_role_adds_anchors_and_can_neither_delete_nor_unlock_one(archive: Template) -> None:
    assert may(archive, "write") == {
        ("s3:PutObject", f"{BUCKET}/anchors/*"),
        ("s3:GetObjectVersion", f"{BUCKET}/anchors/*"),
        ("s3:ListBucketVersions", BUCKET),
    }


def test_only_the_hubs_anchor_function_adds(archive: Template) -> None:
    assert trust(archive, "write").principals == ("arn:aws:iam::111122223333:root",)
    assert trust(archive, "write").conditions == {
        "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/yagura/yagura-ap-northeast-1-chatops-anchor"}
    }


def test_another_role_reads_anchors_in_all_their_versions_and_adds_none(archive: Template) -> None:
    assert may(archive, "read") == {
        ("s3:GetObjectVersion", f"{BUCKET}/anchors/*"),
        ("s3:ListBucketVersions", BUCKET),
    }
    assert trust(archive, "read").principals == ("arn:aws:iam::111122223333:root",)


def test_an_archive_alone_runs_nothing(archive: Template) -> None:
    assert archive.of_type("AWS::Lambda::Function") == {}
