"""What may not be said of people, Slack, PagerDuty and the audit trail, and the words in which that is told."""

from pathlib import Path

import pytest

from stacks.config.load import load
from tests.stacks.test_config import (
    FLEET,
    IDENTITY_CENTER,
    LOCAL,
    LOCAL_PEOPLE,
    PEOPLE,
    ROUTES,
    SERVICES,
    change,
    copied,
    problems,
)
from tests.stacks.test_config_bad_values import assert_told

AIKO = '"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_*/aiko@example.com"'
BEN = '"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_*/ben@example.com"'
NO_PRINCIPAL = "found {}; expected the ARN of one person's IAM user or role session"

# File, a text in it, what is put in its place, and what the problem then says: path, value, advice.
BAD: dict[str, tuple[str, ...]] = {
    "Slack without a workspace": (
        FLEET,
        "  team: T0ACME00000\n",
        "",
        "slack.team: found nothing;",
        "add the field team",
    ),
    "a workspace by its name": (
        FLEET,
        "team: T0ACME00000",
        "team: acme",
        "slack.team: found acme; expected the id",
    ),
    "answers without TLS": (
        FLEET,
        "slack:\n",
        "slack:\n  hooks: http://hooks.example.com/\n",
        "slack.hooks: found http://hooks.example.com/; expected an https address; begin it with https://",
    ),
    "pages without TLS": (
        FLEET,
        "pagerduty:\n",
        "pagerduty:\n  api: http://pages.example.com/\n",
        "pagerduty.api: found http://pages.example.com/; expected an https address; begin it with https://",
    ),
    "two secrets of one name": (
        FLEET,
        "/yagura/slack/signing-secret",
        "/yagura/slack/bot-token",
        "slack.signing_secret_name: found /yagura/slack/bot-token; expected a secret of its own: slack.secret_name is",
        "change one",
    ),
    "PagerDuty's secret is Slack's": (
        FLEET,
        "/yagura/pagerduty/routing-keys",
        "/yagura/slack/bot-token",
        "pagerduty.secret_name: found /yagura/slack/bot-token; expected a secret of its own: slack",
    ),
    "no audit": (FLEET, "audit:\n  account: audit-archive\n", "", "audit: found nothing; expected a mapping"),
    "an account for the audit trail that is not there": (
        FLEET,
        "account: audit-archive",
        "account: audit-archiv",
        "audit.account: found audit-archiv; expected the name of an account other than the hub; did you mean",
    ),
    "no account for the audit trail": (
        FLEET,
        "account: audit-archive",
        "account: zzz",
        "audit.account: found zzz; expected the name of an account other than the hub;",
        "add an account for it, which nothing else uses",
    ),
    "the hub keeps its own audit trail": (
        FLEET,
        "account: audit-archive",
        "account: hub",
        "audit.account: found hub; expected an account other than the hub;",
        "name another account: who administers the hub must not be able to rewrite what it did",
    ),
    "production's audit trail in another environment": (
        FLEET,
        "account: audit-archive",
        "account: records-staging",
        "audit.account: found records-staging; expected an account of the environment production, as the hub is;",
        "elsewhere anchors are locked for a day, by a lock that whoever administers the account can lift",
    ),
    "a person twice": (
        PEOPLE,
        "id: chie",
        "id: ben",
        "people[2].id: found ben; expected one person for each: people[1].id is the same;",
        "two entries of one person would be four eyes: merge them, or correct one",
    ),
    "a Slack id of two people": (
        PEOPLE,
        "U0BEN000000",
        "U0AIKO00000",
        "people[1].slack: found U0AIKO00000; expected one person for each: people[0].slack is the same;",
    ),
    "a Slack name": (
        PEOPLE,
        "slack: U0CHIE00000",
        'slack: "@chie"',
        'people[2].slack: found "@chie"; expected the id of a Slack user, for example U0123456789;',
        "copy the member id from the person's profile in Slack: names can be changed, ids cannot",
    ),
    "a person without a Slack id": (PEOPLE, "    slack: U0CHIE00000\n", "", "people[2].slack: found nothing;"),
    "a person's team that is not there": (
        PEOPLE,
        "[payments]",
        "[payment]",
        "people[2].teams[0]: found payment; expected a team of services.yaml; did you mean payments?",
    ),
    "a person's team like no other": (
        PEOPLE,
        "[payments]",
        "[zzz]",
        "people[2].teams[0]: found zzz; expected a team of services.yaml;",
        "add it there, or name one of those: payments, records, scheduling, sre",
    ),
    "only one person of the SRE team": (
        PEOPLE,
        "id: ben\n    slack: U0BEN000000\n    teams: [sre]",
        "id: ben\n    slack: U0BEN000000\n    teams: [records]",
        "people: found 1 of sre; expected at least two people of sre: nobody approves his own request, so tier 1",
        "would be stuck; add somebody, or add sre to somebody's teams",
    ),
    "nobody of the SRE team": (
        PEOPLE,
        "sre_team: sre",
        "sre_team: records",
        "people: found nobody of records",
    ),
    "a principal of two people": (
        PEOPLE,
        BEN,
        AIKO,
        f"people[1].principals[0]: found {AIKO[:57]}...; expected a principal of one person:",
        "people[0].principals[0] stands for it too; remove one of the two",
    ),
    "a principal inside another's": (
        PEOPLE,
        BEN,
        '"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123456789abcdef/aiko@example.com"',
        "people[1].principals[0]: found ",
        "expected a principal of one person: people[0].principals[0] stands for it too; remove one of the two",
    ),
    "a principal around another's": (
        PEOPLE,
        AIKO,
        '"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123456789abcdef/ben@example.com"',
        "people[0].principals[0]: found ",
        "expected a principal of one person: people[1].principals[0] stands for it too",
    ),
    "a principal twice": (
        PEOPLE,
        f"[{BEN}]",
        f"[{BEN}, {BEN}]",
        "people[1].principals[1]: found ",
        "people[1].principals[0] stands for it too",
    ),
    "a session of anybody": (
        PEOPLE,
        AIKO,
        '"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0/*"',
        NO_PRINCIPAL.format('"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SR...'),
        "write out who it is: aws sts get-caller-identity shows it",
    ),
    "sessions of a name": (PEOPLE, "/aiko@example.com", "/aiko@*", "people[0].principals[0]: found "),
    "any role": (PEOPLE, "AWSReservedSSO_SRE_*/aiko", "*/aiko", "people[0].principals[0]: found "),
    "any role of Identity Center": (PEOPLE, "SSO_SRE_*/aiko", "SSO_*/aiko", "people[0].principals[0]: found "),
    "some roles of Identity Center": (PEOPLE, "SSO_SRE_*/aiko", "SSO_SRE*/aiko", "people[0].principals[0]: found "),
    "* in the middle of a role": (PEOPLE, "SSO_SRE_*/aiko", "SSO_*_SRE/aiko", "people[0].principals[0]: found "),
    "a role whose end anybody may choose": (
        PEOPLE,
        "AWSReservedSSO_SRE_*/aiko",
        "operators_*/aiko",
        "people[0].principals[0]: found ",
    ),
    "any account": (PEOPLE, "111122223333:assumed-role", "*:assumed-role", "people[0].principals[0]: found "),
    "everybody": (PEOPLE, AIKO, '"*"', NO_PRINCIPAL.format('"*"')),
    "a whole account": (
        PEOPLE,
        AIKO,
        '"arn:aws:iam::111122223333:root"',
        NO_PRINCIPAL.format('"arn:aws:iam::111122223333:root"'),
    ),
    "a whole role": (PEOPLE, AIKO, '"arn:aws:iam::111122223333:role/operators"', "people[0].principals[0]: found "),
    "* for users": (PEOPLE, AIKO, '"arn:aws:iam::111122223333:user/*"', "people[0].principals[0]: found "),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_value_is_told_with_file_line_path_value_and_advice(tmp_path: Path, case: str) -> None:
    file, old, new, *says = BAD[case]
    assert_told(tmp_path, file, old, new, says)


BAD_IDENTITY_CENTER: dict[str, tuple[str, ...]] = {
    "a person who could be two": (
        '    identity_user: "11111111-2222-3333-4444-555555555555"\n',
        "",
        "people[0].identity_user: found nothing; expected the id of the same person in IAM Identity Center;",
        "add it: a second Slack account of this person, found by e-mail, would else be somebody else",
    ),
    "a user of two people": (
        "identity_center:\n",
        "  - {id: chie, slack: U0CHIE00000, identity_user: 11111111-2222-3333-4444-555555555555}\nidentity_center:\n",
        "people[2].identity_user: found 11111111-2222-3333-4444-555555555555; expected one person for each:",
        "people[0].identity_user is the same;",
    ),
    "a user's name": (
        "11111111-2222-3333-4444-555555555555",
        "aiko",
        "expected the id of a user in IAM Identity Center",
    ),
    "a group's name": (
        "a1b2c3d4-0000-1111-2222-333344445555",
        "operators",
        "identity_center.groups.operators: found ",
        "expected the id of a group in IAM Identity Center",
    ),
    "a group's team that is not there": (
        '333344445555": sre',
        '333344445555": sr',
        "identity_center.groups.a1b2c3d4-0000-1111-2222-333344445555: found sr; expected a team of services.yaml; did",
    ),
    "a store that is none": ("d-1234567890", "d-1", "identity_center.store: found d-1; expected the id of an identity"),
    "a role of somebody else's": (
        "role/yagura/read-identities",
        "role/admin",
        "identity_center.role: found arn:aws:iam::999988887777:role/admin; expected the ARN of a role below /yagura/",
    ),
}


@pytest.mark.parametrize("case", BAD_IDENTITY_CENTER)
def test_bad_identity_center_is_told(tmp_path: Path, case: str) -> None:
    old, new, *says = BAD_IDENTITY_CENTER[case]
    assert old in IDENTITY_CENTER
    content = (copied(tmp_path) / PEOPLE).read_text()
    assert_told(tmp_path, PEOPLE, content, IDENTITY_CENTER.replace(old, new, 1), says)


def test_an_sre_team_that_is_not_there_is_told_with_what_follows(tmp_path: Path) -> None:
    root = copied(tmp_path)
    change(root, PEOPLE, "sre_team: sre", "sre_team: ser")
    first, second = problems(root)
    assert "sre_team: found ser; expected a team of services.yaml; did you mean sre?" in first
    assert "people: found nobody of ser" in second


def test_the_hub_of_another_region_is_the_hub_too(tmp_path: Path) -> None:
    root = copied(tmp_path)
    change(root, FLEET, 'id: "777788889999"\n    region: ap-northeast-1', 'id: "111122223333"\n    region: us-east-1')
    change(root, FLEET, "unit: Security\n    role: spoke\n    wave: 1", "unit: Infrastructure/SRE\n    role: spoke")
    (line,) = problems(root)
    assert "audit.account: found audit-archive; expected an account other than the hub" in line


def test_a_hub_that_is_not_productions_may_have_an_audit_account_that_is_not_either(tmp_path: Path) -> None:
    root = copied(tmp_path)
    hub = 'id: "111122223333"\n    region: ap-northeast-1\n    environment: '
    change(root, FLEET, f"{hub}production", f"{hub}staging")
    change(root, FLEET, "account: audit-archive", "account: records-staging")
    assert load(root).fleet.audit.account == "records-staging"


@pytest.mark.parametrize("broken", [FLEET, SERVICES])
def test_a_file_that_cannot_be_read_brings_no_problems_about_teams_and_pages(tmp_path: Path, broken: str) -> None:
    root = copied(tmp_path)
    (root / broken).write_text("[]\n")
    change(root, PEOPLE, "[payments]", "[zzz]")
    lines = [line.split(":")[0] for line in problems(root)]
    assert lines == ([FLEET, PEOPLE] if broken == FLEET else [SERVICES])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (SERVICES, "- name: records", "- name: Records"),
        (PEOPLE, "teams: [payments]", "teams: payments"),
        (PEOPLE, "id: ben", "id: Ben"),
        (PEOPLE, "teams: [sre]", "teams: [SRE]"),
        (PEOPLE, "sre_team: sre", "sre_team: SRE"),
        (ROUTES, "severity: [CRITICAL]", "severity: CRITICAL"),
        (ROUTES, "severity: [CRITICAL]", "severity: [critical]"),
        (ROUTES, "team: [payments, records]", "team: [payments, Records]"),
        (ROUTES, "event: [FindingOpened]", "event: [7]"),
        (ROUTES, "page: true", "page: yes"),
        (FLEET, "  account: audit-archive", "  account: Audit"),
        (FLEET, "pagerduty:\n  secret_name: /yagura/pagerduty/routing-keys", "pagerduty: []"),
        (FLEET, "/yagura/slack/signing-secret", "signing-secret"),
        (FLEET, "/yagura/pagerduty/routing-keys", "routing-keys"),
    ],
)
def test_what_cannot_be_read_is_told_once_with_none_of_its_consequences(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    root = copied(tmp_path)
    change(root, file, old, new)
    lines = problems(root)
    assert len(lines) == 1, lines


def test_local_people_of_a_team_that_is_not_there_are_told(tmp_path: Path) -> None:
    root = copied(tmp_path)
    change(root, LOCAL_PEOPLE, "[payments]", "[zzz]")
    (line,) = problems(root, LOCAL)
    assert line.startswith(f"{LOCAL_PEOPLE}:")
