"""PublicApi: the one way in from outside: an HTTP API with two routes, rate limits and an access log without bodies."""

import json
from typing import cast

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.deployment import Deployment

RATE, BURST = 20, 40
"""Requests a second, and at once, on a route: people type and click, nothing else comes here."""
OPERATORS = "POST /fleetctl"
_LOGGED = {
    "requestId": "$context.requestId",
    "route": "$context.routeKey",
    "status": "$context.status",
    "error": "$context.error.message",
    "integration": "$context.integrationErrorMessage",
    "latency": "$context.responseLatency",
    "length": "$context.responseLength",
    "source": "$context.identity.sourceIp",
}


class PublicApi(Construct):
    """`POST /slack` for Slack, verified by its signature in the function; `POST /fleetctl` for IAM callers."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that CDK gives it
        *,
        deployment: Deployment,
        capability: str,
        function: lambda_.Function,
    ) -> None:
        super().__init__(scope, id)
        api = apigateway.HttpApi(
            self,
            "Api",
            api_name=f"yagura-{capability}",
            description="What people say to the fleet",
            create_default_stage=False,
        )
        integration = integrations.HttpLambdaIntegration("Ingress", cast("lambda_.IFunction", function))
        (slack,) = api.add_routes(path="/slack", methods=[apigateway.HttpMethod.POST], integration=integration)
        Validations.of(slack).acknowledge(
            Acknowledgment(
                id="AwsSolutions-APIG4",
                reason="Slack cannot sign for AWS: the function verifies its signature on the raw body.",
            )
        )
        (operators,) = api.add_routes(
            path="/fleetctl",
            methods=[apigateway.HttpMethod.POST],
            integration=integration,
            authorizer=authorizers.HttpIamAuthorizer(),
        )
        log_group = logs.LogGroup(
            self, "AccessLog", log_group_name=f"/yagura/{capability}/api", removal_policy=deployment.removal_policy
        )
        cast(
            "logs.CfnLogGroup", log_group.node.default_child
        ).retention_in_days = deployment.config.fleet.log_retention_days
        Validations.of(log_group).acknowledge(
            Acknowledgment(
                id="HIPAA.Security-CloudWatchLogGroupEncrypted",
                reason="CloudWatch Logs encrypts every group with a key of its own; it holds no body.",
            )
        )
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=RATE, burst_limit=BURST),
        )
        resource = cast("apigateway.CfnStage", stage.node.default_child)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(_LOGGED)
        )
        # Of its own: anybody may call /slack, and must not use up what operators have in an emergency.
        resource.route_settings = {OPERATORS: {"ThrottlingRateLimit": RATE, "ThrottlingBurstLimit": BURST}}
        resource.node.add_dependency(operators)
        self.url = api.api_endpoint
