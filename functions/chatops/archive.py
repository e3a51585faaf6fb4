"""Where the anchors lie: an S3 bucket under Object Lock, in an account of its own.

anchors/2026-11-23T17.json      one for each hour, written once (`IfNoneMatch: *`) and locked by the bucket
"""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from fleet import aws
from functions.chatops.audit import Anchor

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef

_PREFIX = "anchors/"
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class Archive:
    """The anchors in S3, by a role of the account that keeps them."""

    def __init__(self, connect: Callable[[], "S3Client"], bucket: str) -> None:
        self._connect, self._bucket = connect, bucket

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Archive":
        """With the role that this function may assume there."""
        role, region = environment["YAGURA_ARCHIVE_ROLE"], environment["YAGURA_ARCHIVE_REGION"]
        return cls(
            lambda: aws.s3_as(role, session="yagura-chatops", region=region), environment["YAGURA_ARCHIVE_BUCKET"]
        )

    def keep(self, anchor: Anchor) -> Anchor:
        """Write the anchor of an hour; if that hour has one, it stays, and is what is returned."""
        client = self._connect()
        try:
            client.put_object(
                Bucket=self._bucket,
                Key=key(anchor.hour),
                Body=msgspec.json.encode(anchor),
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            return self._oldest(client, key(anchor.hour))[0]
        return anchor

    def since(self, hour: str) -> list[Anchor]:
        """The anchors after that of `hour` (empty: all), oldest first, as they were first written.

        A lock keeps what was written, and lets a newer version be put over it: the oldest one counts.
        """
        after = key(hour) if hour else ""
        return self._oldest(self._connect(), _PREFIX, after)

    def last(self, most: int) -> list[Anchor]:
        """The last `most` anchors, however old, oldest first: all are listed, and no more than these are read."""
        return self._oldest(self._connect(), _PREFIX, most=most)

    def _oldest(self, client: "S3Client", prefix: str, after: str = "", most: int | None = None) -> list[Anchor]:
        first: dict[str, tuple[datetime, str]] = {}
        for version in self._versions(client, prefix, after):
            name, candidate = version["Key"], (version["LastModified"], version["VersionId"])
            # The newest comes first, so of those of one second the last listed is the oldest.
            if name not in first or candidate[0] <= first[name][0]:
                first[name] = candidate
        names = [name for name in sorted(first) if name > after]
        return [self._read(client, name, first[name][1]) for name in names[-most if most else 0 :]]

    def _versions(self, client: "S3Client", prefix: str, after: str) -> Iterator["ObjectVersionTypeDef"]:
        # By hand: the paginator takes no key to begin after, and there are nine thousand anchors a year.
        marker: dict[str, Any] = {"KeyMarker": after} if after else {}
        while True:
            page = client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **marker)
            yield from page.get("Versions", [])
            if not page.get("IsTruncated"):
                return
            marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _read(self, client: "S3Client", name: str, version: str) -> Anchor:
        body = client.get_object(Bucket=self._bucket, Key=name, VersionId=version)["Body"].read()
        return msgspec.json.decode(body, type=Anchor)


def key(hour: str) -> str:
    """The object of an hour's anchor."""
    return f"{_PREFIX}{hour}.json"
