"""What was there before the fleet is no news: an account's first sweep sums it up, and wakes nobody.

Nor is what Security Hub finds in its first day: where it is not enabled yet, the baseline waits for it.

pk account#<id>    since (ms): what was found until then is the baseline: when the fleet first saw the account, or a day
                   after it last saw that there is no Security Hub; done (ms): when it was summed up, 0 until then
"""

from fleet.items import Item, Table

GIVE_UP_MS = 24 * 3_600_000
"""When Security Hub cannot be read for so long, what is known by then is summed up: silence must end."""
SETTLES_MS = 24 * 3_600_000
"""So long Security Hub finds what was there before it: a new standard's checks may take a day."""
_OFTEN_MS = 3_600_000
_VERSION = 1


class Baselines:
    """Of the accounts whose problems are kept here."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._done: set[str] = set()

    def done(self, account: str) -> bool:
        """Whether an account has been summed up; from then on each problem is told."""
        if account not in self._done and (self._item(account) or {}).get("done"):
            self._done.add(account)  # for ever, so it need not be read again
        return account in self._done

    def begin(self, account: str, now: int) -> int:
        """Since when the fleet knows the account."""
        return int(self._begun(account, now)["since"])

    def to_come(self, account: str, now: int) -> int | None:
        """Since when the fleet knows an account that is still to be summed up; None: it was."""
        if account in self._done:
            return None
        item = self._begun(account, now)
        if item["done"]:
            self._done.add(account)
            return None
        return int(item["since"])

    def wait(self, account: str, now: int) -> None:
        """There is no Security Hub in the account yet: what it finds in its first day is to be summed up."""
        item, since = self._begun(account, now), now + SETTLES_MS
        if not item["done"] and since - item["since"] >= _OFTEN_MS:
            self._table.put(item | {"since": since}, over=item)  # who was faster says the same

    def _begun(self, account: str, now: int) -> Item:
        item = self._item(account)
        if item is None:
            item = {"pk": _key(account), "v": _VERSION, "since": now, "done": 0}
            item = item | {"rev": 1} if self._table.put(item, over=None) else self._item(account) or item
        return item

    def finish(self, account: str, now: int) -> bool:
        """Whether it was not summed up before."""
        item = self._item(account)
        if item is None or item["done"]:
            return False
        return self._table.put(item | {"done": now}, over=item)

    def _item(self, account: str) -> Item | None:
        return self._table.get(_key(account))


def _key(account: str) -> str:
    return f"account#{account}"
