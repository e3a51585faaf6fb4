"""What imports and updates make of a finding: who owns which field, and how the workflow status goes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import securityhub_rules as rules
from local.securityhub_store import change
from tests.layers.fleet.refute import REFUTE
from tests.local.test_securityhub import asff, later

_ACCOUNT, _NOW = "500000000000", "2026-03-02T00:00:00.000Z"


def _created(**changes: Any) -> dict[str, Any]:
    return rules.created(asff(_ACCOUNT, **changes), "us-east-1", _NOW)


def _imported(old: dict[str, Any], *touched: str, **changes: Any) -> dict[str, Any]:
    given_ = later(asff(_ACCOUNT), **changes)
    return rules.imported(old, given_, frozenset(touched), "us-east-1", _NOW)


def _state(record: str, compliance: str | None) -> dict[str, Any]:
    return {"RecordState": record, "Compliance": {"Status": compliance} if compliance else {}}


@pytest.mark.parametrize("status", ["NEW", "NOTIFIED", "RESOLVED"])
@pytest.mark.parametrize("now", ["WARNING", "FAILED", "NOT_AVAILABLE"])
def test_a_check_that_breaks_again_makes_new_of_notified_and_resolved(status: str, now: str) -> None:
    old = {**_created(), **_state("ACTIVE", "PASSED"), "Workflow": {"Status": status}}
    assert _imported(old, **_state("ACTIVE", now))["Workflow"]["Status"] == "NEW"


@pytest.mark.parametrize("status", ["NEW", "NOTIFIED", "RESOLVED"])
@pytest.mark.parametrize("compliance", ["WARNING", "FAILED", "NOT_AVAILABLE", None])
def test_an_archived_finding_that_is_active_again_is_new(status: str, compliance: str | None) -> None:
    old = {**_created(), **_state("ARCHIVED", compliance), "Workflow": {"Status": status}}
    assert _imported(old, **_state("ACTIVE", compliance))["Workflow"]["Status"] == "NEW"


@pytest.mark.parametrize("status", ["NEW", "NOTIFIED", "RESOLVED"])
@pytest.mark.parametrize("was", ["PASSED", "FAILED", None])
def test_a_check_that_passes_resolves(status: str, was: str | None) -> None:
    old = {**_created(), **_state("ACTIVE", was), "Workflow": {"Status": status}}
    assert _imported(old, **_state("ACTIVE", "PASSED"))["Workflow"]["Status"] == "RESOLVED"


@pytest.mark.parametrize("status", ["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"])
def test_a_check_that_only_goes_on_failing_leaves_the_workflow_as_it_is(status: str) -> None:
    old = {**_created(), **_state("ACTIVE", "FAILED"), "Workflow": {"Status": status}}
    assert _imported(old, **_state("ACTIVE", "FAILED"))["Workflow"]["Status"] == status
    assert _imported(old, **_state("ARCHIVED", "FAILED"))["Workflow"]["Status"] == status


@pytest.mark.parametrize("was", [_state("ACTIVE", "PASSED"), _state("ARCHIVED", "FAILED"), _state("ACTIVE", "FAILED")])
@pytest.mark.parametrize("now", [_state("ACTIVE", "PASSED"), _state("ACTIVE", "FAILED"), _state("ARCHIVED", "FAILED")])
def test_a_suppressed_finding_stays_suppressed(was: dict[str, Any], now: dict[str, Any]) -> None:
    old = {**_created(), **was, "Workflow": {"Status": "SUPPRESSED"}}
    assert _imported(old, **now)["Workflow"]["Status"] == "SUPPRESSED"


def test_a_new_finding_that_passes_is_resolved_at_once() -> None:
    assert _created(Compliance={"Status": "PASSED"})["Workflow"]["Status"] == "RESOLVED"
    assert _created()["Workflow"]["Status"] == "NEW"
    assert _created(Compliance=None)["Workflow"]["Status"] == "NEW"


def test_a_finding_begins_with_the_note_of_its_provider() -> None:
    note = {"Text": "seen", "UpdatedBy": "provider", "UpdatedAt": _NOW}
    old = _created(Note=note)
    assert old["Note"] == note
    assert _imported(old, Note={**note, "Text": "again"})["Note"] == note
    assert "Note" not in _imported(_created(), Note=note)


def test_the_provider_speaks_through_finding_provider_fields() -> None:
    provided = {"Severity": {"Label": "LOW", "Original": "3"}, "Confidence": 5}
    new = _created(FindingProviderFields=provided, Confidence=50)
    assert (new["Severity"], new["Confidence"]) == ({"Label": "LOW", "Normalized": 1, "Original": "3"}, 5)
    assert new["FindingProviderFields"]["Types"] == asff(_ACCOUNT)["Types"]
    only_provided = {**later(asff(_ACCOUNT)), "FindingProviderFields": provided}
    del only_provided["Severity"]
    changed = rules.imported(_created(), only_provided, frozenset(), "us-east-1", _NOW)
    assert (changed["Severity"]["Label"], changed["Confidence"]) == ("LOW", 5)
    kept = rules.imported(_created(), only_provided, frozenset({"Severity"}), "us-east-1", _NOW)
    assert (kept["Severity"]["Label"], kept["FindingProviderFields"]["Severity"]["Label"]) == ("HIGH", "LOW")
    both = _imported(_created(), FindingProviderFields={"Confidence": 7}, Confidence=8)
    assert (both["Confidence"], both["FindingProviderFields"]["Confidence"]) == (8, 7)


@pytest.mark.parametrize(
    ("known", "completed"),
    [
        ({"Label": "CRITICAL"}, {"Label": "CRITICAL", "Normalized": 90}),
        ({"Normalized": 0}, {"Label": "INFORMATIONAL", "Normalized": 0}),
        ({"Normalized": 39}, {"Label": "LOW", "Normalized": 39}),
        ({"Normalized": 40}, {"Label": "MEDIUM", "Normalized": 40}),
        ({"Normalized": 89}, {"Label": "HIGH", "Normalized": 89}),
        ({"Label": "LOW", "Normalized": 20}, {"Label": "LOW", "Normalized": 20}),
        ({"Product": 5.0}, {"Product": 5.0}),
    ],
)
def test_label_and_number_of_a_severity_complete_each_other(known: dict[str, Any], completed: dict[str, Any]) -> None:
    assert rules.severity(known) == completed


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    old = _created(Severity={"Label": "HIGH", "Original": "H"})
    before = copy.deepcopy(old)
    new = rules.updated(old, {"Severity": {"Normalized": 95}, "Workflow": {"Status": "NOTIFIED"}}, _NOW)
    assert old == before
    changed = {"Severity": {"Label": "CRITICAL", "Normalized": 95, "Original": "H"}, "Workflow": {"Status": "NOTIFIED"}}
    assert new == {**old, **changed}


def test_a_change_names_the_fields_but_for_the_timestamps_at_the_top() -> None:
    old = _created()
    new = _imported(old, Title="another", Compliance={"Status": "PASSED"})
    record = change(old, new, "BATCH_IMPORT_FINDINGS", "product", _NOW)
    assert not record["FindingCreated"]
    assert record["Updates"] == [
        {"UpdatedField": "Compliance.SecurityControlId", "OldValue": "S3.8"},
        {"UpdatedField": "Compliance.Status", "OldValue": "FAILED", "NewValue": "PASSED"},
        {"UpdatedField": "Title", "OldValue": old["Title"], "NewValue": "another"},
        {"UpdatedField": "Workflow.Status", "OldValue": "NEW", "NewValue": "RESOLVED"},
    ]


type After = Callable[[dict[str, Any], dict[str, Any]], str]

_RECORD = st.sampled_from(["ACTIVE", "ARCHIVED"])
_COMPLIANCE = st.sampled_from(["PASSED", "FAILED", "WARNING", "NOT_AVAILABLE", None])
_STEPS = st.lists(st.tuples(_RECORD, _COMPLIANCE, st.sampled_from([None, "NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"])))


def _hold(after: After, steps: list[tuple[str, str | None, str | None]]) -> None:
    """Through any series of imports, each perhaps followed by a customer's update, the documented sentences hold."""
    finding = {**_state("ACTIVE", "FAILED"), "Workflow": {"Status": "NEW"}}
    for record, compliance, chosen in steps:
        new = _state(record, compliance)
        status, was = after(finding, new), finding["Workflow"]["Status"]
        broken = finding["Compliance"].get("Status") == "PASSED" and compliance in {
            "FAILED",
            "WARNING",
            "NOT_AVAILABLE",
        }
        reborn = finding["RecordState"] == "ARCHIVED" and record == "ACTIVE"
        if was == "SUPPRESSED":
            assert status == "SUPPRESSED"
        elif compliance == "PASSED":
            assert status == "RESOLVED"
        else:
            assert status == ("NEW" if broken or reborn else was)
        finding = {**new, "Workflow": {"Status": chosen or status}}


@given(_STEPS)
def test_the_workflow_follows_the_documented_sentences(steps: list[tuple[str, str | None, str | None]]) -> None:
    _hold(rules.workflow_after, steps)


def _suppressed_is_reset(old: dict[str, Any], new: dict[str, Any]) -> str:
    status = old["Workflow"]["Status"]
    hidden = "NOTIFIED" if status == "SUPPRESSED" else status
    after = rules.workflow_after({**old, "Workflow": {"Status": hidden}}, new)
    return status if after == hidden else after


def _not_reborn(old: dict[str, Any], new: dict[str, Any]) -> str:
    return rules.workflow_after({**old, "RecordState": "ACTIVE"}, new)


def _warning_is_no_failure(old: dict[str, Any], new: dict[str, Any]) -> str:
    same = new["Compliance"].get("Status") == "WARNING"
    return rules.workflow_after({**old, "Compliance": {}} if same else old, new)


@pytest.mark.parametrize("broken", [_suppressed_is_reset, _not_reborn, _warning_is_no_failure])
def test_the_property_refutes(broken: After) -> None:
    @REFUTE
    @given(_STEPS)
    def tried(steps: list[tuple[str, str | None, str | None]]) -> None:
        _hold(broken, steps)

    with pytest.raises(AssertionError):
        tried()
