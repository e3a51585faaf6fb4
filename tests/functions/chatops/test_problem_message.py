"""What is said of each event about a problem, and where."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.events.envelope import receive
from fleet.events.findings import (
    AboutProblem,
    FindingChanged,
    FindingOpened,
    FindingOverdue,
    FindingResolved,
    FindingSuppressed,
    SuppressionExpiring,
)
from fleet.refusal import RefusedError
from functions.chatops import problem_message
from functions.chatops.message import Message, Priority
from functions.chatops.problem_message import ABOUT, Said, message, reply, said
from functions.chatops.routes import Routing
from functions.chatops.standing import BETWEEN
from tests.functions.chatops.office import ROUTING, opened
from tests.functions.chatops.problem_events import ARN, DAY_MS, OPENED_AT, ROUTES, about, version, word

ENDED: list[type[AboutProblem]] = [FindingSuppressed, FindingResolved]


def shown(word: Said) -> Message:
    assert word.standing
    return message(word.standing, word.channel, news=word.version)


def facts(message: Message) -> str:
    return str(message.blocks[2]["text"]["text"])  # type: ignore[index]


@pytest.mark.parametrize(
    ("service", "team", "channel"),
    [
        ("intake", "front-door", "#intake"),
        ("other", "front-door", "#front"),
        ("unknown", "platform", "#default"),
    ],
)
def test_the_channel_is_the_services_or_the_teams_or_the_default(service: str, team: str, channel: str) -> None:
    assert word(meta={"service": service, "team": team}).channel == channel


@pytest.mark.parametrize(("wanted", "channel"), [("#front", "#front"), ("#elsewhere", "#intake"), ("", "#intake")])
def test_policys_channel_goes_before_the_owners_if_the_configuration_knows_it(wanted: str, channel: str) -> None:
    assert word(channel=wanted).channel == channel


@pytest.mark.parametrize("kind", list(ABOUT.values()))
def test_a_problem_is_routed_as_it_was_opened_whatever_becomes_of_it(kind: type[AboutProblem]) -> None:
    route = {"match": {"event": ["FindingOpened"]}, "channel": "#route"}
    routing = msgspec.convert(ROUTING | {"routes": [route]}, Routing)
    assert said(receive(kind, about(kind)), routing).channel == "#route"


def test_an_event_of_an_account_outside_the_fleet_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        word(meta={"account": "999900001111"})
    assert (refusal.value.reason, refusal.value.path) == ("foreign", "$.detail.meta.account")


@pytest.mark.parametrize(("tell", "worth"), [("now", "news"), ("digest", "move"), ("never", "move")])
def test_what_can_wait_for_the_digest_is_no_news(tell: str, worth: str) -> None:
    found = word(tell=tell, severity="CRITICAL", anew=True, reopened=True)
    assert (found.worth, found.anew, bool(found.page)) == (worth, tell == "now", tell == "now")


@pytest.mark.parametrize("kind", [*ENDED, FindingOverdue])
def test_what_becomes_of_a_problem_is_no_news(kind: type[AboutProblem]) -> None:
    assert word(kind).worth == "edit"


@pytest.mark.parametrize(
    ("was", "tell", "worth"),
    [
        ({"was_severity": "LOW"}, "now", "news"),
        ({"was_severity": "LOW"}, "digest", "move"),
        ({"was_severity": "CRITICAL"}, "now", "edit"),
        ({"was_team": "platform"}, "now", "edit"),  # its service has a channel of its own
        ({"was_service": "other"}, "now", "news"),
        ({"was_service": "other"}, "digest", "move"),
        ({"was_channel": "#front"}, "now", "news"),
        ({"was_channel": "#elsewhere"}, "now", "edit"),
    ],
)
def test_a_change_is_news_where_it_moves_the_message_or_makes_it_worse(
    was: dict[str, Any], tell: str, worth: str
) -> None:
    assert word(FindingChanged, tell=tell, **was).worth == worth


def test_a_severity_that_routes_elsewhere_moves_the_message_too() -> None:
    route = {"match": {"severity": ["HIGH"]}, "channel": "#high"}
    routing = msgspec.convert(ROUTING | {"routes": [route]}, Routing)
    found = said(receive(FindingChanged, about(FindingChanged, was_severity="LOW")), routing)
    assert (found.worth, found.channel) == ("news", "#high")


@pytest.mark.parametrize(
    ("openings", "text"),
    [
        *((2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st")),
        *((22, "22nd"), (113, "113th"), (1, "1st")),
    ],
)
def test_a_problem_that_is_open_again_soon_is_replied_to(openings: int, text: str) -> None:
    found = reply(word(revision=7, reopened=True, openings=openings), "#intake")
    assert found.text == f"open again, the {text} time"
    assert (found.subject, found.thread, found.version) == (f"reply#p1#{version(7)}", "problem#p1", version(7))
    assert (found.reply_only, found.channel, found.priority) == (True, "#intake", Priority.NORMAL)


@pytest.mark.parametrize("about", [{}, {"reopened": True, "anew": True}, {"reopened": True, "tell": "digest"}])
def test_a_problem_that_is_posted_or_not_told_now_needs_no_reply(about: dict[str, Any]) -> None:
    assert word(**about).reply == ""


def test_a_reminder_is_a_reply_and_changes_nothing() -> None:
    found = word(FindingOverdue, stage="remind", due=OPENED_AT + DAY_MS)
    assert (found.reply, found.standing, found.own) == ("due on 2026-03-03", None, None)


def test_a_deadline_that_is_over_is_replied_and_shown() -> None:
    found = word(FindingOverdue)
    assert (found.reply, found.own) == ("overdue since 2026-03-02", None)
    assert found.standing
    assert found.standing.head == "S3.8 is overdue"


@pytest.mark.parametrize(("to", "channel"), [("#front", "#front"), ("", "#default"), ("#elsewhere", "#default")])
def test_an_escalation_is_a_message_of_its_own_that_goes_first(to: str, channel: str) -> None:
    own = word(FindingOverdue, 5, stage="escalate", escalate_to=to).own
    assert own
    assert (own.subject, own.channel, own.version) == (f"escalated#p1#{version(5)}", channel, version(5))
    assert (own.priority, own.news, own.worth) == (Priority.CRITICAL, 0, version(5))
    assert "S3.8 is overdue" in own.text
    assert own.blocks[3]["text"]["text"] == "`/yagura findings show hub p1`"  # type: ignore[index]


def test_an_escalation_is_news_where_it_goes_and_all_else_where_the_problem_belongs() -> None:
    found = word(FindingOverdue, stage="escalate", escalate_to="#front")
    assert (found.escalates, found.news_in, found.channel) == (True, "#front", "#intake")
    for other in (word(), word(FindingOverdue), word(SuppressionExpiring)):
        assert (other.escalates, other.news_in) == (False, "#intake")


def test_a_suppression_that_ends_soon_is_told_to_the_owner_with_who_asked_and_what_shows_it() -> None:
    found = word(SuppressionExpiring, meta={"account": "444455556666"})
    own = found.own
    assert own
    assert (own.subject, own.channel, own.priority) == (f"expiring#p1#{version(1)}", "#intake", Priority.NORMAL)
    assert own.text.startswith(":hourglass_flowing_sand: HIGH The suppression of S3.8 ends on 2026-03-09: Buckets")
    assert facts(own).splitlines()[4:] == [
        "*Until:* 2026-03-09 09:15 UTC",
        "*Asked by:* aiko",
        "*By:* rule:public-sites",
    ]
    assert own.blocks[3]["text"]["text"] == "`/yagura findings show clinic p1`"  # type: ignore[index]
    assert (found.standing, found.page, found.reply) == (None, None, "")


@pytest.mark.parametrize(("severity", "pages"), [("CRITICAL", True), ("HIGH", False)])
def test_who_is_paged_for_is_told_first(severity: str, pages: bool) -> None:
    found = word(severity=severity)
    assert shown(found).priority is (Priority.CRITICAL if pages else Priority.NORMAL)
    assert bool(found.page) is pages


def test_what_pages_is_told_first_although_it_is_not_critical() -> None:
    always = msgspec.convert(ROUTING | {"routes": [{"match": {}, "page": True}]}, Routing)
    assert shown(said(receive(FindingOpened, about()), always)).priority is Priority.CRITICAL


def test_a_page_says_what_the_message_says_without_markup() -> None:
    page = word(severity="CRITICAL", meta={"service": "billing"}).page
    assert page
    assert (page.subject, page.version) == ("problem#p1", version(1))
    assert (page.service, page.action, page.severity, page.source) == ("PBILL01", "trigger", "critical", ARN)
    assert page.summary == f"CRITICAL S3.8 is open: Buckets should block public access ({ARN})"
    assert page.control == "S3.8"
    assert page.details == {
        "Severity": "CRITICAL",
        "Owner": "front-door (billing, by tag)",
        "Account": "111122223333 eu-west-1 (staging)",
        "Resource": ARN,
    }


@pytest.mark.parametrize(
    ("severity", "urgency"), [("CRITICAL", "critical"), ("HIGH", "error"), ("MEDIUM", "warning"), ("LOW", "info")]
)
def test_a_page_is_as_urgent_as_the_finding_is_severe(severity: str, urgency: str) -> None:
    always = msgspec.convert(ROUTING | {"routes": [{"match": {}, "page": True}]}, Routing)
    page = said(receive(FindingOpened, about(severity=severity)), always).page
    assert page
    assert page.severity == urgency


@pytest.mark.parametrize("kind", ENDED)
def test_what_is_closed_or_suppressed_resolves_its_page_whatever_its_severity_is_by_now(
    kind: type[AboutProblem],
) -> None:
    page = word(kind, 4, severity="INFORMATIONAL").page
    assert page
    assert (page.subject, page.action, page.version) == ("problem#p1", "resolve", version(4))


@pytest.mark.parametrize("kind", [FindingChanged, FindingOverdue, SuppressionExpiring])
def test_nothing_else_pages_or_acknowledges(kind: type[AboutProblem]) -> None:
    was: dict[str, Any] = {"was_severity": "CRITICAL"} if kind is FindingChanged else {}
    assert word(kind, severity="CRITICAL", **was).page is None


def test_what_becomes_worse_wakes_as_if_it_were_opened_so() -> None:
    worse = word(FindingChanged, severity="CRITICAL", was_severity="MEDIUM")
    assert worse.page == word(severity="CRITICAL").page
    assert worse.page
    assert worse.reply == "CRITICAL now"


def test_an_older_sender_has_times_for_versions_and_each_of_them_is_older() -> None:
    found = said(receive(FindingOpened, opened(time=OPENED_AT)), ROUTES)
    assert found.version == OPENED_AT * BETWEEN < version(1)
    assert found.worth == "news"


def test_an_event_of_another_kind_is_not_passed_over() -> None:
    class FindingPainted(AboutProblem, frozen=True, kw_only=True):
        pass

    try:
        with pytest.raises(NotImplementedError, match="FindingPainted"):
            said(receive(FindingPainted, about(FindingPainted)), ROUTES)
    finally:
        del FindingPainted


@given(
    st.sampled_from(list(ABOUT.values())),
    st.fixed_dictionaries({name: st.text(max_size=2048) for name in ("title", "resource", "control")}),
)
@example(FindingOpened, {"title": "&" * 2048, "resource": "<" * 2048, "control": "&" * 2048})
@example(SuppressionExpiring, {"title": "", "resource": "", "control": ""})
def test_every_message_keeps_slacks_limits(kind: type[AboutProblem], finding: dict[str, Any]) -> None:
    found = word(kind, **finding)
    said = [shown(found)] if found.standing else []
    for one in [*said, *filter(None, [found.own])]:
        header, *sections, context = one.blocks
        assert 1 <= len(header["text"]["text"]) <= 150  # type: ignore[index]
        assert all(1 <= len(section["text"]["text"]) <= 3000 for section in sections)  # type: ignore[index]
        assert len(context["elements"][0]["text"]) <= 3000  # type: ignore[index]
        assert len(one.blocks) <= 50
        assert len(one.text) <= 3000


def test_all_events_about_problems_are_known() -> None:
    kinds = {kind for kind in AboutProblem.__subclasses__() if kind.__module__ == AboutProblem.__module__}
    assert set(problem_message.ABOUT.values()) == kinds
