"""What each capability gets to know: one canonical JSON, with only the fields that it uses.

The same configuration gives the same bytes, so an asset changes only when what it uses has changed.
"""

import msgspec

from .model import EACH_ACCOUNT, Account, Config
from .rules_services import account_ids


def findings_config(config: Config, account: Account) -> bytes:
    """For `findings` in this account and Region: which findings are its own, and the catalogue that names owners.

    `accepts.accounts` is null for "of any account". A finding of this account from one of `elsewhere_regions`
    belongs to the deployment there.
    """
    return _canonical({"accepts": _accepts(config, account), "catalogue": _catalogue(config)})


def chatops_config(config: Config, account: Account) -> bytes:  # noqa: ARG001 - all capabilities are called alike
    """For `chatops`: the channels of teams, those of services that have their own, and the fleet's accounts."""
    services = config.services
    default = services.default
    return _canonical(
        {
            "default_channel": config.fleet.slack.default_channel,
            "channels": {default.team: default.slack_channel} | {t.name: t.slack_channel for t in services.teams},
            "service_channels": {s.name: s.slack_channel for s in services.services if s.slack_channel},
            "accounts": sorted({each.id for each in config.fleet.accounts}),
        }
    )


def _accepts(config: Config, account: Account) -> dict[str, list[str] | None]:
    home = config.fleet.findings.home
    if home == account.name:
        return {"accounts": None, "elsewhere_regions": []}
    if home != EACH_ACCOUNT:
        # Another deployment owns all findings. This one drops them with a count, so that none is told twice.
        return {"accounts": [], "elsewhere_regions": []}
    elsewhere = {
        other.region
        for other in config.fleet.accounts
        if other.id == account.id and other.region != account.region and other.runs("findings")
    }
    return {"accounts": [account.id], "elsewhere_regions": sorted(elsewhere)}


def _catalogue(config: Config) -> dict[str, object]:
    ids = account_ids(config.fleet)
    local = config.fleet.kind == "local"
    places: dict[str, dict[str, str]] = {}
    for each in config.fleet.accounts:
        # One account may have several entries, one for each Region; the first names it.
        places.setdefault(each.id, {"name": each.name, "environment": each.environment, "unit": each.unit})
    return {
        "default": {"team": config.services.default.team},
        "services": [
            {
                "name": service.name,
                "team": service.team,
                "tags": service.tags,
                "stacks": service.stacks,
                "resources": service.resources,
                "functions": service.functions,
                # A local fleet lacks accounts that the catalogue names: there, such a name owns nothing.
                "accounts": sorted({ids.get(a, a) for a in service.accounts if not local or a in ids or a.isdigit()}),
            }
            for service in config.services.services
        ],
        "accounts": places,
    }


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")
