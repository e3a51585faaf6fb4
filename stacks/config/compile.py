"""What each capability gets to know: one canonical JSON, with only the fields that it uses.

The same configuration gives the same bytes, so an asset changes only when what it uses has changed.
"""

import msgspec
from msgspec import UNSET

from stacks.names import archive_bucket

from .compile_policy import github, policy
from .model import EACH_ACCOUNT, Account, Config, FleetFile
from .model_routes import CONDITIONS, Route
from .rules_services import ids_of


def findings_config(config: Config, account: Account) -> bytes:
    """For `findings` in this account and Region: which findings are its own, who owns them, what becomes of them.

    `accepts.accounts` is null for "of any account". A finding of this account from one of `elsewhere_regions`
    belongs to the deployment there. `github` is null where no issues are opened.
    """
    return _canonical(
        {
            "accepts": _accepts(config, account),
            "catalogue": _catalogue(config),
            "policy": policy(config),
            "github": github(config),
        }
    )


def chatops_config(config: Config, account: Account) -> bytes:  # noqa: ARG001 - all capabilities are called alike
    """For `chatops`: the fleet's accounts, its people, and where and to whom what is told."""
    slack, services = config.fleet.slack, config.services
    channels = {services.default.team: services.default.slack_channel}
    channels |= {team.name: team.slack_channel for team in services.teams}
    named = _policy_channels(config)
    return _canonical(
        {
            "accounts": [_place(each) for each in config.fleet.accounts],
            "slack_team": slack.team,
            "default_channel": slack.default_channel,
            "approvals_channel": slack.approvals_channel or slack.default_channel,
            "everyone": sorted({slack.default_channel, *channels.values()}),
            "channels": channels,
            "service_channels": {each.name: each.slack_channel for each in services.services if each.slack_channel},
            "pagerduty": {each.name: each.pagerduty_service for each in services.teams if each.pagerduty_service},
            "service_pagerduty": {
                each.name: each.pagerduty_service for each in services.services if each.pagerduty_service
            },
            "routes": [_route(each) for each in config.routes.routes],
            **({"policy_channels": named} if named else {}),
            "sre": config.people.sre_team,
            "people": config.people.people,
            "identity_center": config.people.identity_center,
            "audit": _audit(config.fleet),
        }
    )


def operations_config(config: Config, account: Account) -> bytes:  # noqa: ARG001 - all capabilities are called alike
    """For `operations`: nothing. A command brings what it is about, and the queues' tags say the rest."""
    return _canonical({})


def _place(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "id": account.id,
        "region": account.region,
        "environment": account.environment,
        "role": account.role,
        # Those that a command can reach: one that is off has nobody to answer it.
        "capabilities": sorted(capability for capability in account.capabilities if account.runs(capability)),
    }


def _route(route: Route) -> dict[str, object]:
    match = {condition: getattr(route.match, condition) or [] for condition in CONDITIONS}
    return {"match": match, "channel": route.channel, "page": route.page}


def _policy_channels(config: Config) -> list[str]:
    """Channels that findings.yaml names: what an event names besides is told nowhere else."""
    file = config.findings
    routed = (rule.route.channel for rule in file.rules if rule.route is not UNSET)
    return sorted({channel for channel in (*routed, file.deadlines.escalate_to) if channel is not UNSET})


def _audit(fleet: FleetFile) -> dict[str, str]:
    archive = fleet.archive
    return {"account": archive.id, "region": archive.region, "bucket": archive_bucket(archive)}


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
                "accounts": ids_of(service.accounts, config.fleet),
                "units": service.units,
            }
            for service in config.services.services
        ],
        "teams": [{"name": team.name, "units": team.units} for team in config.services.teams if team.units],
        "accounts": places,
    }


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")
