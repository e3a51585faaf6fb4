"""`config/findings.yaml` as the capability `findings` reads it: days as ms since the epoch, accounts as ids."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
from msgspec import UNSET

from .model import Config, FleetFile
from .model_findings import CONDITIONS, LEVELS, FindingsFile, Match, Rule, Suppress
from .rules_services import ids_of

_DAY_MS = 24 * 3_600_000
_EPOCH = date(1970, 1, 1).toordinal()


def policy(config: Config) -> dict[str, object]:
    """By what problems are judged."""
    file = config.findings
    return {
        "levels": {severity: msgspec.structs.asdict(file.level(severity)) for severity in LEVELS},
        "rules": list(_rules(file, config.fleet)),
        "repositories": _repositories(config),
        "remind_days": file.deadlines.remind_days,
        "escalate_days": file.deadlines.escalate_days,
        "escalate_to": file.deadlines.escalate_to or "",
        "quiet_days": file.quiet_days,
        "digest_hour": file.digest_hour,
        "effects_per_hour": file.effects_per_hour,
    }


def github(config: Config) -> dict[str, str] | None:
    """Where issues are opened, and with which secret; None: nowhere."""
    given = config.findings.github
    return {"api": given.api, "secret": given.secret_name} if given else None


def _repositories(config: Config) -> dict[str, str]:
    if not config.findings.github:
        return {}
    services = {service.name: service.repository for service in config.services.services}
    return services | {"": config.findings.github.repository}


def _rules(file: FindingsFile, fleet: FleetFile) -> Iterator[dict[str, Any]]:
    for rule in file.rules:
        match = _match(rule.match, fleet)
        # None of its accounts is of this fleet. Without the rule nothing matches; without the condition anything would.
        if match.get("account") != []:
            yield {"name": rule.name, "reason": rule.reason, "match": match} | _actions(rule)


def _match(match: Match, fleet: FleetFile) -> dict[str, Any]:
    given = {condition: getattr(match, condition) for condition in CONDITIONS}
    if match.account:
        given["account"] = ids_of(match.account, fleet)
    return {condition: value for condition, value in given.items() if value is not UNSET}


def _actions(rule: Rule) -> dict[str, Any]:
    actions = {
        "ignore": rule.ignore,
        "severity": rule.severity,
        "owner": rule.owner,
        "route": rule.route,
        "suppress": _lease(rule.suppress) if rule.suppress else UNSET,
        "ticket": rule.ticket,
    }
    return {kind: action for kind, action in actions.items() if action is not UNSET}


def _lease(suppress: Suppress) -> dict[str, Any]:
    return {
        "requester": suppress.requester,
        "approver": suppress.approver,
        "start": _ms(suppress.start),
        "until": _ms(suppress.until) + _DAY_MS,
    }


def _ms(day: date) -> int:
    """Its 00:00 UTC, in ms since the epoch."""
    return (day.toordinal() - _EPOCH) * _DAY_MS
