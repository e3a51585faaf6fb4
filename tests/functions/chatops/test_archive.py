"""The archive on moto's S3: an anchor is written once, and what was written first is what counts."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from fleet import aws
from functions.chatops.archive import Archive, key
from functions.chatops.audit import Anchor
from tests.functions.chatops.chains import written

ANCHORS = written([2, 0, 1]).anchors


class Bucket:
    """A locked bucket, and the archive over it."""

    def __init__(self) -> None:
        self.client: Any = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        self.client.create_bucket(Bucket="anchors-bucket", ObjectLockEnabledForBucket=True)
        rule: Any = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        self.client.put_object_lock_configuration(
            Bucket="anchors-bucket", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
        )
        self.archive = Archive(lambda: self.client, "anchors-bucket")

    def forge(self, anchor: Anchor, **changes: Any) -> None:
        """Put another version over an anchor."""
        forged = msgspec.json.encode(msgspec.structs.replace(anchor, **changes))
        self.client.put_object(Bucket="anchors-bucket", Key=key(anchor.hour), Body=forged, ChecksumAlgorithm="SHA256")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        yield Bucket()


def test_anchors_come_back_in_their_order(bucket: Bucket) -> None:
    for one in reversed(ANCHORS):
        assert bucket.archive.keep(one) == one
    assert bucket.archive.since("") == ANCHORS
    assert bucket.archive.since(ANCHORS[0].hour) == ANCHORS[1:]
    assert bucket.archive.since(ANCHORS[-1].hour) == []


def test_an_hour_keeps_the_anchor_that_it_has(bucket: Bucket) -> None:
    first, second, _ = ANCHORS
    bucket.archive.keep(first)
    other = Anchor(number=9, at=1, hour=first.hour, first=1, last=9, hash="ab", previous="cd")
    assert bucket.archive.keep(other) == first
    assert bucket.archive.keep(first) == first
    assert bucket.archive.since("") == [first]
    assert bucket.archive.keep(second) == second


def test_a_version_that_was_put_over_an_anchor_does_not_count(bucket: Bucket) -> None:
    for one in ANCHORS:
        bucket.archive.keep(one)
    bucket.forge(ANCHORS[1], hash="ab" * 32)
    assert bucket.archive.since("") == ANCHORS
    assert bucket.archive.keep(ANCHORS[1]) == ANCHORS[1]


def test_an_anchor_that_was_put_over_a_foreign_one_is_not_taken_for_ours(bucket: Bucket) -> None:
    bucket.forge(ANCHORS[0], hash="ab" * 32)
    other = bucket.archive.since("")[0]
    assert bucket.archive.keep(ANCHORS[0]) == other != ANCHORS[0]


def test_what_was_written_is_locked(bucket: Bucket) -> None:
    bucket.archive.keep(ANCHORS[0])
    head = bucket.client.head_object(Bucket="anchors-bucket", Key=key(ANCHORS[0].hour))
    assert head["ObjectLockMode"] == "COMPLIANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.client.delete_object(Bucket="anchors-bucket", Key=key(ANCHORS[0].hour), VersionId=head["VersionId"])


def test_an_archive_that_does_not_take_it_is_an_error(bucket: Bucket) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Archive(lambda: bucket.client, "missing").keep(ANCHORS[0])


def test_the_last_few_are_read_without_reading_the_others(bucket: Bucket) -> None:
    for one in ANCHORS:
        bucket.archive.keep(one)
    read: list[str] = []
    get_object = bucket.client.get_object

    def noted(**what: Any) -> Any:
        read.append(what["Key"])
        return get_object(**what)

    bucket.client.get_object = noted
    assert bucket.archive.last(2) == ANCHORS[1:]
    assert read == [key(one.hour) for one in ANCHORS[1:]]
    assert bucket.archive.last(9) == ANCHORS


def test_of_an_empty_archive_there_are_no_last_ones(bucket: Bucket) -> None:
    assert bucket.archive.last(2) == []


def test_more_versions_than_a_page_holds_are_all_read() -> None:
    """A year has nine thousand anchors; S3 gives a thousand at a time."""
    asked: list[dict[str, Any]] = []

    class Paged:
        def list_object_versions(self, **what: Any) -> dict[str, Any]:
            asked.append(what)
            at = next((n for n, one in enumerate(ANCHORS) if key(one.hour) > what.get("KeyMarker", "")), len(ANCHORS))
            version = {"Key": key(ANCHORS[at].hour), "VersionId": "1", "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}
            return {
                "Versions": [version],
                "IsTruncated": at < len(ANCHORS) - 1,
                "NextKeyMarker": key(ANCHORS[at].hour),
                "NextVersionIdMarker": "1",
            }

        def get_object(self, **what: Any) -> dict[str, Any]:
            one = next(each for each in ANCHORS if key(each.hour) == what["Key"])
            assert what["VersionId"] == "1"
            return {"Body": io.BytesIO(msgspec.json.encode(one))}

    paged: Any = Paged()
    assert Archive(lambda: paged, "b").since("") == ANCHORS
    assert len(asked) == 3


def test_it_goes_there_by_the_role_of_the_account_that_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    class Nothing:
        def list_object_versions(self, **what: Any) -> dict[str, Any]:
            assert what["Bucket"] == "yagura-anchors"
            return {"Versions": []}

    def s3_as(role: str, *, session: str, region: str) -> Any:
        asked.append((role, session, region))
        return Nothing()

    monkeypatch.setattr(aws, "s3_as", s3_as)
    archive = Archive.from_environment(
        {
            "YAGURA_ARCHIVE_ROLE": "arn:aws:iam::444444444444:role/read",
            "YAGURA_ARCHIVE_REGION": "us-east-1",
            "YAGURA_ARCHIVE_BUCKET": "yagura-anchors",
        }
    )
    assert asked == []
    assert archive.since("") == []
    assert asked == [("arn:aws:iam::444444444444:role/read", "yagura-chatops", "us-east-1")]
