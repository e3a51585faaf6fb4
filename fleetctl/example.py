"""The fleet that the generated pages speak of: one hub and one spoke that run everything they can.

Not `config/fleet.yaml`: the pages must be the same in every company's checkout.
"""

from stacks.config.model import (
    Account,
    Alarms,
    AuditSettings,
    Config,
    Default,
    FindingsHome,
    FleetFile,
    PagerdutySettings,
    Publisher,
    ServicesFile,
    SlackSettings,
    Team,
)
from stacks.config.model_findings import FindingsFile
from stacks.config.model_people import PeopleFile, PinnedPerson
from stacks.config.model_routes import RoutesFile
from stacks.fleet_stage import CAPABILITIES

REGION = "us-east-1"
HUB, SPOKE, PUBLISHER, ARCHIVE = "111111111111", "222222222222", "333333333333", "444444444444"
_HUB_ONLY = {"chatops"}


def example() -> Config:
    """The configuration."""
    return Config(
        fleet=FleetFile(
            repository="example/yagura",
            alarms=Alarms(email="sre@example.com"),
            findings=FindingsHome(home="each-account"),
            slack=SlackSettings(team="T0EXAMPLE00", default_channel="#sre-fleet"),
            pagerduty=PagerdutySettings(),
            audit=AuditSettings(account="archive"),
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
                Account(
                    name="archive",
                    id=ARCHIVE,
                    region=REGION,
                    environment="production",
                    unit="Security",
                    role="spoke",
                ),
            ],
        ),
        services=ServicesFile(
            default=Default(team="sre", slack_channel="#sre-fleet"),
            teams=[Team(name="sre", slack_channel="#sre-fleet")],
        ),
        people=PeopleFile(
            sre_team="sre",
            people=[
                PinnedPerson(id="aiko", slack="U0AIKO00000", teams=["sre"]),
                PinnedPerson(id="ben", slack="U0BEN000000", teams=["sre"]),
            ],
        ),
        routes=RoutesFile(),
        findings=FindingsFile(),
    )
