"""Where the chain lies: entries and head in the hub's table, anchors in the archive of another account. Reads only."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any

import msgspec

from fleet.items import Item, Table, from_dynamodb
from fleetctl.audit_trail.lines import UnusableError, line_of
from functions.chatops.archive import key as object_of
from functions.chatops.audit import Anchor, Broken, Head, Verdict
from functions.chatops.store import HEAD, audit_key

TABLE = "yagura-chatops"
_PREFIX = "anchors/"
_BATCH = 100
_ATTEMPTS = 10
_AT_ONCE = 8
"""Anchors read at the same time: there are 8,760 in a year."""

type Tick = Callable[[int, int], None]
"""Called with what is done and how much there is."""


class Chain:
    """The chain in the table, by key; no Scan."""

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._client, self._sleep = Table(client, TABLE), client, sleep

    def head(self) -> Head:
        """How the chain ends now."""
        item = self._table.get(HEAD)
        return Head() if item is None else Head(seq=item["seq"], hash=item["hash"], at=item["at"])

    def lines(self, last: int, tick: Tick) -> Iterator[bytes]:
        """A line for each entry up to `last`, in order; one that is missing is left out, for `verify` to tell."""
        for seqs in batched(range(1, last + 1), _BATCH, strict=False):
            found = self._read([audit_key(seq) for seq in seqs])
            for seq in seqs:
                if item := found.get(audit_key(seq)):
                    yield line_of(str(item.get("entry", "")), str(item.get("hash", "")))
            tick(seqs[-1], last)

    def beyond(self, head: Head) -> Broken | None:
        """Whether there are entries after the one that the head names: then the head was put back.

        An entry and its head are written together, so a head that is read after the entry must know of it.
        """
        after = head.seq + 1
        if self._table.get(audit_key(after)) is None or self.head().seq >= after:
            return None
        text = f"the chain's head says that it ends with entry {head.seq}, and there is an entry {after}"
        return Broken(seq=after, why="rewritten", text=text)

    def _read(self, names: list[str]) -> dict[str, Item]:
        found: dict[str, Item] = {}
        keys = [{"pk": {"S": name}} for name in names]
        for attempt in range(_ATTEMPTS):
            answer = self._client.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
            items = map(from_dynamodb, answer["Responses"].get(TABLE, []))
            found |= {item["pk"]: item for item in items}
            keys = answer.get("UnprocessedKeys", {}).get(TABLE, {}).get("Keys", [])
            if not keys:
                return found
            self._sleep(min(0.05 * 2**attempt, 2.0))
        raise UnusableError(f"the table does not hand out {len(keys)} entries: it is too busy. Try again later")


class Anchors:
    """The anchors in the archive, as they were first written.

    The bucket keeps all versions. A later one over an hour that has an anchor, and a mark that deletes it, are nobody's
    business: the first version counts, and `remarks` tells of the others.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self.remarks: list[str] = []

    def read(self, tick: Tick) -> list[Anchor]:
        """All of them, oldest first."""
        first = self._first_versions()
        anchors = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for anchor in pool.map(self._one, sorted(first), [first[name] for name in sorted(first)]):
                anchors.append(anchor)
                tick(len(anchors), len(first))
        return sorted(anchors, key=lambda each: each.number)

    def _first_versions(self) -> dict[str, str]:
        first: dict[str, tuple[Any, str]] = {}
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=_PREFIX):
            for mark in page.get("DeleteMarkers", []):
                self.remarks.append(f"{mark['Key']} was marked as deleted; its first version was read.")
            # The newest version comes first, so of those of one second the last listed is the oldest.
            for version in page.get("Versions", []):
                name, candidate = version["Key"], (version["LastModified"], version["VersionId"])
                if name in first:
                    self.remarks.append(f"{name} was written more than once; its first version was read.")
                if name not in first or candidate[0] <= first[name][0]:
                    first[name] = candidate
        return {name: version for name, (_, version) in first.items()}

    def _one(self, name: str, version: str) -> Anchor:
        body = self._client.get_object(Bucket=self._bucket, Key=name, VersionId=version)["Body"].read()
        try:
            anchor = msgspec.json.decode(body, type=Anchor)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise UnusableError(f"{name} in the archive is no anchor") from error
        if object_of(anchor.hour) != name:
            raise UnusableError(f"{name} in the archive holds the anchor of {anchor.hour}")
        return anchor


def with_end(verdict: Verdict, broken: Broken | None) -> Verdict:
    """The verdict with what was found beyond the chain's end, if nothing was wrong before."""
    return verdict if verdict.broken or broken is None else msgspec.structs.replace(verdict, broken=broken)
