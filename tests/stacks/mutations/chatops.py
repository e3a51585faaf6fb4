"""Ways into chatops that should not be there: to its requests, its secrets, its API."""

from functools import partial
from typing import Any

from tests.stacks.mutations.mutation import (
    HUB,
    ROLE,
    Mutation,
    Resources,
    arn,
    find,
    grant,
    one,
    replace_text,
    revoke,
)

_TABLE = "arn:aws:dynamodb:ap-northeast-1:111122223333:table/yagura-chatops"


def claims(resources: Resources, action: str) -> Any:
    """The statement of the claims role that gives this action."""
    (policy,) = one(resources, ROLE, "Claims")["Policies"]
    (found,) = (each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == action)
    return found


def only_keys(*keys: str) -> dict[str, Any]:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}, "Null": {"dynamodb:LeadingKeys": "false"}}


def route(resources: Resources, path: str) -> Any:
    (found,) = (
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::ApiGatewayV2::Route" and each["Properties"]["RouteKey"].endswith(path)
    )
    return found


def logs_also(resources: Resources, variable: str) -> None:
    settings = one(resources, "AWS::ApiGatewayV2::Stage")["AccessLogSettings"]
    settings["Format"] = settings["Format"].replace("$context.requestId", f"$context.requestId {variable}")


REQUESTS = {
    **{
        f"claims: {action} on any item": Mutation(
            "requests",
            f"may do {action} on more items",
            "chatops",
            partial(lambda r, action: claims(r, action).pop("Condition"), action=action),
            HUB,
        )
        for action in ("dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:ConditionCheckItem")
    },
    "claims that grant": Mutation(
        "requests",
        "may do dynamodb:PutItem on more items than claim#*",
        "chatops",
        lambda r: claims(r, "dynamodb:PutItem").update(Condition=only_keys("claim#*", "request#*")),
        HUB,
    ),
    "claims on keys of which one fits": Mutation(
        "requests",
        "may do dynamodb:PutItem on more items than claim#*",
        "chatops",
        lambda r: claims(r, "dynamodb:PutItem").update(
            Condition={"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["claim#*"]}}
        ),
        HUB,
    ),
    "claims when no key is given": Mutation(
        "conditions",
        "ForAllValues holds when dynamodb:LeadingKeys is absent",
        "chatops",
        lambda r: claims(r, "dynamodb:PutItem")["Condition"].pop("Null"),
        HUB,
    ),
    "claims that are altered": Mutation(
        "requests",
        "may do dynamodb:UpdateItem on table/yagura-chatops",
        "chatops",
        lambda r: claims(r, "dynamodb:PutItem").update(Action="dynamodb:UpdateItem"),
        HUB,
    ),
    "a spoke's function writes requests": Mutation(
        "requests",
        "security-audit/operations WorkRole6726DC59: may do dynamodb:PutItem on more items",
        "operations",
        lambda r: grant(r, "Work", "dynamodb:PutItem", _TABLE),
    ),
    "another capability deletes from the chain": Mutation(
        "requests",
        "may do dynamodb:DeleteItem on table/yagura-chatops",
        "operations",
        lambda r: grant(r, "Publish", "dynamodb:DeleteItem", "arn:aws:dynamodb:*:*:table/yagura-*"),
        HUB,
    ),
    "ingress writes requests": Mutation(
        "requests",
        "may do dynamodb:PutItem on more items than seen#*",
        "chatops",
        lambda r: grant(r, "Ingress", "dynamodb:PutItem", arn("ChatopsTable")),
        HUB,
    ),
    "ingress reads requests": Mutation(
        "requests",
        "may do dynamodb:GetItem on table/yagura-chatops",
        "chatops",
        lambda r: grant(r, "Ingress", "dynamodb:GetItem", arn("ChatopsTable")),
        HUB,
    ),
    "anchor writes the chain": Mutation(
        "requests",
        "may do dynamodb:PutItem on more items than audit#anchor",
        "chatops",
        lambda r: replace_text(r, "AnchorRoleDefaultPolicy", '"dynamodb:LeadingKeys": ["audit#anchor"]', _ALL_OF_AUDIT),
        HUB,
    ),
}
_ALL_OF_AUDIT = '"dynamodb:LeadingKeys": ["audit#*"]'

SECRETS = {
    "the desk verifies signatures": Mutation(
        "secrets",
        "may read SlackSigning",
        "chatops",
        lambda r: grant(r, "Desk", "secretsmanager:GetSecretValue", {"Ref": "SlackSigning"}),
        HUB,
    ),
    "the ingress speaks": Mutation(
        "secrets",
        "may read SlackToken",
        "chatops",
        lambda r: grant(r, "Ingress", "secretsmanager:GetSecretValue", {"Ref": "SlackToken"}),
        HUB,
    ),
    "the desk pages": Mutation(
        "secrets",
        "may read PagerDutyKeys",
        "chatops",
        lambda r: grant(r, "Desk", "secretsmanager:GetSecretValue", {"Ref": "PagerDutyKeys"}),
        HUB,
    ),
    "a function of another capability reads the token": Mutation(
        "secrets",
        "which is no secret of its stack",
        "operations",
        lambda r: grant(
            r,
            "Work",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:/yagura/slack/bot-token",
        ),
        HUB,
    ),
    "the ingress cannot verify": Mutation(
        "secrets",
        "SlackSigning: cannot be read by ingress",
        "chatops",
        lambda r: revoke(r, "Ingress", "secretsmanager:GetSecretValue"),
        HUB,
    ),
}

API = {
    "any path leads in": Mutation(
        "api", "lets $default in", "chatops", lambda r: route(r, "/slack").update(RouteKey="$default"), HUB
    ),
    "any method leads in": Mutation(
        "api", "lets ANY /slack in", "chatops", lambda r: route(r, "/slack").update(RouteKey="ANY /slack"), HUB
    ),
    "fleetctl needs no credentials": Mutation(
        "api",
        "POST /fleetctl must be guarded by AWS_IAM",
        "chatops",
        lambda r: route(r, "/fleetctl").pop("AuthorizationType"),
        HUB,
    ),
    "no way in for fleetctl": Mutation(
        "api",
        "has no route POST /fleetctl",
        "chatops",
        lambda r: r.pop(next(name for name in r if r[name]["Properties"] is route(r, "/fleetctl"))),
        HUB,
    ),
    "any number of requests": Mutation(
        "api",
        "takes any number of requests: ThrottlingRateLimit",
        "chatops",
        lambda r: one(r, "AWS::ApiGatewayV2::Stage").pop("DefaultRouteSettings"),
        HUB,
    ),
    "a burst of ten thousand": Mutation(
        "api",
        "takes any number of requests: ThrottlingBurstLimit",
        "chatops",
        lambda r: one(r, "AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"].update(ThrottlingBurstLimit=10_000),
        HUB,
    ),
    "one route without limits": Mutation(
        "api",
        "POST /slack takes any number of requests: ThrottlingRateLimit",
        "chatops",
        lambda r: one(r, "AWS::ApiGatewayV2::Stage")["RouteSettings"].update(
            {"POST /slack": {"ThrottlingRateLimit": 10_000, "ThrottlingBurstLimit": 40}}
        ),
        HUB,
    ),
    "strangers use up what operators may": Mutation(
        "api",
        "POST /fleetctl shares its limits with strangers",
        "chatops",
        lambda r: one(r, "AWS::ApiGatewayV2::Stage").pop("RouteSettings"),
        HUB,
    ),
    "limits of a route that is not there": Mutation(
        "api",
        "has settings of GET /fleetctl, which is no route",
        "chatops",
        lambda r: one(r, "AWS::ApiGatewayV2::Stage")["RouteSettings"].update(
            {"GET /fleetctl": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}}
        ),
        HUB,
    ),
    "nobody sees who came": Mutation(
        "api",
        "has no access log",
        "chatops",
        lambda r: one(r, "AWS::ApiGatewayV2::Stage").pop("AccessLogSettings"),
        HUB,
    ),
    **{
        f"log of {variable}": Mutation(
            "api", f"logs $context.requestId {variable}", "chatops", partial(logs_also, variable=variable), HUB
        )
        for variable in ("$request.body", "$request.header.authorization", "$context.authorizer.error")
    },
    "any API may call the ingress": Mutation(
        "api",
        "lets arn:aws:execute-api:ap-northeast-1:111122223333:*/*/*/slack call",
        "chatops",
        lambda r: one(r, "AWS::Lambda::Permission", "ApiPOSTslack").update(
            SourceArn="arn:aws:execute-api:ap-northeast-1:111122223333:*/*/*/slack"
        ),
        HUB,
    ),
    "the API may not call the ingress": Mutation(
        "api",
        "a Lambda permission for arn:aws:execute-api:ap-northeast-1:111122223333:ApiCD79AAA0/*/*/fleetctl",
        "chatops",
        lambda r: r.pop(find(r, "ApiPOSTfleetctlIngressPermission")),
        HUB,
    ),
    "the API may call another function": Mutation(
        "api",
        "which is not a route of",
        "chatops",
        lambda r: one(r, "AWS::Lambda::Permission", "ApiPOSTslack").update(FunctionName="yagura-chatops-desk"),
        HUB,
    ),
}

MUTATIONS = REQUESTS | SECRETS | API
