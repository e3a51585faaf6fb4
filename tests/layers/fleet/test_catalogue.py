"""Whose is this? Tag, then stack, then resource, then account, then unit, then the default."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.catalogue import Account, Catalogue, Default, Service, Team, owner_of

ACCOUNT = "111122223333"
RESOURCE = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:intake-api"
TAGS = {"service": "intake", "aws:cloudformation:stack-name": "Intake-Api"}
CLAIMS = {
    "tag": Service(name="by-tag", team="t1", tags={"service": "intake"}),
    "stack": Service(name="by-stack", team="t2", stacks=["Intake-*"]),
    "resource": Service(name="by-resource", team="t3", resources=["arn:aws:lambda:*:function:intake-*"]),
    "account": Service(name="by-account", team="t4", accounts=[ACCOUNT]),
    "unit": Service(name="by-unit", team="t5", units=["Workloads"]),
}
ORDER = [*CLAIMS, "default"]


def catalogue(*services: Service, teams: Sequence[Team] = (), unit: str = "Workloads/Staging") -> Catalogue:
    return Catalogue(
        default=Default(team="platform"),
        services=list(services),
        teams=list(teams),
        accounts={ACCOUNT: Account(name="clinic-staging", environment="staging", unit=unit)},
    )


@given(st.sets(st.sampled_from(sorted(CLAIMS))).flatmap(lambda rules: st.permutations(sorted(rules))))
def test_tag_goes_before_stack_before_resource_before_account_before_unit_before_default(rules: list[str]) -> None:
    owner = owner_of(catalogue(*(CLAIMS[rule] for rule in rules)), account=ACCOUNT, resource=RESOURCE, tags=TAGS)
    first = min([*rules, "default"], key=ORDER.index)
    assert owner.rule == first
    assert owner.service == (CLAIMS[first].name if first in CLAIMS else "unknown")
    assert owner.team == (CLAIMS[first].team if first in CLAIMS else "platform")


def test_of_two_that_claim_by_the_same_rule_the_first_of_the_catalogue_has_it() -> None:
    for one, other in itertools.permutations(["a", "b"]):
        services = [Service(name=name, team=name, accounts=[ACCOUNT]) for name in (one, other)]
        assert owner_of(catalogue(*services), account=ACCOUNT, resource="r", tags={}).service == one


@pytest.mark.parametrize(
    ("resource", "owned"),
    [
        (RESOURCE, True),
        (f"{RESOURCE}:live", True),
        (f"{RESOURCE}-2", False),
        (f"arn:aws:sqs:eu-west-1:{ACCOUNT}:intake-api", False),
        ("intake-api", False),
    ],
)
def test_a_function_is_claimed_by_its_name_with_or_without_alias(resource: str, owned: bool) -> None:
    services = catalogue(Service(name="s", team="t", functions=["intake-api"]))
    assert (owner_of(services, account=ACCOUNT, resource=resource, tags={}).rule == "resource") is owned


@pytest.mark.parametrize("tags", [{}, {"service": "Intake"}, {"Service": "intake"}, {"service": ""}])
def test_a_tag_claims_only_by_its_exact_key_and_value(tags: dict[str, str]) -> None:
    assert owner_of(catalogue(CLAIMS["tag"]), account=ACCOUNT, resource="r", tags=tags).rule == "default"


def test_what_no_stack_made_belongs_to_no_stacks_service() -> None:
    everything = Service(name="s", team="t", stacks=["*"])
    assert owner_of(catalogue(everything), account=ACCOUNT, resource="r", tags={}).rule == "default"


def test_the_text_of_a_tag_never_becomes_a_team() -> None:
    owner = owner_of(catalogue(), account=ACCOUNT, resource="r", tags={"team": "evil", "service": "evil"})
    assert (owner.team, owner.service) == ("platform", "unknown")


@pytest.mark.parametrize(("account", "environment"), [(ACCOUNT, "staging"), ("444455556666", "unknown")])
def test_the_environment_is_the_accounts(account: str, environment: str) -> None:
    assert owner_of(catalogue(), account=account, resource="r", tags={}).environment == environment


@pytest.mark.parametrize(
    ("unit", "owned"),
    [
        ("Workloads", True),
        ("Workloads/Staging", True),
        ("Workloads/Staging/Clinics", False),
        ("Workloads/Stag", False),
        ("Staging", False),
        ("Work", False),
        ("", False),
    ],
)
def test_a_unit_is_owned_with_all_units_below_it_and_no_other(unit: str, owned: bool) -> None:
    owner = owner_of(catalogue(Service(name="s", team="t", units=[unit])), account=ACCOUNT, resource="r", tags={})
    assert (owner.service, owner.team, owner.rule) == (
        ("s", "t", "unit") if owned else ("unknown", "platform", "default")
    )


def test_the_nearest_unit_counts_whoever_owns_it() -> None:
    near, far = "Workloads/Staging", "Workloads"
    for services, teams, wanted in [
        ([Service(name="s", team="t", units=[far, near])], [Team(name="x", units=[])], ("s", "t")),
        ([Service(name="s", team="t", units=[far])], [Team(name="x", units=[near])], ("unknown", "x")),
        ([Service(name="s", team="t", units=[near])], [Team(name="x", units=[far])], ("s", "t")),
        ([Service(name=n, team=n, units=[u]) for n, u in (("a", far), ("b", near))], [], ("b", "b")),
    ]:
        owner = owner_of(catalogue(*services, teams=teams), account=ACCOUNT, resource="r", tags={})
        assert (owner.service, owner.team, owner.rule) == (*wanted, "unit")


@pytest.mark.parametrize(("account", "unit"), [(ACCOUNT, ""), ("444455556666", "Workloads")])
def test_an_account_without_a_unit_is_in_none(account: str, unit: str) -> None:
    known = catalogue(CLAIMS["unit"], unit=unit)
    assert owner_of(known, account=account, resource="r", tags={}).rule == "default"
