"""What the fake Security Hub holds, for people, `/_local/securityhub/`; texts come from anywhere, and stay texts."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from local.securityhub_store import Hub

type Row = tuple[str, ...]

_COLUMNS = ("Account", "Form", "Control", "Resource", "Severity", "Check", "Workflow", "Last said")


def listing(hubs: Iterable[Hub]) -> str:
    """All findings of all accounts, the last one first."""
    rows = [row for hub in hubs for row in _rows(hub)]
    return f"<main><h1>Findings</h1>{_table(reversed(rows)) if rows else '<p>None yet.</p>'}</main>"


def _table(rows: Iterable[Row]) -> str:
    heads = "".join(f"<th align=left>{name}</th>" for name in _COLUMNS)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table cellpadding=4><tr>{heads}</tr>{lines}</table>"


def _rows(hub: Hub) -> Iterator[Row]:
    for record in hub.findings.values():
        yield hub.account, "ASFF", *_classic(record.finding)
    for record in hub.ocsf.values():
        yield hub.account, "OCSF", *_new(record.finding)


def _classic(finding: dict[str, Any]) -> Row:
    compliance, note = finding.get("Compliance") or {}, finding.get("Note") or {}
    gone = " (archived)" if finding.get("RecordState") == "ARCHIVED" else ""
    return (
        str(compliance.get("SecurityControlId") or finding["GeneratorId"]),
        str(finding["Resources"][0]["Id"]),
        str((finding.get("Severity") or {}).get("Label", "")),
        f"{compliance.get('Status', '-')}{gone}",
        str((finding.get("Workflow") or {}).get("Status", "")),
        _said(note["UpdatedBy"], note["Text"]) if note else "",
    )


def _said(who: str, text: str) -> str:
    """The fleet begins its notes with its name."""
    return text if text.startswith(f"{who}:") else f"{who}: {text}"


def _new(finding: dict[str, Any]) -> Row:
    compliance, resources = finding.get("compliance") or {}, finding.get("resources") or [{}]
    return (
        str(compliance.get("control") or finding.get("class_name", "")),
        str(resources[0].get("uid", "")),
        str(finding.get("severity", "")),
        str(compliance.get("status", "-")),
        str(finding.get("status", "")),
        str(finding.get("comment", "")),
    )
