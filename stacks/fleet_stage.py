"""FleetStage: the fleet in one account and Region."""

from aws_cdk import Environment, PermissionsBoundary, Stage, Tags
from constructs import Construct

from stacks.archive_stack import ArchiveStack
from stacks.chatops_stack import ChatopsStack
from stacks.deployment import Deployment
from stacks.findings_stack import FindingsStack
from stacks.foundation_stack import FoundationStack
from stacks.names import boundary_name
from stacks.operations_stack import OperationsStack

CAPABILITIES = {"findings": FindingsStack, "operations": OperationsStack, "chatops": ChatopsStack}


class FleetStage(Stage):
    """The foundation, and a stack for each capability that fleet.yaml gives to this account."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        account = deployment.account
        super().__init__(
            scope,
            account.name,
            env=Environment(account=account.id, region=account.region),
            permissions_boundary=PermissionsBoundary.from_name(f"yagura/{boundary_name(account)}"),
        )
        foundation = FoundationStack(self, deployment)
        for capability, stack in CAPABILITIES.items():
            if capability in account.capabilities:
                stack(self, deployment).add_stack_dependency(foundation)
        if account.name == deployment.config.fleet.audit.account:
            ArchiveStack(self, deployment).add_stack_dependency(foundation)
        for key, value in deployment.tags.items():
            Tags.of(self).add(key, value)
