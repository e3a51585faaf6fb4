"""The fleet's CloudFormation templates, as checks and generated pages read them: synthesized here, bundling nothing.

Names are fixed by convention, so `Template` can replace nearly every `Ref`, `Fn::GetAtt` and `Fn::Join` by the text
that CloudFormation will put there: two policies then speak of the same thing when they have the same text.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, ServerlessChecks

from stacks.config.model import Config
from stacks.deployment import Deployment
from stacks.fleet_stage import FleetStage

type Properties = dict[str, Any]

# Type: property that holds its name, and its ARN from partition and service on; `{place}` is Region:account.
_ARNS = {
    "AWS::SQS::Queue": ("QueueName", "sqs:{place}:{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{place}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{place}:table/{name}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{place}:function:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{place}:log-group:{name}:*"),
    "AWS::IAM::Role": ("RoleName", "iam::{account}:role{path}{name}"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "iam::{account}:policy{path}{name}"),
    "AWS::Events::EventBus": ("Name", "events:{place}:event-bus/{name}"),
    "AWS::Events::Rule": ("Name", "events:{place}:rule/{bus}{name}"),
    "AWS::SecretsManager::Secret": ("Name", "secretsmanager:{place}:secret:{name}"),
    "AWS::SSM::Parameter": ("Name", "ssm:{place}:parameter{name}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:{place}:alarm:{name}"),
    "AWS::KMS::Key": ("", "kms:{place}:key/{name}"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}"),
    "AWS::ApiGatewayV2::Api": ("", "execute-api:{place}:{name}"),
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::IAM::ManagedPolicy"}


@dataclass(frozen=True)
class Template:
    """One stack's template, and where it goes."""

    stage: str
    stack: str
    """The capability."""
    account: str
    region: str
    local: bool
    body: dict[str, Any]
    """As CloudFormation gets it."""
    after: tuple[str, ...] = ()
    """Stacks of its Stage that are deployed before it."""

    @cached_property
    def resources(self) -> dict[str, Properties]:
        """Every resource by its logical id, intrinsic functions replaced by what they will give."""
        return {name: self._resolve(resource) for name, resource in self.body["Resources"].items()}

    def of_type(self, kind: str) -> dict[str, Properties]:
        """Logical id and properties of the resources of one type, such as `AWS::SQS::Queue`."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def arn(self, logical_id: str) -> str:
        """ARN of a resource of this template."""
        resource = self.body["Resources"][logical_id]
        properties = resource.get("Properties", {})
        named, pattern = _ARNS[resource["Type"]]
        bus = properties.get("EventBusName")
        text = pattern.format(
            place=f"{self.region}:{self.account}",
            account=self.account,
            name=properties.get(named, logical_id),
            path=properties.get("Path", "/"),
            bus=f"{bus}/" if bus else "",
        )
        return f"arn:aws:{text}"

    def problem(self, logical_id: str, text: str) -> str:
        """A line for people: where it is, what is wrong, and what to do."""
        return f"{self.stage}/{self.stack} {logical_id}: {text}"

    def _resolve(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name), **rest} if not rest:
                return self._ref(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self._resolve(part)) for part in parts)
            case dict():
                return {key: self._resolve(each) for key, each in value.items()}
            case list():
                return [self._resolve(each) for each in value]
        return value

    def _ref(self, name: str) -> str:
        pseudo = {"AWS::Partition": "aws", "AWS::Region": self.region, "AWS::AccountId": self.account}
        if name in pseudo:
            return pseudo[name]
        if name in self.body.get("Parameters", {}):
            # An SSM parameter that CloudFormation reads when it deploys.
            return f"{{{self.body['Parameters'][name].get('Default', name)}}}"
        resource = self.body["Resources"].get(name, {"Type": ""})
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{self.region}.amazonaws.com/{self.account}/{properties.get('QueueName', name)}"
        if kind in _REF_IS_ARN:
            return self.arn(name)
        return str(properties.get(_ARNS.get(kind, ("",))[0], name))

    def _attribute(self, name: str, attribute: str) -> str:
        if name not in self.body["Resources"]:
            return f"{name}.{attribute}"  # CloudFormation will say so
        if attribute in {"Arn", "TopicArn"}:
            return self.arn(name)
        if attribute == "StreamArn":
            return f"{self.arn(name)}/stream/latest"
        return self.arn(name).rsplit(":", 1)[-1] if attribute.endswith("Name") else f"{name}.{attribute}"


@dataclass(frozen=True)
class Synthesis:
    """What synthesizing gave."""

    templates: list[Template]
    violations: list[str]
    """What cdk-nag found: rule, construct, and what the rule says."""


def synthesize(configs: Sequence[Config], *, nag: bool = False, commit: str = "unknown") -> Synthesis:
    """The templates of all accounts of `configs`, as `app.py` makes them, but without bundling."""
    context = json.loads((Path(__file__).parent.parent / "cdk.json").read_text())["context"]
    with TemporaryDirectory() as folder:
        app = App(context={**context, "aws:cdk:bundling-stacks": []}, outdir=folder)
        for config in configs:
            for account in config.fleet.accounts:
                FleetStage(app, Deployment(config, account, commit))
        if nag:
            Validations.of(app).add_plugins(AwsSolutionsChecks(app), HIPAASecurityChecks(app), ServerlessChecks(app))
        report = Path(folder) / "validation-report.json"
        try:
            app.synth()
        except RuntimeError:  # jsii's only error; templates and report are written before it
            if not report.exists():
                raise
        violations = sorted(_violations(json.loads(report.read_text()))) if report.exists() else []
        local = {
            account.name for config in configs if config.fleet.kind == "local" for account in config.fleet.accounts
        }
        return Synthesis(sorted(_read(Path(folder), local), key=lambda each: (each.stage, each.stack)), violations)


def _violations(report: dict[str, Any]) -> Iterator[str]:
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                yield f"{construct['constructPath']}: {violation['ruleName']}: {violation['description']}"


def _read(folder: Path, local: set[str]) -> Iterator[Template]:
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    for artifact in artifacts.values():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _read(folder / artifact["properties"]["directoryName"], local)
        elif artifact["type"] == "aws:cloudformation:stack":
            stage, stack = _place(artifact)
            account, region = artifact["environment"].removeprefix("aws://").split("/")
            body = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
            needed = [artifacts[each] for each in artifact.get("dependencies", [])]
            after = [_place(each)[1] for each in needed if each["type"] == "aws:cloudformation:stack"]
            yield Template(stage, stack, account, region, stage in local, body, tuple(sorted(after)))


def _place(artifact: dict[str, Any]) -> tuple[str, str]:
    """Stage and stack."""
    stage, stack = artifact["displayName"].split(" ")[0].split("/")
    return stage, stack
