"""The fleet that the generated pages speak of: one hub and one spoke that run everything they can.

Not `config/fleet.yaml`: the pages must be the same in every company's checkout.
"""

from stacks.config.model import (
    Account,
    Alarms,
    Config,
    Default,
    FindingsHome,
    FleetFile,
    Publisher,
    ServicesFile,
    SlackSettings,
    Team,
)
from stacks.fleet_stage import CAPABILITIES

REGION = "us-east-1"
HUB, SPOKE, PUBLISHER = "111111111111", "222222222222", "333333333333"
_HUB_ONLY = {"chatops"}


def example() -> Config:
    """The configuration."""
    return Config(
        fleet=FleetFile(
            repository="example/yagura",
            alarms=Alarms(email="sre@example.com"),
            findings=FindingsHome(home="each-account"),
            slack=SlackSettings(default_channel="#sre-fleet"),
            publishers=[Publisher(account=PUBLISHER, source_prefix="example.shop")],
            accounts=[
                Account(
                    name="hub",
                    id=HUB,
                    region=REGION,
                    environment="production",
                    unit="SRE",
                    role="hub",
                    capabilities=dict.fromkeys(CAPABILITIES, "act"),
                ),
                Account(
                    name="spoke",
                    id=SPOKE,
                    region=REGION,
                    environment="production",
                    unit="Workloads",
                    role="spoke",
                    capabilities=dict.fromkeys(CAPABILITIES.keys() - _HUB_ONLY, "act"),
                ),
            ],
        ),
        services=ServicesFile(
            default=Default(team="sre", slack_channel="#sre-fleet"),
            teams=[Team(name="sre", slack_channel="#sre-fleet")],
        ),
    )
