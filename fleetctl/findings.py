"""`fleetctl findings explain|plan|export`: why a finding is decided as it is, and what a changed policy would do."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError

from fleetctl.bars import bar
from fleetctl.findings_policy import explained, kept, planned
from fleetctl.findings_policy.deployments import Deployment, Deployments, NoSuchDeploymentError
from fleetctl.findings_policy.explain import Explainer
from fleetctl.findings_policy.explanation import Explained
from fleetctl.findings_policy.planning import plan as make_plan
from fleetctl.findings_policy.problems import Export, Origin, UnusableError, write
from fleetctl.findings_policy.recorded import UnreadableError, read
from fleetctl.findings_policy.words import Line
from fleetctl.options import AccountName, Local
from fleetctl.plain import err, fail, out
from fleetctl.replacing import replacing
from fleetctl.revision import NoSuchRevisionError
from fleetctl.sessions import Fleet
from functions.findings.problem import Problem
from stacks.config.load import ConfigError

app = typer.Typer(no_args_is_help=True, help="Findings: why they are decided as they are, and what a policy would do.")

AsJson = Annotated[bool, typer.Option("--json", help="For machines; times are milliseconds since 1970.")]
Now = Annotated[str | None, typer.Option("--now", help="Decide as at another time: 2026-11-26T00:00Z.")]
_USAGE = 2


@app.command()
def explain(
    files: Annotated[
        list[str],
        typer.Argument(help="Recorded events or bare findings, one or a list of them, as JSON; - is standard input."),
    ],
    account: AccountName = None,
    local: Local = False,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Why recorded findings are decided as they are, by the configuration of this checkout. Nothing is asked or done.

    What the fleet remembers of a problem is not looked at; what came before in the same file is. Status 1 if anything
    was refused.
    """
    at = _time(now)
    deployments = Deployments(Fleet(local=local).config)
    with _plain_errors():
        chosen = deployments.named(account) if account else None
    found: list[Explained] = []
    unread = False
    for file in files:
        try:
            recorded = read(file, at)
        except UnreadableError as error:
            err.print(str(error), style="red", markup=False, soft_wrap=True)
            unread = True
            continue
        explainer = Explainer(deployments, chosen, at)
        for each in recorded:
            found.append(explainer.explain(each))
            if not as_json:
                _print(explained.lines_of(found[-1], at))
    if as_json:
        _print_json(found)
    if unread or not all(each.sound for each in found):
        raise typer.Exit(1)


@app.command()
def plan(
    problems: Annotated[
        Path | None, typer.Option("--problems", help="Problems of `findings export`, instead of the table's.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", help="Compare with the policy of a git revision, instead of what is kept.")
    ] = None,
    account: AccountName = None,
    local: Local = False,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """What the policy of this checkout would do to the problems that are open or suppressed. Nothing is done."""
    at = _time(now)
    with _plain_errors():
        fleet = Fleet(local=local)
        export = Export(problems) if problems else None
        deployment = _deployment(Deployments(fleet.config), account, export)
        law = _deployment(Deployments(fleet.config_at(base)), account, export).law if base else None
        with bar("problems") as tick:
            found = export.problems() if export else _kept(fleet, deployment, tick)
            made = make_plan(found, deployment, at, law)
    made.base = base or ""
    if as_json:
        return _print_json(made)
    return _print(planned.lines_of(made, f"in {problems}" if problems else "in its table"))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write them.")],
    account: AccountName = None,
    local: Local = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write the open and suppressed problems to a file (JSON Lines), for `plan --problems`. Titles are masked."""
    if file.exists() and not force:
        fail(f"{file} is there already; --force overwrites it.", _USAGE)
    with _plain_errors():
        fleet = Fleet(local=local)
        deployment = _deployment(Deployments(fleet.config), account, None)
        place = deployment.account
        with bar("problems") as tick, replacing(file, force=force) as temporary:
            origin = Origin(account=place.id, region=place.region, at=_time(None))
            count = write(temporary, origin, _kept(fleet, deployment, tick))
    _print([Line(f"{file}: {count} open and suppressed problems of {place.name}.")])
    _print([Line(f"Try a policy on them: fleetctl findings plan --problems {file}{' --local' if local else ''}")])


def _deployment(deployments: Deployments, name: str | None, export: Export | None) -> Deployment:
    """Whose problems they are: an export knows that."""
    if export is None:
        return deployments.named(name) if name else deployments.default()
    found = deployments.at(export.origin.account, export.origin.region)
    if name not in {None, found.account.name}:
        fail(f"These are the problems of {found.account.name}, not of {name}.", _USAGE)
    return found


def _kept(fleet: Fleet, deployment: Deployment, tick: kept.Tick) -> Iterator[Problem]:
    return kept.problems(fleet.client("dynamodb", deployment.account), deployment, tick)


def _time(text: str | None) -> int:
    """In ms; without one, it is now."""
    if text is None:
        return int(time.time() * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--now: {text!r} is no time; write it as 2026-11-26T00:00Z.", _USAGE)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _print(lines: Iterable[Line]) -> None:
    for line in lines:
        out.print(line.text, style=line.style, markup=False, soft_wrap=True)


def _print_json(value: object) -> None:
    # Not through the console, which would fold and colour it.
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What stands in the way, in a line."""
    try:
        yield
    except NoSuchDeploymentError as error:
        fail(f"{error}.", _USAGE)
    except NoSuchRevisionError as error:
        fail(f"--base: {error}.", _USAGE)
    except ConfigError as error:
        fail(f"--base: {error}", _USAGE)
    except (UnusableError, kept.BusyError) as error:
        fail(f"{error}.")
    except OSError as error:
        fail(f"{error.filename or 'the file'}: {error.strerror}.")
    except (ClientError, BotoCoreError) as error:
        fail(str(error))
