"""Who is this? The one port to Slack's users and to IAM Identity Center. Whatever fails on the way refuses."""

import time
from collections.abc import Callable
from itertools import batched
from typing import TYPE_CHECKING, Literal, Protocol

from botocore.exceptions import ClientError

from fleet import aws, telemetry
from functions.chatops.people import IdentityCenter, People, Person, Pinned
from functions.chatops.slack import SlackUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_identitystore import IdentityStoreClient

type Reason = Literal["unknown", "wrong_team", "deactivated", "bot", "guest", "lookup_failed"]

_MOST_GROUPS = 100
"""Of one IsMemberInGroups call."""
_PAUSES, _LONGEST_PAUSE = (0.5, 2.0), 5.0
"""Seconds between asking Slack again, while it cannot answer."""
_NOT_FOUND = "ResourceNotFoundException"


class StrangerError(Exception):
    """Nobody whom the fleet listens to; `reason` is a slug to count by."""

    known_as = ""
    """Id of the pinned person whose account it was, if it was one: that is audited."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class SlackUser(Protocol):
    """What Slack says of a user."""

    @property
    def id(self) -> str: ...  # noqa: D102 - named as in Slack's answer
    @property
    def team(self) -> str: ...  # noqa: D102
    @property
    def deleted(self) -> bool: ...  # noqa: D102
    @property
    def bot(self) -> bool: ...  # noqa: D102
    @property
    def restricted(self) -> bool: ...  # noqa: D102
    @property
    def email(self) -> str: ...  # noqa: D102


class Users(Protocol):
    """Slack, as far as it is asked about people."""

    def user(self, user_id: str) -> SlackUser:
        """The user of this id, as of now; anything that it raises refuses."""
        ...


class Caller(Protocol):
    """What a delivery says of whoever sent it, already verified by the ingress."""

    @property
    def via(self) -> str: ...  # noqa: D102 - slack or iam
    @property
    def team(self) -> str: ...  # noqa: D102
    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def principal(self) -> str: ...  # noqa: D102 - an ARN


def connect(center: IdentityCenter) -> "IdentityStoreClient":
    """The identity store, as the role that may read it."""
    return aws.identitystore_as(center.role, session="yagura-chatops", region=center.region)


class Directory:
    """Looks people up, each time anew: who left a group or the company a minute ago is refused now."""

    def __init__(
        self,
        slack: Users,
        people: People,
        slack_team: str,
        identity: Callable[[IdentityCenter], "IdentityStoreClient"] = connect,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._slack, self._people, self._slack_team, self._identity = slack, people, slack_team, identity

    def of(self, caller: Caller, *, patient: bool = True) -> Person:
        """Whoever sent a delivery. Raises StrangerError; while `patient`, SlackUnavailableError if Slack cannot say."""
        match caller.via:
            case "slack":
                return self.person(caller.user, caller.team, patient=patient)
            case "iam":
                return self.principal(caller.principal)
        raise StrangerError("unknown")

    def person(self, user_id: str, team: str, *, patient: bool = True) -> Person:
        """Who a Slack user of a workspace is. Raises StrangerError, SlackUnavailableError."""
        if team != self._slack_team:
            raise StrangerError("wrong_team")
        pinned = self._people.known(user_id)
        try:
            user = self._user(user_id, patient=patient)
            return self._person(pinned, user_id) if pinned else self._by_email(user)
        except StrangerError as stranger:
            stranger.known_as = pinned.id if pinned else ""
            raise

    def principal(self, arn: str) -> Person:
        """Who an IAM principal is. Raises StrangerError."""
        pinned = self._people.by_principal(arn)
        if pinned is None:
            raise StrangerError("unknown")
        try:
            return self._person(pinned, "")
        except StrangerError as stranger:
            stranger.known_as = pinned.id
            raise

    def _person(self, pinned: Pinned, slack: str) -> Person:
        teams = frozenset(pinned.teams) | self._teams_of(pinned.identity_user)
        return Person(id=pinned.id, teams=teams, pinned=True, slack=slack)

    def _user(self, user_id: str, *, patient: bool) -> SlackUser:
        """Of pinned people too: an account that was deactivated is nobody's any more."""
        try:
            user = self._asked(user_id)
            objection = self._objection(user, user_id)
        except SlackUnavailableError as error:
            if patient:
                raise  # nobody is let in; the delivery comes back, since a rate limit is no stranger
            raise _failed("slack", error) from error
        except Exception as error:
            raise _failed("slack", error) from error
        if objection:
            raise StrangerError(objection)
        return user

    def _asked(self, user_id: str) -> SlackUser:
        for pause in _PAUSES:
            try:
                return self._slack.user(user_id)
            except SlackUnavailableError as error:
                self._sleep(max(pause, min(error.retry_after_ms / 1000, _LONGEST_PAUSE)))
        return self._slack.user(user_id)

    def _objection(self, user: SlackUser, user_id: str) -> Reason | None:
        if user.id != user_id:
            return "lookup_failed"
        if user.team != self._slack_team:
            return "wrong_team"
        if user.deleted:
            return "deactivated"
        if user.bot:
            return "bot"
        return "guest" if user.restricted else None

    def _by_email(self, user: SlackUser) -> Person:
        center = self._people.identity_center
        if center is None or not user.email:
            raise StrangerError("unknown")
        identity_user = self._identity_user(center, user.email)
        teams = self._teams_of(identity_user)
        if not teams:
            raise StrangerError("unknown")
        # A second account of somebody pinned is that somebody, without the authority of the first.
        pinned = self._people.by_identity(identity_user)
        person_id = pinned.id if pinned else f"identity:{identity_user}"
        return Person(id=person_id, teams=teams, pinned=False, slack=user.id)

    def _identity_user(self, center: IdentityCenter, email: str) -> str:
        try:
            answer = self._identity(center).get_user_id(
                IdentityStoreId=center.store,
                AlternateIdentifier={
                    # The stubs want a mapping: the type is a document, which may be any JSON value.
                    "UniqueAttribute": {"AttributePath": "emails.value", "AttributeValue": email}  # type: ignore[typeddict-item]
                },
            )
            return answer["UserId"]
        except Exception as error:
            if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == _NOT_FOUND:
                raise StrangerError("unknown") from error
            raise _failed("identity_center", error) from error

    def _teams_of(self, identity_user: str | None) -> frozenset[str]:
        center = self._people.identity_center
        if center is None or identity_user is None:
            return frozenset()
        try:
            return self._memberships(center, identity_user)
        except Exception as error:
            raise _failed("identity_center", error) from error

    def _memberships(self, center: IdentityCenter, user: str) -> frozenset[str]:
        client = self._identity(center)
        teams = set()
        for groups in batched(center.groups, _MOST_GROUPS, strict=False):
            answer = client.is_member_in_groups(
                IdentityStoreId=center.store, MemberId={"UserId": user}, GroupIds=list(groups)
            )
            teams |= {center.groups[each["GroupId"]] for each in answer["Results"] if each["MembershipExists"] is True}
        return frozenset(teams)


def _failed(where: str, error: Exception) -> StrangerError:
    # Not the error's own words, which may quote an e-mail address.
    telemetry.log("lookup failed", where=where, error=type(error).__name__)
    return StrangerError("lookup_failed")
