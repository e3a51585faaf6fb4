"""Security Hub, both of them: what is asked of it, as it answers. HTTP 200 is no success: each finding has its own."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from fleet import telemetry
from fleet.refusal import AwayError
from functions.findings.effects import Batch, Change
from functions.findings.finding import UPDATED_BY, Finding

if TYPE_CHECKING:
    from mypy_boto3_securityhub import SecurityHubClient

PAGE = 100
"""Findings in one answer of GetFindings, and of its V2."""
MOST_IDS = 20
"""Values of one filter."""
_THROTTLED = {"TooManyRequestsException", "LimitExceededException", "ThrottlingException"}
_NOT_THERE = {"InvalidAccessException", "ResourceNotFoundException"}
"""The account has no Security Hub (any more)."""
_NO_V2 = {*_NOT_THERE, "AccessDeniedException", "ValidationException", "UnknownOperationException"}
"""Nobody has written down what GetFindingsV2 says where V2 is not enabled, or not known in the Region: any of these."""
_INVALID = {"InvalidInputException", "ValidationException"}
"""What it says to a call as a whole when one finding in it is unfit."""
# What it says of one finding in a call: Security Hub itself, and V2.
_UNKNOWN = {"FindingNotFound", "ResourceNotFound", "ResourceNotFoundException"}
_NEVER = {"InvalidInput", "FindingSizeExceeded", "ValidationException"}
_STATUS_IDS = {"NEW": 1, "SUPPRESSED": 3}
_SECONDS = 1.0

type Form = Literal["asff", "ocsf"]


class ThrottledError(AwayError):
    """Others in the account ask too: the change is kept and tried again."""

    reason = "throttled"


class NotEnabledError(AwayError):
    """There is no Security Hub in this account and Region."""

    reason = "not_enabled"


class UnreachableError(AwayError):
    """Security Hub does not answer at all."""

    reason = "unreachable"


class StaleTokenError(Exception):
    """A page's token has been forgotten; the walk goes on from the last change that it saw."""


class Done(NamedTuple):
    """What came of a batch."""

    taken: list[Change]
    left: list[Change]
    """It may take these another time."""
    refused: list[Change]
    """It will never take these."""
    unknown: list[Change]
    """It has no such findings: any more, or not yet."""
    cause: AwayError | None = None
    """What kept it from being asked for the last of those that are left."""


class Pacer:
    """Lets so many calls go in a second, evenly."""

    def __init__(
        self,
        per_second: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap, self._sleep, self._clock = _SECONDS / per_second, sleep, clock
        self._next = 0.0

    def __call__(self) -> None:
        """Wait for the next turn."""
        wait = self._next - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._next = max(self._next, self._clock()) + self._gap


class SecurityHub:
    """Of this account and Region. The limits are the account's: others ask too."""

    def __init__(self, client: "SecurityHubClient", pace: Callable[[], None]) -> None:
        self._client, self._pace = client, pace

    def update(self, batch: Batch) -> Done:
        """Ask for a batch of changes. Raises AwayError."""
        self._pace()
        ask = self._update_v2 if batch.form == "ocsf" else self._update
        try:
            codes = ask(batch)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ParamValidationError) or _code(error) in _INVALID:
                return self._in_halves(batch)
            raise _away(error) from error
        done = Done([], [], [], [])
        nameless = not codes.keys() <= {_identity(change.finding) for change in batch.changes}
        where = {"unknown": done.unknown, "refused": done.refused, "other": done.left}
        for change in batch.changes:
            code = codes.get(_identity(change.finding))
            if code is None:  # if it names none that was asked for, it may mean any of them
                (done.left if nameless else done.taken).append(change)
                continue
            kind = "unknown" if code in _UNKNOWN else "refused" if code in _NEVER else "other"
            telemetry.count("Unprocessed", capability="findings", reason=kind)
            where[kind].append(change)
        return done

    def _in_halves(self, batch: Batch) -> Done:
        """One of them spoils the call for all: the others must not suffer from it."""
        some = batch.changes
        if len(some) == 1:
            telemetry.count("Unprocessed", capability="findings", reason="refused")
            return Done([], [], [*some], [])
        first = self._half(batch._replace(changes=some[: len(some) // 2]), None)
        second = self._half(batch._replace(changes=some[len(some) // 2 :]), first.cause)
        return Done(
            first.taken + second.taken,
            first.left + second.left,
            first.refused + second.refused,
            first.unknown + second.unknown,
            second.cause,
        )

    def _half(self, batch: Batch, cause: AwayError | None) -> Done:
        """Ask for it, unless something keeps us from it: that takes back nothing of the other half."""
        try:
            return Done([], [*batch.changes], [], [], cause) if cause else self.update(batch)
        except AwayError as error:
            return Done([], [*batch.changes], [], [], error)

    def page(self, filters: dict[str, Any], token: str = "", *, form: Form = "asff") -> tuple[list[bytes], str]:
        """A page of findings as JSON documents, oldest change first, and the token of the next; empty: none follows.

        Raises StaleTokenError or AwayError.
        """
        v2, asked = form == "ocsf", {"Filters": filters, "MaxResults": PAGE} | ({"NextToken": token} if token else {})
        field = "finding_info.modified_time_dt" if v2 else "UpdatedAt"
        ask: Any = self._client.get_findings_v2 if v2 else self._client.get_findings
        self._pace()
        try:
            answer = ask(SortCriteria=[{"Field": field, "SortOrder": "asc"}], **asked)
        except (ClientError, BotoCoreError) as error:
            code = _code(error)
            if token and code in _INVALID:
                raise StaleTokenError from error
            if v2 and code in _NO_V2:
                telemetry.log_failure("no V2", error)  # if it is a grant that is missing, this names it
                raise NotEnabledError(code) from error
            raise _away(error) from error
        return [msgspec.json.encode(finding) for finding in answer["Findings"]], answer.get("NextToken") or ""

    def find(self, findings: Sequence[Finding]) -> list[bytes]:
        """Those of at most MOST_IDS findings of one form that it still has, as JSON documents. Raises like `page`."""
        found: list[bytes] = []
        token, form = "", findings[0].form
        ids = [_equals(each) for each in dict.fromkeys(finding.finding_id for finding in findings)]
        filters = {"Id": ids} if form == "asff" else any_of("String", "finding_info.uid", ids)
        while True:
            some, token = self.page(filters, token, form=form)
            found += some
            if not token:
                return found

    def _update(self, batch: Batch) -> dict[tuple[str, str], str]:
        answer = self._client.batch_update_findings(
            FindingIdentifiers=[
                {"Id": finding_id, "ProductArn": product} for finding_id, product in _distinct(batch.changes)
            ],
            Workflow={"Status": batch.workflow},
            Note={"Text": batch.note, "UpdatedBy": UPDATED_BY},
        )
        return {
            (each["FindingIdentifier"]["Id"], each["FindingIdentifier"]["ProductArn"]): each["ErrorCode"]
            for each in answer["UnprocessedFindings"]
        }

    def _update_v2(self, batch: Batch) -> dict[tuple[str, str], str]:
        accounts = {_identity(change.finding): change.finding.account for change in batch.changes}
        answer = self._client.batch_update_findings_v2(
            FindingIdentifiers=[
                {"CloudAccountUid": account, "FindingInfoUid": finding_id, "MetadataProductUid": product}
                for (finding_id, product), account in accounts.items()
            ],
            Comment=batch.note,
            StatusId=_STATUS_IDS[batch.workflow],
        )
        refused: dict[tuple[str, str], str] = {}
        for each in answer["UnprocessedFindings"]:
            named: Any = each.get("FindingIdentifier") or {}
            refused[named.get("FindingInfoUid", ""), named.get("MetadataProductUid", "")] = each.get("ErrorCode", "")
        return refused


def any_of(kind: str, field: str, wanted: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Filters of GetFindingsV2, of one kind: a field is one of these."""
    filters = [{"FieldName": field, "Filter": each} for each in wanted]
    return {"CompositeFilters": [{f"{kind}Filters": filters, "Operator": "OR"}]}


def _equals(value: str) -> dict[str, str]:
    return {"Value": value, "Comparison": "EQUALS"}


def _identity(finding: Finding) -> tuple[str, str]:
    return finding.finding_id, finding.product


def _distinct(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """Each finding once: one about several resources is of several problems."""
    return list(dict.fromkeys(_identity(change.finding) for change in changes))


def _code(error: ClientError | BotoCoreError) -> str:
    """By which AWS names an error; of one that no answer brought, its type."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def _away(error: ClientError | BotoCoreError) -> AwayError:
    """AWS's message names the action and the resource that were refused, and nothing of a finding: it may be logged."""
    code = _code(error)
    if code in _THROTTLED:
        return ThrottledError(code)
    if code in _NOT_THERE:
        return NotEnabledError(code)
    telemetry.log_failure("Security Hub is away", error)
    return AwayError(code) if isinstance(error, ClientError) else UnreachableError(code)
