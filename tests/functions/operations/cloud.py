"""Rules, functions, tags and parameters in memory, and a clock that moves when it is told to.

Each request is held to botocore's model, and each call is a step at which the caller may be killed.
"""

from functools import cache
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from tests.functions.entry import ACCOUNT, REGION
from tests.layers.fleet.fakes import FakeEvents, FakeParameters, Steps, client_error

START_MS = 1_800_000_000_000


class Clock:
    """Time that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = START_MS

    def __call__(self) -> int:
        return self.now


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def _operation(service: str, name: str) -> OperationModel:
    return _service(service).operation_model(name)


def check(service: str, operation: str, request: dict[str, Any]) -> None:
    """As boto3 does before it calls."""
    shape: Any = _operation(service, operation).input_shape
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def is_of_type(arn: str, wanted: str) -> bool:
    """Whether GetResources takes a resource for `service[:resourceType]`: both are "the same as that embedded in a
    resource's Amazon Resource Name" (its API reference, ResourceTypeFilters). A queue's ARN has no type.
    """
    service, _, kind = wanted.partition(":")
    _, _, own, _, _, resource = arn.split(":", 5)
    return service == own and (not kind or resource.replace("/", ":").startswith(f"{kind}:"))


class FakeTagging:
    """GetResources of Resource Groups Tagging, in pages of two."""

    def __init__(self, tags: dict[str, dict[str, str]]) -> None:
        self._tags = tags

    def get_paginator(self, operation: str) -> "FakeTagging":
        assert operation == "get_resources"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        check("resourcegroupstaggingapi", "GetResources", request)
        (wanted,) = request["TagFilters"]
        found = [
            {"ResourceARN": queue_arn(name), "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for name, tags in self._tags.items()
            if wanted["Key"] in tags
            and any(is_of_type(queue_arn(name), wanted) for wanted in request["ResourceTypeFilters"])
        ]
        return [{"ResourceTagMappingList": found[start : start + 2]} for start in range(0, len(found), 2)]


class FakeRules(FakeEvents):
    """PutEvents, and the targets of rules."""

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self.targets: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def list_targets_by_rule(self, **request: Any) -> dict[str, Any]:
        check("events", "ListTargetsByRule", request)

        def find() -> dict[str, Any]:
            key = (request["EventBusName"], request["Rule"])
            if key not in self.targets:
                raise client_error("ResourceNotFoundException")
            return {"Targets": self.targets[key]}

        return self.steps.call("ListTargetsByRule", find)


class FakeFunctions:
    """Invoke of Lambda, for events only, and the functions' tags."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.tags: dict[str, dict[str, str]] = {}
        """By the function's ARN, without an alias."""
        self.invoked: list[tuple[str, bytes]] = []
        self.status = 202

    def list_tags(self, **request: Any) -> dict[str, Any]:
        check("lambda", "ListTags", request)
        if request["Resource"] not in self.tags:
            raise client_error("ResourceNotFoundException")
        return {"Tags": self.tags[request["Resource"]]}

    def invoke(self, **request: Any) -> dict[str, Any]:
        check("lambda", "Invoke", request)
        assert request["InvocationType"] == "Event"

        def call() -> dict[str, Any]:
            self.invoked.append((request["FunctionName"], request["Payload"]))
            return {"StatusCode": self.status}

        return self.steps.call("Invoke", call)


class FakeSystems(FakeParameters):
    """Parameters, as far as the freeze needs them; `stale`: so many reads still give what was before."""

    def __init__(self, steps: Steps, **modes: str) -> None:
        super().__init__(**modes)
        self.steps, self.stale = steps, 0
        self._before: dict[str, str] = {}

    def put_parameter(self, **request: Any) -> dict[str, Any]:
        check("ssm", "PutParameter", request)
        return self.steps.call("PutParameter", lambda: self._change({request["Name"]: request["Value"]}, []))

    def delete_parameters(self, **request: Any) -> dict[str, Any]:
        check("ssm", "DeleteParameters", request)
        return self.steps.call("DeleteParameters", lambda: self._change({}, request["Names"]))

    def get_parameters(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803
        if self.stale:
            self.stale -= 1
            now, self.values = self.values, self._before
            try:
                return super().get_parameters(Names=Names)
            finally:
                self.values = now
        return super().get_parameters(Names=Names)

    def get_paginator(self, operation: str) -> "FakeSystems":
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        check("ssm", "GetParametersByPath", request)
        found = [{"Name": n, "Value": v} for n, v in self.values.items() if n.startswith(f"{request['Path']}/")]
        return [{"Parameters": [one]} for one in found]

    def _change(self, values: dict[str, str], without: list[str]) -> dict[str, Any]:
        if self.error:
            raise self.error
        self._before = dict(self.values)
        self.values = {name: value for name, value in self.values.items() if name not in without} | values
        return {}
