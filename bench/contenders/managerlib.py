"""awsfindingsmanagerlib: its Finding and its Rules, in the loop of its `validate_finding_on_matching_rules`.

The FindingsManager that has this loop is not made, since it asks AWS for Regions first, and keeps its rules in a set,
so that which of two matching ones wins would be chance.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

_lib: Any = import_module("awsfindingsmanagerlib")


def prepare(_corpus: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> tuple[Callable[[Any], Any], ...]:
    """Rules are validated once."""
    registered = [_lib.Rule(rule["name"], "SUPPRESSED", _match_on(rule)) for rule in rules]

    def opened(text: str) -> Any:
        return json.loads(text)["detail"]["findings"]

    def decided(findings: list[Any]) -> str:
        said = ""
        for data in findings:
            finding = _lib.Finding(data)
            for rule in registered:
                if finding.is_matching_rule(rule):
                    finding.matched_rule = rule
                    said = rule.note
                    break
        return said

    return lambda text: decided(opened(text)), opened, decided


def _match_on(rule: Mapping[str, Any]) -> dict[str, Any]:
    match: dict[str, Any] = {}
    if "control" in rule:
        match["security_control_id"] = rule["control"]
    if "region" in rule:
        match["regions"] = [rule["region"]]
    if "resource" in rule:
        match["resource_id_regexps"] = [rule["regex"]]
    if "tag" in rule:
        match["tags"] = [dict(zip(("key", "value"), rule["tag"], strict=True))]
    return match
