"""Policy as code: the first rule that matches wins, for each kind by itself, and every step of it can be told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.catalogue import Owner
from functions.findings.judge import Facts, Judge, Reason, Step, Verdict
from functions.findings.lease import DAY_MS
from functions.findings.policy import Match, Route, Rule, Ticket
from tests.functions.findings.laws import LEVELS, NOW, lease, policy, suppressing

OWNER = Owner(service="intake", team="front-door", environment="staging", rule="tag")
FACTS = Facts(
    control="S3.8",
    severity="HIGH",
    account="111122223333",
    region="eu-west-1",
    resource="arn:aws:s3:::clinic-staging-intake-forms",
    tags={"service": "intake", "env": "staging"},
    owner=OWNER,
)


def facts(**changes: Any) -> Facts:
    return msgspec.structs.replace(FACTS, **changes)


def judge(*rules: Rule, about: Facts = FACTS, now: int = NOW, **more: Any) -> Verdict:
    return Judge(policy(*rules)).judge(about, now, **more)


def traced(*rules: Rule, about: Facts = FACTS, now: int = NOW, **more: Any) -> list[Step]:
    steps: list[Step] = []
    judge(*rules, about=about, now=now, trace=steps.append, **more)
    return steps


def matches(match: Match, about: Facts = FACTS) -> bool:
    return judge(Rule(name="x", match=match, ignore=True), about=about).ignored


def match_of(name: str, values: list[str]) -> Match:
    condition: dict[str, Any] = {name: values}
    return Match(**condition)


def test_without_rules_the_severity_says_when_it_is_told() -> None:
    for severity, level in LEVELS.items():
        verdict = judge(about=facts(severity=severity))
        assert (verdict.severity, verdict.tell, verdict.owner) == (severity, level.tell, OWNER)
        assert (verdict.channel, verdict.ticket, verdict.ignored, verdict.lease) == ("", "", False, None)
        assert verdict.reasons == {}


def test_a_severity_that_nobody_knows_is_treated_as_the_worst() -> None:
    assert Judge(policy()).level("SEVERE") == LEVELS["CRITICAL"]


CONDITIONS: list[tuple[str, list[str], list[str]]] = [
    ("control", ["S3.8"], ["S3.1"]),
    ("severity", ["HIGH"], ["LOW"]),
    ("account", ["111122223333"], ["444455556666"]),
    ("region", ["eu-west-1"], ["us-east-1"]),
    ("resource", ["arn:aws:s3:::clinic-staging-intake-forms"], ["arn:aws:s3:::other"]),
    ("service", ["intake"], ["billing"]),
    ("team", ["front-door"], ["platform"]),
    ("environment", ["staging"], ["production"]),
]


@pytest.mark.parametrize(("name", "fits", "other"), CONDITIONS)
def test_a_condition_holds_for_what_it_names_and_for_nothing_else(name: str, fits: list[str], other: list[str]) -> None:
    assert matches(match_of(name, fits))
    assert matches(match_of(name, [*other, *fits]))
    assert not matches(match_of(name, other))


@pytest.mark.parametrize(("name", "fits", "other"), CONDITIONS)
def test_all_conditions_of_a_rule_must_hold(name: str, fits: list[str], other: list[str]) -> None:
    all_of_them: dict[str, Any] = {each: values for each, values, _ in CONDITIONS}
    assert matches(Match(**all_of_them))
    assert not matches(Match(**(all_of_them | {name: other})))


def test_a_rule_without_conditions_matches_everything() -> None:
    assert matches(Match())


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        ({"service": "intake"}, True),
        ({"service": "intake", "env": "staging"}, True),
        ({"service": "intake", "env": "production"}, False),
        ({"owner": "anybody"}, False),
        ({"service": ""}, False),
        ({"service": "int*"}, False),
    ],
)
def test_all_tags_of_a_rule_must_be_the_resources(tags: dict[str, str], fits: bool) -> None:
    assert matches(Match(tags=tags)) is fits


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("S3.*", "S3.8", True),
        ("S3.*", "S3X8", False),
        ("S3.*", "KMS.4", False),
        ("*.8", "S3.8", True),
        ("*", "anything", True),
        ("*", "", True),
        ("S3.8", "S3.80", False),
        ("s3.*", "S3.8", False),
        ("guardduty:*", "guardduty:Recon:EC2-PortProbe", True),
        ("a*b*c", "a1b\n2c", True),
        ("a*b*c", "acb", False),
        ("[S]3.8", "S3.8", False),
        ("S3.?", "S3.8", False),
    ],
)
def test_a_star_stands_for_any_text_in_controls_and_nothing_else_is_special(
    pattern: str, text: str, fits: bool
) -> None:
    assert matches(Match(control=[pattern]), facts(control=text)) is fits
    assert matches(Match(resource=[pattern]), facts(resource=text)) is fits


@pytest.mark.parametrize("name", ["severity", "account", "region", "service", "team", "environment"])
def test_a_star_is_no_pattern_where_names_are_exact(name: str) -> None:
    assert not matches(match_of(name, ["*"]))


@pytest.mark.parametrize("name", ["service", "team", "environment"])
def test_what_has_no_name_is_none_of_those_that_are_named(name: str) -> None:
    nameless: dict[str, Any] = {name: ""}
    assert not matches(match_of(name, ["x"]), facts(owner=msgspec.structs.replace(OWNER, **nameless)))


@pytest.mark.parametrize(("control", "fits"), [("S3.8", True), ("EC2.13", True), ("KMS.4", True), ("IAM.1", False)])
def test_one_of_several_patterns_and_names_is_enough(control: str, fits: bool) -> None:
    assert matches(Match(control=["S3.*", "EC2.*", "KMS.4"]), facts(control=control)) is fits


@given(st.text(alphabet="ab*.\n", max_size=8), st.text(alphabet="ab.\n", max_size=8))
def test_a_pattern_fits_as_if_it_were_tried_letter_by_letter(pattern: str, text: str) -> None:
    def fits(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return fits(pattern[1:], text) or (bool(text) and fits(pattern, text[1:]))
        return bool(text) and text[0] == pattern[0] and fits(pattern[1:], text[1:])

    assert matches(Match(control=["never", pattern]), facts(control=text)) is (fits(pattern, text) or text == "never")


ACTIONS: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "severity": ({"severity": "LOW"}, {"severity": "CRITICAL"}, lambda verdict: verdict.severity),
    "owner": ({"owner": "first"}, {"owner": "second"}, lambda verdict: verdict.owner.team),
    "route": ({"route": Route(channel="first")}, {"route": Route(channel="second")}, lambda verdict: verdict.channel),
    "ticket": (
        {"ticket": Ticket(repository="a/first")},
        {"ticket": Ticket(repository="a/second")},
        lambda verdict: verdict.ticket,
    ),
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_the_first_rule_that_matches_wins_within_its_kind(kind: str) -> None:
    one, two, decided = ACTIONS[kind]
    first, second = Rule(name="first", reason="r1", **one), Rule(name="second", reason="r2", **two)
    missed = Rule(name="missed", match=Match(control=["none"]), **two)
    assert decided(judge(missed, first, second)) == decided(judge(first))
    assert decided(judge(second, first)) == decided(judge(second)) != decided(judge(first))
    assert judge(missed, first, second).reasons[kind] == Reason("rule:first", "r1")


@pytest.mark.parametrize("kind", ACTIONS)
def test_a_rule_that_wins_one_kind_leaves_every_other_to_others(kind: str) -> None:
    one, _, decided = ACTIONS[kind]
    others = {name: action for name, (action, _, _) in ACTIONS.items() if name != kind}
    whole = Rule(name="others", **{key: value for action in others.values() for key, value in action.items()})
    verdict = judge(Rule(name="mine", **one), whole)
    assert decided(verdict) == decided(judge(Rule(name="mine", **one)))
    assert {name: reason.rule for name, reason in verdict.reasons.items()} == {kind: "rule:mine"} | dict.fromkeys(
        others, "rule:others"
    )


def test_a_route_may_say_only_when_or_only_where() -> None:
    where = judge(Rule(name="x", route=Route(channel="#vault")))
    assert (where.tell, where.channel) == ("now", "#vault")
    when = judge(Rule(name="x", route=Route(tell="never")))
    assert (when.tell, when.channel) == ("never", "")


def test_ignoring_names_its_rule_and_reason() -> None:
    verdict = judge(Rule(name="noise", reason="It is a test account", ignore=True))
    assert (verdict.ignored, verdict.reasons["ignore"]) == (True, Reason("rule:noise", "It is a test account"))


def test_a_rule_that_does_not_ignore_is_no_rule_of_that_kind() -> None:
    assert judge(Rule(name="x", severity="LOW"), Rule(name="y", ignore=True)).reasons["ignore"].rule == "rule:y"


def test_a_severity_by_rule_decides_when_it_is_told_and_what_later_kinds_match() -> None:
    lower = Rule(name="lower", severity="LOW")
    on_low = Rule(name="on-low", match=Match(severity=["LOW"]), route=Route(channel="#low"))
    on_high = Rule(name="on-high", match=Match(severity=["HIGH"]), route=Route(channel="#high"))
    verdict = judge(on_high, on_low, lower)
    assert (verdict.severity, verdict.tell, verdict.channel) == ("LOW", "digest", "#low")


def test_rules_about_severity_match_what_was_reported() -> None:
    raised = Rule(name="raised", match=Match(severity=["LOW"]), severity="CRITICAL")
    assert judge(Rule(name="lower", severity="LOW"), raised).severity == "LOW"


def test_an_owner_by_rule_is_seen_by_rules_about_severity_and_all_later_ones() -> None:
    given_to = Rule(name="given", owner="vault")
    by_team = Rule(name="by-team", match=Match(team=["vault"]), severity="LOW", route=Route(channel="#vault"))
    verdict = judge(by_team, given_to)
    assert (verdict.owner.team, verdict.owner.rule) == ("vault", "rule:given")
    assert (verdict.owner.service, verdict.owner.environment) == ("intake", "staging")
    assert (verdict.severity, verdict.channel) == ("LOW", "#vault")


def test_a_team_that_people_assigned_outranks_every_rule() -> None:
    verdict = judge(Rule(name="given", owner="vault"), assigned="night-shift")
    assert (verdict.owner.team, verdict.owner.rule) == ("night-shift", "assigned")
    assert verdict.reasons["owner"] == Reason("assigned", "by people")


@pytest.mark.parametrize(
    ("given", "repository"),
    [
        (Ticket(repository="a/b"), "a/b"),
        (Ticket(), "clinic/intake"),
    ],
)
def test_a_ticket_goes_where_the_rule_says_or_to_the_services_repository(given: Ticket, repository: str) -> None:
    known = {"intake": "clinic/intake", "": "clinic/platform"}
    judged = Judge(policy(Rule(name="x", ticket=given), repositories=known)).judge(FACTS, NOW)
    assert judged.ticket == repository


@pytest.mark.parametrize(("known", "repository"), [({"": "clinic/platform"}, "clinic/platform"), ({}, "")])
def test_a_service_without_a_repository_has_that_of_what_belongs_to_none(
    known: dict[str, str], repository: str
) -> None:
    judged = Judge(policy(Rule(name="x", ticket=Ticket()), repositories=known)).judge(FACTS, NOW)
    assert judged.ticket == repository


def test_a_grant_outranks_every_rule() -> None:
    verdict = judge(suppressing("first"), granted=lease())
    assert verdict.lease is not None
    assert verdict.lease.by == "request:r1"
    assert verdict.reasons["suppress"] == Reason("request:r1", "Vendor fix is due")


def test_the_first_lease_that_holds_wins_and_one_that_does_not_is_passed_over() -> None:
    over = suppressing("over", until=NOW - DAY_MS)
    flawed = suppressing("flawed", approver="ada")
    elsewhere = suppressing("elsewhere", match=Match(region=["us-east-1"]))
    sound, later = suppressing("sound"), suppressing("later")
    verdict = judge(over, flawed, elsewhere, sound, later, granted=lease(until=NOW - 1))
    assert verdict.lease is not None
    assert verdict.lease.by == "rule:sound"


def test_a_lease_is_measured_by_the_severity_that_a_rule_gave() -> None:
    accepted = suppressing(start=NOW - 40 * DAY_MS)
    assert judge(accepted).lease is not None
    assert judge(accepted, Rule(name="worse", severity="CRITICAL")).lease is None


def test_a_lease_ends_at_the_latest_when_its_severity_allows_no_more() -> None:
    given = judge(suppressing(start=NOW, until=NOW + 500 * DAY_MS)).lease
    assert given is not None
    assert given.until == NOW + 90 * DAY_MS
