"""What a Security Hub event holds: the findings that are AWS's own and ours to triage."""

import re
from typing import Annotated, Literal

import msgspec

from fleet.events.envelope import decode
from fleet.refusal import DroppedError, RefusedError
from fleet.timestamps import TimestampError, parse_iso
from functions.findings import asff, ocsf
from functions.findings.finding import Finding, Seen

FOREIGN = "Foreign Product"
"""Detail-type under which the stack's second rule reports a product ARN that is not AWS's, without its body."""

INSIGHT = "Security Hub Insight Results"
"""Detail-type of an insight's counts: what they count comes as findings of its own."""

_AWS_PRODUCT = re.compile(r"arn:aws:securityhub:[a-z0-9-]+::product(v2)?/aws/[a-z0-9-]+")
"""The account field is empty. Anyone may import findings under `...:<account>:product/<account>/default`."""


class _Detail(msgspec.Struct, frozen=True):
    findings: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)] = []
    """Missing in what FOREIGN reports."""


class _Envelope(msgspec.Struct, frozen=True, rename={"detail_type": "detail-type"}):
    id: str
    source: Literal["aws.securityhub"]
    detail_type: str
    time: str
    detail: _Detail


class _Schema(msgspec.Struct, frozen=True):
    """Just enough to tell the two schemas apart, and who sent it."""

    product_arn: str | None = msgspec.field(default=None, name="ProductArn")
    class_uid: int | None = None
    metadata: ocsf.Metadata | None = None


class Accepts(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings this deployment triages, so that each has one place: see `home` in fleet.yaml."""

    accounts: list[str] | None
    """None: all, this is the Security Hub administrator's home Region."""
    elsewhere_regions: list[str] = []
    """Regions of this account in which the fleet triages for itself."""

    @property
    def anything(self) -> bool:
        """Whether any finding is triaged here."""
        return self.accounts is None or bool(self.accounts)

    def take(self, finding: Finding) -> bool:
        """Is it ours?"""
        if self.accounts is None:
            return True
        return finding.account in self.accounts and finding.region not in self.elsewhere_regions


class Contents(msgspec.Struct, frozen=True):
    """The findings of one event, and what was wrong with its others."""

    seen: list[Seen]
    refused: list[RefusedError]
    dropped: list[DroppedError]


def open_event(body: str, accepts: Accepts) -> Contents:
    """Read an EventBridge event of Security Hub. Raises RefusedError or DroppedError if all of it is unfit."""
    envelope = decode(_Envelope, body)
    if envelope.detail_type == FOREIGN:
        raise DroppedError("foreign_product")
    if envelope.detail_type == INSIGHT:
        raise DroppedError("insight_results")
    if not envelope.detail.findings:
        raise RefusedError("malformed", "$.detail", "Object missing required field `findings`")
    try:
        event_time = parse_iso(envelope.time)
    except TimestampError as error:
        raise RefusedError("malformed", "$.time", "expected an ISO 8601 timestamp") from error
    contents = Contents([], [], [])
    for index, raw in enumerate(envelope.detail.findings):
        try:
            for finding in findings_of(bytes(raw), at=f"$.detail.findings[{index}]"):
                if accepts.take(finding):
                    contents.seen.append(Seen(finding=finding, event_id=envelope.id, event_time=event_time))
                else:
                    contents.dropped.append(DroppedError("not_ours"))
        except RefusedError as refusal:
            contents.refused.append(refusal)
        except DroppedError as drop:
            contents.dropped.append(drop)
    return contents


def findings_of(raw: bytes, at: str = "$") -> list[Finding]:
    """The findings of one JSON document of either form, one for each resource. Raises RefusedError or DroppedError."""
    schema = decode(_Schema, raw, at)
    product = schema.product_arn or (schema.metadata.product.uid if schema.metadata else None)
    if product is None:
        raise RefusedError("malformed", at, "expected ProductArn (ASFF) or metadata.product.uid (OCSF)")
    if not _AWS_PRODUCT.fullmatch(product):
        raise DroppedError("foreign_product")
    if schema.product_arn is not None:
        return list(asff.normalise(decode(asff.Asff, raw, at), at))
    return list(ocsf.normalise(decode(ocsf.Ocsf, raw, at), at))
