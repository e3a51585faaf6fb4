"""DynamoDB's condition expressions, as far as the fleet writes them: comparisons and functions, joined by AND.

What DynamoDB refuses is refused here too: reserved words that have no `#name`, names and values that are defined and
not used, and those that are used and not defined.
"""

import importlib.util
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

type Raw = Mapping[str, Any]

_COMPARISON = re.compile(r"(\S+) (=|<>|<|<=|>|>=) (\S+)")
_FUNCTION = re.compile(r"(NOT )?(attribute_exists|attribute_not_exists|contains)\(([^,()]+)(?:, ([^()]+))?\)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def holds(condition: str | None, item: Raw | None, names: Raw | None = None, values: Raw | None = None) -> bool:
    """Whether `condition` holds for an item as DynamoDB keeps it (None: there is none)."""
    if condition is None:
        if names or values:
            raise refused("names and values can only be specified when using expressions")
        return True
    scope = _Scope(item or {}, names or {}, values or {})
    answers = [_clause(clause, scope) for clause in condition.split(" AND ")]
    if unused := (set(names or {}) | set(values or {})) - scope.used:
        raise refused(f"unused in expressions: {', '.join(sorted(unused))}")
    return all(answers)


def refused(message: str) -> ClientError:
    """What DynamoDB says to a call that it does not understand."""
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DynamoDB")


class _Scope:
    def __init__(self, item: Raw, names: Raw, values: Raw) -> None:
        self._item, self._names, self._values = item, names, values
        self.used: set[str] = set()

    def attribute(self, name: str) -> Any:
        """An attribute's value with its type, for example `{"N": "1"}`; None if the item has none."""
        if name.startswith("#"):
            self.used.add(name)
            if name not in self._names:
                raise refused(f"not defined: {name}")
            name = self._names[name]
        elif name.upper() in _reserved():
            raise refused(f"{name} is a reserved word")
        return self._item.get(name)

    def operand(self, token: str) -> Any:
        """An attribute's or a given value."""
        if not token.startswith(":"):
            return self.attribute(token)
        self.used.add(token)
        if token not in self._values:
            raise refused(f"not defined: {token}")
        return self._values[token]


def _clause(clause: str, scope: _Scope) -> bool:
    if found := _COMPARISON.fullmatch(clause):
        left, right = scope.operand(found[1]), scope.operand(found[3])
        if left is None or right is None:  # DynamoDB: nothing is compared with what is not there, but for "unequal"
            return found[2] == "<>"
        return _COMPARE[found[2]](*_comparable(left, right, found[2]))
    found = _FUNCTION.fullmatch(clause)
    if found is None:
        raise NotImplementedError(clause)
    attribute = scope.attribute(found[3])
    match found[2]:
        case "attribute_exists":
            answer = attribute is not None
        case "attribute_not_exists":
            answer = attribute is None
        case _:
            answer = _contains(attribute, scope.operand(found[4]))
    return answer != bool(found[1])


def _comparable(left: Raw, right: Raw, operator: str) -> tuple[Any, Any]:
    if set(left) == set(right) == {"N"}:
        return int(left["N"]), int(right["N"])
    if operator in {"=", "<>"}:
        return left, right
    if set(left) != set(right):
        return (0, 1) if operator in {">", ">="} else (1, 0)  # never holds
    return next(iter(left.values())), next(iter(right.values()))


def _contains(attribute: Raw | None, wanted: Any) -> bool:
    if attribute is None:
        return False
    if "L" in attribute:
        return wanted in attribute["L"]
    if "S" in attribute and "S" in wanted:
        return bool(wanted["S"] in attribute["S"])
    return False


@cache
def _reserved() -> frozenset[str]:
    """DynamoDB's reserved words, from moto's copy of the list; read, since importing it takes half a second."""
    spec = importlib.util.find_spec("moto")
    assert spec is not None
    assert spec.origin is not None
    words = Path(spec.origin).parent / "dynamodb" / "parsing" / "reserved_keywords.txt"
    return frozenset(words.read_text().upper().split())
