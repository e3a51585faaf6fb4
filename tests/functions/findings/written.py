"""What tests of writeback arrange and look at."""

from functions.findings.decision import reviewed
from functions.findings.policy import Match
from functions.findings.problem import Problem
from tests.functions.findings.deployments import Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW, suppressing

ACCEPTED = suppressing("accepted", match=Match(resource=["arn:aws:s3:::a*"]))


def put(deployment: Deployment, *names: str) -> list[str]:
    """Findings of these buckets are there, and triaged; the ids of their problems."""
    for name in names:
        deployment.hub.put(asff(name, at=NOW))
    deployment.echo()
    return [of(deployment, name).id for name in names]


def of(deployment: Deployment, name: str) -> Problem:
    (found,) = (
        problem
        for pk in list(deployment.dynamodb.items)
        if pk.startswith("problem#")
        and (problem := deployment.problem(pk.removeprefix("problem#"))).resource == f"arn:aws:s3:::{name}"
    )
    return found


def workflows(deployment: Deployment, *names: str) -> list[str]:
    return [deployment.hub.workflow(asff(name, at=NOW)["Id"]) for name in names]


def review(deployment: Deployment, *problems: str) -> None:
    """As the sweep does after a change of configuration."""
    with deployment.running():
        for each in problems:
            deployment.office.change(each, lambda p, now: reviewed(p, deployment.office.law, now), actor="tests")
