"""What each secret of the fleet must look like. Pure; no message repeats a value."""

import json
import re
from collections.abc import Callable, Set
from dataclasses import dataclass

from stacks.config.model import EACH_ACCOUNT, Account, Config

GITHUB_TOKEN = "/yagura/github/token"  # noqa: S105 - a name, not a secret
_SIGNING = re.compile(r"[0-9a-f]{32}")
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{10,}")
_CLASSIC = re.compile(r"ghp_[A-Za-z0-9]{36,251}")
_FINE_GRAINED = re.compile(r"github_pat_[A-Za-z0-9_]{22,244}")


class FormError(ValueError):
    """The value cannot be what it should be; the text is for people, and holds nothing of it."""


@dataclass(frozen=True)
class Form:
    """One secret: its name in Secrets Manager, what to ask for, and how to look at it."""

    secret_name: str
    asked: str
    check: Callable[[str], list[str]]
    """Returns warnings; raises FormError."""
    then: str
    """What happens once it is set."""
    capability: str
    """Whose it is."""
    accounts: tuple[Account, ...]
    """Where it lies: one secret in each."""


def forms(config: Config) -> dict[str, Form]:
    """The secrets of this fleet, by what `fleetctl secrets set` calls them."""
    local = config.fleet.kind == "local"
    slack, pagerduty = config.fleet.slack, config.fleet.pagerduty
    hub = ("chatops", (config.fleet.hub,))
    found = {
        "slack": Form(slack.secret_name, "Bot token", token, "Messages that wait are posted within two minutes.", *hub),
        "slack-signing": Form(
            slack.signing_secret_name,
            "Signing secret",
            filled if local else signing,
            "What Slack signs is taken within five minutes; what it signs with the one before is taken as well.",
            *hub,
        ),
    }
    if pagerduty is not None:
        # Services' own names come before their teams', so either may page.
        teams, services = config.services.teams, config.services.services
        named = [*(each.pagerduty_service for each in services), *(each.pagerduty_service for each in teams)]
        wanted = {each for each in named if each}
        found["pagerduty"] = Form(
            pagerduty.secret_name,
            'Routing keys, {"service": "key", ...}',
            lambda value: routing_keys(value, wanted),
            "Pages that wait are sent within two minutes.",
            *hub,
        )
    triaging = _triaging(config)
    if triaging:
        found["github"] = Form(
            GITHUB_TOKEN, "Token of GitHub", github, "It is taken within five minutes.", "findings", triaging
        )
    return found


def _triaging(config: Config) -> tuple[Account, ...]:
    """The accounts whose findings are their own to triage; the others drop what they see."""
    home = config.fleet.findings.home
    deployed = [each for each in config.fleet.accounts if "findings" in each.capabilities]
    return tuple(each for each in deployed if home in (EACH_ACCOUNT, each.name))


def token(value: str) -> list[str]:
    """A bot token of Slack."""
    if value.startswith(("xoxp-", "xapp-", "xoxe")):
        raise FormError("This is another kind of Slack token; the bot token begins with xoxb- (OAuth & Permissions)")
    if not _TOKEN.fullmatch(value):
        raise FormError("A bot token of Slack begins with xoxb-, and holds letters, digits and hyphens")
    return []


def signing(value: str) -> list[str]:
    """A signing secret of Slack."""
    if value.startswith(("xox", "xapp")):
        raise FormError("This is a token; the signing secret stands under Basic Information of the Slack app")
    if not _SIGNING.fullmatch(value):
        raise FormError("A signing secret of Slack is 32 digits and letters a to f (Basic Information of the app)")
    return []


def github(value: str) -> list[str]:
    """A personal access token of GitHub, fine-grained or classic."""
    if value.startswith(("gho_", "ghu_", "ghs_", "ghr_")):
        raise FormError("This token of GitHub's is an app's, and is good for hours only; make a fine-grained one")
    if _CLASSIC.fullmatch(value):
        return ["A classic token may do far more than the fleet needs: a fine-grained one can be held to issues."]
    if not _FINE_GRAINED.fullmatch(value):
        raise FormError("A token of GitHub begins with github_pat_ (Settings, Developer settings, Fine-grained tokens)")
    return []


def filled(value: str) -> list[str]:
    """Anything: the fake Slack's."""
    if not value:
        raise FormError("It is empty")
    return []


def routing_keys(value: str, wanted: Set[str]) -> list[str]:
    """A JSON object: PagerDuty service of services.yaml -> its 32-character integration key (Events API v2)."""
    shape = 'a JSON object of PagerDuty services and their routing keys: {"service of services.yaml": "32 characters"}'
    try:
        found = json.loads(value, object_pairs_hook=_once)
    except FormError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormError(f"This is not JSON; it must be {shape}") from error
    if not isinstance(found, dict) or not found:
        raise FormError(f"It must be {shape}")
    for service, key in found.items():
        if not isinstance(key, str) or not _ROUTING_KEY.fullmatch(key):
            raise FormError(f"The routing key of {service!r} is not 32 letters and digits (Events API v2 integration)")
    warnings = [f"services.yaml names {each!r}, and it has no key here." for each in sorted(wanted - found.keys())]
    return warnings + [
        f"services.yaml names no {each!r}: its key is never used." for each in sorted(found.keys() - wanted)
    ]


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormError("A service stands there twice")
    return found
