"""The shapes of Security Hub's API as botocore's model has them, and its two families of errors.

Requests and answers are both checked: a request that AWS would refuse is refused, and an answer that AWS could not
have given is an error of ours, said loudly. Evidence:
- botocore's service model `securityhub` 2018-10-26: members, required ones, types, enumerations, ranges, patterns,
  and the HTTP status of each exception.
- The classic (CSPM) operations answer InvalidInputException with the words of a JSON-schema validator, such as "data
  should have required property 'FindingProviderFields'" or "data.Resources[0].Type should NOT be shorter than 1
  characters" (aws-samples/aws-securityhub-config-integration issue 3, prowler-cloud/prowler issue 778); the
  operations whose names end with V2 answer ValidationException. The words that surround these are ours.
- Throttling is TooManyRequestsException with "Too Many Requests" (prowler-cloud/prowler issue 5004), which the model
  does not list; V2 has ThrottlingException. Both are HTTP 429.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore import loaders
from botocore.model import OperationModel, ServiceModel

type Json = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "timestamp": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
_WORDS = {"double": "number", "float": "number", "long": "integer", "list": "array", "map": "object"}
_WORDS |= {"structure": "object", "timestamp": "string"}
_NOT_IN_MODEL = {"TooManyRequestsException": 429, "ServiceUnavailableException": 503, "SerializationException": 400}


class RefusedError(Exception):
    """The call is answered with this error of the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = _NOT_IN_MODEL.get(code) or _service().shape_for(code).metadata["error"]["httpStatusCode"]


def is_v2(operation: str) -> bool:
    """Whether an operation is of the new Security Hub, which speaks OCSF."""
    return operation.endswith("V2")


def invalid(operation: str, problem: str) -> RefusedError:
    """A parameter is not as it must be; `problem` begins with its path, `data.Filters...`."""
    if is_v2(operation):
        return RefusedError("ValidationException", f"1 validation error detected: {problem}")
    parameter = re.match(r"data\.(\w+)", problem)
    return RefusedError("InvalidInputException", f"Invalid parameter '{parameter[1] if parameter else ''}'. {problem}")


def throttled(operation: str) -> RefusedError:
    """Too fast."""
    if is_v2(operation):
        return RefusedError("ThrottlingException", "Rate exceeded")
    return RefusedError("TooManyRequestsException", "Too Many Requests")


def not_enabled(operation: str, account: str) -> RefusedError:
    """The account has no Security Hub in this Region."""
    code = "AccessDeniedException" if is_v2(operation) else "InvalidAccessException"
    return RefusedError(code, f"Account {account} is not subscribed to AWS Security Hub")


def failed(operation: str) -> RefusedError:
    """The service itself failed."""
    return RefusedError("InternalServerException" if is_v2(operation) else "InternalException", "Internal server error")


@cache
def _service() -> ServiceModel:
    # The builtin data only: a model in the user's home must not change what is refused.
    loader = loaders.Loader([loaders.Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model("securityhub", "service-2"), "securityhub")


@cache
def _routes() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for name in _service().operation_names:
        http = _service().operation_model(name).http
        pattern = re.sub(r"\{\w+(\+?)\}", lambda label: ".+" if label[1] else "[^/]+", http["requestUri"])
        found.setdefault(http["method"], []).append((re.compile(pattern), name))
    return found


def operation_at(method: str, path: str) -> str:
    """The operation of a request, or the empty string."""
    return next((name for pattern, name in _routes().get(method, []) if pattern.fullmatch(path)), "")


def is_operation(name: str) -> bool:
    """Whether Security Hub has an operation of this name."""
    return name in _service().operation_names


@cache
def model(operation: str) -> OperationModel:
    """Input and output shapes of an operation."""
    return _service().operation_model(operation)


@cache
def shape(name: str) -> Any:
    """A named shape."""
    return _service().shape_for(name)


def problems(wanted: Any, value: Any, path: str = "data") -> Iterator[str]:
    """How a JSON value differs from a shape."""
    kind = wanted.type_name
    if getattr(wanted, "is_document_type", False):
        return
    if not _is(kind, value):
        yield f"{path} should be {_WORDS.get(kind, kind)}"
        return
    yield from _bounds(kind, wanted.metadata, value, path)
    if kind == "structure":
        yield from _members(wanted, value, path)
    elif kind == "list":
        for index, each in enumerate(value):
            yield from problems(wanted.member, each, f"{path}[{index}]")
    elif kind == "map":
        for key, each in value.items():
            yield from problems(wanted.key, key, f"{path}.{key}")
            yield from problems(wanted.value, each, f"{path}.{key}")


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _members(wanted: Any, value: Json, path: str) -> Iterator[str]:
    for name in wanted.required_members:
        if value.get(name) is None:
            yield f"{path} should have required property '{name}'"
    for name, each in value.items():
        if name not in wanted.members:
            yield f"{path} should NOT have additional properties ({name})"
        elif each is not None:  # a null member counts as an absent one
            yield from problems(wanted.members[name], each, f"{path}.{name}")


def _bounds(kind: str, limits: Json, value: Any, path: str) -> Iterator[str]:
    low, high = limits.get("min"), limits.get("max")
    if kind in {"string", "timestamp"}:
        yield from _text(limits, value, path)
    elif kind in {"list", "map"}:
        if low is not None and len(value) < low:
            yield f"{path} should NOT have fewer than {low} items"
        if high is not None and len(value) > high:
            yield f"{path} should NOT have more than {high} items"
    elif kind != "structure":
        if low is not None and value < low:
            yield f"{path} should be >= {low}"
        if high is not None and value > high:
            yield f"{path} should be <= {high}"


def _text(limits: Json, value: str, path: str) -> Iterator[str]:
    pattern = limits.get("pattern")
    if "enum" in limits and value not in limits["enum"]:
        yield f"{path} should be equal to one of the allowed values"
    elif not value and pattern == r".*\S.*":
        yield f"{path} should NOT be shorter than 1 characters"
    elif pattern and not re.search(pattern, value, re.DOTALL):
        yield f'{path} should match pattern "{pattern}"'
    yield from length(value, path, limits.get("min"), limits.get("max"))


def length(value: str, path: str, low: int | None, high: int | None) -> Iterator[str]:
    """Whether a text is too short or too long."""
    if low is not None and len(value) < low:
        yield f"{path} should NOT be shorter than {low} characters"
    if high is not None and len(value) > high:
        yield f"{path} should NOT be longer than {high} characters"
