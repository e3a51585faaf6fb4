"""The public API: two routes, each with its guard, limits on how often, and a log without what people said."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.templates import Template

_ROUTES = {"POST /slack": "NONE", "POST /fleetctl": "AWS_IAM"}
"""Route and its authorizer. What Slack sends is verified by its signature, in the function."""
_LOGGED = {
    f"$context.{name}"
    for name in (
        *("requestId", "routeKey", "status", "error.message", "integrationErrorMessage"),
        *("responseLatency", "responseLength", "identity.sourceIp"),
    )
}
"""Nothing of a body, of a header, of who asked."""
_MOST_A_SECOND = 100


def check(templates: Sequence[Template]) -> list[str]:
    """Every HTTP API, its routes, its stages, and what it may call."""
    return [
        problem
        for template in templates
        for name in template.of_type("AWS::ApiGatewayV2::Api")
        for part in (_routes, _stage, _permissions)
        for problem in part(template, name)
    ]


def _of(template: Template, kind: str, api: str) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in template.of_type(f"AWS::ApiGatewayV2::{kind}").items() if each["ApiId"] == api}


def _routes(template: Template, api: str) -> Iterator[str]:
    routes = _of(template, "Route", api)
    for name, route in routes.items():
        key = route["RouteKey"]
        if key not in _ROUTES:
            yield template.problem(name, f"lets {key} in: the only ways in are {' and '.join(_ROUTES)}")
        elif route.get("AuthorizationType", "NONE") != _ROUTES[key]:
            yield template.problem(name, f"{key} must be guarded by {_ROUTES[key]}")
    for missing in sorted(_ROUTES.keys() - {route["RouteKey"] for route in routes.values()}):
        yield template.problem(api, f"has no route {missing}")


def _stage(template: Template, api: str) -> Iterator[str]:
    for name, stage in _of(template, "Stage", api).items():
        single = stage.get("RouteSettings", {})
        for route, settings in {"": stage.get("DefaultRouteSettings", {}), **single}.items():
            for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
                if not 0 < settings.get(limit, 0) <= _MOST_A_SECOND:
                    what = f"{route} takes" if route else "takes"
                    yield template.problem(name, f"{what} any number of requests: {limit} of at most {_MOST_A_SECOND}")
        for route, authorizer in _ROUTES.items():
            if authorizer != "NONE" and route not in single:
                yield template.problem(name, f"{route} shares its limits with strangers: settings of its own")
        for route in sorted(single.keys() - _ROUTES.keys()):
            yield template.problem(name, f"has settings of {route}, which is no route")
        log = stage.get("AccessLogSettings")
        if not log:
            yield template.problem(name, "has no access log")
        elif excess := sorted(set(json.loads(log["Format"]).values()) - _LOGGED):
            yield template.problem(name, f"logs {', '.join(excess)}: nothing of what people say, nor how they sign")


def _permissions(template: Template, api: str) -> Iterator[str]:
    """API Gateway calls the function for this API's routes, each by its own permission, and no other API's."""
    integrations = _of(template, "Integration", api)
    functions = {
        route["RouteKey"].partition(" ")[2]: integrations[route["Target"].partition("/")[2]]["IntegrationUri"]
        for route in _of(template, "Route", api).values()
    }
    may = {
        (each["FunctionName"], each.get("SourceArn", "*")): name
        for name, each in template.of_type("AWS::Lambda::Permission").items()
        if each["Principal"] == "apigateway.amazonaws.com"
    }
    needed = {(function, f"{template.arn(api)}/*/*{path}") for path, function in functions.items()}
    for function, source in sorted(needed - may.keys()):
        yield template.problem(api, f"may not call {function}: a Lambda permission for {source}")
    for function, source in sorted(may.keys() - needed):
        yield template.problem(may[function, source], f"lets {source} call {function}, which is not a route of {api}")
