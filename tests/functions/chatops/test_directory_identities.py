"""Who is this, by IAM Identity Center: groups give teams, an e-mail address gives no authority."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from fleet import aws
from functions.chatops import directory as module
from functions.chatops.directory import Directory, StrangerError
from functions.chatops.people import IdentityCenter, People, Person
from tests.functions.chatops.directories import (
    AIKO,
    DAI,
    FAILURES,
    PEOPLE,
    PRINCIPAL,
    ROLE,
    TEAM,
    Delivery,
    FakeSlack,
    Identity,
    OddStore,
    User,
    client_error,
    directory,
    refused,
)


@pytest.fixture
def identity() -> Any:
    with mock_aws():
        yield Identity()


@given(st.sampled_from([StrangerError("bot"), *FAILURES]), st.sampled_from(["person", "principal", "stranger"]))
def test_any_failure_of_identity_center_refuses(failure: Exception, who: str) -> None:
    center = IdentityCenter(store="d-1", region="us-east-1", role=ROLE, groups={"g": "sre"})
    aiko = msgspec.structs.replace(PEOPLE.people[0], identity_user="i-1")
    people = People(sre="sre", people=[aiko], identity_center=center)

    def connect(_center: IdentityCenter) -> Any:
        raise failure

    delivery = {
        "person": Delivery(),
        "principal": Delivery(via="iam", principal=PRINCIPAL),
        "stranger": Delivery(user="U0DAI000000"),
    }[who]
    assert refused(lambda: directory(people=people, identity=connect).of(delivery)) == ("lookup_failed")


@pytest.mark.parametrize(
    ("user", "groups", "reason"),
    [
        ({}, {"Results": []}, "lookup_failed"),
        (None, {"Results": []}, "lookup_failed"),
        ({"UserId": "i-9"}, {}, "lookup_failed"),
        ({"UserId": "i-9"}, {"Results": [{"GroupId": "another", "MembershipExists": True}]}, "lookup_failed"),
        ({"UserId": "i-9"}, {"Results": [{"GroupId": "g"}]}, "lookup_failed"),
        ({"UserId": "i-9"}, {"Results": [{"GroupId": "g", "MembershipExists": "true"}]}, "unknown"),
        ({"UserId": "i-9"}, {"Results": [{"GroupId": "g", "MembershipExists": False}]}, "unknown"),
        ({"UserId": "i-9"}, {"Results": []}, "unknown"),
    ],
)
def test_an_odd_answer_of_identity_center_makes_nobody_known(user: Any, groups: Any, reason: str) -> None:
    center = IdentityCenter(store="d-1", region="us-east-1", role=ROLE, groups={"g": "sre"})
    people = People(sre="sre", people=[], identity_center=center)
    desk = directory(people=people, identity=lambda _center: OddStore(user, groups))
    assert refused(lambda: desk.of(Delivery())) == reason


def test_somebody_found_by_email_has_the_teams_of_the_groups_and_no_authority(identity: Identity) -> None:
    dai = identity.add("dai", identity.groups[0])
    found = directory(people=identity.people(), identity=identity.connect).of(Delivery(user="U0DAI000000"))
    assert found == Person(id=f"identity:{dai}", teams=frozenset({"payments"}), pinned=False, slack="U0DAI000000")
    assert {center.role for center in identity.opened} == {ROLE}


@pytest.mark.parametrize("name", ["ben", "dai"])
def test_who_is_in_no_group_or_in_no_directory_is_unknown(identity: Identity, name: str) -> None:
    identity.add("dai")
    desk = directory(people=identity.people(), identity=identity.connect)
    user = {"ben": "U0BEN000000", "dai": "U0DAI000000"}[name]
    assert refused(lambda: desk.of(Delivery(user=user))) == "unknown"


def test_without_an_email_identity_center_is_not_asked(identity: Identity) -> None:
    slack = FakeSlack(DAI._replace(email=""))
    desk = directory(slack, people=identity.people(), identity=identity.connect)
    assert refused(lambda: desk.of(Delivery(user="U0DAI000000"))) == "unknown"
    assert identity.opened == []


def test_a_second_slack_account_is_the_same_person_without_authority(identity: Identity) -> None:
    aiko = identity.add("aiko", identity.groups[0])
    pinned = msgspec.structs.replace(PEOPLE.people[0], identity_user=aiko)
    second = User("U0SECOND000", email="aiko@example.com")
    desk = directory(FakeSlack(AIKO, second), people=identity.people(pinned), identity=identity.connect)
    found = desk.of(Delivery(user="U0SECOND000"))
    assert found == Person(id="aiko", teams=frozenset({"payments"}), pinned=False, slack="U0SECOND000")


@pytest.mark.parametrize("delivery", [Delivery(), Delivery(via="iam", principal=PRINCIPAL)])
def test_groups_add_to_the_teams_of_a_pinned_person(identity: Identity, delivery: Delivery) -> None:
    aiko = identity.add("aiko", identity.groups[0])
    pinned = msgspec.structs.replace(PEOPLE.people[0], identity_user=aiko)
    found = directory(people=identity.people(pinned), identity=identity.connect).of(delivery)
    assert (found.id, found.teams, found.pinned) == ("aiko", frozenset({"sre", "payments"}), True)


def test_who_left_a_group_has_left_the_team_at_once(identity: Identity) -> None:
    dai = identity.add("dai", identity.groups[0])
    desk = directory(people=identity.people(), identity=identity.connect)
    assert desk.of(Delivery(user="U0DAI000000")).teams == {"payments"}
    identity.leave(dai)
    assert refused(lambda: desk.of(Delivery(user="U0DAI000000"))) == "unknown"


def test_a_pinned_person_who_is_gone_from_identity_center_keeps_no_authority(identity: Identity) -> None:
    gone = "11111111-2222-3333-4444-555555555555"
    pinned = msgspec.structs.replace(PEOPLE.people[0], identity_user=gone)

    class Strict(OddStore):
        def is_member_in_groups(self, **_: Any) -> Any:
            raise client_error("ResourceNotFoundException")

    desk = directory(people=identity.people(pinned), identity=lambda _center: Strict({}, {}))
    assert refused(lambda: desk.of(Delivery())) == "lookup_failed"


def test_a_pinned_person_without_a_user_there_has_the_pinned_teams_only(identity: Identity) -> None:
    desk = directory(people=identity.people(PEOPLE.people[0]), identity=identity.connect)
    assert desk.of(Delivery()).teams == {"sre"}
    assert identity.opened == []


def test_more_groups_than_one_call_takes_are_all_asked() -> None:
    with mock_aws():
        identity = Identity(groups=101)
        identity.center.groups[identity.groups[-1]] = "records"
        identity.add("dai", identity.groups[0], identity.groups[-1])
        calls: list[int] = []
        asks = identity.client.is_member_in_groups

        class Counting(OddStore):
            def get_user_id(self, **request: Any) -> Any:
                return identity.client.get_user_id(**request)

            def is_member_in_groups(self, **request: Any) -> Any:
                calls.append(len(request["GroupIds"]))
                return asks(**request)

        desk = directory(people=identity.people(), identity=lambda _center: Counting({}, {}))
        assert desk.of(Delivery(user="U0DAI000000")).teams == {"payments", "records"}
        assert calls == [100, 1]


def test_identity_center_is_read_as_the_role_that_the_configuration_names(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str]] = []

    def as_role(role: str, *, session: str, region: str) -> Any:
        asked.append((role, session, region))
        return identity.client

    monkeypatch.setattr(aws, "identitystore_as", as_role)
    assert module.connect(identity.center) is identity.client
    assert asked == [(ROLE, "yagura-chatops", "us-east-1")]
    assert Directory(FakeSlack(), PEOPLE, TEAM)._identity is module.connect


def test_a_user_of_identity_center_means_nothing_without_it() -> None:
    aiko = msgspec.structs.replace(PEOPLE.people[0], identity_user="i-1")
    assert directory(people=People(sre="sre", people=[aiko])).of(Delivery()).teams == {"sre"}


@pytest.mark.parametrize("user", ["U0AIKO00000", "U0DAI000000"])
def test_a_failure_of_identity_center_is_logged_as_such(caplog: pytest.LogCaptureFixture, user: str) -> None:
    center = IdentityCenter(store="d-1", region="us-east-1", role=ROLE, groups={"g": "sre"})
    aiko = msgspec.structs.replace(PEOPLE.people[0], identity_user="i-1")
    people = People(sre="sre", people=[aiko], identity_center=center)
    refused(lambda: directory(people=people, identity=lambda _center: None).of(Delivery(user=user)))
    (record,) = caplog.records
    assert (vars(record)["where"], vars(record)["error"]) == ("identity_center", "AttributeError")
