"""Rules about the order in `findings.yaml`: of each kind of action, the first rule that matches decides, so one behind
a wider one never does. Told only where that is certain.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from fleet.wildcards import wildcard

from .model import FleetFile
from .model_findings import ACTIONS, CONDITIONS, FindingsFile, Match, Rule, Suppress
from .problem import path_text
from .rules import Breach, known
from .rules_policy_leases import severities
from .rules_services import account_ids

type _Values = dict[str, Any]
"""What a match asks for: values by condition, accounts as ids."""


def order_breaches(findings: FindingsFile, fleet: FleetFile) -> Iterator[Breach]:
    """Actions that no problem can reach."""
    ids = account_ids(fleet)
    read = {i: values for i, rule in enumerate(findings.rules) if (values := _values(rule.match, ids)) is not None}
    for kind in ACTIONS:
        acting = [i for i in read if (action := getattr(findings.rules[i], kind)) and known(action)]
        for place, i in enumerate(acting):
            for j in acting[:place]:
                earlier, later = findings.rules[j], findings.rules[i]
                if _covers(read[j], read[i]) and (kind != "suppress" or _outlasts(earlier, later, findings)):
                    other = path_text(("rules", j)) + (f" ({earlier.name})" if known(earlier.name) else "")
                    yield Breach(
                        path=("rules", i, kind),
                        expected=f"one that something can reach: {other} takes all of it before",
                        advice="move the rule up, or remove one of the two",
                    )
                    break


def _values(match: Match, ids: dict[str, str]) -> _Values | None:
    """None if something of it could not be read, or is empty: that is told already."""
    if not known(match):
        return None
    given = {condition: getattr(match, condition) for condition in CONDITIONS}
    given = {condition: values for condition, values in given.items() if values is not UNSET}
    for values in given.values():
        parts = [*values, *values.values()] if isinstance(values, dict) else values
        if not values or not known(*parts):
            return None
    if "account" in given:
        given["account"] = [ids.get(name, name) for name in given["account"]]
    return given


def _covers(earlier: _Values, later: _Values) -> bool:
    """Whether whatever fulfils `later` fulfils `earlier` as well."""
    return all(_one_covers(condition, values, later.get(condition)) for condition, values in earlier.items())


def _one_covers(condition: str, earlier: Any, later: Any) -> bool:
    if condition in ("control", "resource"):
        # A * of the later one is matched as a character: only a * of the earlier one takes it, and with it any text.
        return all(any(re.fullmatch(wildcard(wider), text, re.DOTALL) for wider in earlier) for text in later or ["*"])
    if condition == "tags":
        return later is not None and bool(earlier.items() <= later.items())
    return later is not None and set(later) <= set(earlier)


def _outlasts(earlier: Rule, later: Rule, findings: FindingsFile) -> bool:
    """Whether the suppression of `later` begins and ends within that of `earlier`, at every severity.

    When one has ended, the next rule that matches suppresses.
    """
    one, other = earlier.suppress, later.suppress
    if not (one and other) or not known(one.start, one.until, other.start, other.until) or other.start < one.start:
        return False
    most = [findings.level(severity).suppress_days for severity in severities(later)]
    return known(*most) and all(
        _end(other, int(days or 0)) <= max(_end(one, int(days or 0)), other.start.toordinal() - 1) for days in most
    )


def _end(suppress: Suppress, most: int) -> int:
    """Its last day."""
    return min(suppress.until.toordinal(), suppress.start.toordinal() + most - 1)
