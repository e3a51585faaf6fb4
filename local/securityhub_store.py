"""The findings of each account and Region, in memory, with the history of each.

Every account has Security Hub on, by itself: an administrator sees its members' findings here only when they are
imported into its own account. Evidence for the history: API reference, FindingHistoryRecord: the first record has
FindingCreated, each change names its source (BATCH_IMPORT_FINDINGS with the product, BATCH_UPDATE_FINDINGS with the
caller) and the fields with their old and new values, but for the timestamps at the top.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

type Json = dict[str, Any]

MOST = 100  # findings, in one call of any operation on several
_TIMESTAMPS = {"CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt", "ProcessedAt"}


class FindingKey(NamedTuple):
    """What identifies an ASFF finding."""

    id: str
    product_arn: str


class OcsfKey(NamedTuple):
    """What identifies an OCSF finding, beside its metadata.uid."""

    account: str
    finding_uid: str
    product_uid: str


@dataclass
class Record:
    """A finding, the fields that customers have set, and how it came to be."""

    finding: Json
    touched: frozenset[str] = frozenset()
    history: list[Json] = field(default_factory=list)


@dataclass
class Hub:
    """Security Hub in one account and Region."""

    account: str
    region: str
    findings: dict[FindingKey, Record] = field(default_factory=dict)
    ocsf: dict[str, Record] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    """When the last event of a finding was (s since the epoch)."""

    def second_for(self, resource: str, now: int) -> int:
        """The time of an event about a finding: now, or the second after the last one."""
        self.told[resource] = max(now, self.told.get(resource, 0) + 1)
        return self.told[resource]

    @property
    def arn(self) -> str:
        """Of the hub."""
        return f"arn:aws:securityhub:{self.region}:{self.account}:hub/default"


class Hubs:
    """All of them."""

    def __init__(self) -> None:
        self._hubs: dict[tuple[str, str], Hub] = {}

    def of(self, account: str, region: str) -> Hub:
        """The hub of an account and Region; there is one in each."""
        return self._hubs.setdefault((account, region), Hub(account, region))

    def everywhere(self) -> list[Hub]:
        """All that were spoken to."""
        return list(self._hubs.values())


@dataclass
class Call:
    """One call of an operation: who, when, and what is to go wrong with single findings; `echoes` are its events."""

    principal: str
    now: str
    spoiled: Callable[[], str] = lambda: ""
    echoes: list[Json] = field(default_factory=list)


def change(old: Json | None, new: Json, source: str, identity: str, now: str) -> Json:
    """A record of the history; `old` is None for a new finding."""
    before, after = _leaves(old or {}), _leaves(new)
    names = sorted(name for name in before.keys() | after.keys() if name.split(".")[0] not in _TIMESTAMPS)
    updates = [
        {
            "UpdatedField": name,
            **({"OldValue": before[name]} if before.get(name) else {}),
            **({"NewValue": after[name]} if after.get(name) else {}),
        }
        for name in names
        if before.get(name) != after.get(name)
    ]
    return {
        "FindingIdentifier": {"Id": new["Id"], "ProductArn": new["ProductArn"]},
        "UpdateTime": now,
        "FindingCreated": old is None,
        "UpdateSource": {"Type": source, "Identity": identity},
        "Updates": [] if old is None else updates,
    }


def _leaves(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {name: leaf for key, each in value.items() for name, leaf in _leaves(each, f"{path}.{key}").items()}
    if isinstance(value, list):
        return {name: leaf for i, each in enumerate(value) for name, leaf in _leaves(each, f"{path}.{i}").items()}
    return {path.removeprefix("."): str(value)}
