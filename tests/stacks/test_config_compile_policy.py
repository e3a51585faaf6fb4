"""The policy of findings as the capability reads it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from functions.findings.office import Config as Compiled
from functions.findings.office import GitHubSettings
from functions.findings.policy import Level, Match, Rule, Suppress
from stacks.config import model_findings as written
from stacks.config.compile import findings_config
from stacks.config.load import load
from stacks.config.model import Config

ROOT = Path(__file__).parents[2]
CONFIG, LOCAL = load(ROOT), load(ROOT, "local/fleet.yaml", {"port": "4566"})
DAY_MS = 86_400_000


def compiled(config: Config) -> Compiled:
    return msgspec.json.decode(findings_config(config, config.fleet.hub), type=Compiled, strict=True)


def plain(config: Config) -> dict[str, Any]:
    policy: dict[str, Any] = msgspec.json.decode(findings_config(config, config.fleet.hub))["policy"]
    return policy


def with_findings(config: Config = CONFIG, **changes: Any) -> Config:
    return msgspec.structs.replace(config, findings=written.FindingsFile(**changes))


def rule(name: str = "r0", **fields: Any) -> written.Rule:
    return written.Rule(name=name, reason="because", **fields)


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type, misc]


def test_each_deployment_of_a_fleet_has_the_same_policy() -> None:
    policies = {
        msgspec.json.encode(msgspec.json.decode(findings_config(CONFIG, account))["policy"], order="sorted")
        for account in CONFIG.fleet.accounts
    }
    assert len(policies) == 1


def test_a_suppression_holds_from_the_first_minute_of_its_first_day_to_the_last_of_its_last() -> None:
    (suppression,) = [each for each in compiled(CONFIG).policy.rules if each.suppress]
    assert suppression == Rule(
        name="shared-network",
        reason="The flow logs of these networks are moving to the network account, and are kept there from February on",
        match=Match(control=["EC2.6"], account=["444455556666", "555566667777"]),
        suppress=Suppress(requester="aiko", approver="ben", start=ms(2026, 11, 16), until=ms(2027, 2, 1)),
    )


def test_days_before_the_epoch_and_the_last_there_is_have_a_time() -> None:
    for day in (date(1, 1, 1), date(9999, 12, 31)):
        lease = written.Suppress(requester="a", approver="b", start=day, until=day)
        (only,) = compiled(with_findings(rules=[rule(suppress=lease)])).policy.rules
        assert only.suppress is not None
        assert only.suppress.until - only.suppress.start == DAY_MS


def test_a_rule_says_only_what_the_file_says() -> None:
    assert plain(CONFIG)["rules"][0] == {
        "name": "no-hardware-mfa",
        "reason": "Root users of member accounts have no credentials, so there is nothing that a key could protect",
        "match": {"control": ["IAM.6"]},
        "ignore": True,
    }
    everything = rule(
        match=written.Match(tags={"a": "b"}, service=["unknown"]),
        severity="LOW",
        owner="sre",
        route=written.Route(channel="#x"),
        ticket=written.Ticket(),
    )
    assert plain(with_findings(rules=[everything]))["rules"] == [
        {
            "name": "r0",
            "reason": "because",
            "match": {"tags": {"a": "b"}, "service": ["unknown"]},
            "severity": "LOW",
            "owner": "sre",
            "route": {"channel": "#x"},
            "ticket": {},
        }
    ]


def test_every_level_is_there_with_what_the_file_says_of_it() -> None:
    levels = compiled(with_findings(levels={"HIGH": written.Level(due_days=1, tell="never")})).policy.levels
    assert levels == {
        "CRITICAL": Level(tell="now", due_days=2, suppress_days=14, tier=2),
        "HIGH": Level(tell="never", due_days=1, suppress_days=30, tier=1),
        "MEDIUM": Level(tell="digest", due_days=30, suppress_days=90, tier=1),
        "LOW": Level(tell="digest", due_days=90, suppress_days=180, tier=0),
        "INFORMATIONAL": Level(tell="never", due_days=0, suppress_days=365, tier=0),
    }


def test_what_the_example_writes_out_is_what_holds_without_it() -> None:
    assert compiled(with_findings()).policy.levels == compiled(CONFIG).policy.levels


def test_deadlines_and_hours_are_those_of_the_file() -> None:
    deadlines = written.Deadlines(remind_days=2, escalate_days=4, escalate_to="#late")
    policy = compiled(with_findings(deadlines=deadlines, quiet_days=5, digest_hour=6, effects_per_hour=7)).policy
    assert (policy.remind_days, policy.escalate_days, policy.escalate_to) == (2, 4, "#late")
    assert (policy.quiet_days, policy.digest_hour, policy.effects_per_hour) == (5, 6, 7)
    assert compiled(with_findings()).policy.escalate_to == ""


def test_issues_of_a_service_go_to_its_repository_and_others_to_the_common_one() -> None:
    assert compiled(CONFIG).policy.repositories == {
        "payments-api": "acme/payments-api",
        "patient-records": "acme/patient-records",
        "appointments": "acme/appointments",
        "yagura": "acme/yagura",
        "": "acme/security-findings",
    }
    assert compiled(CONFIG).github == GitHubSettings("https://api.github.com/", "/yagura/github/token")
    assert compiled(LOCAL).github == GitHubSettings("http://127.0.0.1:4566/_local/github/api/", "/yagura/github/token")


def test_without_github_there_are_no_repositories() -> None:
    config = compiled(with_findings())
    assert (config.policy.repositories, config.github) == ({}, None)


def test_a_local_fleet_keeps_a_rule_for_the_accounts_that_it_has() -> None:
    def accounts(*names: str) -> list[list[str]]:
        match = written.Match(account=list(names))
        config = with_findings(LOCAL, rules=[rule(match=match, ignore=True)])
        return [each["match"]["account"] for each in plain(config)["rules"]]

    assert accounts("payments-production", "local-spoke") == [["222222222222"]]
    assert accounts("payments-production", "444455556666") == [["444455556666"]]
    assert accounts("payments-production") == [], "a rule for no account is not one for all"


def test_order_of_tags_and_accounts_does_not_change_the_bytes() -> None:
    def content(tags: dict[str, str], accounts: list[str]) -> bytes:
        match = written.Match(tags=tags, account=accounts)
        return findings_config(with_findings(rules=[rule(match=match, ignore=True)]), CONFIG.fleet.hub)

    one = content({"a": "1", "b": "2"}, ["records-production", "hub"])
    assert one == content({"b": "2", "a": "1"}, ["111122223333", "records-production"])


def test_a_channel_that_only_others_use_is_no_part_of_the_policy() -> None:
    slack = msgspec.structs.replace(CONFIG.fleet.slack, default_channel="#elsewhere")
    changed = msgspec.structs.replace(CONFIG, fleet=msgspec.structs.replace(CONFIG.fleet, slack=slack))
    assert plain(changed) == plain(CONFIG)
