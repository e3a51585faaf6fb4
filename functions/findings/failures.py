"""What fails for one thing must not hold up the others, as long as that is its own fault."""

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry


class Failures:
    """Of one stretch of work through many things."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._found: list[Exception] = []

    @contextlib.contextmanager
    def of(self, thing: str) -> Iterator[None]:
        """Work on one thing: what is wrong with it is kept, and told at the end. What is wrong with AWS is raised."""
        try:
            yield
        except Exception as error:
            if away(error):
                raise
            self.add(error, thing)

    def add(self, error: Exception, thing: str) -> None:
        """One failed; it is not retried here."""
        telemetry.log_failure(f"{self._what} failed", error, item=thing)
        self._found.append(error)

    def tell(self) -> None:
        """Raise what was kept, all together."""
        if self._found:
            raise ExceptionGroup(f"{self._what}: {len(self._found)} failed", self._found)


def away(error: Exception) -> bool:
    """Whether AWS did not do its part: then the next thing would fail as well, and this one may do later."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] != "ValidationException"
    return isinstance(error, BotoCoreError)
