"""c7n: a policy for each rule, loaded and validated by c7n, whose value filters look at the finding.

A policy's filters are asked in turn until one says no, as `ResourceManager.filter_resources` does, without its tracing
and its lists. c7n would ask all policies; here the first that matches ends it, as for the others. The cheapest filter
stands first.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

_config: Any = import_module("c7n.config")
_loader: Any = import_module("c7n.loader")


def prepare(_corpus: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> tuple[Callable[[Any], Any], ...]:
    """Policies are loaded once."""
    loader = _loader.PolicyLoader(_config.Config.empty(region="eu-west-1", account_id="111122223333"))
    # The filters are generic: any resource has them, and findings are no resource of c7n's.
    listed = [{"name": rule["name"], "resource": "aws.account", "filters": list(_filters(rule))} for rule in rules]
    policies = loader.load_data({"policies": listed}, "bench", validate=True)
    for policy in policies:
        policy.validate()
    loaded = [(policy.name, policy.resource_manager.filters) for policy in policies]

    def opened(text: str) -> Any:
        return json.loads(text)["detail"]["findings"]

    def decided(findings: list[Any]) -> str:
        said = ""
        for finding in findings:
            for name, filters in loaded:
                if all(each(finding) for each in filters):
                    said = name
                    break
        return said

    return lambda text: decided(opened(text)), opened, decided


def _filters(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "region" in rule:
        yield {"type": "value", "key": "Region", "value": rule["region"]}
    if "control" in rule:
        yield {"type": "value", "key": "Compliance.SecurityControlId", "value": rule["control"]}
    if "tag" in rule:
        key, value = rule["tag"]
        yield {"type": "value", "key": f'Resources[0].Tags."{key}"', "value": value}
    if "resource" in rule:
        yield {"type": "value", "key": "Resources[0].Id", "op": "regex-case", "value": rule["regex"]}
