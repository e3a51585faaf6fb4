"""Why a finding is read as it is: what the pure functions tell whoever asks, and that asking changes nothing."""

import json
from itertools import product
from typing import Any

import pytest

from fleet.events.envelope import decode
from functions.findings import asff, ocsf
from functions.findings.finding import Status, status_of, without_control
from tests.functions.findings.samples import event, put

FAILS = "its check does not pass"
NO_CHECK = "it is the result of no check, and"


def asff_of(sample: str = "imported-s3.8", **changes: object) -> asff.Asff:
    return decode(asff.Asff, _document(sample, changes))


def ocsf_of(sample: str = "v2-s3.8-fail", **changes: object) -> ocsf.Ocsf:
    return decode(ocsf.Ocsf, _document(sample, changes))


def _document(sample: str, changes: dict[str, object]) -> bytes:
    found: Any = event(sample)["detail"]["findings"][0]
    for path, value in changes.items():
        put(found, path.replace("__", "."), value)
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    ("gone", "passed", "workflow", "why"),
    [
        (True, False, "NEW", "its provider has archived it, or there is nothing left to check"),
        (False, True, "NEW", "its check passes"),
        (False, True, "SUPPRESSED", "its check passes"),
        (False, False, "NEW", FAILS),
        (False, False, "NOTIFIED", FAILS),
        (False, False, "SUPPRESSED", f"{FAILS}, and it is suppressed there"),
        (False, False, "RESOLVED", f"{FAILS}: who marked it as resolved has not resolved it"),
        (False, None, "NEW", f"{NO_CHECK} nobody has closed it there"),
        (False, None, "SUPPRESSED", f"{NO_CHECK} it was suppressed there"),
        (False, None, "RESOLVED", f"{NO_CHECK} it was marked as resolved there"),
    ],
)
def test_a_status_tells_why(gone: bool, passed: bool | None, workflow: str, why: str) -> None:
    told: list[str] = []
    status_of(gone=gone, passed=passed, workflow=workflow, why=told.append)
    assert told == [why]


def test_one_reason_never_stands_for_two_statuses() -> None:
    found: dict[str, set[Status]] = {}
    for gone, passed, workflow in product(
        (True, False), (True, False, None), ("NEW", "NOTIFIED", "SUPPRESSED", "RESOLVED")
    ):
        told: list[str] = []
        status = status_of(gone=gone, passed=passed, workflow=workflow, why=told.append)
        assert status is status_of(gone=gone, passed=passed, workflow=workflow)
        found.setdefault(told[0], set()).add(status)
    assert all(len(statuses) == 1 for statuses in found.values())


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (asff_of(), "its own id, Compliance.SecurityControlId"),
        (asff_of("imported-afsbp-lambda.1"), "ProductFields.ControlId names Lambda.1"),
        (asff_of("imported-pci-kms.1"), "ProductFields.ControlId names PCI.KMS.1, which is Security Hub's KMS.4"),
        (
            asff_of("imported-cis-1.2.0-4.1"),
            "GeneratorId names cis-aws-foundations-benchmark/v/1.2.0/4.1, which is Security Hub's EC2.13",
        ),
        (asff_of("imported-guardduty-ssh"), "it is about no control: named by its product, and what was found"),
        (asff_of("imported-access-analyzer"), "it is about no control: named by its product, and the end of its id"),
        (
            asff_of("imported-inspector-network", ProductArn="arn:aws:securityhub:x::product/aws/config", Types=None),
            "it is about no control: named by its product, and what generated it, since nothing says what was found",
        ),
        (
            asff_of("imported-guardduty-ssh", Types=None),
            "it is about no control: named by its product, and the end of its id, since nothing says what was found",
        ),
    ],
)
def test_a_control_of_asff_tells_where_it_is_from(finding: asff.Asff, why: str) -> None:
    told: list[str] = []
    assert asff.control(finding, told.append) == asff.control(finding)
    assert told == [why]


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (ocsf_of(), "its own id, compliance.control"),
        (
            ocsf_of(class_uid=2004, finding_info__types=["Recon:EC2/PortProbe"]),
            "it is about no control: named by its product, and what was found",
        ),
    ],
)
def test_a_control_of_ocsf_tells_where_it_is_from(finding: ocsf.Ocsf, why: str) -> None:
    told: list[str] = []
    assert ocsf.control_of(finding, told.append) == ocsf.control_of(finding)
    assert told == [why]


def test_both_schemas_tell_why_they_have_their_status() -> None:
    told: list[str] = []
    assert asff.status(asff_of("imported-s3.8-suppressed"), told.append) is Status.SUPPRESSED
    assert ocsf.status(ocsf_of("v2-s3.8-suppressed"), told.append) is Status.SUPPRESSED
    assert told == [f"{FAILS}, and it is suppressed there"] * 2


def test_what_stands_for_a_control_is_the_same_for_whoever_asks_why() -> None:
    for kind in ("", "Recon:EC2-PortProbe"):
        assert without_control("arn:x/guardduty", kind, "a/b", lambda _: None) == without_control(
            "arn:x/guardduty", kind, "a/b"
        )
