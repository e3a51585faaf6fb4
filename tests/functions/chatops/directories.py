"""Slack and IAM Identity Center, as far as they are asked who somebody is; and every way in which they fail."""

from collections.abc import Callable
from typing import Any, NamedTuple

import boto3
import msgspec
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from functions.chatops import directory as module
from functions.chatops.directory import Directory, StrangerError
from functions.chatops.people import IdentityCenter, People, Pinned
from functions.chatops.slack import SlackRefusedError, SlackUnavailableError

TEAM = "T0LOCAL0000"
PRINCIPAL = "arn:aws:sts::111122223333:assumed-role/operators/aiko"
ROLE = "arn:aws:iam::999988887777:role/yagura/read-identities"


class User(NamedTuple):
    id: str
    team: str = TEAM
    deleted: bool = False
    bot: bool = False
    restricted: bool = False
    email: str = ""


class Delivery(NamedTuple):
    via: str = "slack"
    team: str = TEAM
    user: str = "U0AIKO00000"
    principal: str = ""


class FakeSlack:
    """users.info of these users, or an exception."""

    def __init__(self, *users: User) -> None:
        self.users = {user.id: user for user in users}
        self.asked: list[str] = []
        self.fails: BaseException | None = None
        self.answers: Any = None

    def user(self, user_id: str) -> User:
        self.asked.append(user_id)
        if self.fails:
            raise self.fails
        if self.answers is not None:
            answer: User = self.answers
            return answer
        return self.users[user_id]


AIKO, BEN, DAI = (
    User("U0AIKO00000", email="aiko@example.com"),
    User("U0BEN000000", email="ben@example.com"),
    User("U0DAI000000", email="dai@example.com"),
)
PEOPLE = People(
    sre="sre",
    people=[
        Pinned(id="aiko", slack="U0AIKO00000", teams=["sre"], principals=[PRINCIPAL]),
        Pinned(id="ben", slack="U0BEN000000", teams=["sre", "payments"]),
    ],
)


class Identity:
    """An identity store in moto: users by e-mail, groups by name."""

    def __init__(self, *, groups: int = 1) -> None:
        self.client = boto3.client("identitystore", region_name="us-east-1")
        self.store = "d-1234567890"
        self.groups = [self._group(f"group-{i}") for i in range(groups)]
        self.center = IdentityCenter(
            store=self.store, region="us-east-1", role=ROLE, groups=dict.fromkeys(self.groups, "payments")
        )
        self.opened: list[IdentityCenter] = []

    def _group(self, name: str) -> str:
        return self.client.create_group(IdentityStoreId=self.store, DisplayName=name)["GroupId"]

    def add(self, name: str, *groups: str) -> str:
        user = self.client.create_user(
            IdentityStoreId=self.store,
            UserName=name,
            DisplayName=name,
            Name={"GivenName": name, "FamilyName": name},
            Emails=[{"Value": f"{name}@example.com", "Type": "work", "Primary": True}],
        )["UserId"]
        for group in groups:
            self.join(user, group)
        return user

    def join(self, user: str, group: str) -> None:
        self.client.create_group_membership(IdentityStoreId=self.store, GroupId=group, MemberId={"UserId": user})

    def leave(self, user: str) -> None:
        pages = self.client.list_group_memberships_for_member(IdentityStoreId=self.store, MemberId={"UserId": user})
        for membership in pages["GroupMemberships"]:
            self.client.delete_group_membership(IdentityStoreId=self.store, MembershipId=membership["MembershipId"])

    def connect(self, center: IdentityCenter) -> Any:
        self.opened.append(center)
        return self.client

    def people(self, *people: Pinned) -> People:
        return People(sre="sre", people=list(people), identity_center=self.center)


def directory(slack: FakeSlack | None = None, people: People = PEOPLE, identity: Any = None) -> Directory:
    return Directory(
        slack or FakeSlack(AIKO, BEN, DAI), people, TEAM, identity or module.connect, sleep=lambda _seconds: None
    )


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(StrangerError) as caught:
        work()
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "aiko@example.com"}}, "Operation")


class OddStore:
    """An identity store that answers anything."""

    def __init__(self, user: Any, groups: Any) -> None:
        self.user, self.groups = user, groups

    def get_user_id(self, **_: Any) -> Any:
        return self.user

    def is_member_in_groups(self, **_: Any) -> Any:
        return self.groups


FAILURES: list[Exception] = [
    SlackUnavailableError("away", for_all=True),
    SlackRefusedError("user_not_found"),
    SlackRefusedError("missing_scope"),
    client_error("AccessDeniedException"),
    client_error("ThrottlingException"),
    client_error("InternalServerException"),
    client_error("ValidationException"),
    client_error("ExpiredToken"),
    ClientError({}, "Operation"),
    BotoCoreError(),
    NoCredentialsError(),
    EndpointConnectionError(endpoint_url="https://identitystore"),
    ReadTimeoutError(endpoint_url="https://identitystore"),
    ParamValidationError(report="x"),
    TimeoutError(),
    ConnectionResetError(),
    OSError(),
    ValueError(),
    KeyError("UserId"),
    TypeError(),
    AttributeError(),
    RuntimeError(),
    RecursionError(),
    MemoryError(),
    ExceptionGroup("several", [ValueError()]),
    msgspec.ValidationError("x"),
]
