"""Whose is this, and who was asked: the steps that `owner_of` tells of."""

import pytest

from fleet.catalogue import Account, Catalogue, Default, Service, Team, owner_of

ACCOUNT = "111122223333"
TAGS = {"service": "intake", "aws:cloudformation:stack-name": "Intake-Api"}
CLAIMS = {
    "tag": {"tags": {"service": "intake"}},
    "stack": {"stacks": ["Intake-*"]},
    "resource": {"resources": ["arn:aws:s3:::intake"]},
    "account": {"accounts": [ACCOUNT]},
    "unit": {"units": ["Workloads"]},
}
STEPS = [*CLAIMS]


def steps(catalogue: Catalogue, account: str = ACCOUNT) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    asked = {"account": account, "resource": "arn:aws:s3:::intake", "tags": TAGS}
    traced = owner_of(catalogue, **asked, trace=lambda step, claimant: told.append((step, claimant)))  # type: ignore[arg-type]
    assert traced == owner_of(catalogue, **asked)  # type: ignore[arg-type]
    return told


def catalogue(*services: Service, teams: tuple[Team, ...] = ()) -> Catalogue:
    account = Account(name="clinic", environment="staging", unit="Workloads/Staging")
    return Catalogue(
        default=Default(team="platform"), services=list(services), teams=list(teams), accounts={ACCOUNT: account}
    )


@pytest.mark.parametrize("decides", STEPS)
def test_each_step_up_to_the_one_that_decides_is_told_with_who_claims_it(decides: str) -> None:
    service = Service(name="intake", team="front-door", **CLAIMS[decides])  # type: ignore[arg-type]
    before = STEPS[: STEPS.index(decides)]
    assert steps(catalogue(service)) == [*((step, "") for step in before), (decides, "intake")]


def test_a_unit_that_a_team_owns_for_no_service_is_told_as_the_teams() -> None:
    assert steps(catalogue(teams=(Team(name="vault", units=["Workloads"]),)))[-1] == ("unit", "vault")


@pytest.mark.parametrize("account", [ACCOUNT, "444455556666"])
def test_what_nobody_claims_has_tried_every_step(account: str) -> None:
    assert steps(catalogue(), account) == [(step, "") for step in STEPS]
