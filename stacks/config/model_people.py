"""What `config/people.yaml` may say: who may speak to the fleet, and who decides."""

import msgspec

from .kinds import IdentityGroup, IdentityStore, IdentityUser, Principal, Region, RoleArn, SlackUser, Slug


class _Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of the configuration share."""


class PinnedPerson(_Config, frozen=True, kw_only=True):
    """A person, and the accounts that are this person's. Whatever he or she uses of them, it is one person."""

    id: Slug
    """How the audit trail calls this person, for ever: a new person gets a new id."""
    slack: SlackUser
    """Authority comes from this id, never from a name or an e-mail address."""
    teams: list[Slug] = []
    """Teams of `services.yaml`."""
    identity_user: IdentityUser | None = None
    """The same person in IAM Identity Center."""
    principals: list[Principal] = []
    """The same person in IAM: what `fleetctl` calls with."""


class IdentityCenter(_Config, frozen=True, kw_only=True):
    """IAM Identity Center, whose groups are asked at every click."""

    store: IdentityStore
    region: Region
    role: RoleArn
    """Assumed to ask it: sts:AssumeRole for the hub, identitystore:GetUserId and IsMemberInGroups for the role."""
    groups: dict[IdentityGroup, Slug]
    """The team that each group stands for."""


class PeopleFile(_Config, frozen=True, kw_only=True):
    """`config/people.yaml`: the people whom the fleet knows."""

    sre_team: Slug
    """Whose people may run the fleet's own commands, and decide everything."""
    people: list[PinnedPerson]
    identity_center: IdentityCenter | None = None
