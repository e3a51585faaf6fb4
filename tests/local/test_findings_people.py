"""Findings and people, end to end: who is told, what they say in Slack, what the clock does, and issues in GitHub."""

from typing import Any

import pytest

from local import demo_findings, trace
from local.chat import AIKO, BEN, CHIE, words
from local.client import github_behave, github_issues
from local.process import Instance
from local.sample_findings import Finding, stamp
from tests.local.conftest import eventually
from tests.local.hub_watch import PATIENCE, Watch, control_of

pytestmark = pytest.mark.local
TAKEN_BACK = "yagura: the suppression has ended"


@pytest.fixture
def hub(fleet: Instance) -> Watch:
    github_behave(fleet)
    return Watch(fleet)


def test_the_scene_keeps_every_promise(fleet: Instance) -> None:
    """Told once, suppressed by two people, ended by its lease, a ticket: Security Hub, Slack and GitHub agree."""
    steps: list[str] = []
    assert demo_findings.run(fleet, steps.append) == [], f"{steps}\n{trace.failures(fleet)}"


def test_a_problem_that_comes_back_under_a_new_id_is_the_same_one_open_again(hub: Watch) -> None:
    first = hub.fresh()
    hub.find(first)
    hub.says(first, "is open")
    hub.find(first | {"RecordState": "ARCHIVED", "UpdatedAt": stamp()})
    hub.says(first, "is gone")
    hub.find(first | {"Id": f"{first['Id'][:-4]}beef", "UpdatedAt": stamp()})
    hub.says(first, "is open again")
    problem = hub.becomes(first, "open")
    assert (len(problem["copies"]), problem["state"]["openings"]) == (2, 2)
    assert len(hub.messages(first)) == 1


def test_what_a_tag_says_is_no_channel(hub: Watch) -> None:
    one = hub.fresh(service="#general")
    hub.find(one)
    assert hub.says(one, "is open")["channel_name"] == "sre-fleet"


def test_people_list_give_away_and_take_back(hub: Watch) -> None:
    one = hub.fresh()
    hub.find(one)
    assert hub.says(one, "is open")["channel_name"] == "team-payments"
    problem = hub.becomes(one, "open")
    hub.asks(AIKO, "findings list local-spoke payments", problem["id"])
    hub.asks(CHIE, f"findings assign local-spoke {problem['id']} records", "is for people of sre")
    hub.does(AIKO, f"findings assign local-spoke {problem['id']} records")
    hub.says(one, "is now owned by records")
    assert eventually(lambda: _channels(hub, one) == {"team-payments", "team-records"}, seconds=PATIENCE)
    hub.suppressed(one, 30, "It is replaced within the month")
    assert "It is replaced within the month" in hub.is_there(one, "SUPPRESSED")
    hub.does(BEN, f"findings unsuppress local-spoke {problem['id']}")
    assert hub.is_there(one, "NEW") == TAKEN_BACK
    hub.says(one, "is open again")
    hub.asks(AIKO, "findings numbers", "open problem")
    hub.asks(AIKO, f"findings show local-spoke {'0' * 32}", "no such problem here")


def test_an_issue_whose_answer_was_lost_is_not_opened_twice(fleet: Instance, hub: Watch) -> None:
    one = hub.fresh(severity="CRITICAL")
    github_behave(fleet, next=1, status=502, done=True)
    with hub.trouble("tickets"):
        hub.find(one)
        assert eventually(lambda: _issues(fleet, one), seconds=PATIENCE), trace.failures(fleet)
    with hub.ahead() as time:
        hub.issue_is_free(one)
        time.goes("+2h")
        assert eventually(lambda: (hub.becomes(one, "open").get("issue") or {}).get("number"), seconds=PATIENCE)
    assert len(_issues(fleet, one)) == 1


def test_what_the_clock_does(hub: Watch) -> None:
    due, quiet, leased = hub.fresh(), hub.fresh(severity="MEDIUM"), hub.fresh()
    hub.find(due, quiet, leased)
    hub.says(due, "is open")
    hub.suppressed(leased, 15, "It is gone by then, says its owner")
    hub.is_there(leased, "SUPPRESSED")
    assert hub.messages(quiet) == []
    with hub.ahead() as time:
        time.goes("+5d")
        assert eventually(
            lambda: [each for each in hub.told("open problems (") if "1 MEDIUM" in words(each)], seconds=PATIENCE
        )
        time.goes("+8d")
        assert eventually(lambda: hub.told("due on"), seconds=PATIENCE)
        assert eventually(lambda: hub.told(f"The suppression of {control_of(leased)} ends"), seconds=PATIENCE)
        time.goes("+1d")
        hub.says(due, "is overdue")
        assert eventually(lambda: hub.told("overdue since"), seconds=PATIENCE)
        time.goes("+3d")
        assert eventually(lambda: len(hub.messages(due)) == 2, seconds=PATIENCE)
        hub.says(leased, "is open again")
        assert hub.is_there(leased, "NEW") == TAKEN_BACK


def test_sixty_problems_of_one_new_control_are_few_messages(hub: Watch) -> None:
    control = control_of(hub.fresh())
    hub.find(*(hub.fresh(control=control, service="patient-records") for _ in range(60)))
    assert eventually(lambda: hub.told(f"{control}: 60 problems within"), seconds=2 * PATIENCE), hub.told(control)
    hub.rest()
    assert len(hub.told(f"{control} is open")) == 5
    assert len(hub.told(f"{control}: 60 problems within")) == 1


def _issues(fleet: Instance, one: Finding) -> list[dict[str, Any]]:
    return [each for each in github_issues(fleet) if one["Title"] in each["title"]]


def _channels(hub: Watch, one: Finding) -> set[str]:
    return {str(each["channel_name"]) for each in hub.messages(one)}
