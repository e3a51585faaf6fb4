"""Each thing that the configuration may not say, and the words in which that is told."""

import re
from pathlib import Path

import pytest

from tests.stacks.test_config import FLEET, HUB_ROLE, SERVICES, change, copied, problems

# File, a text in it, what is put in its place, and what the problem then says: path, value, advice.
BAD: dict[str, tuple[str, ...]] = {
    "unquoted octal id": (
        FLEET,
        '"111122223333"',
        "012345670123",
        "accounts[0].id: found 012345670123, which YAML reads as the number 1402433619;",
        'expected an AWS account id: 12 digits in quotes; put quotes around it: "012345670123"',
    ),
    "unquoted decimal id": (FLEET, '"111122223333"', "111122223333", 'put quotes around it: "111122223333"'),
    "short id": (FLEET, '"111122223333"', '"1111"', 'accounts[0].id: found "1111"', "write all 12 digits"),
    "unquoted publisher id": (FLEET, '"444455556666"', "444455556666", "publishers[0].account: found 444455556666"),
    "unknown field": (
        FLEET,
        "    region: ap",
        "    regoin: ap",
        "accounts[0].regoin: found the unknown field regoin; expected one of name, id, region",
        "did you mean region?",
    ),
    "unknown field like no other": (
        FLEET,
        "alarms:",
        "zzz: 1\nalarms:",
        "zzz: found the unknown field zzz",
        "remove it",
    ),
    "misspelt optional field": (FLEET, "    capabilities:", "    capabilites:", "did you mean capabilities?"),
    "missing field": (
        FLEET,
        "repository: acme/yagura\n",
        "",
        "repository: found nothing; expected a repository as owner/name",
        "add the field repository",
    ),
    "unknown Region": (
        FLEET,
        "region: ap-northeast-1",
        "region: ap-northeast-9",
        "accounts[0].region: found ap-northeast-9; expected an AWS Region",
        "did you mean ap-northeast-",
    ),
    "unknown capability": (
        FLEET,
        "      chatops: act",
        "      chatopz: act",
        "accounts[0].capabilities.chatopz: found chatopz; expected a capability of the fleet: one of foundation, ",
        "did you mean chatops?",
    ),
    "unknown mode": (
        FLEET,
        "findings: observe",
        "findings: obsrve",
        "accounts[1].capabilities.findings: found obsrve; expected one of act, observe, off;",
        "did you mean observe?",
    ),
    "true as a mode": (FLEET, "findings: observe", "findings: true", "found true; expected one of act, observe, off"),
    "two hubs": (
        FLEET,
        "    role: spoke\n    wave: 2\n    capabilities:\n",
        HUB_ROLE,
        "accounts[1].role: found hub; expected one hub: accounts[0] (hub) is it already",
        'make one of the two "role: spoke"',
    ),
    "no hub": (
        FLEET,
        f"{HUB_ROLE}      operations: act\n",
        "    role: spoke\n",
        "accounts: found no hub; expected one account that is the hub",
        'write "role: hub" in one',
    ),
    "hub without chatops": (
        FLEET,
        "chatops: act",
        "findings: act",
        "accounts[0].capabilities: found no chatops",
        'add "chatops: observe"',
    ),
    "chatops in a spoke": (
        FLEET,
        "findings: observe",
        "findings: observe\n      chatops: act",
        "accounts[1].capabilities.chatops: found act; expected chatops in the hub only",
    ),
    "foundation off": (
        FLEET,
        "chatops: act",
        "chatops: act\n      foundation: off",
        "accounts[0].capabilities.foundation: found off; expected observe or act",
    ),
    "account name twice": (
        FLEET,
        "name: records-staging",
        "name: payments-production",
        "accounts[4].name: found payments-production; expected a name that accounts[2].name does not have",
    ),
    "reserved account name": (FLEET, "name: hub", "name: each-account", "accounts[0].name: found each-account"),
    "not a slug": (FLEET, "name: hub", "name: The_Hub", "accounts[0].name: found The_Hub; expected lower-case words"),
    "place twice": (
        FLEET,
        'id: "666677778888"',
        'id: "555566667777"',
        "accounts[4].region: found ap-northeast-1; expected one entry for an account and Region:",
        "accounts[3] is the same",
    ),
    "findings without a home": (
        FLEET,
        "home: security-audit",
        "home: security-adit",
        "findings.home: found security-adit; expected the name of an account, or each-account",
        "did you mean security-audit?",
    ),
    "home that runs no findings": (
        FLEET,
        "home: security-audit",
        "home: hub",
        "findings.home: found hub; expected an account that runs findings",
        'add "findings: observe" to the capabilities of hub',
    ),
    "home that is off": (FLEET, "findings: observe", "findings: off", "expected an account that runs findings"),
    "environment local on AWS": (
        FLEET,
        "environment: staging",
        "environment: local",
        "accounts[4].environment: found local; expected an environment on AWS",
    ),
    "clock on AWS": (FLEET, "alarms:", "clock: {factor: 60}\nalarms:", "clock: found a mapping; expected no clock"),
    "clock that stands": (
        FLEET,
        "alarms:",
        "clock: {factor: 0}\nalarms:",
        "clock.factor: found 0; expected a number above",
    ),
    "Slack without TLS": (
        FLEET,
        "slack:\n",
        "slack:\n  api: http://slack.example.com/api/\n",
        "slack.api: found http://slack.example.com/api/; expected an https address; begin it with https://",
    ),
    "a channel that YAML drops": (
        FLEET,
        '"#sre-fleet"',
        "#sre-fleet",
        "slack.default_channel: found nothing; expected a Slack channel in quotes",
        'write it as "#name", in quotes: without them, YAML takes # for the start of a comment',
    ),
    "retention that CloudWatch refuses": (
        FLEET,
        "_days: 365",
        "_days: 366",
        "log_retention_days: found 366",
        "mean 365?",
    ),
    "quoted number": (FLEET, "_days: 365", '_days: "365"', 'found "365"', "remove the quotes: it is a number"),
    "sexagesimal wave": (
        FLEET,
        "wave: 3",
        "wave: 1:30",
        "accounts[2].wave: found 1:30, which YAML reads as the number 90",
    ),
    "wave 0": (FLEET, "wave: 2", "wave: 0", "accounts[0].wave: found 0; expected a whole number from 1 to 100"),
    "yes for a boolean": (
        FLEET,
        "key: false",
        "key: yes",
        "customer_managed_key: found yes; expected true or false; write true or false, without quotes",
    ),
    "yes for a text": (
        FLEET,
        "unit: Security",
        "unit: yes",
        'accounts[1].unit: found yes, which YAML reads as a bool; expected a text; put quotes around it: "yes"',
    ),
    "date for a text": (FLEET, "unit: Security", "unit: 2026-01-01", 'put quotes around it: "2026-01-01"'),
    "null for an object": (
        FLEET,
        "alarms:\n  email: sre@example.com",
        "alarms: null",
        "alarms: found null; expected a mapping",
    ),
    "nothing for an object": (
        FLEET,
        "alarms:\n  email: sre@example.com",
        "alarms:",
        "alarms: found nothing; expected a map",
    ),
    "list for a mapping": (
        FLEET,
        "  home: security-audit",
        "  - security-audit",
        "findings: found a list; expected a mapping",
    ),
    "mapping for a list": (SERVICES, "[payments-*]", "{a: b}", "services[0].stacks: found a mapping; expected a list"),
    "list for a text": (FLEET, "unit: Security", "unit: [Security]", "accounts[1].unit: found a list; expected a text"),
    "publisher of AWS's events": (
        FLEET,
        "acme.payments",
        "aws.s3",
        "publishers[0].source_prefix: found aws.s3; expected a lower-case event source",
        "name a source of your own",
    ),
    "publisher of the fleet's events": (FLEET, "acme.payments", "yagura.findings", "found yagura.findings"),
    "prefix that ends with a dot": (FLEET, "acme.payments", "acme.payments.", "found acme.payments."),
    "prefix twice": (
        FLEET,
        "acme.records",
        "acme.payments",
        "publishers[1].source_prefix: found acme.payments; expected a prefix of its own:",
        "publishers[0].source_prefix is",
    ),
    "prefix inside another": (
        FLEET,
        "acme.records",
        "acme",
        "publishers[0].source_prefix: found acme.payments; expected a prefix of its own: it is a part of acme",
    ),
    "bad e-mail": (FLEET, "sre@example.com", "sre", "alarms.email: found sre; expected an e-mail address"),
    "unknown substitution": (
        FLEET,
        "Security\n",
        '"${unit}"\n',
        'accounts[1].unit: found "${unit}"; expected one of ${port}',
    ),
    "service that no one owns": (
        SERVICES,
        "team: scheduling",
        "team: schedulng",
        "services[2].team: found schedulng; expected a team of the file: no one owns appointments;",
        "did you mean scheduling?",
    ),
    "service without a team": (
        SERVICES,
        "    team: scheduling\n",
        "",
        "services[2].team: found nothing",
        "add the field team",
    ),
    "unknown tier": (SERVICES, "tier: 1", "tier: 4", "services[0].tier: found 4; expected one of 1, 2, 3"),
    "service twice": (
        SERVICES,
        "- name: appointments\n    team",
        "- name: payments-api\n    team",
        "services[2].name: found payments-api; expected a name that services[0].name does not have",
    ),
    "team twice": (
        SERVICES,
        "- name: scheduling",
        "- name: records",
        "teams[3].name: found records",
        "services[2].team",
    ),
    "team with two channels": (
        SERVICES,
        '"#sre-fleet"',
        '"#other"',
        'teams[0].slack_channel: found "#sre-fleet"; expected #other',
    ),
    "unknown account": (
        SERVICES,
        "[payments-production]",
        "[payment-production]",
        "services[0].accounts[0]: found payment-production; expected the name of an account of the fleet",
        "did you mean payments-production?",
    ),
    "id of an account that is too short": (
        SERVICES,
        "[records-production]",
        '["4444"]',
        'services[1].accounts[0]: found "4444"; expected the name of an account of the fleet, or an id of 12 digits',
    ),
    "account claimed twice, once by id": (
        SERVICES,
        "[records-production]",
        '["444455556666"]',
        'services[1].accounts[0]: found "444455556666"; expected one service for each account:',
        "payments-api and patient-records both claim it; remove it from payments-api or from patient-records",
    ),
    "tag claimed twice": (
        SERVICES,
        "service: patient-records",
        "service: payments-api",
        "services[1].tags.service: found payments-api; expected one service for each tag:",
        "payments-api and patient-records",
    ),
    "function claimed twice": (
        SERVICES,
        "[appointments-book,",
        "[payments-charge,",
        "services[2].functions[0]: found payments-charge; expected one service for each function:",
        "payments-api and appoint",
    ),
    "unit that no account is in": (
        SERVICES,
        "units: [Infrastructure/SRE]",
        "units: [Infrastructure/SER]",
        "services[3].units[0]: found Infrastructure/SER; expected the unit of an account of the fleet, or one above it",
        "did you mean Infrastructure/SRE?",
    ),
    "unit above those of the fleet, misspelt": (
        SERVICES,
        "[Infrastructure, Security]",
        "[Infrastructure, Workload]",
        "teams[0].units[1]: found Workload; expected the unit of an account",
        "did you mean Workloads?",
    ),
    "unit with a slash at its end": (
        SERVICES,
        "[Infrastructure, Security]",
        "[Infrastructure/, Security]",
        "teams[0].units[0]: found Infrastructure/; expected the unit",
        "did you mean Infrastructure?",
    ),
    "unit like no other": (
        SERVICES,
        "[Infrastructure, Security]",
        "[Infrastructure, Zzz]",
        "add an account that is in it, or remove it here",
    ),
    "unit claimed twice": (
        SERVICES,
        "[Infrastructure, Security]",
        "[Infrastructure/SRE, Security]",
        "teams[0].units[0]: found Infrastructure/SRE; expected one service for each unit:",
        "yagura and team sre both claim it; remove it from yagura or from team sre",
    ),
    "stack claimed twice": (
        SERVICES,
        "[records-*]",
        "[payments-*]",
        "services[1].stacks[0]: found payments-*; expected one service for each stack:",
        "payments-api and patient-records",
    ),
    "stack inside another's wildcard": (
        SERVICES,
        "[records-*]",
        "[payments-db]",
        "payments-api and patient-records both",
    ),
    "wildcard around another's stack": (SERVICES, "[records-*]", "[pay*]", "patient-records and payments-api both"),
    "wildcard in the middle": (SERVICES, "[records-*]", "[rec*rds]", "services[1].stacks[0]: found rec*rds"),
    "key twice": (
        FLEET,
        "    wave: 3",
        "    wave: 3\n    wave: 4",
        "accounts[2].wave: found wave a second time; expected it once: it stands in line",
        "remove one of the two",
    ),
    "yes as a tag": (SERVICES, "      service: payments-api", "      yes: x", 'put quotes around it: "yes"'),
    "list as a key": (FLEET, "alarms:", "? [a]\n: b\nalarms:", "found a list as a key; expected a text as key"),
    "Python object": (FLEET, "unit: Security", "unit: !!python/object:os.system x", "the tag", "remove the tag"),
    "set": (FLEET, "unit: Security", "unit: !!set {a}", "accounts[1].unit: found the tag tag:yaml.org,2002:set"),
    "newline in a text": (FLEET, "unit: Security", r'unit: "a\nb"', r'accounts[1].unit: found "a\nb"; expected a text'),
    "half a surrogate pair": (FLEET, "unit: Security", r'unit: "\ud800"', "expected a text"),
    "merge key": (FLEET, "unit: Security", "<<: {unit: a}", 'accounts[1]["<<"]: found the unknown field <<'),
}
CONSEQUENCES = {"team twice": 1, "merge key": 1, "clock that stands": 1}
"""A second problem is right only here: a service loses its team, an account its unit, and AWS has no clock at all."""


@pytest.mark.parametrize("case", BAD)
def test_bad_value_is_told_with_file_line_path_value_and_advice(tmp_path: Path, case: str) -> None:
    file, old, new, *says = BAD[case]
    assert_told(tmp_path, file, old, new, says, count=1 + CONSEQUENCES.get(case, 0))


def assert_told(
    tmp_path: Path, file: str, old: str, new: str, says: list[str], *, count: int = 1, told_in: str = ""
) -> None:
    """Changes a text of a file, and wants `count` problems that say all of `says`, told of it or of `told_in`."""
    root = copied(tmp_path)
    change(root, file, old, new)
    lines = problems(root)
    text = "\n".join(lines)
    for words in says:
        assert words in text
    assert len(lines) == count
    for line in lines:
        assert re.fullmatch(rf"{told_in or file}:[1-9][0-9]*:( \S+:)? found .+; expected .+; .+", line), line
