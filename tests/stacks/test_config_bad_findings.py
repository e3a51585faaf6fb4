"""What the policy of findings may not say, and the words in which that is told."""

from pathlib import Path

import pytest

from stacks.config.load import load
from tests.stacks.test_config import FINDINGS, FLEET, LOCAL, LOCAL_FINDINGS, PEOPLE, SERVICES, change, copied, problems
from tests.stacks.test_config_bad_values import assert_told

# File, a text in it, what is put in its place, and what the problem then says: path, value, advice.
BAD: dict[str, tuple[str, ...]] = {
    "a rule without a name": (
        FINDINGS,
        "- name: no-hardware-mfa\n    reason",
        "- reason",
        "rules[0].name: found nothing",
    ),
    "a rule without a reason": (
        FINDINGS,
        "    reason: Nothing in staging is worth an interruption\n",
        "",
        "rules[4].reason: found nothing; expected a text; add the field reason",
    ),
    "an empty reason": (
        FINDINGS,
        "Nothing in staging is worth an interruption",
        '" "',
        'rules[4].reason: found " "; expected a text;',
    ),
    "a name twice": (
        FINDINGS,
        "name: staging-by-day",
        "name: shared-network",
        "rules[4].name: found shared-network; expected a name that rules[3].name does not have;",
        "rename one of the two: decisions tell of a rule by its name",
    ),
    "a severity of no level": (
        FINDINGS,
        "  HIGH: {tell",
        "  HIHG: {tell",
        "levels.HIHG: found HIHG; expected one of CRITICAL, HIGH, INFORMATIONAL, LOW, MEDIUM; did you mean HIGH?",
    ),
    "a way of telling that is none": (FINDINGS, "tell: now", "tell: soon", "levels.CRITICAL.tell: found soon;"),
    "a deadline in the past": (
        FINDINGS,
        "due_days: 2,",
        "due_days: -2,",
        "levels.CRITICAL.due_days: found -2; expected a whole number of days from 0 to 3650;",
    ),
    "a suppression for a century": (
        FINDINGS,
        "suppress_days: 14,",
        "suppress_days: 36500,",
        "found 36500; expected a w",
    ),
    "a tier that is none": (
        FINDINGS,
        "tier: 2}",
        "tier: 4}",
        "levels.CRITICAL.tier: found 4; expected a risk tier: a whole number from 0 to 3;",
    ),
    "a tier without a number": (
        FINDINGS,
        "tier: 2}",
        "tier: }",
        "levels.CRITICAL.tier: found nothing; expected a risk",
    ),
    "an unknown field of a level": (
        FINDINGS,
        "due_days: 2,",
        "due: 2,",
        "levels.CRITICAL.due: found the unknown field due; expected one of tell, due_days, suppress_days, tier;",
    ),
    "a reminder for ever": (FINDINGS, "remind_days: 1\n", "remind_days: 91\n", "deadlines.remind_days: found 91;"),
    "an escalation half a day late": (FINDINGS, "escalate_days: 3", "escalate_days: 0.5", "escalate_days: found 0.5;"),
    "an escalation to nowhere": (
        FINDINGS,
        '"#sre-fleet"',
        "#sre-fleet",
        "deadlines.escalate_to: found nothing; expected a Slack channel in quotes",
    ),
    "a 25th hour": (
        FINDINGS,
        "digest_hour: 0",
        "digest_hour: 24",
        "digest_hour: found 24; expected an hour of the day",
    ),
    "quiet for ever": (FINDINGS, "quiet_days: 7", "quiet_days: 366", "quiet_days: found 366; expected a whole number"),
    "no effects at all": (
        FINDINGS,
        "effects_per_hour: 500",
        "effects_per_hour: 0",
        "effects_per_hour: found 0; expected a whole number from 1 to 10000;",
    ),
    "GitHub without TLS": (
        FINDINGS,
        "github:\n",
        "github:\n  api: http://github.example.com/\n",
        "github.api: found http://github.example.com/; expected an https address; begin it with https://",
    ),
    "a secret that is another's": (
        FINDINGS,
        "/yagura/github/token",
        "/yagura/slack/bot-token",
        "github.secret_name: found /yagura/slack/bot-token; expected a secret of its own:",
        "slack.secret_name of the fleet is the same; change one",
    ),
    "no repository for what is nobody's": (
        FINDINGS,
        "  repository: acme/security-findings\n",
        "",
        "github.repository: found nothing; expected a repository as owner/name, for example acme/yagura;",
    ),
    "a ticket without GitHub": (
        FINDINGS,
        "github:\n  secret_name: /yagura/github/token\n  repository: acme/security-findings\n",
        "",
        "rules[5].ticket: found an empty mapping; expected no ticket: the file does not say where issues are opened;",
        "add github to the file, with its repository",
    ),
    "a ticket of nothing": (FINDINGS, "ticket: {}", "ticket:", "rules[5].ticket: found nothing; expected a mapping"),
    "a control with a space": (FINDINGS, "[IAM.6]", '["IAM 6"]', 'rules[0].match.control[0]: found "IAM 6"; expected'),
    "a control as a range": (FINDINGS, "[IAM.6]", '["IAM.[67]"]', "in which * stands for any text"),
    "a condition with nothing behind it": (
        FINDINGS,
        "control: [EC2.6]",
        "control:",
        "rules[3].match.control: found nothing; expected a list;",
    ),
    "a condition that nothing fulfils": (
        FINDINGS,
        "control: [EC2.6]",
        "control: []",
        "rules[3].match.control: found an empty list; expected a list of at least one;",
        "remove the line if it may be anything",
    ),
    "tags of nothing": (
        FINDINGS,
        "control: [EC2.6]",
        "tags: {}",
        "rules[3].match.tags: found an empty mapping; expected at least one tag; remove the line",
    ),
    "a severity of its own": (
        FINDINGS,
        "[HIGH, MEDIUM, LOW]",
        "[HIGH, MEDUM]",
        "rules[4].match.severity[1]: found MEDUM",
    ),
    "an unquoted id": (
        FINDINGS,
        "[payments-production, records-production]",
        "[444455556666]",
        "rules[3].match.account[0]: found 444455556666, which YAML reads as the number 444455556666;",
        'put quotes around it: "444455556666"',
    ),
    "an octal id": (FINDINGS, "[payments-production, records-production]", "[012345670123]", 'it: "012345670123"'),
    "a short id": (
        FINDINGS,
        "[payments-production, records-production]",
        '["4444"]',
        'rules[3].match.account[0]: found "4444"; expected the name of an account of the fleet, or an id of 12 digits',
    ),
    "an account that is not there": (
        FINDINGS,
        "[payments-production, records-production]",
        "[payments-production, record-production]",
        "rules[3].match.account[1]: found record-production; expected the name of an account of the fleet, or an id",
        "did you mean records-production?",
    ),
    "a Region that is not there": (
        FINDINGS,
        "control: [EC2.6]",
        "region: [ap-northeast-9]",
        "rules[3].match.region[0]: found ap-northeast-9; expected an AWS Region",
    ),
    "a service that is not there": (
        FINDINGS,
        "control: [EC2.6]",
        "service: [payment-api]",
        "rules[3].match.service[0]: found payment-api; expected a service of services.yaml, or unknown;",
        "did you mean payments-api?",
    ),
    "a team that is not there": (
        FINDINGS,
        "control: [EC2.6]",
        "team: [record]",
        "rules[3].match.team[0]: found record; expected a team of services.yaml; did you mean records?",
    ),
    "an environment that is not there": (
        FINDINGS,
        "environment: [staging]",
        "environment: [stagin]",
        "rules[4].match.environment[0]: found stagin; expected one of development, local, production, sandbox,",
        "did you mean staging?",
    ),
    "an owner that is not there": (
        FINDINGS,
        "owner: records",
        "owner: recrods",
        "rules[2].owner: found recrods; expected a team of services.yaml; did you mean records?",
    ),
    "a route that says nothing": (
        FINDINGS,
        "route: {tell: digest}",
        "route: {}",
        "rules[4].route: found an empty mapping; expected at least one of tell, channel;",
    ),
    "a route to the owner": (
        FINDINGS,
        "route: {tell: digest}",
        "route: {channel: owner}",
        "rules[4].route.channel: found",
    ),
    "an action that is none": (
        FINDINGS,
        "    suppress: {",
        "    supress: {",
        "rules[3].supress: found the unknown field supress; expected one of name, reason, match, ignore, severity,",
        "did you mean suppress?",
    ),
    "no approver": (
        FINDINGS,
        " approver: ben,",
        "",
        "rules[3].suppress.approver: found nothing; expected",
        "add the f",
    ),
    "a requester who is not there": (
        FINDINGS,
        "requester: aiko",
        "requester: aika",
        "rules[3].suppress.requester: found aika; expected the id of a person of people.yaml; did you mean aiko?",
    ),
    "an approver like no other": (
        FINDINGS,
        "approver: ben",
        "approver: zzz",
        "found zzz; expected the id of a person of people.yaml; name one of them: aiko, ben, chie",
    ),
    "an approver who has left": (
        PEOPLE,
        "id: ben",
        "id: benno",
        "rules[3].suppress.approver: found ben; expected the id of a person of people.yaml; did you mean benno?",
    ),
    "one who approves what he asked for": (
        FINDINGS,
        "approver: ben",
        "approver: aiko",
        "rules[3].suppress.approver: found aiko; expected another person than the requester;",
        "let somebody else approve it",
    ),
    "an end before the beginning": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 2026-11-15",
        "rules[3].suppress.until: found 2026-11-15; expected a day that is not before 2026-11-16, where it begins;",
    ),
    "longer than any severity may be": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 2027-11-16",
        "rules[3].suppress.until: found 2027-11-16, after 366 days;",
        "expected at most 365 days, the most that levels allows of any severity; let it end on 2027-11-15,",
    ),
    "a day that is not there": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 2027-02-29",
        "rules[3].suppress.until: found 2027-02-29, which the calendar does not have; expected a day as YYYY-MM-DD;",
    ),
    "a day without zeros": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 2027-1-31",
        "until: found 2027-1-31; expected a day as YYYY-MM-DD; write year, month and day, as 2026-11-01",
    ),
    "a day in another order": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 31.01.2027",
        "until: found 31.01.2027; expected a d",
    ),
    "a day as a number": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 20270131",
        "until: found 20270131, which YAML reads as the number 20270131; expected a day as YYYY-MM-DD;",
    ),
    "a time": (
        FINDINGS,
        "until: 2027-01-31",
        "until: 2027-01-31T00:00:00Z",
        "until: found 2027-01-31T00:00:00Z, which YAML reads as a timestamp; expected a day",
    ),
    "a day of a week": (
        FINDINGS,
        "until: 2027-01-31",
        'until: "2027-W01-1"',
        'until: found "2027-W01-1"; expected a day',
    ),
    "no day": (FINDINGS, "until: 2027-01-31", "until: null", "until: found null, which YAML reads as nothing;"),
    "a port on AWS": (
        FINDINGS,
        "acme/security-findings",
        '"${name}"',
        'github.repository: found "${name}"; expected one',
    ),
}
FOUND_IN = {"an approver who has left": FINDINGS}
"""Two files disagree: it is told where it can be seen."""


@pytest.mark.parametrize("case", BAD)
def test_bad_value_is_told_with_file_line_path_value_and_advice(tmp_path: Path, case: str) -> None:
    file, old, new, *says = BAD[case]
    assert_told(tmp_path, file, old, new, says, told_in=FOUND_IN.get(case, file))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (FINDINGS, "name: shared-network", "name: Shared"),
        (FINDINGS, "control: [IAM.6]", "control: IAM.6"),
        (FINDINGS, "ignore: true", "ignore: yes"),
        (FINDINGS, "    match:\n      control: [IAM.6]\n", "    match: []\n"),
        (FINDINGS, "suppress: {requester", "suppress: yes # {requester"),
        (FINDINGS, "requester: aiko", "requester: Aiko"),
        (FINDINGS, "from: 2026-11-16", "from: today"),
        (FINDINGS, "suppress_days: 90", "suppress_days: many"),
        (FINDINGS, "  MEDIUM: {", "  MEDUM: {"),
        (FINDINGS, "github:\n  secret_name: /yagura/github/token\n  repository: acme/security-findings", "github: []"),
        (SERVICES, "name: payments-api", "name: Payments"),
        (SERVICES, "- name: records", "- name: Records"),
        (PEOPLE, "id: ben", "id: Ben"),
        (FLEET, "name: payments-production", "name: Payments"),
    ],
)
def test_what_cannot_be_read_is_told_once_with_none_of_its_consequences(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    root = copied(tmp_path)
    change(root, file, old, new)
    lines = problems(root)
    assert len(lines) == 1, lines


def test_a_local_policy_knows_the_port_and_is_told_by_its_own_name(tmp_path: Path) -> None:
    root = copied(tmp_path)
    findings = load(root, LOCAL, {"port": "4577"}).findings
    assert findings.github
    assert findings.github.api == "http://127.0.0.1:4577/_local/github/api/"
    change(root, LOCAL_FINDINGS, "approver: ben", "approver: bne")
    (line,) = problems(root, LOCAL)
    assert line.startswith(f"{LOCAL_FINDINGS}:")


def test_a_fleet_without_a_policy_of_its_own_has_that_of_config_which_knows_no_port(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / LOCAL_FINDINGS).unlink()
    assert load(root, LOCAL, {"port": "4577"}).findings == load(root).findings
    change(root, FINDINGS, "acme/security-findings", '"${port}/findings"')
    (line,) = problems(root, LOCAL)
    assert 'github.repository: found "${port}/findings"; expected no ${port}; write the value itself' in line
