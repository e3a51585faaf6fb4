"""The fake Security Hub keeps AWS's rates, and misbehaves as it is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import client as local
from local.errors import LocalCloudError
from local.process import Instance
from local.securityhub_limits import Buckets, Clock
from tests.layers.fleet.refute import REFUTE
from tests.local.conftest import Aws
from tests.local.test_securityhub import asff, events, named, only, refused

_SLOW = (429, "TooManyRequestsException")


@pytest.fixture
def hub(cloud: Instance, aws: Aws, account: str) -> Iterator[Any]:
    """Security Hub of the account, well-behaved afterwards."""
    yield aws("securityhub", account)
    local.securityhub_behave(cloud)


def _outcomes(cloud: Instance, account: str) -> list[str]:
    return [each["outcome"] for each in local.securityhub_calls(cloud, account)]


def test_get_findings_has_a_burst_of_six_and_three_a_second(cloud: Instance, hub: Any, account: str) -> None:
    local.securityhub_behave(cloud, clock="stopped")
    for _ in range(6):
        hub.get_findings()
    assert refused(hub.get_findings) == _SLOW
    local.securityhub_behave(cloud, advance=1)
    for _ in range(3):
        hub.get_findings()
    assert refused(hub.get_findings) == _SLOW
    assert _outcomes(cloud, account) == ["ok"] * 6 + [_SLOW[1]] + ["ok"] * 3 + [_SLOW[1]]


def test_other_operations_have_a_burst_of_thirty_and_ten_a_second(
    cloud: Instance, hub: Any, aws: Aws, account: str, other_account: str
) -> None:
    local.securityhub_behave(cloud, clock="stopped")
    uids = {"MetadataUids": ["u"], "StatusId": 1}
    for _ in range(30):
        hub.describe_hub()
        hub.batch_update_findings_v2(**uids)
    assert refused(hub.describe_hub) == _SLOW
    assert refused(hub.batch_update_findings_v2, **uids) == (429, "ThrottlingException")
    aws("securityhub", other_account).describe_hub()
    aws("securityhub", account, region="eu-west-1").describe_hub()
    local.securityhub_behave(cloud, advance=0.1)
    hub.describe_hub()
    assert refused(hub.describe_hub) == _SLOW
    local.securityhub_behave(cloud, limits=False)
    hub.describe_hub()


def test_the_next_calls_are_throttled_and_change_nothing(cloud: Instance, hub: Any, account: str) -> None:
    finding = asff(account)
    hub.batch_import_findings(Findings=[finding])
    local.securityhub_behave(cloud, throttle=2, operations=["BatchUpdateFindings", "BatchUpdateFindingsV2"])
    update = {"FindingIdentifiers": named(finding), "Workflow": {"Status": "NOTIFIED"}}
    assert refused(hub.batch_update_findings, **update) == _SLOW
    assert only(hub)["Workflow"]["Status"] == "NEW"
    assert refused(hub.batch_update_findings_v2, MetadataUids=["u"], StatusId=1) == (429, "ThrottlingException")
    assert hub.batch_update_findings(**update)["UnprocessedFindings"] == []
    assert len(events(cloud, account)) == 2


def test_the_next_calls_fail_before_or_after_their_work(cloud: Instance, hub: Any, account: str) -> None:
    finding = asff(account)
    hub.batch_import_findings(Findings=[finding])
    update = {"FindingIdentifiers": named(finding), "Workflow": {"Status": "NOTIFIED"}}
    local.securityhub_behave(cloud, fail=1)
    assert refused(hub.batch_update_findings, **update) == (500, "InternalException")
    assert only(hub)["Workflow"]["Status"] == "NEW"
    local.securityhub_behave(cloud, fail=1, after=True)
    assert refused(hub.batch_update_findings, **update) == (500, "InternalException")
    assert only(hub)["Workflow"]["Status"] == "NOTIFIED"
    assert len(events(cloud, account)) == 2
    local.securityhub_behave(cloud, fail=1)
    assert refused(hub.get_findings_v2) == (500, "InternalServerException")


def test_the_next_findings_of_an_update_are_not_processed(cloud: Instance, hub: Any, account: str) -> None:
    findings = [asff(account, number) for number in range(4)]
    hub.batch_import_findings(Findings=findings)
    local.securityhub_behave(cloud, unprocessed=3, error="ConcurrentUpdateError")
    update = {"FindingIdentifiers": named(*findings), "Workflow": {"Status": "NOTIFIED"}}
    answer = hub.batch_update_findings(**update)
    assert answer["ProcessedFindings"] == named(findings[3])
    assert [(each["ErrorCode"], each["ErrorMessage"]) for each in answer["UnprocessedFindings"]] == [
        ("ConcurrentUpdateError", "Concurrent finding updates detected")
    ] * 3
    assert hub.batch_update_findings(**update)["UnprocessedFindings"] == []


def test_it_is_down_for_one_account_until_told_otherwise(
    cloud: Instance, hub: Any, aws: Aws, account: str, other_account: str
) -> None:
    local.securityhub_behave(cloud, down=True, account=account)
    assert [refused(hub.get_findings) for _ in range(3)] == [(503, "ServiceUnavailableException")] * 3
    aws("securityhub", other_account).get_findings()
    local.securityhub_behave(cloud)
    hub.get_findings()


def test_an_account_may_have_no_security_hub(cloud: Instance, hub: Any) -> None:
    local.securityhub_behave(cloud, enabled=False)
    assert refused(hub.get_findings) == (401, "InvalidAccessException")
    assert refused(hub.get_findings_v2) == (403, "AccessDeniedException")


def test_tokens_may_be_forgotten(cloud: Instance, hub: Any, account: str) -> None:
    hub.batch_import_findings(Findings=[asff(account, number) for number in range(3)])
    token = hub.get_findings(MaxResults=1)["NextToken"]
    token = hub.get_findings(MaxResults=1, NextToken=token)["NextToken"]
    local.securityhub_behave(cloud, forget_tokens=True)
    assert refused(hub.get_findings, MaxResults=1, NextToken=token) == (400, "InvalidInputException")


@pytest.mark.parametrize(
    "wish",
    [
        {"trottle": 1},
        {"throttle": -1},
        {"unprocessed": 1, "error": "Bad"},
        {"clock": "fast"},
        {"advance": -1},
        {"operations": ["Get"]},
    ],
)
def test_a_wish_that_means_nothing_is_refused(cloud: Instance, hub: Any, wish: dict[str, Any]) -> None:
    local.securityhub_behave(cloud, throttle=1)
    with pytest.raises(LocalCloudError):
        local.securityhub_behave(cloud, **wish)
    assert refused(hub.get_findings) == _SLOW


def test_a_clock_that_was_stopped_goes_on_from_there() -> None:
    wall = [100.0]
    clock = Clock(lambda: wall[0])
    clock.stop()
    wall[0] += 50
    assert clock.now() == 100
    clock.advance(3)
    clock.stop()
    clock.run()
    wall[0] += 2
    assert clock.now() == 105


# Tenths of a second before each call: mostly none, so that bursts come about.
_WAITS = st.lists(st.sampled_from([0, 0, 0, 0, 1, 3, 40]), max_size=80)


def _hold(buckets: Buckets, waits: list[int]) -> None:
    """In no stretch of time are more calls let through than the burst and what the rate adds; a waiting call is."""
    taken: list[float] = []
    now = 0.0
    for wait in waits:
        now += wait / 10
        if buckets.take("a", "r", "GetFindings", now):
            taken.append(now)
        else:
            assert sum(now - then < 2 for then in taken) >= 6  # never refused while calls are rare
    for index, then in enumerate(taken):
        for count, end in enumerate(taken[index:], 1):
            assert count <= 6 + 3 * (end - then) + 1e-6


@given(_WAITS)
def test_the_rate_holds_over_any_stretch_of_time(waits: list[int]) -> None:
    _hold(Buckets(), waits)


class _NoBurst(Buckets):
    def take(self, account: str, region: str, operation: str, now: float) -> bool:
        first, second = (super(_NoBurst, self).take(account, region, operation, now) for _ in range(2))
        return first and second


class _Overflowing(Buckets):
    def take(self, account: str, region: str, operation: str, now: float) -> bool:
        left, then = self._left.get((account, region, operation), (6.0, now))
        left += (now - then) * 3
        self._left[account, region, operation] = (left - (left >= 1), now)
        return left >= 1


@pytest.mark.parametrize("broken", [_NoBurst, _Overflowing])
def test_the_property_refutes(broken: type[Buckets]) -> None:
    @REFUTE
    @given(_WAITS)
    def tried(waits: list[int]) -> None:
        _hold(broken(), waits)

    with pytest.raises(AssertionError):
        tried()
