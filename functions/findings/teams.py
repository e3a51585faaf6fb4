"""The teams under which problems are kept.

pk teams    names: all that ever stood in the configuration, so that no problem is forgotten with its team
"""

from collections.abc import Iterable

from fleet.catalogue import Catalogue
from fleet.items import ConflictError, Item, Table
from functions.findings.policy import Policy

_TRIES = 5
_KEY, _VERSION = "teams", 1


class Teams:
    """Of this deployment."""

    def __init__(self, table: Table, configured: Iterable[str]) -> None:
        self._table, self._configured = table, frozenset(configured)
        self._known: list[str] = []

    def all(self) -> list[str]:
        """In a lasting order: a walk that has come to the third goes on with the fourth. Raises ConflictError."""
        if not self._known:
            self._known = self._remembered()
        return self._known

    def _remembered(self) -> list[str]:
        for _ in range(_TRIES):
            item = self._table.get(_KEY)
            names = _names(item)
            new = sorted(self._configured - set(names))
            if not new or self._table.put({"pk": _KEY, "v": _VERSION, "names": [*names, *new]}, over=item):
                return [*names, *new]
        raise ConflictError(_KEY)


def remembered(table: Table) -> list[str]:
    """All that stand in the table; nothing is written."""
    return _names(table.get(_KEY))


def _names(item: Item | None) -> list[str]:
    return list(item["names"]) if item else []


def teams_of(catalogue: Catalogue, policy: Policy) -> set[str]:
    """All teams that the configuration names."""
    named = {catalogue.default.team, *(service.team for service in catalogue.services)}
    return named | {rule.owner for rule in policy.rules if rule.owner} | {team.name for team in catalogue.teams}
