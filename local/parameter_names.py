"""GetParameters and DeleteParameters are authorized for each name that they carry, GetParametersByPath for its path.

Evidence: Service Authorization Reference, Systems Manager: the actions have the resource type `parameter`, required;
Systems Manager User Guide, "Restricting access to parameters using IAM policies": the resource of a path is its ARN.
The emulator knows the resource only of actions with a single `Name`, and asks for `*` of these, so that a role with
exact parameters is refused here what AWS allows. Whoever is refused reads which of the names it was.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions, iam_evaluator

_NAMES_OF: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "AmazonSSM.GetParameters": lambda request: request["Names"],
    "AmazonSSM.DeleteParameters": lambda request: request["Names"],
    "AmazonSSM.GetParametersByPath": lambda request: [request["Path"]],
}


class _Several(str):
    """The first ARN, for whoever expects one, and the rest."""

    __slots__ = ("refused", "rest")
    rest: tuple[str, ...]
    refused: str
    """The one that may not be had."""


def install() -> None:
    """Name the parameters, and have each of them checked."""
    extract = iam_actions.extract_resource_arn
    enforce, refuse = iam_evaluator.enforce, iam_actions.access_denied_response

    def extracted(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
        arns = _arns(headers, body, *rest[-2:]) if service == "ssm" else []
        if not arns:
            return str(extract(service, method, path, headers, body, *rest))
        several = _Several(arns[0])
        several.rest, several.refused = tuple(arns[1:]), arns[0]
        return several

    def enforced(*args: Any, resource_arn: str = "*", **kw: Any) -> Any:
        for arn in (resource_arn, *getattr(resource_arn, "rest", ())):
            if denied := enforce(*args, resource_arn=arn, **kw):
                if isinstance(resource_arn, _Several):
                    resource_arn.refused = arn
                return denied
        return None

    def refused(*args: Any, resource_arn: str = "*", **kw: Any) -> Any:
        return refuse(*args, resource_arn=getattr(resource_arn, "refused", resource_arn), **kw)

    iam_actions.extract_resource_arn = extracted
    iam_evaluator.enforce = enforced
    iam_actions.access_denied_response = refused


def _arns(headers: dict[str, str], body: bytes, region: str, account: str) -> list[str]:
    names_of = _NAMES_OF.get(headers.get("x-amz-target", ""))
    if names_of is None:
        return []
    try:
        names = names_of(json.loads(body))
    except (ValueError, KeyError, TypeError):
        return []
    return [f"arn:aws:ssm:{region}:{account}:parameter/{str(name).strip('/')}" for name in names]
