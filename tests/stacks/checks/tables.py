"""Tables: no change may replace one, and each index takes an update of its own.

`tests/stacks/tables.json` is the register: what is deployed somewhere. CloudFormation replaces a table whose logical
id, name or keys change (with RETAIN the data stays behind, in a table that nobody reads), and refuses an update that
adds or removes more than one index.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fleetctl.templates import Template

REGISTER = Path(__file__).parents[1] / "tables.json"
_HOW = "see tests/stacks/checks/tables.py"


def check(templates: Sequence[Template]) -> list[str]:
    """Every table against the committed register, and its safety outside the local cloud."""
    return against(json.loads(REGISTER.read_text()), templates)


def against(register: Mapping[str, Any], templates: Sequence[Template]) -> list[str]:
    """As `check`, against any register."""
    found: list[str] = []
    seen: set[str] = set()
    for template in templates:
        for name in template.of_type("AWS::DynamoDB::Table"):
            seen.add(name)
            found += _kept(register.get(name), template, name)
            if not template.local:
                found += _safe(template, name)
    found += [
        f"{name}: is in the register and in no template: it would be orphaned; {_HOW}"
        for name in register.keys() - seen
    ]
    return found


def entry(table: Mapping[str, Any]) -> dict[str, Any]:
    """What the register holds of a table; a key is written as `pk: S`."""
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}

    def keys(schema: list[dict[str, str]]) -> list[str]:
        return [f"{each['AttributeName']}: {types[each['AttributeName']]}" for each in schema]

    indexes = {each["IndexName"]: keys(each["KeySchema"]) for each in table.get("GlobalSecondaryIndexes", [])}
    return {"table": table.get("TableName"), "keys": keys(table["KeySchema"]), "indexes": indexes}


def _kept(registered: Mapping[str, Any] | None, template: Template, name: str) -> Iterator[str]:
    now = entry(template.of_type("AWS::DynamoDB::Table")[name])
    if registered is None:
        yield template.problem(
            name, f"is not in {REGISTER.name}: a new table belongs there, an old one must keep its id"
        )
        return
    for what in ("table", "keys"):
        if now[what] != registered[what]:
            yield template.problem(
                name, f"{what} was {registered[what]} and is {now[what]}: CloudFormation would replace it"
            )
    old, new = registered["indexes"], now["indexes"]
    rekeyed = [index for index in old.keys() & new.keys() if old[index] != new[index]]
    changed = sorted(old.keys() ^ new.keys())
    if rekeyed:
        yield template.problem(
            name, f"index {rekeyed[0]} changes its keys: add another beside it, deploy, then remove it"
        )
    elif len(changed) > 1:
        yield template.problem(name, f"indexes {', '.join(changed)} change at once: deploy them one after the other")
    elif changed:
        yield template.problem(name, f"index {changed[0]} is new or gone: write it into {REGISTER.name} in this change")


def _safe(template: Template, name: str) -> Iterator[str]:
    resource = template.resources[name]
    properties = resource["Properties"]
    if (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) != ("Retain", "Retain"):
        yield template.problem(name, "must be retained: removal_policy=deployment.removal_policy")
    if not properties.get("DeletionProtectionEnabled"):
        yield template.problem(name, "has no deletion protection")
    if not properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
        yield template.problem(name, "has no point-in-time recovery")
