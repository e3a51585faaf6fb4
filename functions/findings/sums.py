"""A team's problems summed up: each day, and once for all that an account had before the fleet came.

pk summary#<kind>#<account>#<day>#<team>    the sum's event in its outbox (fleet.outbox); TTL 30 days
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from fleet import telemetry
from fleet.outbox import with_entries
from functions.findings.baseline import GIVE_UP_MS
from functions.findings.office import Office
from functions.findings.summary import Summary, entry, summary_of
from functions.findings.telling import Here

_KEEP_SECONDS = 30 * 24 * 3600
_VERSION = 1


class Sums:
    """Of one deployment."""

    def __init__(self, office: Office) -> None:
        self._office, self._table = office, office.table

    def day_due(self, now: int) -> str:
        """The day whose digest may be told by now: it is, from its hour on."""
        moment = datetime.fromtimestamp(now / 1000, UTC)
        return moment.strftime("%Y-%m-%d") if moment.hour >= self._office.policy.digest_hour else ""

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

    def has_waited(self, account: str, now: int) -> bool:
        """Whether an account was silent for so long that what is known of it must do."""
        return now - self._office.baselines.begin(account, now) >= GIVE_UP_MS

    def baseline(self, accounts: Iterable[str], now: int) -> None:
        """Sum up what was there before the fleet; from now on these accounts' problems are told."""
        wanted = set(accounts)
        if not wanted:
            return
        sums: dict[tuple[str, str], Summary] = {}
        for team in self._office.teams():
            for brief in self._office.store.live(team):
                if brief.account in wanted and brief.quiet:
                    sums.setdefault((brief.account, team), Summary()).add(brief, now)
        day = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d")
        for (account, team), summary in sums.items():
            self._tell("baseline", team, summary, account, day, now)
        for account in sorted(wanted):  # at last: who dies before tells it again, under the same key
            if self._office.baselines.finish(account, now):
                telemetry.count("Baseline", capability=self._office.settings.capability)

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
        self._table.put(with_entries(item, told, now), over=None)  # False: it has been told
        telemetry.count("Summed", capability=settings.capability, reason=kind)
