"""Commands about problems: looked at as they are when the command is carried out, and done once."""

from typing import Any

import pytest

from functions.findings.finding import Status
from functions.findings.lease import DAY_MS
from functions.findings.policy import Match, Rule
from tests.functions.findings.commanded import Desk, cells
from tests.functions.findings.deployments import HOUR, MINUTE, Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW, suppressing

UNKNOWN = "0" * 32
LOW = Rule(name="low", severity="LOW", match=Match(resource=["arn:aws:s3:::low*"]))
CRITICAL = Rule(name="bad", severity="CRITICAL", match=Match(resource=["arn:aws:s3:::bad*"]))
OWNED = Rule(name="owned", owner="records", match=Match(resource=["arn:aws:s3:::r*"]))
ACCEPTED = suppressing("accepted", match=Match(resource=["arn:aws:s3:::ok*"]))


@pytest.fixture
def desk() -> Desk:
    return of(LOW, CRITICAL, OWNED, ACCEPTED)


def of(*rules: Rule, **more: Any) -> Desk:
    deployment = Deployment(*rules, **more)
    deployment.known()
    return Desk(deployment)


def status(desk: Desk, problem: str) -> Status:
    return desk.deployment.problem(problem).state.status


def test_a_list_has_the_worst_first_and_then_the_oldest(desk: Desk) -> None:
    desk.deployment.put("low1", "a")
    desk.deployment.now += HOUR
    desk.deployment.put("b", "r1", "bad1")
    answer = desk.ask("findings list", {"team": "all", "status": "open", "count": 20})
    assert answer.headline == "5 open problems"
    assert [row[3].removeprefix("arn:aws:s3:::") for row in answer.table[1:]][:2] == ["bad1", "a"]
    assert answer.table[-1][3] == "arn:aws:s3:::low1"
    assert answer.table[0] == ["Problem", "Severity", "Control", "Resource", "Team", "Opened", "Due"]


def test_a_list_is_of_a_team_and_of_a_status_and_says_what_it_leaves_out(desk: Desk) -> None:
    desk.deployment.put("a", "b", "c", "r1", "ok1")
    assert desk.ask("findings list", {"team": "records"}).headline == "1 open problem"
    assert desk.ask("findings list", {"status": "suppressed"}).table[1][3] == "arn:aws:s3:::ok1"
    answer = desk.ask("findings list", {"team": "platform", "count": 2})
    assert (answer.headline, len(answer.table)) == ("2 open problems; there are more", 3)


def test_a_problem_is_shown_with_what_its_suppression_would_need(desk: Desk) -> None:
    (problem,) = desk.deployment.put("bad1")
    answer = desk.ask("findings show", {"problem": problem})
    assert answer.outcome == "done"
    assert answer.shown == {
        "problem": problem,
        "severity": "CRITICAL",
        "status": "open",
        "tier": 2,
        "most_days": 30,
    }
    facts = cells(answer)
    assert facts["Must agree"][0] == "two other people"
    assert facts["To suppress"][0].startswith("findings suppress r")
    assert (facts["Tier"][0], facts["Days at most"][0]) == ("2", "30")
    assert (facts["Severity"][0], facts["Reported as"][0]) == ("CRITICAL", "HIGH")


def test_numbers_are_by_team(desk: Desk) -> None:
    desk.deployment.put("a", "b", "r1", "ok1")
    answer = desk.ask("findings numbers")
    assert answer.headline == "3 open problems"
    assert cells(answer)["platform"][0] == "2"
    assert cells(answer)["records"][0] == "1"


@pytest.mark.parametrize("mode", ["act", "observe"])
def test_what_was_shown_is_suppressed_for_so_many_days_as_people_agreed(desk: Desk, mode: str) -> None:
    desk.deployment.parameters.values["/yagura/mode/findings"] = mode
    (problem,) = desk.deployment.put("a")
    answer = desk.suppress(problem, "ben", "carla", days=10)
    not_yet = (
        "" if mode == "act" else "; Security Hub is told when findings may act here: now it observes, or is frozen"
    )
    assert (answer.outcome, answer.headline) == ("done", f"S3.8 is suppressed, which ends in 10 d{not_yet}")
    granted = desk.deployment.problem(problem).granted
    assert granted is not None
    assert (granted.by, granted.requester, granted.approver) == ("request:r2", "aiko", "ben, carla")
    assert (granted.start, granted.until) == (desk.deployment.now, desk.deployment.now + 10 * DAY_MS)
    (told,) = desk.deployment.told("FindingSuppressed")
    assert (told["by"], told["meta"]["actor"]) == ("request:r2", "aiko")


def forged(body: str, requester: str) -> str:
    """The event names somebody else."""
    named = body.replace(f'"requester": "{requester}"', '"requester": "mallory"')
    assert named != body
    return named


def test_who_asked_is_whom_the_request_names_and_not_whom_the_event_does(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    arguments = {"days": 10, "reason": "Vendor fix is due"} | desk.shown(problem)
    _, body = desk.body("findings suppress", arguments, "ben", requester="ben")
    assert desk.deliver(forged(body, "ben")) == []
    assert desk.deployment.problem(problem).granted is None, "who asked has agreed to it as well"
    _, body = desk.body("findings suppress", arguments, "ben")
    assert desk.deliver(forged(body, "aiko")) == []
    granted = desk.deployment.problem(problem).granted
    assert granted is not None
    assert granted.requester == "aiko"
    assert desk.deployment.told("FindingSuppressed")[-1]["meta"]["actor"] == "aiko"


def test_it_is_written_back_and_ends_by_itself(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    desk.suppress(problem, days=3)
    desk.deployment.rest()
    assert desk.deployment.hub.workflow(asff("a", at=NOW)["Id"]) == "SUPPRESSED"
    desk.deployment.now += 3 * DAY_MS
    desk.deployment.tick()
    desk.deployment.rest()
    assert desk.deployment.hub.workflow(asff("a", at=NOW)["Id"]) == "NEW"
    assert status(desk, problem) is Status.OPEN


def test_without_voters_policy_agreed_or_the_glass_was_broken(desk: Desk) -> None:
    low, high = desk.deployment.put("low1", "a")
    for problem, approver in ((low, "policy"), (high, "break-glass")):
        arguments = {"days": 10, "reason": "Vendor fix is due"} | desk.shown(problem)
        assert desk.ask("findings suppress", arguments).outcome == "done"
        granted = desk.deployment.problem(problem).granted
        assert granted is not None
        assert granted.approver == approver


def test_the_reason_is_masked_before_it_is_kept(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    desk.suppress(problem, reason="patient Yamada, mrn: 0012345, agreed")
    granted = desk.deployment.problem(problem).granted
    assert granted is not None
    assert granted.reason == "patient [masked], mrn: [masked], agreed"
    assert "Yamada" not in str(desk.deployment.dynamodb.written)


@pytest.mark.parametrize(
    ("moved", "why"),
    [
        ({"status": "PASSED", "workflow": "RESOLVED"}, "by now it is HIGH and resolved; shown was HIGH and open"),
        ({"workflow": "SUPPRESSED"}, "by now it is HIGH and suppressed; shown was HIGH and open"),
        ({"Severity": {"Label": "MEDIUM"}}, "by now it is MEDIUM and open; shown was HIGH and open"),
    ],
)
def test_what_has_moved_since_it_was_shown_is_refused(desk: Desk, moved: dict[str, Any], why: str) -> None:
    (problem,) = desk.deployment.put("a")
    shown = desk.shown(problem)
    desk.deployment.now += MINUTE
    desk.deployment.put("a", **moved)
    answer = desk.ask("findings suppress", {"days": 10, "reason": "Vendor fix is due"} | shown, "ben")
    assert (answer.outcome, answer.headline) == ("refused", why)
    assert desk.deployment.problem(problem).granted is None


def test_what_is_suppressed_may_be_suppressed_for_longer(desk: Desk) -> None:
    (problem,) = desk.deployment.put("ok1")
    assert desk.suppress(problem).outcome == "done"
    kept = desk.deployment.problem(problem)
    assert kept.granted is not None
    assert kept.state.lease is not None
    assert kept.state.lease.by == kept.granted.by


def test_the_tier_must_be_that_of_the_severity_when_it_is_carried_out(desk: Desk) -> None:
    (problem,) = desk.deployment.put("bad1")
    arguments = {"days": 10, "reason": "Vendor fix is due"} | desk.shown(problem) | {"tier": 0}
    answer = desk.ask("findings suppress", arguments)
    assert answer.headline == "by now a suppression of CRITICAL needs tier 2; this was of tier 0"
    assert status(desk, problem) is Status.OPEN


@pytest.mark.parametrize(("days", "outcome"), [(30, "done"), (31, "refused")])
def test_it_may_last_so_many_days_as_its_severity_allows(desk: Desk, days: int, outcome: str) -> None:
    (problem,) = desk.deployment.put("bad1")
    answer = desk.suppress(problem, days=days)
    assert answer.outcome == outcome
    if outcome == "refused":
        assert answer.headline == "CRITICAL may be suppressed for at most 30 days"


def test_a_suppression_that_would_not_hold_is_refused_and_not_kept(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    answer = desk.suppress(problem, "aiko")
    assert (answer.outcome, answer.headline) == ("refused", "aiko both asked and approved")
    assert desk.suppress(problem, reason=" \n ").headline == "it gives no reason"
    assert desk.deployment.problem(problem).granted is None


def test_what_was_granted_is_taken_back_and_in_security_hub_too(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    desk.suppress(problem)
    desk.deployment.rest()
    answer = desk.ask("findings unsuppress", {"problem": problem}, requester="ben")
    assert (answer.outcome, answer.headline) == ("done", "S3.8 is no longer suppressed by people")
    desk.deployment.rest()
    assert desk.deployment.hub.workflow(asff("a", at=NOW)["Id"]) == "NEW"
    assert desk.deployment.told("FindingOpened")[-1]["meta"]["actor"] == "ben"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ok1", "rule:accepted of config/findings.yaml suppresses it"),
        ("a", "nothing of ours suppresses it"),
    ],
)
def test_what_nobody_granted_cannot_be_taken_back(desk: Desk, name: str, why: str) -> None:
    (problem,) = desk.deployment.put(name)
    answer = desk.ask("findings unsuppress", {"problem": problem})
    assert (answer.outcome, answer.headline) == ("refused", why)


def test_a_problem_is_given_to_a_team_and_stays_with_it(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    answer = desk.ask("findings assign", {"problem": problem, "team": "records"})
    assert (answer.outcome, answer.headline) == ("done", "S3.8 is now of records")
    (told,) = desk.deployment.told("FindingChanged")
    assert (told["was_team"], told["meta"]["team"], told["meta"]["actor"]) == ("platform", "records", "aiko")
    desk.deployment.now += MINUTE
    desk.deployment.put("a", Title="Another one")
    assert desk.deployment.problem(problem).state.owner.team == "records"


def test_a_problem_is_given_back_to_whom_the_rules_say(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    desk.ask("findings assign", {"problem": problem, "team": "records"})
    answer = desk.ask("findings assign", {"problem": problem, "team": "rules"})
    assert (answer.outcome, answer.headline) == ("done", "S3.8 is now whose the rules say")
    owner = desk.deployment.problem(problem).state.owner
    assert (owner.team, owner.rule) == ("platform", "default")


@pytest.mark.parametrize(
    ("command", "arguments", "why"),
    [
        ("findings list", {"team": "nobody"}, "no such team; there are front-door, platform, records"),
        ("findings assign", {"problem": UNKNOWN, "team": "nobody"}, "no such team; there are front-door"),
        ("findings assign", {"problem": UNKNOWN, "team": "records"}, "no such problem here"),
        ("findings show", {"problem": UNKNOWN}, "no such problem here"),
        ("findings unsuppress", {"problem": UNKNOWN}, "no such problem here"),
        ("findings list", {"status": "resolved"}, "$.arguments.status: Invalid enum value"),
        ("findings list", {"count": 51}, "$.arguments.count: Expected `int` <= 50"),
        ("findings show", {"problem": "x"}, "$.arguments.problem: Expected `str` matching"),
        ("findings show", {}, "$.arguments: Object missing required field `problem`"),
        ("findings forget", {}, "the fleet of this account does not know the command"),
    ],
)
def test_what_is_unknown_or_unfit_is_refused_in_words(
    desk: Desk, command: str, arguments: dict[str, Any], why: str
) -> None:
    answer = desk.ask(command, arguments)
    assert answer.outcome == "refused"
    assert answer.headline.startswith(why)
    assert answer.table == []


def test_off_only_suppressions_are_taken_back(desk: Desk) -> None:
    (problem,) = desk.deployment.put("a")
    desk.suppress(problem)
    desk.deployment.parameters.values["/yagura/mode/findings"] = "off"
    desk.deployment.restart()
    for command in ("findings list", "findings numbers"):
        assert desk.ask(command).headline == "findings is off here"
    assert desk.ask("findings unsuppress", {"problem": problem}).outcome == "done"
