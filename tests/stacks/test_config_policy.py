"""Which rules may stand beside each other in the policy of findings, and what is told of those that may not."""

from pathlib import Path

import pytest

from stacks.config.load import load
from tests.stacks.test_config import FINDINGS, copied, problems
from tests.stacks.test_config_bad_values import assert_told


def lease(start: str, until: str) -> str:
    return f"suppress: {{requester: aiko, approver: ben, from: {start}, until: {until}}}"


def written(*rules: str) -> str:
    """A file of these rules, called r0, r1, ..., in which nothing MEDIUM may be suppressed."""
    head = "levels:\n  MEDIUM: {suppress_days: 0}\ngithub:\n  repository: acme/security-findings\nrules:\n"
    return head + "".join(f"  - {{name: r{i}, reason: because, {rule}}}\n" for i, rule in enumerate(rules))


BEHIND = "expected one that something can reach: rules[0] (r0) takes all of it before;"
A1 = "match: {control: [A.1]}"

# Rules, and what is told of them: path, value, advice.
BAD: dict[str, tuple[list[str], list[str]]] = {
    "a rule that does nothing": (
        [A1],
        [
            "rules[0]: found no action; expected at least one of ignore, severity, owner, route, suppress, ticket;",
            "say what is to be done with what it matches, or remove the rule",
        ],
    ),
    "a rule that does not ignore": (
        [f"{A1}, ignore: false"],
        ["rules[0].ignore: found false; expected true, or no such line; remove the line: to leave something out"],
    ),
    "everything ignored": (
        ["ignore: true"],
        [
            "rules[0].match: found a match that leaves nothing out;",
            "expected at least one condition: this would ignore every problem there is; say which control,",
        ],
    ),
    "everything suppressed": (
        [f"match: {{}}, {lease('2026-11-01', '2026-11-02')}"],
        ["at least one condition: this would suppress every problem there is;"],
    ),
    "every control ignored": (['match: {control: [A.1, "*"]}, ignore: true'], ["rules[0].match: found a match that"]),
    "every resource ignored": (['match: {resource: ["arn:aws:*"]}, ignore: true'], ["rules[0].match: found a match"]),
    "every severity ignored": (
        ["match: {severity: [LOW, INFORMATIONAL, MEDIUM, HIGH, CRITICAL]}, ignore: true"],
        ["rules[0].match: found a match that leaves nothing out;"],
    ),
    "an action behind one for everything": (
        ["severity: LOW", f"{A1}, severity: HIGH"],
        [f"rules[1].severity: found HIGH; {BEHIND}", "move the rule up, or remove one of the two"],
    ),
    "an action behind a wider control": (
        ['match: {control: ["A.*"]}, ignore: true', 'match: {control: ["A.1*"], region: [us-east-1]}, ignore: true'],
        [f"rules[1].ignore: found true; {BEHIND}"],
    ),
    "an action behind every control": (
        ['match: {control: ["*"]}, owner: sre', "match: {region: [us-east-1]}, owner: records"],
        [f"rules[1].owner: found records; {BEHIND}"],
    ),
    "an action behind a wider resource": (
        [
            'match: {resource: ["arn:aws:s3:::*-logs-*", "x"]}, owner: sre',
            'match: {resource: ["arn:aws:s3:::a-logs-b-*", "x"]}, owner: records',
        ],
        [f"rules[1].owner: found records; {BEHIND}"],
    ),
    "an action behind fewer tags": (
        ["match: {tags: {a: b}}, owner: sre", "match: {tags: {a: b, c: d}}, owner: records"],
        [f"rules[1].owner: found records; {BEHIND}"],
    ),
    "an action behind more severities": (
        ["match: {severity: [HIGH, LOW]}, owner: sre", "match: {severity: [LOW]}, owner: records"],
        [f"rules[1].owner: found records; {BEHIND}"],
    ),
    "an action behind the same account by its id": (
        [
            'match: {account: ["444455556666"]}, ticket: {}',
            "match: {account: [payments-production]}, ticket: {repository: a/b}",
        ],
        [f"rules[1].ticket: found a mapping; {BEHIND}"],
    ),
    "of several actions the one that is behind": (
        [
            "match: {service: [yagura]}, route: {tell: now}",
            "match: {service: [yagura], team: [sre]}, route: {tell: never}, ticket: {}",
        ],
        [f"rules[1].route: found a mapping; {BEHIND}"],
    ),
    "a suppression within another": (
        [
            f"match: {{severity: [LOW, MEDIUM]}}, {lease('2026-11-01', '2026-11-30')}",
            f"match: {{severity: [LOW, MEDIUM]}}, {lease('2026-11-10', '2026-11-30')}",
        ],
        [f"rules[1].suppress: found a mapping; {BEHIND}"],
    ),
    "a suppression that outlives its severity": (
        [f"match: {{severity: [CRITICAL, HIGH]}}, {lease('2026-12-01', '2026-12-31')}"],
        [
            "rules[0].suppress.until: found 2026-12-31, after 31 days;",
            "expected at most 30 days, the most that levels allows of CRITICAL or HIGH; let it end on 2026-12-30, and",
        ],
    ),
    "a suppression of what may not be": (
        [f"match: {{severity: [MEDIUM]}}, {lease('2026-12-01', '2026-12-01')}"],
        ["expected no suppression: levels allows none of MEDIUM; remove it, or raise suppress_days in levels"],
    ),
    "a severity that its other action does not see": (
        ["match: {severity: [HIGH]}, severity: LOW, route: {tell: digest}"],
        [
            "rules[0].severity: found LOW; expected a severity of its own match:",
            "its route looks at what it has become, and never applies;",
            "add LOW to match.severity, or give its route a rule of its own",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_rule_is_told(tmp_path: Path, case: str) -> None:
    rules, says = BAD[case]
    content = (copied(tmp_path) / FINDINGS).read_text()
    assert_told(tmp_path, FINDINGS, content, written(*rules), says)


GOOD: dict[str, list[str]] = {
    "a narrower rule before a wider one": [f"{A1}, severity: LOW", "severity: HIGH"],
    "rules of different kinds": [f"{A1}, severity: LOW", f"{A1}, owner: sre"],
    "a control that a pattern leaves out": [
        'match: {control: ["A.1*"]}, ignore: true',
        'match: {control: ["A.*"]}, ignore: true',
    ],
    "other tags": ["match: {tags: {a: b}}, owner: sre", "match: {tags: {a: c}}, owner: records"],
    "no tags behind tags": ["match: {tags: {a: b}}, owner: sre", f"{A1}, owner: records"],
    "what nobody owns": ["match: {service: [unknown], environment: [unknown]}, route: {channel: C0123456789}"],
    "an account that is not the fleet's": ['match: {account: ["012345678901"]}, ignore: true'],
    "a suppression after another": [
        f"match: {{severity: [LOW]}}, {lease('2026-11-01', '2026-11-30')}",
        f"match: {{severity: [LOW]}}, {lease('2026-11-10', '2026-12-01')}",
    ],
    "a suppression before another": [
        f"match: {{severity: [LOW]}}, {lease('2026-11-02', '2026-11-30')}",
        f"match: {{severity: [LOW]}}, {lease('2026-11-01', '2026-11-30')}",
    ],
    # The first ends after 30 days, since it is HIGH; the second goes on.
    "a suppression that outlasts another because of the severity": [
        f"match: {{severity: [HIGH, LOW]}}, {lease('2026-11-01', '2027-02-28')}",
        f"match: {{severity: [HIGH]}}, {lease('2026-11-20', '2026-12-10')}",
    ],
    "a suppression as long as one of its severities allows": [
        f"match: {{severity: [CRITICAL, HIGH]}}, {lease('2026-12-01', '2026-12-30')}"
    ],
    "a suppression that ended long ago, with and without quotes": [f"{A1}, {lease('"2001-01-01"', '2001-01-01')}"],
    "a suppression on the last day that there is": [f"{A1}, {lease('9999-12-31', '9999-12-31')}"],
    "a severity that another rule may have made": [
        f"{A1}, severity: HIGH",
        "match: {severity: [HIGH]}, severity: LOW, route: {tell: digest}",
    ],
    "a severity that its other action sees": ["match: {severity: [HIGH, LOW]}, severity: LOW, route: {tell: digest}"],
    "an owner beside a severity": ["match: {severity: [HIGH]}, severity: LOW, owner: sre"],
    "a ticket for everything": ["ticket: {}"],
}


@pytest.mark.parametrize("case", GOOD)
def test_good_rules_are_read(tmp_path: Path, case: str) -> None:
    root = copied(tmp_path)
    (root / FINDINGS).write_text(written(*GOOD[case]))
    assert [rule.name for rule in load(root).findings.rules] == ["r0", "r1"][: len(GOOD[case])]


def test_200_rules_of_100_values_are_read_and_more_are_told(tmp_path: Path) -> None:
    root = copied(tmp_path)

    def rules(count: int, values: int) -> str:
        controls = [", ".join(f"A{i}.{j}" for j in range(values)) for i in range(count)]
        return written(*(f"match: {{control: [{each}]}}, severity: LOW" for each in controls))

    (root / FINDINGS).write_text(rules(200, 100))
    assert len(load(root).findings.rules) == 200
    (root / FINDINGS).write_text(rules(201, 1))
    (line,) = problems(root)
    assert "rules: found 201 rules; expected at most 200 rules; let a rule match more" in line
    (root / FINDINGS).write_text(rules(1, 101))
    (line,) = problems(root)
    assert "rules[0].match.control: found 101 of them; expected at most 100; let one stand for more" in line


def test_a_policy_needs_no_rules(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / FINDINGS).write_text("rules: []\n")
    findings = load(root).findings
    assert (findings.rules, findings.level("HIGH").due_days, findings.quiet_days) == ([], 14, 7)


def test_a_level_keeps_what_the_file_leaves_out(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / FINDINGS).write_text("levels: {HIGH: {due_days: 0}}\n")
    high = load(root).findings.level("HIGH")
    assert (high.tell, high.due_days, high.suppress_days, high.tier) == ("now", 0, 30, 1)
