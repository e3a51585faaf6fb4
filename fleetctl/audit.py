"""`fleetctl audit export|verify`: the audit chain as a file that anybody can check, without trusting the fleet."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.audit_trail.check import Anchored, check, check_export, chosen
from fleetctl.audit_trail.copies import read_copies
from fleetctl.audit_trail.lines import Entries, Export, Header, UnusableError, write
from fleetctl.audit_trail.report import lines_of, overdue
from fleetctl.audit_trail.source import Anchors, Chain, with_end
from fleetctl.bars import bar
from fleetctl.options import Local
from fleetctl.plain import err, fail, out
from fleetctl.replacing import replacing
from fleetctl.sessions import Fleet
from functions.chatops.audit import Anchor, Verdict
from stacks.names import archive_bucket

app = typer.Typer(no_args_is_help=True, help="The audit trail: export it, and check it.")

Profile = Annotated[
    str | None,
    typer.Option(
        "--archive-profile", help="AWS profile that reads the archive; if none, a role there is assumed from the hub."
    ),
]
_BROKEN, _UNUSABLE = 1, 2
_NO_PROOF = (
    "The anchors came with the export: they prove only what whoever exported it wanted. To be sure, copy the archive "
    "yourself (aws s3 sync), and give the copy as --anchors."
)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    local: Local = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    without_anchors: Annotated[
        bool, typer.Option("--without-anchors", help="The chain alone, for whoever has the anchors from elsewhere.")
    ] = False,
    archive_profile: Profile = None,
) -> None:
    """Write the whole audit trail with its anchors to a file (JSON Lines)."""
    if file.exists() and not force:
        fail(f"{file} is there already; --force overwrites it.", _UNUSABLE)
    with _plain_errors():
        fleet = Fleet(local=local)
        chain = Chain(fleet.client("dynamodb", fleet.config.fleet.hub))
        # Anchors before the head, and the head before the entries: each is covered by what is read after it.
        anchors = [] if without_anchors else _anchors(fleet, archive_profile)
        head = chain.head()
        hub = fleet.config.fleet.hub
        now = datetime.now(UTC).isoformat(timespec="seconds")
        header = Header(account=hub.id, region=hub.region, exported_at=now, head=head)
        with bar("entries") as tick, replacing(file, force=force) as temporary:
            write(temporary, header, anchors, chain.lines(head.seq, tick))
    out.print(f"{file}: {head.seq} entries and {len(anchors)} anchors.", markup=False, soft_wrap=True)
    out.print(f"Check it: fleetctl audit verify {file}", markup=False, soft_wrap=True)


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="An export.")] = None,
    anchors: Annotated[
        Path | None, typer.Option("--anchors", help="Anchors that you trust, instead: a file, or a folder of them.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Check the table and the archive themselves.")] = False,
    local: Local = False,
    archive_profile: Profile = None,
) -> None:
    """Check the audit trail: status 0 if it is intact, 1 if it is broken, 2 if it cannot be checked."""
    if (file is None) != live:
        fail("Check what? Give an export, or --live.", _UNUSABLE)
    with _plain_errors():
        trusted = read_copies(anchors) if anchors else None
        verdict, held = _live(local, trusted, archive_profile) if file is None else _file(file, trusted)
    _tell(verdict, held)
    if file is not None and trusted is None:
        err.print(_NO_PROOF, style="yellow", markup=False, soft_wrap=True)
    if not verdict.intact or held.contradictions:
        raise typer.Exit(_BROKEN)


def _file(path: Path, trusted: list[Anchor] | None) -> tuple[Verdict, Anchored]:
    """The verdict on an export, which is read line by line."""
    size = path.stat().st_size
    done = 0
    with path.open("rb") as file, bar("checked", counted=False) as tick:

        def read(count: int) -> None:
            nonlocal done
            before, done = done, done + count
            if before * 200 // max(size, 1) != done * 200 // max(size, 1):  # the bar costs more than a line
                tick(done, size)

        opened = Export(file, read)
        held = chosen(opened.anchors, trusted)
        return check_export(opened, held.anchors), held


def _live(local: bool, trusted: list[Anchor] | None, profile: str | None) -> tuple[Verdict, Anchored]:
    """The verdict on the chain as it stands now."""
    fleet = Fleet(local=local)
    chain = Chain(fleet.client("dynamodb", fleet.config.fleet.hub))
    found = _anchors(fleet, profile)
    held = chosen(found, trusted)
    if not local and (late := overdue(found, int(time.time() * 1000))):  # the local cloud's clock may run faster
        held.remarks.append(late)
    head = chain.head()
    with bar("entries") as tick:
        verdict = check(Entries(chain.lines(head.seq, tick)), held.anchors, head)
    return with_end(verdict, chain.beyond(head)), held


def _anchors(fleet: Fleet, profile: str | None) -> list[Anchor]:
    account = fleet.config.fleet.archive
    client = fleet.client("s3", account, through=("archive", "read"), profile=profile)
    source = Anchors(client, archive_bucket(account))
    with bar("anchors") as tick:
        found = source.read(tick)
    for remark in source.remarks:
        err.print(f"In the archive: {remark}", style="yellow", markup=False, soft_wrap=True)
    return found


def _tell(verdict: Verdict, held: Anchored) -> None:
    style = "green" if verdict.intact else "red"
    for text in lines_of(verdict):
        out.print(text, style=style, markup=False, soft_wrap=True)
    for text in held.contradictions:
        err.print(f"NOT THE SAME: {text}.", style="red", markup=False, soft_wrap=True)
    for text in held.remarks:
        err.print(text, style="yellow", markup=False, soft_wrap=True)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What stands between us and a verdict, in a line."""
    try:
        yield
    except UnusableError as error:
        fail(f"This cannot be checked: {error}.", _UNUSABLE)
    except OSError as error:
        fail(f"{error.filename or 'the file'}: {error.strerror}.", _UNUSABLE)
    except (ClientError, BotoCoreError) as error:
        fail(str(error), _UNUSABLE)
