"""What the configuration files may say, and what is said of what they may not."""

from pathlib import Path
from shutil import copy

import pytest

from stacks.config.load import ConfigError, load

ROOT = Path(__file__).parents[2]


FLEET, SERVICES, PEOPLE, ROUTES, FINDINGS = (
    f"config/{name}.yaml" for name in ("fleet", "services", "people", "routes", "findings")
)
LOCAL, LOCAL_PEOPLE, LOCAL_FINDINGS = "local/fleet.yaml", "local/people.yaml", "local/findings.yaml"
HUB_ROLE = "    role: hub\n    wave: 2\n    capabilities:\n      chatops: act\n"


def copied(tmp_path: Path) -> Path:
    """A copy of the repository's own configuration, to be broken."""
    for file in (FLEET, SERVICES, PEOPLE, ROUTES, FINDINGS, LOCAL, LOCAL_PEOPLE, LOCAL_FINDINGS):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        copy(ROOT / file, tmp_path / file)
    return tmp_path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copied(tmp_path)


def change(root: Path, file: str, old: str, new: str) -> None:
    """Replaces the first occurrence of a text that must be there."""
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new, 1))


def problems(root: Path, fleet_file: str = "config/fleet.yaml") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(root, fleet_file, {"port": "4566"})
    title, *lines = str(caught.value).split("\n")
    assert title.startswith("The configuration has ")
    assert len(lines) == len(caught.value.problems)
    return [line.strip() for line in lines]


def test_line_is_that_of_the_value(root: Path) -> None:
    change(root, FLEET, "region: ap-northeast-1", "region: nowhere")
    line = (root / FLEET).read_text().split("\n").index("    region: nowhere") + 1
    assert problems(root)[0].startswith(f"{FLEET}:{line}: accounts[0].region: found nowhere;")


BROKEN_FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "found no such file; expected a YAML file; create it"),
    "empty": (b"", "found an empty file"),
    "only comments": (b"# nothing\n", "found an empty file"),
    "a scalar": (b"hello", "1: found hello; expected a mapping of fields"),
    "a list": (b"- a", "1: found a list; expected a mapping of fields"),
    "null": (b"null", "1: found null; expected a mapping of fields"),
    "not UTF-8": (b"name: a\nunit: \xff", "2: found the byte 0xff, which is not UTF-8; expected text in UTF-8; save"),
    "UTF-16": ("name: a".encode("utf-16"), "found the byte 0xff"),
    "control character": (b"name: a\nb: \x00", "2: found a control character"),
    "escape beyond Unicode": (b'name: "\\UFFFFFFFF"', "found a character that does not exist"),
    "syntax": (b"name: a\n  b: c\n", "2: found mapping values are not allowed here; expected valid YAML"),
    "tab": (b"alarms:\n\temail: a\n", "2: found "),
    "open bracket": (b"a: [1, 2\n", "2: found expected ',' or ']'"),
    "two documents": (b"a: 1\n---\nb: 1\n", "2: found but found another document; expected valid YAML"),
    "alias bomb": (
        b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (i + 1, i + 1, i, i) for i in range(97, 120)),
        "2: found the alias *a; expected valid YAML; write the value out here",
    ),
    "deep nesting": (b"a: " + b"[" * 100_000, "1: found more than 20 levels of nesting"),
    "5 MB": (b"a: 1\n" * 1_000_000, "found more than 1 MB; expected at most 1 MB of YAML"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
@pytest.mark.parametrize("file", [FLEET, SERVICES, PEOPLE, ROUTES, FINDINGS])
def test_broken_file_is_told_clearly(root: Path, file: str, case: str) -> None:
    content, says = BROKEN_FILES[case]
    (root / file).unlink() if content is None else (root / file).write_bytes(content)
    lines = problems(root)
    assert lines[0].startswith(f"{file}:")
    assert says in lines[0]
    assert all(line.startswith(file) for line in lines), "the other files are sound"


def test_directory_in_place_of_a_file_is_told(root: Path) -> None:
    (root / FLEET).unlink()
    (root / FLEET).mkdir()
    assert problems(root) == [f"{FLEET}: found is a directory; expected a YAML file; make it readable"]


def test_all_problems_of_all_files_are_told_at_once_in_their_order(root: Path) -> None:
    change(root, FLEET, '"111122223333"', "012345670123")
    change(root, FLEET, "environment: staging", "enviroment: staging")
    change(root, FLEET, "region: ap-northeast-1", "region: ap-norteast-1")
    change(root, FLEET, "    role: spoke\n    wave: 2\n    capabilities:\n", HUB_ROLE)
    change(root, SERVICES, "team: payments", "team: paiments")
    change(root, SERVICES, "tier: 2", "tier: two")
    change(root, PEOPLE, "teams: [payments]", "teams: [paiments]")
    change(root, ROUTES, "page: true", "page: yes")
    lines = problems(root)
    paths = [line.split(": ")[1] for line in lines]
    assert paths == [
        "accounts[0].id",
        "accounts[0].region",
        "accounts[1].role",
        "accounts[4].enviroment",
        "people[2].teams[0]",
        "routes[0].page",
        "services[0].team",
        "services[2].tier",
    ]
    assert [line.split(":")[0] for line in lines] == [FLEET] * 4 + [PEOPLE, ROUTES] + [SERVICES] * 2


def test_account_that_cannot_be_read_brings_no_problems_about_its_name(root: Path) -> None:
    change(root, FLEET, "name: security-audit", "name: Security Audit")
    assert [line.split(": ")[1] for line in problems(root)] == ["accounts[1].name"]


def test_of_very_many_problems_the_first_hundred_are_shown(root: Path) -> None:
    (root / SERVICES).write_text("".join(f"x{i}: 1\n" for i in range(200)))
    with pytest.raises(ConfigError) as caught:
        load(root)
    assert len(caught.value.problems) == 202
    assert str(caught.value).endswith("... and 102 more")


def test_one_account_has_one_environment_and_unit(root: Path) -> None:
    second = "region: us-east-1\n    environment: development\n    unit: Sandbox\n"
    change(root, FLEET, "region: ap-northeast-1\n    environment: staging\n    unit: Workloads/Staging\n", second)
    change(root, FLEET, 'id: "666677778888"', 'id: "555566667777"')
    text = "\n".join(problems(root))
    assert "accounts[4].environment: found development; expected production, as accounts[3] says" in text
    assert "accounts[4].unit: found Sandbox; expected Workloads/Production, as accounts[3] says" in text


def test_own_configuration_loads(root: Path) -> None:
    config = load(root)
    assert config.fleet.hub.name == "hub"
    assert "payments-production" in [account.name for account in config.fleet.spokes]
    assert config.fleet.slack.api == "https://slack.com/api/"
    assert [account.mode("foundation") for account in config.fleet.accounts] == ["observe"] * 6


def test_unquoted_off_is_the_mode_off(root: Path) -> None:
    change(root, FLEET, "wave: 3\n    capabilities:\n      findings: observe", "capabilities:\n      findings: off")
    assert load(root).fleet.accounts[2].mode("findings") == "off"


def test_local_fleet_loads_with_its_port(root: Path) -> None:
    fleet = load(root, LOCAL, {"port": "4577"}).fleet
    assert fleet.slack.api == "http://127.0.0.1:4577/_local/slack/api/"
    assert fleet.clock is not None
    assert fleet.clock.factor == 1
    assert (fleet.hub.region, fleet.hub.mode("chatops")) == ("us-east-1", "act")


def test_local_fleet_without_its_port_is_told(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"slack.api: found .* expected no \$\{port\}; write the value itself"):
        load(root, LOCAL)


def test_local_fleet_has_only_local_environments(root: Path) -> None:
    change(root, LOCAL, "environment: local", "environment: sandbox")
    assert "accounts[0].environment: found sandbox; expected local, as in every account" in problems(root, LOCAL)[0]


def test_substituted_text_cannot_change_the_structure(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"slack\.api"):
        load(root, LOCAL, {"port": '1"\nname: "evil'})


def test_one_account_in_two_regions_that_agrees_with_itself_loads(root: Path) -> None:
    change(
        root, FLEET, "environment: staging\n    unit: Workloads/Staging", "environment: production\n    unit: Security"
    )
    change(root, FLEET, 'id: "666677778888"\n    region: ap-northeast-1', 'id: "222233334444"\n    region: us-east-1')
    assert load(root).fleet.accounts[4].id == "222233334444"


def test_local_fleet_has_people_of_its_own_and_the_routes_of_all(root: Path) -> None:
    change(root, LOCAL_PEOPLE, "id: chie", "id: chiemi")
    change(root, ROUTES, '"#sandbox-findings"', '"#somewhere"')
    local, own = load(root, LOCAL, {"port": "4577"}), load(root)
    assert [person.id for person in local.people.people] == ["aiko", "ben", "chiemi"]
    assert [person.id for person in own.people.people] == ["aiko", "ben", "chie"]
    assert local.routes.routes[1].channel == own.routes.routes[1].channel == "#somewhere"


def test_a_fleet_file_without_people_beside_it_has_those_of_config(root: Path) -> None:
    (root / LOCAL_PEOPLE).unlink()
    change(root, PEOPLE, "id: chie", "id: chiemi")
    assert load(root, LOCAL, {"port": "4577"}).people.people[2].id == "chiemi"


def test_problems_of_people_name_the_file_that_they_are_in(root: Path) -> None:
    change(root, LOCAL_PEOPLE, "id: chie", "id: Chie")
    assert problems(root, LOCAL)[0].startswith(f"{LOCAL_PEOPLE}:")
    assert load(root).people.sre_team == "sre"


def test_what_slack_needs_has_defaults(root: Path) -> None:
    change(root, FLEET, "  secret_name: /yagura/slack/bot-token\n", "")
    change(root, FLEET, "  signing_secret_name: /yagura/slack/signing-secret\n", "")
    change(root, FLEET, "pagerduty:\n  secret_name: /yagura/pagerduty/routing-keys\n", "pagerduty: {}\n")
    fleet = load(root).fleet
    slack, pagerduty = fleet.slack, fleet.pagerduty
    assert (slack.secret_name, slack.signing_secret_name) == ("/yagura/slack/bot-token", "/yagura/slack/signing-secret")
    assert (slack.api, slack.hooks) == ("https://slack.com/api/", "https://hooks.slack.com/")
    assert pagerduty is not None
    assert (pagerduty.api, pagerduty.secret_name) == (
        "https://events.pagerduty.com/v2/",
        "/yagura/pagerduty/routing-keys",
    )


def test_without_pages_a_fleet_needs_no_pagerduty(root: Path) -> None:
    change(root, ROUTES, "page: true", "page: false")
    change(root, FLEET, "pagerduty:\n  secret_name: /yagura/pagerduty/routing-keys\n", "")
    assert load(root).fleet.pagerduty is None


def test_a_local_fleet_speaks_to_the_local_slack_and_pagerduty(root: Path) -> None:
    fleet = load(root, LOCAL, {"port": "4577"}).fleet
    assert fleet.slack.hooks == "http://127.0.0.1:4577/_local/slack/hooks/"
    assert fleet.pagerduty is not None
    assert fleet.pagerduty.api == "http://127.0.0.1:4577/_local/pagerduty/v2/"


def test_the_archive_is_the_account_that_the_file_names(root: Path) -> None:
    assert (load(root).fleet.archive.id, load(root).fleet.archive.role) == ("777788889999", "spoke")


def test_with_identity_center_the_sre_team_may_have_nobody_pinned(root: Path) -> None:
    (root / PEOPLE).write_text(IDENTITY_CENTER)
    people = load(root).people
    assert people.identity_center is not None
    assert people.identity_center.groups == {"a1b2c3d4-0000-1111-2222-333344445555": "sre"}


IDENTITY_CENTER = """\
sre_team: sre
people:
  - id: aiko
    slack: U0AIKO00000
    identity_user: "11111111-2222-3333-4444-555555555555"
  - id: ben
    slack: U0BEN000000
    identity_user: "22222222-3333-4444-5555-666666666666"
identity_center:
  store: d-1234567890
  region: ap-northeast-1
  role: arn:aws:iam::999988887777:role/yagura/read-identities
  groups:
    "a1b2c3d4-0000-1111-2222-333344445555": sre
"""


def test_two_people_of_one_role_of_identity_center_are_two(root: Path) -> None:
    change(root, PEOPLE, "AWSReservedSSO_SRE_*/ben@", "AWSReservedSSO_SRE_0123456789abcdef/ben@")
    assert load(root).people.people[1].principals[0].endswith("abcdef/ben@example.com")


def test_a_narrower_route_may_stand_before_a_wider_one_and_beside_another(root: Path) -> None:
    (root / ROUTES).write_text(
        """\
routes:
  - match: {severity: [CRITICAL], team: [sre, payments]}
  - match: {severity: [CRITICAL, HIGH], team: [sre]}
  - match: {severity: [CRITICAL], team: [records]}
  - match: {severity: [CRITICAL]}
    channel: C0123456789
  - channel: "#rest"
"""
    )
    routes = load(root).routes.routes
    assert [route.channel for route in routes] == ["owner", "owner", "owner", "C0123456789", "#rest"]
    assert [route.page for route in routes] == [False] * 5


def test_a_hundred_routes_are_read_and_one_more_is_told(root: Path) -> None:
    def routes(count: int) -> str:
        return "routes:\n" + "".join(f"  - match: {{team: [team-{i}]}}\n" for i in range(count))

    services = "".join(f'  - {{name: team-{i}, slack_channel: "#c"}}\n' for i in range(101))
    change(root, SERVICES, "teams:\n", f"teams:\n{services}")
    (root / ROUTES).write_text(routes(100))
    assert len(load(root).routes.routes) == 100
    (root / ROUTES).write_text(routes(101))
    (line,) = problems(root)
    assert line == (
        f"{ROUTES}:2: routes: found 101 routes; expected at most 100 routes; "
        "let a route match more, or tell it to the owner"
    )


def test_no_routes_at_all_is_a_configuration(root: Path) -> None:
    (root / ROUTES).write_text("routes: []\n")
    assert load(root).routes.routes == []
