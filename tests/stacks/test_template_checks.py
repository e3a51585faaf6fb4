"""The checks find nothing wrong with the fleet, and find each thing that is then broken in it."""

from dataclasses import replace

import pytest

from fleetctl.templates import Template
from tests.stacks.checks import CHECKS, problems
from tests.stacks.fleets import broken, find
from tests.stacks.mutations import (
    archive,
    buses,
    chatops,
    commands,
    findings,
    functions,
    grants,
    keys,
    pollers,
    queues,
    tables,
)
from tests.stacks.mutations.mutation import SPOKE, Mutation

MUTATIONS = (
    grants.MUTATIONS
    | pollers.MUTATIONS
    | buses.MUTATIONS
    | commands.MUTATIONS
    | chatops.MUTATIONS
    | archive.MUTATIONS
    | findings.MUTATIONS
    | queues.MUTATIONS
    | tables.MUTATIONS
    | functions.MUTATIONS
)


def test_the_whole_app_is_free_of_problems(fleet: list[Template]) -> None:
    assert len(fleet) >= 14
    assert sum(len(template.resources) for template in fleet) >= 200
    assert problems(fleet) == []


def test_a_fleet_with_its_own_key_is_free_of_problems(with_key: list[Template]) -> None:
    assert sum("AWS::KMS::Key" in str(template.body) for template in with_key) == 2
    assert problems(with_key) == []


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
def test_the_check_names_what_is_broken(hub_and_spoke: list[Template], mutation: Mutation) -> None:
    names_it(hub_and_spoke, mutation)


@pytest.mark.parametrize("mutation", keys.MUTATIONS.values(), ids=keys.MUTATIONS.keys())
def test_the_check_of_keys_names_what_is_broken(with_key: list[Template], mutation: Mutation) -> None:
    names_it(with_key, mutation)


def names_it(good: list[Template], mutation: Mutation) -> None:
    template, templates = broken(good, mutation.stage, mutation.stack)
    mutation.change(template.body["Resources"])
    found = CHECKS[mutation.kind](templates)
    assert any(mutation.says in problem for problem in found), found


def test_an_export_is_named(hub_and_spoke: list[Template]) -> None:
    template, templates = broken(hub_and_spoke, SPOKE, "foundation")
    template.body["Outputs"] = {"Bus": {"Value": "x", "Export": {"Name": "bus"}}}
    assert CHECKS["stacks"](templates) == [
        "security-audit/foundation Bus: is exported: let the other stack find it by its name"
    ]


def test_a_stack_that_may_be_deployed_before_its_boundary_is_named(hub_and_spoke: list[Template]) -> None:
    early = replace(find(hub_and_spoke, "hub", "chatops"), after=())
    others = [each for each in hub_and_spoke if (each.stage, each.stack) != ("hub", "chatops")]
    found = CHECKS["boundary"]([*others, early])
    assert any("hub/chatops ClaimsE8D96B24: may be made before its boundary" in problem for problem in found), found


def test_no_mutation_hides_another_of_the_same_name() -> None:
    parts = (grants, pollers, buses, commands, chatops, archive, findings, queues, tables, functions)
    assert len(MUTATIONS) == sum(len(part.MUTATIONS) for part in parts)
    sorts = (chatops.REQUESTS, chatops.SECRETS, chatops.API, archive.ARCHIVE, archive.ACCOUNTS)
    assert len(chatops.MUTATIONS | archive.MUTATIONS) == sum(map(len, sorts))


def test_every_kind_of_check_has_a_mutation() -> None:
    tried = [*MUTATIONS.values(), *keys.MUTATIONS.values()]
    assert {mutation.kind for mutation in tried} == set(CHECKS)
