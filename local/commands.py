"""`fleetctl local up|down|status|doctor`: the local cloud from the command line."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from local import deploy, doctor, fleet_clock, process, ready
from local.errors import LocalCloudError

app = typer.Typer(no_args_is_help=True, help="The local cloud: a hub and a spoke account on this machine.")
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)

Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1 (YAGURA_LOCAL_PORT, 4566).")
]
State = Annotated[Path | None, typer.Option("--state", help="State folder (YAGURA_LOCAL_STATE, .local).")]


def fail(message: str) -> NoReturn:
    """One clear line on stderr, and status 1."""
    _err.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1)


def plain_errors[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Turn a LocalCloudError into its message: whoever runs a command gets no traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except LocalCloudError as error:
            fail(str(error))
        except (BotoCoreError, ClientError) as error:
            fail(f"The local cloud does not answer as it should: {error}\nfleetctl local status says whether it runs.")
        except KeyboardInterrupt:
            fail("Interrupted. What is running stays: fleetctl local down stops it.")

    return run


@app.command()
@plain_errors
def up(port: Port = None, state: State = None) -> None:
    """Start the local cloud and deploy the fleet into it; does nothing that is done already."""
    bring_up(process.from_environment(port, state))


def bring_up(instance: process.Instance, stages: list[str] | None = None) -> None:
    """Start the emulator if it does not run, and deploy."""
    start(instance)
    deploy_with_bars(instance, stages)
    ready.take_baseline(instance)


def start(instance: process.Instance) -> bool:
    """Start the emulator if it does not run, and say so; False if it ran already."""
    started = process.start(instance)
    _out.print(f"The local cloud {'is up' if started else 'was already up'} at {instance.endpoint}.")
    return started


def deploy_with_bars(instance: process.Instance, stages: list[str] | None = None) -> None:
    """Deploy, with a progress bar for each part."""
    with Bars(
        TextColumn("{task.fields[part]:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}"),
        console=_out,
        transient=False,
    ) as bars:
        tasks: dict[str, int] = {}

        def report(progress: deploy.Progress) -> None:
            if progress.part not in tasks:
                tasks[progress.part] = int(bars.add_task("", part=progress.part, text="", total=progress.total))
            bars.update(
                bars.tasks[tasks[progress.part]].id, completed=progress.done, total=progress.total, text=progress.text
            )

        deploy.bootstrap_and_deploy(instance, stages, report=report)


@app.command()
@plain_errors
def down(port: Port = None, state: State = None) -> None:
    """Stop the local cloud and everything that it started."""
    instance = process.from_environment(port, state)
    stopped = process.stop(instance)
    _out.print("Stopped." if stopped else "It was not running.")


@app.command()
@plain_errors
def status(port: Port = None, state: State = None) -> None:
    """Say whether the local cloud runs and the fleet is deployed; status 0 only if both."""
    instance = process.from_environment(port, state)
    process.require_running(instance)
    deployed = deploy.is_deployed(instance)
    _out.print(
        f"Running at {instance.endpoint}, state in {instance.state_dir}; "
        f"the fleet is {'deployed' if deployed else 'not deployed: fleetctl local up'}.",
        soft_wrap=True,
    )
    if not deployed:
        sys.exit(1)


@app.command()
@plain_errors
def clock(
    wish: Annotated[str, typer.Argument(help="+2d (or s, m, h), x60 or real; nothing says what it shows.")] = "",
    port: Port = None,
    state: State = None,
) -> None:
    """Move the fleet's clock ahead and do what is due by then, let it run faster, or give it the wall's time again."""
    instance = process.from_environment(port, state)
    process.require_running(instance)
    now = fleet_clock.set_clock(instance, wish) if wish else fleet_clock.read(instance)
    _out.print(fleet_clock.described(now), soft_wrap=True)
    if wish and (warning := fleet_clock.warning(now)):
        _out.print(warning, soft_wrap=True, markup=False)
    if wish.startswith("+"):
        ready.sweep(instance)
        _out.print("What was due by then is under way.")


@app.command(name="doctor")
@plain_errors
def doctor_command(port: Port = None, state: State = None) -> None:
    """Check what the local cloud needs, and list what is real, what is simulated and what is not there."""
    healthy = doctor.show(process.from_environment(port, state), _out)
    if not healthy:
        fail("Something is missing: see the lines marked with ✗.")
