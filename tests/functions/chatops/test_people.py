"""Who may speak to the fleet, and who decides."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.commands import Who
from functions.chatops.people import IdentityCenter, People, Person, Pinned
from stacks.config.compile import chatops_config
from stacks.config.load import load

SRE_SESSION = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_*/aiko@example.com"
EXACT = "arn:aws:sts::111122223333:assumed-role/operators/ben"
USER = "arn:aws:iam::111122223333:user/chie"
CENTER = IdentityCenter(
    store="d-1234567890", region="us-east-1", role="arn:aws:iam::999988887777:role/yagura/x", groups={"g-1": "records"}
)

AIKO = Pinned(id="aiko", slack="U0AIKO00000", teams=["sre", "payments"], identity_user="i-1", principals=[SRE_SESSION])
BEN = Pinned(id="ben", slack="U0BEN000000", teams=["sre"], principals=[EXACT])
CHIE = Pinned(id="chie", slack="U0CHIE00000", teams=["payments"], identity_user="i-3", principals=[EXACT + "x", USER])
PEOPLE = People(sre="sre", people=[CHIE, BEN, AIKO])


def person(*teams: str, pinned: bool = True) -> Person:
    return Person(id="p", teams=frozenset(teams), pinned=pinned)


def test_an_iam_principal_has_no_slack_account() -> None:
    assert person().slack == ""


def test_a_slack_id_finds_the_person_it_is_pinned_to_and_nobody_else() -> None:
    assert PEOPLE.known("U0BEN000000") == BEN
    assert PEOPLE.known("U0AIKO00000") == AIKO
    assert PEOPLE.known("U0DAI000000") is None
    assert PEOPLE.known("u0ben000000") is None
    assert PEOPLE.known("") is None


def test_a_user_of_identity_center_finds_the_pinned_person() -> None:
    assert PEOPLE.by_identity("i-3") == CHIE
    assert PEOPLE.by_identity("i-2") is None


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        (EXACT, BEN),
        (EXACT + "x", CHIE),
        (USER, CHIE),
        ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123456789abcdef/aiko@example.com", AIKO),
        ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_F/aiko@example.com", AIKO),
    ],
)
def test_a_principal_finds_its_person(arn: str, found: Pinned) -> None:
    assert PEOPLE.by_principal(arn) == found


@pytest.mark.parametrize(
    "arn",
    [
        "",
        SRE_SESSION,
        EXACT[:-1],
        f"{EXACT}/",
        f" {EXACT}",
        EXACT.upper(),
        EXACT.replace("111122223333", "111122223334"),
        EXACT.replace("/ben", "/"),
        USER.replace("user/", "role/"),
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123/ben@example.com",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123/aiko@example.com.evil",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123/x/aiko@example.com",
        "arn:aws:sts::111122223334:assumed-role/AWSReservedSSO_SRE_0123/aiko@example.com",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_/aiko@example.com",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE/aiko@example.com",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_ReadOnly_0123/aiko@example.com",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_a-b/aiko@example.com",
        "arn:aws:sts::111122223333:assumed-role/xAWSReservedSSO_SRE_0123/aiko@example.com",
        "x/arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0123/aiko@example.com",
    ],
)
def test_anything_else_finds_nobody(arn: str) -> None:
    assert PEOPLE.by_principal(arn) is None


@given(role=st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,40}", fullmatch=True), session=st.sampled_from(["aiko", "ben"]))
def test_no_other_role_ever_stands_for_a_pinned_one(role: str, session: str) -> None:
    arn = f"arn:aws:sts::111122223333:assumed-role/{role}/{session}"
    assert PEOPLE.by_principal(arn) == (BEN if (role, session) == ("operators", "ben") else None)


def test_approvers_are_the_pinned_people_of_any_of_the_teams_in_order() -> None:
    assert PEOPLE.approvers(["sre"]) == ["aiko", "ben"]
    assert PEOPLE.approvers(["payments"]) == ["aiko", "chie"]
    assert PEOPLE.approvers(["sre", "payments"]) == ["aiko", "ben", "chie"]
    assert PEOPLE.approvers(["records"]) == []
    assert PEOPLE.approvers([]) == []
    assert PEOPLE.approvers(iter(["sre"])) == ["aiko", "ben"]


def test_who_may_be_in_a_team_by_a_group_could_approve_for_it() -> None:
    people = msgspec.structs.replace(PEOPLE, identity_center=CENTER)
    assert people.approvers(["records"]) == ["aiko", "chie"], "ben has no user in Identity Center"
    assert people.approvers(["sre"]) == ["aiko", "ben"]


def test_only_pinned_people_of_the_team_approve() -> None:
    assert PEOPLE.may_approve(person("payments"), ["sre", "payments"])
    assert not PEOPLE.may_approve(person("payments", pinned=False), ["sre", "payments"])
    assert not PEOPLE.may_approve(person("payments"), ["sre"])
    assert not PEOPLE.may_approve(person(), ["sre"])


@pytest.mark.parametrize("pinned", [True, False])
def test_commands_of_the_sre_team_are_for_its_people_and_others_for_everybody(pinned: bool) -> None:
    assert PEOPLE.may_run(person("sre", pinned=pinned), Who.SRE)
    assert not PEOPLE.may_run(person("payments", pinned=pinned), Who.SRE)
    assert not PEOPLE.may_run(person(pinned=pinned), Who.SRE)
    assert PEOPLE.may_run(person(pinned=pinned), Who.EVERYONE)


def test_every_kind_of_command_has_somebody_to_say_it() -> None:
    assert all(PEOPLE.may_run(person("sre"), who) for who in Who)


def test_the_compiled_configuration_is_what_is_read() -> None:
    config = load(Path(__file__).parents[3])
    people = msgspec.json.decode(chatops_config(config, config.fleet.hub), type=People)
    assert people.sre == "sre"
    assert people.approvers(["sre"]) == ["aiko", "ben"]
    found = people.by_principal("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_0a1b2c3d/ben@example.com")
    assert found is not None
    assert (found.id, found.slack, found.teams) == ("ben", "U0BEN000000", ["sre"])
    assert people.identity_center is None


def test_identity_center_is_read_too() -> None:
    written = {"sre": "sre", "people": [], "identity_center": msgspec.to_builtins(CENTER)}
    assert msgspec.convert(written, People).identity_center == CENTER
