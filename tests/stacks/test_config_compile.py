"""What the capabilities get to know of the configuration."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.catalogue import Catalogue, owner_of
from fleet.events.envelope import Received, receive
from fleet.events.findings import AboutProblem, FindingOpened, FindingOverdue
from functions.chatops.problem_message import Said, said
from functions.chatops.routes import Routing
from functions.findings.decision import Law
from functions.findings.judge import Judge
from functions.findings.policy import Policy
from functions.findings.telling import Here, Told, entries, overdue
from stacks.config.compile import chatops_config, findings_config, operations_config
from stacks.config.load import load
from stacks.config.model import Account, Config
from stacks.config.model_findings import FindingsFile
from stacks.config.model_people import IdentityCenter
from stacks.config.model_routes import Match, Route, RoutesFile
from tests.functions.findings.laws import NOW, problem_of

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
    audit = msgspec.structs.replace(CONFIG.fleet.audit, account="audit")
    fleet = msgspec.structs.replace(CONFIG.fleet, findings=findings, accounts=ACCOUNTS, audit=audit)
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
        "units": [],
    }
    assert catalogue["services"][3]["units"] == ["Infrastructure/SRE"]
    assert catalogue["teams"] == [{"name": "sre", "units": ["Infrastructure", "Security"]}]
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
    for account_id, wanted in {"111122223333": ("sre", "yagura"), "222233334444": ("sre", "unknown")}.items():
        owner = owner_of(decoded, account=account_id, resource="arn:aws:s3:::x", tags={})
        assert ((owner.team, owner.service), owner.rule) == (wanted, "unit")


def test_one_name_for_an_account_in_several_regions() -> None:
    catalogue = msgspec.json.decode(findings_config(config_with("audit"), ACCOUNTS[0]))["catalogue"]
    assert [each["name"] for each in catalogue["accounts"].values()] == ["hub", "audit", "pay"]


def test_local_catalogue_leaves_out_accounts_that_the_local_fleet_lacks() -> None:
    local = load(Path(__file__).parents[2], "local/fleet.yaml", {"port": "4566"})
    catalogue = msgspec.json.decode(findings_config(local, local.fleet.hub))["catalogue"]
    assert [service["accounts"] for service in catalogue["services"]] == [[], [], [], []]


def chatops(config: Config = CONFIG) -> dict[str, Any]:
    compiled: dict[str, Any] = msgspec.json.decode(chatops_config(config, config.fleet.hub))
    return compiled


def with_slack(**changes: Any) -> Config:
    slack = msgspec.structs.replace(CONFIG.fleet.slack, **changes)
    return msgspec.structs.replace(CONFIG, fleet=msgspec.structs.replace(CONFIG.fleet, slack=slack))


def test_chatops_knows_all_this_and_nothing_more() -> None:
    assert set(chatops()) == {
        *("accounts", "slack_team", "approvals_channel", "everyone", "sre", "people", "identity_center"),
        *("default_channel", "channels", "service_channels", "pagerduty", "service_pagerduty", "routes", "audit"),
        "policy_channels",
    }


def test_chatops_knows_the_accounts_and_what_answers_commands_there() -> None:
    accounts = chatops()["accounts"]
    assert [account["name"] for account in accounts] == [account.name for account in CONFIG.fleet.accounts]
    assert accounts[0] == {
        "name": "hub",
        "id": "111122223333",
        "region": "ap-northeast-1",
        "environment": "production",
        "role": "hub",
        "capabilities": ["chatops", "operations"],
    }
    assert (accounts[4]["environment"], accounts[4]["role"]) == ("staging", "spoke")
    assert accounts[5]["capabilities"] == []


def test_a_capability_that_is_off_answers_no_command() -> None:
    compiled = chatops(config_with("audit"))
    assert [account["capabilities"] for account in compiled["accounts"]] == [
        *(["chatops"], ["findings"], ["findings"], ["findings"], [])
    ]


def test_chatops_knows_where_and_to_whom_what_is_told() -> None:
    compiled = chatops()
    assert compiled["slack_team"] == "T0ACME00000"
    assert (compiled["default_channel"], compiled["approvals_channel"]) == ("#sre-fleet", "#sre-approvals")
    assert compiled["channels"] == {
        "payments": "#team-payments",
        "records": "#team-records",
        "scheduling": "#team-scheduling",
        "sre": "#sre-fleet",
    }
    assert compiled["service_channels"] == {"patient-records": "#records-alerts"}
    assert compiled["pagerduty"] == {"payments": "PPAY001", "records": "PREC001", "sre": "PSRE001"}
    assert compiled["service_pagerduty"] == {}


def test_a_service_with_a_pagerduty_service_of_its_own_is_known_by_it() -> None:
    first, *rest = CONFIG.services.services
    service = msgspec.structs.replace(first, pagerduty_service="PAPI001")
    services = msgspec.structs.replace(CONFIG.services, services=[service, *rest])
    assert chatops(msgspec.structs.replace(CONFIG, services=services))["service_pagerduty"] == {
        "payments-api": "PAPI001"
    }


def test_everyone_is_each_channel_once() -> None:
    everyone = ["#sre-fleet", "#team-payments", "#team-records", "#team-scheduling"]
    assert chatops()["everyone"] == everyone
    assert chatops(with_slack(default_channel="#lobby"))["everyone"] == ["#lobby", *everyone]


def test_without_a_channel_for_approvals_people_are_asked_in_the_default_one() -> None:
    assert chatops(with_slack(approvals_channel=None, default_channel="#lobby"))["approvals_channel"] == "#lobby"


def test_default_team_has_its_channel_even_if_no_team_is_listed() -> None:
    services = msgspec.structs.replace(CONFIG.services, teams=[])
    assert chatops(msgspec.structs.replace(CONFIG, services=services))["channels"] == {"sre": "#sre-fleet"}


def test_chatops_knows_the_people() -> None:
    compiled = chatops()
    assert (compiled["sre"], compiled["identity_center"]) == ("sre", None)
    assert compiled["people"][0] == {
        "id": "aiko",
        "slack": "U0AIKO00000",
        "teams": ["sre"],
        "identity_user": None,
        "principals": ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_*/aiko@example.com"],
    }
    assert [person["id"] for person in compiled["people"]] == ["aiko", "ben", "chie"]


def test_chatops_knows_identity_center() -> None:
    center = {"store": "d-1234567890", "region": TOKYO, "role": "arn:aws:iam::1:role/yagura/x", "groups": {"g": "sre"}}
    people = msgspec.structs.replace(CONFIG.people, identity_center=IdentityCenter(**center))  # type: ignore[arg-type]
    assert chatops(msgspec.structs.replace(CONFIG, people=people))["identity_center"] == center


def test_chatops_knows_the_routes_in_their_order() -> None:
    anything: dict[str, list[str]] = {"severity": [], "team": [], "environment": [], "event": []}
    routes = [Route(match=Match(team=["sre"], severity=["HIGH"]), channel="#a", page=True), Route()]
    compiled = chatops(msgspec.structs.replace(CONFIG, routes=RoutesFile(routes=routes)))
    assert compiled["routes"] == [
        {"match": anything | {"severity": ["HIGH"], "team": ["sre"]}, "channel": "#a", "page": True},
        {"match": anything, "channel": "owner", "page": False},
    ]
    assert chatops()["routes"][1] == {
        "match": anything | {"environment": ["sandbox"], "event": ["FindingOpened"]},
        "channel": "#sandbox-findings",
        "page": False,
    }


POLICY = b"""
deadlines: {escalate_to: "#heads"}
rules:
  - {name: documents, reason: x, match: {control: [S3.8]}, route: {channel: "#documents"}}
  - {name: nights, reason: x, match: {control: [S3.9]}, route: {tell: digest}}
  - {name: logs, reason: x, match: {control: [S3.10]}, route: {tell: now, channel: "#a-logs"}}
  - {name: again, reason: x, match: {control: [S3.11]}, route: {channel: "#documents"}}
  - {name: gone, reason: x, match: {control: [S3.12]}, ignore: true}
"""


def with_policy(text: bytes = POLICY) -> Config:
    return msgspec.structs.replace(CONFIG, findings=msgspec.yaml.decode(text, type=FindingsFile))


def test_chatops_knows_the_channels_that_policy_names_each_once_in_their_order() -> None:
    assert chatops(with_policy())["policy_channels"] == ["#a-logs", "#documents", "#heads"]
    assert "policy_channels" not in chatops(with_policy(b"rules: []"))


def problem_event(kind: type[AboutProblem]) -> Said:
    """What chatops says of a problem of S3.8, as both capabilities are configured."""
    config = with_policy()
    compiled = msgspec.json.decode(findings_config(config, config.fleet.hub))
    policy = msgspec.convert(compiled["policy"], Policy)
    problem = problem_of(by=Law(Judge(policy), msgspec.convert(compiled["catalogue"], Catalogue), "hash"))
    here = Here(config.fleet.hub.id, config.fleet.hub.region, NOW)
    told = Told(problem=problem, here=here, revision=1, cause=None, actor="yagura.findings")
    if kind is FindingOpened:
        (entry,) = entries(None, told, quiet_days=policy.quiet_days)
    else:
        entry = overdue(told, "escalate", policy.escalate_to)
    routing = msgspec.convert(chatops(config), Routing)
    event = {"source": entry.source, "detail-type": entry.detail_type, "account": here.account}
    received: Received[Any] = receive(kind, json.dumps(event | {"detail": json.loads(entry.detail)}))
    return said(received, routing)


def test_a_problem_is_told_in_the_channel_of_its_rule() -> None:
    assert problem_event(FindingOpened).news_in == "#documents"


def test_a_problem_that_is_overdue_for_long_is_told_those_whom_policy_names() -> None:
    escalated = problem_event(FindingOverdue)
    assert escalated.channel == "#documents"
    assert escalated.news_in == "#heads"


def test_chatops_knows_where_the_audit_trail_is_anchored() -> None:
    assert chatops()["audit"] == {
        "account": "777788889999",
        "region": TOKYO,
        "bucket": "yagura-audit-777788889999-ap-northeast-1",
    }


def test_operations_need_nothing_of_the_configuration() -> None:
    assert operations_config(CONFIG, CONFIG.fleet.hub) == b"{}"


def test_order_of_tags_does_not_change_the_bytes() -> None:
    first, *rest = CONFIG.services.services
    variants = []
    for tags in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}):
        service = msgspec.structs.replace(first, tags=tags)
        services = msgspec.structs.replace(CONFIG.services, services=[service, *rest])
        variants.append(findings_config(msgspec.structs.replace(CONFIG, services=services), CONFIG.fleet.hub))
    assert variants[0] == variants[1]


def test_a_channel_is_no_part_of_what_findings_use() -> None:
    changed, hub = with_slack(default_channel="#elsewhere"), CONFIG.fleet.hub
    assert findings_config(changed, hub) == findings_config(CONFIG, hub)
    assert chatops_config(changed, hub) != chatops_config(CONFIG, hub)
