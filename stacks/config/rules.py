"""Rules that look at more than one value of `fleet.yaml`.

They run on files with problems too, in which `REFUSED` stands for what could not be read: a rule must not
complain of that again, nor of its consequences.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from .decode import REFUSED
from .model import EACH_ACCOUNT, Account, FleetFile
from .problem import Path, did_you_mean, path_text


class Breach(Struct, frozen=True, kw_only=True):
    """A rule that does not hold at `path`. Without `found`, what the file says there was found."""

    path: Path
    expected: str
    advice: str
    found: str | None = None


def known(*values: object) -> bool:
    """Whether none of the values was refused."""
    return all(value is not REFUSED for value in values)


def repeated(keys: Iterable[tuple[Any, Path]]) -> Iterator[tuple[Path, Path]]:
    """The path of each key that was there before, and the path where it was first."""
    first: dict[Any, Path] = {}
    for key, path in keys:
        parts = key if isinstance(key, tuple) else (key,)
        if not known(*parts):
            continue
        if key in first:
            yield path, first[key]
        first.setdefault(key, path)


def fleet_breaches(fleet: FleetFile) -> Iterator[Breach]:
    """All that contradicts itself in `fleet.yaml`."""
    for check in (_names, _places, _one_hub, _kind, _capabilities, _home, _audit, _secrets, _publishers):
        yield from check(fleet)


def _names(fleet: FleetFile) -> Iterator[Breach]:
    names = [(account.name, ("accounts", i, "name")) for i, account in enumerate(fleet.accounts)]
    for path, first in repeated(names):
        yield Breach(
            path=path, expected=f"a name that {path_text(first)} does not have", advice="rename one of the two"
        )
    for name, path in names:
        if name == EACH_ACCOUNT:
            yield Breach(path=path, expected="another name", advice=f"rename it: findings.home uses {EACH_ACCOUNT}")


def _places(fleet: FleetFile) -> Iterator[Breach]:
    accounts = list(enumerate(fleet.accounts))
    for path, first in repeated(((a.id, a.region), ("accounts", i, "region")) for i, a in accounts):
        yield Breach(
            path=path,
            expected=f"one entry for an account and Region: {path_text(first[:2])} is the same",
            advice="merge the two, or correct the id or the Region",
        )
    first_of: dict[str, tuple[int, Account]] = {}
    for i, account in accounts:
        if not known(account.id):
            continue
        j, other = first_of.setdefault(account.id, (i, account))
        if account.region == other.region:
            continue
        for field in ("environment", "unit"):
            mine, theirs = getattr(account, field), getattr(other, field)
            if known(mine, theirs) and mine != theirs:
                yield Breach(
                    path=("accounts", i, field),
                    expected=f"{theirs}, as accounts[{j}] says of the same account",
                    advice="let both say the same: it is a property of the account",
                )


def _one_hub(fleet: FleetFile) -> Iterator[Breach]:
    hubs = [(i, account) for i, account in enumerate(fleet.accounts) if account.role == "hub"]
    for i, _ in hubs[1:]:
        first, account = hubs[0]
        name = f" ({account.name})" if known(account.name) else ""
        yield Breach(
            path=("accounts", i, "role"),
            expected=f"one hub: accounts[{first}]{name} is it already",
            advice='make one of the two "role: spoke"',
        )
    if not hubs and known(fleet.accounts, *(account.role for account in fleet.accounts)):
        yield Breach(
            path=("accounts",),
            found="no hub",
            expected="one account that is the hub",
            advice='write "role: hub" in one',
        )


def _kind(fleet: FleetFile) -> Iterator[Breach]:
    if not known(fleet.kind):
        return
    local = fleet.kind == "local"
    for i, account in enumerate(fleet.accounts):
        if known(account.environment) and (account.environment == "local") != local:
            expected = "local, as in every account" if local else "an environment on AWS"
            yield Breach(
                path=("accounts", i, "environment"),
                expected=f"{expected} of a fleet of kind {fleet.kind}",
                advice="change the environment, or the kind of the fleet",
            )
    if local:
        return
    if fleet.clock is not None and known(fleet.clock):
        yield Breach(path=("clock",), expected="no clock: on AWS it is the wall's", advice="remove the field clock")
    pagerduty = fleet.pagerduty if known(fleet.pagerduty) else None
    urls = [(("slack", "api"), fleet.slack.api), (("slack", "hooks"), fleet.slack.hooks)]
    urls += [(("pagerduty", "api"), pagerduty.api)] if pagerduty else []
    for path, url in urls:
        if known(url) and not url.startswith("https://"):
            yield Breach(path=path, expected="an https address", advice="begin it with https://")


def _capabilities(fleet: FleetFile) -> Iterator[Breach]:
    for i, account in enumerate(fleet.accounts):
        path: Path = ("accounts", i, "capabilities")
        if account.capabilities.get("foundation") == "off":
            yield Breach(
                path=(*path, "foundation"),
                expected="observe or act: every account has the foundation",
                advice="remove the line, or the account",
            )
        if account.role == "spoke" and "chatops" in account.capabilities:
            advice = "remove the line: the hub speaks for the whole fleet"
            yield Breach(path=(*path, "chatops"), expected="chatops in the hub only", advice=advice)
        if account.role == "hub" and known(account.capabilities) and "chatops" not in account.capabilities:
            advice = 'add "chatops: observe"'
            yield Breach(path=path, found="no chatops", expected="chatops in the hub", advice=advice)


def _home(fleet: FleetFile) -> Iterator[Breach]:
    home, path = fleet.findings.home, ("findings", "home")
    if home == EACH_ACCOUNT or not known(home, fleet.accounts, *(account.name for account in fleet.accounts)):
        return
    account = next((account for account in fleet.accounts if account.name == home), None)
    names = [account.name for account in fleet.accounts]
    if account is None:
        advice = did_you_mean(home, [*names, EACH_ACCOUNT], f"name one of the accounts: {', '.join(names[:20])}")
        yield Breach(path=path, expected=f"the name of an account, or {EACH_ACCOUNT}", advice=advice)
    elif known(account.capabilities, account.mode("findings")) and not account.runs("findings"):
        advice = f'add "findings: observe" to the capabilities of {home}'
        yield Breach(path=path, expected="an account that runs findings", advice=advice)


def _audit(fleet: FleetFile) -> Iterator[Breach]:
    name, path = fleet.audit.account, ("audit", "account")
    if not known(name, fleet.accounts, *(account.name for account in fleet.accounts)):
        return
    account = next((account for account in fleet.accounts if account.name == name), None)
    hubs = {account.id for account in fleet.accounts if account.role == "hub" and known(account.id)}
    if account is None:
        names = [each.name for each in fleet.accounts if each.role == "spoke"]
        advice = did_you_mean(name, names, "add an account for it, which nothing else uses")
        yield Breach(path=path, expected="the name of an account other than the hub", advice=advice)
    elif account.role == "hub" or account.id in hubs:
        advice = "name another account: who administers the hub must not be able to rewrite what it did"
        yield Breach(path=path, expected="an account other than the hub", advice=advice)
    elif _for_real(fleet) and known(account.environment) and account.environment != "production":
        advice = "name an account of the environment production: elsewhere anchors are locked for a day, by a lock that\
 whoever administers the account can lift"
        yield Breach(path=path, expected="an account of the environment production, as the hub is", advice=advice)


def _for_real(fleet: FleetFile) -> bool:
    """Whether the trail is that of a production hub, which must be kept for years."""
    return any(account.role == "hub" and account.environment == "production" for account in fleet.accounts)


def _secrets(fleet: FleetFile) -> Iterator[Breach]:
    slack, pagerduty = fleet.slack, fleet.pagerduty
    names: list[tuple[Any, Path]] = [
        (slack.secret_name, ("slack", "secret_name")),
        (slack.signing_secret_name, ("slack", "signing_secret_name")),
        *([(pagerduty.secret_name, ("pagerduty", "secret_name"))] if pagerduty else []),
    ]
    for path, first in repeated(names):
        yield Breach(path=path, expected=f"a secret of its own: {path_text(first)} is the same", advice="change one")


def _publishers(fleet: FleetFile) -> Iterator[Breach]:
    prefixes = [(p.source_prefix, ("publishers", i, "source_prefix")) for i, p in enumerate(fleet.publishers)]
    for path, first in repeated(prefixes):
        yield Breach(path=path, expected=f"a prefix of its own: {path_text(first)} is the same", advice="change one")
    # A prefix stands for all that begins with it: one inside another would let two accounts sign as one.
    places: dict[str, Path] = {prefix: path for prefix, path in prefixes if known(prefix)}
    for prefix, path in places.items():
        parts = prefix.split(".")
        outer = next((o for size in range(1, len(parts)) if (o := ".".join(parts[:size])) in places), None)
        if outer:
            expected = f"a prefix of its own: it is a part of {outer} in {path_text(places[outer])}"
            yield Breach(path=path, expected=expected, advice="change one of the two")
