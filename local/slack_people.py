"""The people of the fake workspace, as `users.info` tells of them.

Evidence: docs.slack.dev, the method users.info (`user_not_found`) and the User object: `is_restricted` is a guest of
many channels, `is_ultra_restricted` of one; `deleted` is a deactivated account, whose object lacks the `is_` fields
of roles; `team_id` is the home workspace, another one for a stranger who shares a channel (Slack Connect), who has
`is_stranger`. `profile.email` needs the scope users:read.email, which this token has.
"""

from typing import Any, NamedTuple

TEAM, TEAM_DOMAIN = "T0LOCAL0000", "yagura-local"
OTHER_TEAM = "T0OTHER0000"
APP, BOT, BOT_USER = "A0YAGURA000", "B0YAGURA000", "U0YAGURA000"


class Person(NamedTuple):
    """One account: id, name, home workspace, and what of it a program must not overlook."""

    id: str
    name: str
    team: str = TEAM
    guest: bool = False
    bot: bool = False
    deleted: bool = False


_ALL = (
    Person("U0AIKO00000", "aiko"),
    Person("U0BEN000000", "ben"),
    Person("U0CHIE00000", "chie"),
    Person("U0DAI000000", "dai"),
    Person("U0GUEST0000", "guest", guest=True),
    Person("U0BOT000000", "robot", bot=True),
    Person("U0GONE00000", "gone", deleted=True),
    Person("U0OTHER0000", "stranger", team=OTHER_TEAM),
)
PEOPLE = {person.id: person for person in _ALL}


def user(person: Person) -> dict[str, Any]:
    """The User object of Slack's reference."""
    found: dict[str, Any] = {
        "id": person.id,
        "team_id": person.team,
        "name": person.name,
        "deleted": person.deleted,
        "real_name": person.name.capitalize(),
        "profile": {
            "real_name": person.name.capitalize(),
            "display_name": person.name,
            "email": f"{person.name}@example.com",
            "team": person.team,
        },
        "is_bot": person.bot,
        "is_app_user": False,
        "updated": 1_760_000_000,
    }
    if not person.deleted:
        found |= {
            "tz": "Asia/Tokyo",
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": person.guest,
            "is_ultra_restricted": False,
        }
    if person.team != TEAM:
        found["is_stranger"] = True
    return found
