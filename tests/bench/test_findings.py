"""The bench of findings, small: the same answers from all, and a load that adds up."""

import json
from collections import Counter

import pytest

from bench import requests
from bench.contenders import ours
from bench.findings_corpus import corpus, expected
from bench.load_events import load
from functions.findings.finding import Status
from tests.functions.findings.samples import opened, problems


@pytest.mark.parametrize("count", [10, 100])
def test_our_pure_path_answers_what_the_rules_say(count: int) -> None:
    given = corpus(findings=300)
    rules = given["rules"][:count]
    from_json, _, _ = ours.prepare(given, rules)
    said = [from_json(event) for event in given["events"]]
    assert said == expected(given["events"], rules)
    assert 0 < len(list(filter(None, said))) < len(said)


def test_the_rules_of_the_bench_are_of_all_kinds_and_the_findings_differ() -> None:
    given = corpus(findings=300)
    kinds = Counter(tuple(sorted(rule.keys() - {"name", "regex"})) for rule in given["rules"])
    assert len(kinds) == 9
    ids = {json.loads(event)["detail"]["findings"][0]["Id"] for event in given["events"]}
    assert len(ids) == 300


def test_a_load_says_what_must_become_of_each_event() -> None:
    given = load(2_000)
    assert len(given.sent) == 2_000 == given.reports + given.repeated + len(given.bad)
    bodies = {str(event["id"]): json.dumps(event) for event in given.sent}
    for event, (reason, path) in given.bad.items():
        (wrong,) = problems(opened(bodies[event]))
        assert str(wrong).startswith(f"{reason} at {path}: ")
    for resource, each in given.problems.items():
        seen = [one for event in each.events for one in opened(bodies[event]).seen]
        assert {one.finding.resource for one in seen} == {resource}
        assert max(seen, key=lambda one: one.finding.updated_at).finding.status is each.status
    assert {each.status for each in given.problems.values()} == {Status.OPEN, Status.RESOLVED}


def test_a_new_problem_costs_two_writes_at_most_and_a_repeat_one_at_most() -> None:
    found = requests.costs()
    assert requests.broken(found) == []
    by_name = {cost.what: (cost.reads, cost.writes, cost.others) for cost in found}
    assert by_name["a new problem that is open"] == (2.0, 2.0, {"PutEvents": 1.0})
    assert by_name["the same event again"] == (1.0, 0.0, {})
    assert by_name["the same finding, later"] == (1.0, 1.0, {})
    assert by_name["a bad event"] == (0.0, 0.0, {"SendMessage": 1.0})


def test_a_request_too_many_is_a_broken_promise() -> None:
    costly = requests.Cost("the same event again", Counter(GetItem=10, PutItem=11), Counter())
    chatty = requests.Cost("the same finding, later", Counter(GetItem=10), Counter(PutEvents=1))
    fine = requests.Cost("that, later", Counter(GetItem=10), Counter())
    assert len(requests.broken([costly, chatty, fine])) == 2
