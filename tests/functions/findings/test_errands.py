"""Errands: which problems something is to be changed for outside the fleet, on the queues of those who change it."""

import json
from typing import Any

import pytest

from functions.findings.effects import SECURITY_HUB, TICKET, wants
from functions.findings.errands import Errands
from functions.findings.policy import Rule, Ticket
from functions.findings.problem import Problem
from functions.findings.store import key
from tests.functions.findings.deployments import TICKETS, WRITEBACK, Deployment, Queues
from tests.functions.findings.laws import FIRST, law, problem_of, suppressing
from tests.functions.findings.repositories import TICKETED
from tests.layers.fleet.fakes import Steps, client_error

PROBLEM = FIRST.problem


@pytest.fixture
def queues() -> Queues:
    return Queues(Steps())


def errands(queues: Any, **environment: str) -> Errands:
    known = {"YAGURA_WRITEBACK_QUEUE": WRITEBACK, "YAGURA_TICKET_QUEUE": TICKETS}
    return Errands.from_environment(queues, known | environment)


def sent(queues: Queues) -> dict[str, list[str]]:
    return {name: [json.loads(body)["problem"] for body in bodies] for name, bodies in queues.bodies.items() if bodies}


@pytest.mark.parametrize(
    ("problem", "acting", "expected"),
    [
        (problem_of(by=law(suppressing())), True, [WRITEBACK]),
        (problem_of(by=law(suppressing())), False, []),
        (problem_of(by=law(TICKETED)), True, [TICKETS]),
        (problem_of(by=law(TICKETED)), False, []),
        (problem_of(), True, []),
    ],
)
def test_a_problem_is_put_on_the_queues_of_those_who_do_what_it_wants(
    queues: Queues, problem: Problem, acting: bool, expected: list[str]
) -> None:
    errands(queues).send(problem.id, wants(problem, acting=acting))
    assert sent(queues) == {queue: [problem.id] for queue in expected}


def test_without_tickets_there_is_no_queue_for_them(queues: Queues) -> None:
    errands(queues, YAGURA_TICKET_QUEUE="").send("p", [SECURITY_HUB, TICKET])
    assert sent(queues) == {WRITEBACK: ["p"]}


def test_what_nobody_does_here_is_put_nowhere(queues: Queues) -> None:
    errands(queues).send("p", ["to-dance"])
    assert sent(queues) == {}


@pytest.fixture
def deployment() -> Deployment:
    found = Deployment(suppressing(), Rule(name="ticketed", ticket=Ticket(repository="acme/shop")))
    found.known()
    return found


def test_the_stream_brings_each_errand_once_though_the_item_is_written_again_when_its_events_are_sent(
    deployment: Deployment,
) -> None:
    deployment.record()
    deployment.stream()
    assert len(deployment.dynamodb.written) > 3
    assert sent(deployment.queues) == {WRITEBACK: [PROBLEM]}


def test_an_errand_that_cannot_be_sent_holds_up_no_event(deployment: Deployment) -> None:
    deployment.record()
    deployment.queues.error = client_error("ServiceUnavailable", "SendMessage")
    deployment.stream()
    assert [entry["DetailType"] for entry in deployment.bus.taken] == ["FindingSuppressed"]
    assert sent(deployment.queues) == {}


def test_items_that_are_no_problems_run_no_errands(deployment: Deployment) -> None:
    image = {"pk": {"S": "walk#x"}, "wants": {"S": SECURITY_HUB}, "rev": {"N": "1"}, "wants_rev": {"N": "1"}}
    deployment.publish.run_errands(image)
    deployment.publish.run_errands({"pk": {"S": key(PROBLEM)}})
    assert sent(deployment.queues) == {}


def test_a_record_of_the_stream_without_an_image_is_no_errand(deployment: Deployment) -> None:
    record = {"dynamodb": {"Keys": {"pk": {"S": key(PROBLEM)}}, "SequenceNumber": "1"}}
    assert deployment.publish.handler({"Records": [record]}, None) == {"batchItemFailures": []}
