"""A team's problems summed up: each day, and once for all that an account had before the fleet came.

pk summary#<kind>#<account>#<day>#<team>    the sum's event in its outbox (fleet.outbox); TTL 30 days
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from fleet import telemetry
from fleet.outbox import with_entries
from functions.findings.office import Office
from functions.findings.summary import Summary, entry, summary_of
from functions.findings.tally import day_of
from functions.findings.telling import Here

_KEEP_SECONDS = 30 * 24 * 3600
_VERSION = 1


class Sums:
    """Of one deployment."""

    def __init__(self, office: Office) -> None:
        self._office, self._table = office, office.table

    def is_time(self, now: int) -> bool:
        """Whether the day's digest may be told by now: from its hour on."""
        return datetime.fromtimestamp(now / 1000, UTC).hour >= self._office.policy.digest_hour

    def digest(self, team: str, day: str, now: int) -> None:
        """A team's day. Told twice it is told once: its key is the day's."""
        here = self._office.settings.account
        self._tell("digest", team, summary_of(self._office.store.live(team), now), here, day, now)

    def new_accounts(self, now: int) -> dict[str, int]:
        """Accounts that have not been summed up, and since when the fleet knows them (ms)."""
        baselines = self._office.baselines
        return {
            account: baselines.begin(account, now) for account in self._office.accounts() if not baselines.done(account)
        }

    def wait(self, accounts: Iterable[str], now: int) -> None:
        """There is no Security Hub yet: its first day will be the baseline of these."""
        for account in accounts:
            self._office.baselines.wait(account, now)

    def baseline(self, accounts: Mapping[str, int], now: int) -> None:
        """Sum up what was there before the fleet; from now on these accounts' problems are told.

        `accounts`: since when the fleet knows each (ms); by that day its sums are known.
        """
        if not accounts:
            return
        sums: dict[tuple[str, str], Summary] = {}
        for team in self._office.teams():
            for brief in self._office.store.live(team):
                if brief.account in accounts and brief.quiet:
                    sums.setdefault((brief.account, team), Summary()).add(brief, now)
        for (account, team), summary in sums.items():
            self._tell("baseline", team, summary, account, day_of(accounts[account]), now)
        for account in sorted(accounts):  # at last: who dies before tells it again, under the same key
            if self._office.baselines.finish(account, now):
                telemetry.log("summed up", account=account)

    def _tell(
        self, kind: Literal["digest", "baseline"], team: str, summary: Summary, account: str, day: str, now: int
    ) -> None:
        if not summary:
            return
        settings = self._office.settings
        event = summary.event(kind, day, account, settings.region)
        item = {
            "pk": f"summary#{kind}#{account}#{day}#{team}",
            "v": _VERSION,
            "expires": now // 1000 + _KEEP_SECONDS,
        }
        told = [entry(event, team, Here(settings.account, settings.region, now))]
        if self._table.put(with_entries(item, told, now), over=None):  # else it has been told
            telemetry.count("Summed", capability=settings.capability, reason=kind)
