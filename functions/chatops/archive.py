"""Where the anchors lie: an S3 bucket under Object Lock, in an account of its own.

anchors/2026-11-23T17.json      one for each hour, written once (`IfNoneMatch: *`) and locked by the bucket
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from fleet import aws
from functions.chatops.audit import Anchor

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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
            return self._read(client, key(anchor.hour))
        return anchor

    def since(self, hour: str) -> list[Anchor]:
        """The anchors after that of `hour` (empty: all), oldest first."""
        client = self._connect()
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_PREFIX, StartAfter=key(hour) if hour else ""
        )
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return [self._read(client, each) for each in sorted(keys)]

    def _read(self, client: "S3Client", name: str) -> Anchor:
        body = client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        return msgspec.json.decode(body, type=Anchor)


def key(hour: str) -> str:
    """The object of an hour's anchor."""
    return f"{_PREFIX}{hour}.json"
