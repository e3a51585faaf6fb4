"""What routes may not say, and the words in which that is told."""

from pathlib import Path

import pytest

from stacks.config.load import load
from tests.stacks.test_config import FLEET, ROUTES, SERVICES, change, copied, problems
from tests.stacks.test_config_bad_values import assert_told

# File, a text in it, what is put in its place, and what the problem then says: path, value, advice.
BAD: dict[str, tuple[str, ...]] = {
    "an unknown severity": (
        ROUTES,
        "[CRITICAL]",
        "[SEVERE]",
        "routes[0].match.severity[0]: found SEVERE; expected one of CRITICAL, HIGH, INFORMATIONAL, LOW, MEDIUM;",
    ),
    "a route's team that is not there": (
        ROUTES,
        "[payments, records]",
        "[payments, record]",
        "routes[0].match.team[1]: found record; expected a team of services.yaml; did you mean records?",
    ),
    "an unknown environment": (
        ROUTES,
        "[sandbox]",
        "[sandbx]",
        "found sandbx; expected one of",
        "did you mean sandbox?",
    ),
    "an unknown event": (
        ROUTES,
        "[FindingOpened]",
        "[FindingOpend]",
        "routes[1].match.event[0]: found FindingOpend; expected an event of the fleet; did you mean FindingOpened?",
    ),
    "an event like no other": (
        ROUTES,
        "[FindingOpened]",
        "[Zzz]",
        "found Zzz; expected an event of the fleet; write",
    ),
    "an event of lower case": (
        ROUTES,
        "[FindingOpened]",
        "[finding]",
        "found finding; expected the name of a fleet",
    ),
    "a condition that nothing fulfils": (
        ROUTES,
        "[sandbox]",
        "[]",
        "routes[1].match.environment: found an empty list; expected a list of at least one;",
        "remove the line if it may be anything",
    ),
    "a route after one for everything": (
        ROUTES,
        "routes:\n",
        'routes:\n  - channel: "#all"\n  - match:\n      event: [FindingOpened]\n',
        "routes[1]: found a mapping; expected a route that something can reach: routes[0] takes all of it before;",
        "move it up, or remove one of the two",
        "routes[2]: found a mapping; expected a route that something can reach: routes[0]",
        "routes[3]: found a mapping; expected a route that something can reach: routes[0]",
    ),
    "a route inside one before it": (
        ROUTES,
        "routes:\n",
        "routes:\n  - match:\n      severity: [HIGH, CRITICAL]\n",
        "routes[1]: found a mapping; expected a route that something can reach: routes[0] takes all of it before",
    ),
    "an unknown channel": (
        ROUTES,
        "channel: owner",
        "channel: owners",
        "routes[0].channel: found owners; expected owner, or a Slack channel in quotes",
    ),
    "a route's channel that YAML drops": (ROUTES, "channel: owner", "channel: #x", "routes[0].channel: found nothing;"),
    "a page that nobody gets": (
        SERVICES,
        "    pagerduty_service: PREC001\n",
        "",
        "routes[0].page: found true; expected false: records has no pagerduty_service;",
        "add pagerduty_service to it in services.yaml, or remove page",
    ),
    "pages without PagerDuty": (
        FLEET,
        "pagerduty:\n  secret_name: /yagura/pagerduty/routing-keys\n",
        "",
        "routes[0].page: found true; expected false: the fleet has no pagerduty;",
        "add pagerduty: {} to the fleet's file, or remove routes[0].page",
    ),
}
FOUND_IN = {"a page that nobody gets": ROUTES, "pages without PagerDuty": ROUTES}
"""Two files disagree: it is told where it can be seen."""
CONSEQUENCES = {"a route after one for everything": 2}


@pytest.mark.parametrize("case", BAD)
def test_bad_value_is_told_with_file_line_path_value_and_advice(tmp_path: Path, case: str) -> None:
    file, old, new, *says = BAD[case]
    count = 1 + CONSEQUENCES.get(case, 0)
    assert_told(tmp_path, file, old, new, says, count=count, told_in=FOUND_IN.get(case, file))


def test_a_team_is_paged_by_the_pagerduty_service_of_one_of_its_services(tmp_path: Path) -> None:
    root = copied(tmp_path)
    change(root, SERVICES, "    pagerduty_service: PREC001\n", "")
    change(root, SERVICES, "    team: records\n", "    team: records\n    pagerduty_service: PREC002\n")
    assert load(root).routes.routes[0].page


def test_the_default_team_without_an_entry_has_no_pagerduty_service(tmp_path: Path) -> None:
    root = copied(tmp_path)
    sre = '  - name: sre\n    slack_channel: "#sre-fleet"\n    pagerduty_service: PSRE001\n'
    change(root, SERVICES, f"{sre}    units: [Infrastructure, Security]\n", "")
    change(root, ROUTES, "team: [payments, records]", "team: [sre]")
    (line,) = problems(root)
    assert "expected false: sre has no pagerduty_service" in line
