"""What the capabilities get to know of the configuration."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.catalogue import Catalogue, owner_of
from stacks.config.compile import chatops_config, findings_config
from stacks.config.load import load
from stacks.config.model import Account, Config

CONFIG = load(Path(__file__).parents[2])
TOKYO, OREGON, PARIS = "ap-northeast-1", "us-west-2", "eu-west-3"


def account(name: str, account_id: str, region: str, **capabilities: Any) -> Account:
    return Account(
        name=name,
        id=account_id,
        region=region,
        environment="production",
        unit="Workloads",
        role="hub" if name == "hub" else "spoke",
        capabilities=capabilities,
    )


ACCOUNTS = [
    account("hub", "111122223333", TOKYO, chatops="act"),
    account("audit", "222233334444", TOKYO, findings="act"),
    account("pay", "444455556666", TOKYO, findings="observe"),
    account("pay-oregon", "444455556666", OREGON, findings="act"),
    account("pay-paris", "444455556666", PARIS, findings="off"),
]


def config_with(home: str) -> Config:
    findings = msgspec.structs.replace(CONFIG.fleet.findings, home=home)
    fleet = msgspec.structs.replace(CONFIG.fleet, findings=findings, accounts=ACCOUNTS)
    return msgspec.structs.replace(CONFIG, fleet=fleet)


@pytest.mark.parametrize(
    ("home", "name", "accounts", "elsewhere"),
    [
        ("audit", "audit", None, []),
        ("audit", "pay", [], []),
        ("audit", "hub", [], []),
        ("each-account", "audit", ["222233334444"], []),
        ("each-account", "pay", ["444455556666"], [OREGON]),
        ("each-account", "pay-oregon", ["444455556666"], [TOKYO]),
        ("each-account", "pay-paris", ["444455556666"], [TOKYO, OREGON]),
    ],
)
def test_findings_belong_to_the_home_or_to_each_account(
    home: str, name: str, accounts: list[str] | None, elsewhere: list[str]
) -> None:
    here = next(each for each in ACCOUNTS if each.name == name)
    compiled = msgspec.json.decode(findings_config(config_with(home), here))
    assert compiled["accepts"] == {"accounts": accounts, "elsewhere_regions": elsewhere}


def test_catalogue_has_only_what_ownership_needs_with_accounts_as_ids() -> None:
    catalogue = msgspec.json.decode(findings_config(CONFIG, CONFIG.fleet.hub))["catalogue"]
    assert catalogue["default"] == {"team": "sre"}
    assert catalogue["services"][0] == {
        "name": "payments-api",
        "team": "payments",
        "tags": {"service": "payments-api"},
        "stacks": ["payments-*"],
        "resources": [],
        "functions": ["payments-charge", "payments-refund"],
        "accounts": ["444455556666"],
    }
    assert catalogue["accounts"]["666677778888"] == {
        "name": "records-staging",
        "environment": "staging",
        "unit": "Workloads/Staging",
    }


def test_catalogue_is_what_the_fleet_layer_reads() -> None:
    catalogue = msgspec.json.decode(findings_config(CONFIG, CONFIG.fleet.hub))["catalogue"]
    decoded = msgspec.convert(catalogue, Catalogue)
    owner = owner_of(decoded, account="444455556666", resource="arn:aws:s3:::x", tags={})
    assert (owner.team, owner.service, owner.environment) == ("payments", "payments-api", "production")


def test_one_name_for_an_account_in_several_regions() -> None:
    catalogue = msgspec.json.decode(findings_config(config_with("audit"), ACCOUNTS[0]))["catalogue"]
    assert [each["name"] for each in catalogue["accounts"].values()] == ["hub", "audit", "pay"]


def test_local_catalogue_leaves_out_accounts_that_the_local_fleet_lacks() -> None:
    local = load(Path(__file__).parents[2], "local/fleet.yaml", {"port": "4566"})
    catalogue = msgspec.json.decode(findings_config(local, local.fleet.hub))["catalogue"]
    assert [service["accounts"] for service in catalogue["services"]] == [[], [], [], []]


def test_chatops_knows_channels_and_accounts() -> None:
    assert msgspec.json.decode(chatops_config(CONFIG, CONFIG.fleet.hub)) == {
        "default_channel": "#sre-fleet",
        "channels": {
            "payments": "#team-payments",
            "records": "#team-records",
            "scheduling": "#team-scheduling",
            "sre": "#sre-fleet",
        },
        "service_channels": {"patient-records": "#records-alerts"},
        "accounts": ["111122223333", "222233334444", "444455556666", "555566667777", "666677778888"],
    }


def test_order_of_tags_does_not_change_the_bytes() -> None:
    first, *rest = CONFIG.services.services
    variants = []
    for tags in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}):
        service = msgspec.structs.replace(first, tags=tags)
        services = msgspec.structs.replace(CONFIG.services, services=[service, *rest])
        variants.append(findings_config(msgspec.structs.replace(CONFIG, services=services), CONFIG.fleet.hub))
    assert variants[0] == variants[1]


def test_a_channel_is_no_part_of_what_findings_use() -> None:
    slack = msgspec.structs.replace(CONFIG.fleet.slack, default_channel="#elsewhere")
    changed = msgspec.structs.replace(CONFIG, fleet=msgspec.structs.replace(CONFIG.fleet, slack=slack))
    hub = CONFIG.fleet.hub
    assert findings_config(changed, hub) == findings_config(CONFIG, hub)
    assert chatops_config(changed, hub) != chatops_config(CONFIG, hub)
