"""The chain in the table and the anchors in the archive, read as they are: moto's DynamoDB and S3."""

from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from fleetctl.audit_trail.check import check
from fleetctl.audit_trail.lines import Entries, UnusableError
from fleetctl.audit_trail.source import TABLE, Anchors, Chain, with_end
from functions.chatops.archive import key
from functions.chatops.audit import Anchor, Record, Verdict
from functions.chatops.store import HEAD, audit_key
from tests.fleetctl.chains import chained, head_of, line

BUCKET = "yagura-audit-444444444444-us-east-1"
RECORDS, ANCHORS = chained(230, every=50)


class Ticks:
    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "test")
        with mock_aws():
            yield


@pytest.fixture(scope="module")
def filled(aws: None) -> Any:
    client = boto3.client("dynamodb", region_name="us-east-1")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    for record in RECORDS:
        put(client, record)
    put_head(client, RECORDS[-1])
    return client


def put(client: Any, record: Record) -> None:
    entry = msgspec.json.decode(line(record))["entry"]
    text = msgspec.json.encode(entry, order="sorted").decode()
    item = {"pk": {"S": audit_key(record.entry.seq)}, "entry": {"S": text}, "hash": {"S": record.hash}}
    client.put_item(TableName=TABLE, Item=item)


def put_head(client: Any, last: Record) -> None:
    head = head_of([last])
    item = {"pk": {"S": HEAD}, "seq": {"N": str(head.seq)}, "hash": {"S": head.hash}, "at": {"N": str(head.at)}}
    client.put_item(TableName=TABLE, Item=item)


@pytest.fixture
def table(filled: Any) -> Iterator[Any]:
    yield filled
    for record in (RECORDS[100], RECORDS[-1]):
        put(filled, record)
    put_head(filled, RECORDS[-1])


def live(client: Any) -> Verdict:
    chain = Chain(client)
    head = chain.head()
    verdict = check(Entries(chain.lines(head.seq, Ticks())), ANCHORS, head)
    return with_end(verdict, chain.beyond(head))


def test_the_chain_is_read_in_order_to_its_head(table: Any) -> None:
    ticks = Ticks()
    assert list(Chain(table).lines(230, ticks)) == [line(record) for record in RECORDS]
    assert ticks.calls == [(100, 230), (200, 230), (230, 230)]
    assert live(table).intact


def test_an_entry_that_was_deleted_from_the_table_is_named(table: Any) -> None:
    table.delete_item(TableName=TABLE, Key={"pk": {"S": audit_key(101)}})
    broken = live(table).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (101, "missing")


def test_the_last_entry_missing_from_the_table_is_named_though_no_anchor_covers_it(table: Any) -> None:
    table.delete_item(TableName=TABLE, Key={"pk": {"S": audit_key(230)}})
    broken = live(table).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (230, "truncated")


def test_a_head_that_was_put_back_is_named(table: Any) -> None:
    put_head(table, RECORDS[219])
    broken = live(table).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (221, "rewritten")


def test_a_head_that_moved_on_while_we_read_is_nothing_wrong(table: Any) -> None:
    earlier = head_of(RECORDS[:229])
    assert Chain(table).beyond(earlier) is None


def test_an_entry_that_is_not_json_any_more_is_named(table: Any) -> None:
    item = {"pk": {"S": audit_key(101)}, "entry": {"S": "gone"}, "hash": {"S": "0"}}
    table.put_item(TableName=TABLE, Item=item)
    broken = live(table).broken
    assert broken is not None
    assert (broken.seq, broken.why) == (101, "unreadable")


class Throttled:
    """A table that hands out one key at a time, or none."""

    def __init__(self, client: Any, most: int) -> None:
        self._client, self._most = client, most
        self.calls = 0

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        asked = RequestItems[TABLE]
        assert asked["ConsistentRead"]
        now, later = asked["Keys"][: self._most], asked["Keys"][self._most :]
        answer = self._client.batch_get_item(RequestItems={TABLE: {**asked, "Keys": now}}) if now else {"Responses": {}}
        return {**answer, "UnprocessedKeys": {TABLE: {"Keys": later}} if later else {}}


def test_what_the_table_did_not_process_is_asked_for_again(table: Any) -> None:
    slept: list[float] = []
    throttled: Any = Throttled(table, 20)
    assert list(Chain(throttled, sleep=slept.append).lines(100, Ticks())) == [line(record) for record in RECORDS[:100]]
    assert throttled.calls == 5
    assert slept == sorted(slept)


def test_a_table_that_stays_busy_is_told_and_not_taken_for_missing_entries(table: Any) -> None:
    throttled: Any = Throttled(table, 0)
    with pytest.raises(UnusableError, match="too busy"):
        list(Chain(throttled, sleep=lambda _: None).lines(3, Ticks()))
    assert throttled.calls == 10


@pytest.fixture
def archive(aws: None) -> Iterator[Any]:
    client: Any = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for anchor in ANCHORS:
        keep(client, anchor)
    yield client
    for version in client.list_object_versions(Bucket=BUCKET).get("Versions", []):
        client.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    for mark in client.list_object_versions(Bucket=BUCKET).get("DeleteMarkers", []):
        client.delete_object(Bucket=BUCKET, Key=mark["Key"], VersionId=mark["VersionId"])
    client.delete_bucket(Bucket=BUCKET)


def keep(client: Any, anchor: Anchor, name: str = "") -> None:
    client.put_object(Bucket=BUCKET, Key=name or key(anchor.hour), Body=msgspec.json.encode(anchor))


def test_all_anchors_are_read_oldest_first(archive: Any) -> None:
    source, ticks = Anchors(archive, BUCKET), Ticks()
    assert source.read(ticks) == ANCHORS
    assert source.remarks == []
    assert ticks.calls[-1] == (4, 4)


def test_an_anchor_that_was_written_over_is_read_as_it_was_first(archive: Any) -> None:
    _, others = chained(230, every=50, actor="mallory")
    keep(archive, others[1])
    source = Anchors(archive, BUCKET)
    assert source.read(Ticks()) == ANCHORS
    assert source.remarks == [f"{key(ANCHORS[1].hour)} was written more than once; its first version was read."]


def test_an_anchor_that_was_marked_as_deleted_is_read_all_the_same(archive: Any) -> None:
    archive.delete_object(Bucket=BUCKET, Key=key(ANCHORS[2].hour))
    source = Anchors(archive, BUCKET)
    assert source.read(Ticks()) == ANCHORS
    assert source.remarks == [f"{key(ANCHORS[2].hour)} was marked as deleted; its first version was read."]


def test_an_anchor_under_the_name_of_another_hour_is_refused(archive: Any) -> None:
    keep(archive, ANCHORS[0], key("2031-01-01T00"))
    with pytest.raises(UnusableError, match="in the archive holds the anchor of 2026"):
        Anchors(archive, BUCKET).read(Ticks())


def test_what_is_no_anchor_is_refused(archive: Any) -> None:
    archive.put_object(Bucket=BUCKET, Key=key("2031-01-01T00"), Body=b"x")
    with pytest.raises(UnusableError, match="in the archive is no anchor"):
        Anchors(archive, BUCKET).read(Ticks())
