from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Environment, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template
from constructs import Construct

import yagura
from yagura_cdk import DeliveryTags

TAGS: Mapping[str, str] = {
    "service": "payments",
    "team": "checkout",
    "environment": "production",
    "version": "1.4.2",
    "commit": "abc123",
}
VARIABLES = {f"YAGURA_{key.upper()}": value for key, value in TAGS.items()}


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "payments", env=Environment(account="123456789012", region="us-east-1"))


def deliver(scope: Construct, **other: str) -> DeliveryTags:
    return DeliveryTags(scope, "DeliveryTags", **{**TAGS, **other})


def function(scope: Construct, name: str = "Pay", environment: Mapping[str, str] | None = None) -> lambda_.Function:
    return lambda_.Function(
        scope,
        name,
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        environment=environment,
    )


def variables(stack: Stack, name: str) -> dict[str, Any]:
    """Environment of the function whose logical id begins with `name`."""
    found = Template.from_stack(stack).find_resources("AWS::Lambda::Function")
    [properties] = [resource["Properties"] for id_, resource in found.items() if id_.startswith(name)]
    environment: dict[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return environment


def test_every_taggable_resource_in_scope_has_the_five_tags(stack: Stack) -> None:
    sqs.Queue(stack, "Queue")
    function(stack)
    deliver(stack)
    template = Template.from_stack(stack)
    for kind in ("AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::IAM::Role"):
        for key, value in TAGS.items():
            template.has_resource_properties(kind, {"Tags": Match.array_with([{"Key": key, "Value": value}])})


def test_function_keeps_its_own_environment_and_gets_the_deliverys(stack: Stack) -> None:
    function(stack, environment={"TABLE": "payments"})
    deliver(stack)
    assert variables(stack, "Pay") == {"TABLE": "payments", **VARIABLES}


def test_function_reads_by_the_sdk_what_the_construct_set(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    function(stack)
    deliver(stack)
    for name, value in variables(stack, "Pay").items():
        monkeypatch.setenv(name, value)
    assert yagura.deployment()._asdict() == TAGS


def test_app_as_scope_reaches_all_its_stacks() -> None:
    app = App()
    stacks = [Stack(app, name) for name in ("one", "two")]
    for stack in stacks:
        function(stack)
    deliver(app)
    assert all(variables(stack, "Pay") == VARIABLES for stack in stacks)


def test_what_is_outside_the_scope_is_left_alone(stack: Stack) -> None:
    scope = Construct(stack, "Inside")
    function(scope)
    function(stack, "Outside")
    deliver(scope)
    assert variables(stack, "InsidePay") == VARIABLES
    assert variables(stack, "Outside") == {}


def test_inner_scope_holds_against_the_outer_one(stack: Stack) -> None:
    inner = Construct(stack, "Inner")
    function(inner)
    sqs.Queue(inner, "Queue")
    deliver(inner, service="refunds")
    deliver(stack)
    assert variables(stack, "InnerPay")["YAGURA_SERVICE"] == "refunds"
    Template.from_stack(stack).has_resource_properties(
        "AWS::SQS::Queue", {"Tags": Match.array_with([{"Key": "service", "Value": "refunds"}])}
    )


def test_singleton_and_bare_functions_get_the_environment(stack: Stack) -> None:
    lambda_.SingletonFunction(
        stack,
        "Once",
        uuid="2b9d",
        runtime=lambda_.Runtime.NODEJS_22_X,
        handler="index.handler",
        code=lambda_.Code.from_inline("exports.handler = async () => {}"),
        timeout=Duration.seconds(3),
    )
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    lambda_.CfnFunction(
        stack,
        "Bare",
        role=role.role_arn,
        code={"zipFile": "def handler(event, context): ..."},
        runtime="python3.13",
        handler="index.handler",
        environment={"variables": {"TABLE": "payments"}},
    )
    deliver(stack)
    assert variables(stack, "SingletonLambda") == VARIABLES
    assert variables(stack, "Bare") == {"TABLE": "payments", **VARIABLES}


def test_new_commit_is_a_new_version_of_a_function_that_publishes_versions() -> None:
    def version(commit: str) -> str:
        stack = Stack(App(), "payments")
        lambda_.Alias(stack, "Live", alias_name="live", version=function(stack).current_version)
        deliver(stack, commit=commit)
        [id_] = Template.from_stack(stack).find_resources("AWS::Lambda::Version")
        return str(id_)

    assert version("abc123") == version("abc123") != version("def456")


def test_edge_function_gets_no_environment(stack: Stack) -> None:
    edge = function(stack, "Edge")
    cloudfront.Distribution(
        stack,
        "Site",
        default_behavior=cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin("example.com"),
            edge_lambdas=[
                cloudfront.EdgeLambda(
                    event_type=cloudfront.LambdaEdgeEventType.VIEWER_REQUEST, function_version=edge.current_version
                )
            ],
        ),
    )
    function(stack)
    deliver(stack)
    assert variables(stack, "Edge") == {}
    assert variables(stack, "Pay") == VARIABLES


def test_value_known_to_cloudformation_only_is_taken(stack: Stack) -> None:
    parameter = CfnParameter(stack, "Commit")
    function(stack)
    deliver(stack, commit=parameter.value_as_string)
    assert variables(stack, "Pay")["YAGURA_COMMIT"] == {"Ref": "Commit"}


@pytest.mark.parametrize("key", TAGS)
@pytest.mark.parametrize("value", ["", " payments", "a,b", "x" * 257, 1.4, None])
def test_fails_early_on_what_aws_does_not_take_as_a_tag(stack: Stack, key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{key} must be a string .* got {value!r}$"):
        DeliveryTags(stack, "DeliveryTags", **{**TAGS, key: value})
    assert stack.node.try_find_child("DeliveryTags") is None
