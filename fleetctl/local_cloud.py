"""`fleetctl local demo|replay`: what the fleet does with events, as a table; the other commands are local's own."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fleetctl.plain import err, fail, out
from local import demo as chapter
from local import process, trace
from local.client import Event
from local.commands import Port, State, app, bring_up, plain_errors
from local.replay import read_events
from local.replay import replay as send
from local.trace import Outcome

__all__ = ["app"]


@app.command()
@plain_errors
def demo(
    port: Port = None,
    state: State = None,
    once: Annotated[
        bool, typer.Option("--once", help="Exit afterwards; status 0 only if all went as promised.")
    ] = False,
) -> None:
    """Deploy a hub and a spoke, send five Security Hub events through, and show what became of each."""
    began = time.monotonic()
    instance = process.from_environment(port, state)
    try:
        bring_up(instance)
        chapter.set_slack_token(instance)
        out.print("\nFive events go to the spoke's default bus, as Security Hub would send them.")
        with _bar("on their way") as bar:
            traced, broken = chapter.run(instance, tick=bar)
        out.print(_table(traced))
        for promise in broken:
            err.print(f"NOT KEPT: {promise}", style="red", markup=False)
        if broken:
            fail(f"{len(broken)} promises were not kept.\n{trace.failures(instance)}")
        out.print(f"Everything that was promised happened, in {time.monotonic() - began:.0f} s.")
        if not once:
            _stay(instance)
    finally:
        if once:
            process.stop(instance)


@app.command()
@plain_errors
def replay(
    files: Annotated[list[Path], typer.Argument(help="Recorded events or bare findings, as JSON.")],
    port: Port = None,
    state: State = None,
) -> None:
    """Send recorded Security Hub events, or bare findings, through the fleet."""
    instance = process.from_environment(port, state)
    events = [event for file in files for event in read_events(file)]
    process.require_running(instance)
    with _bar("on their way") as bar:
        traced = send(instance, events, tick=bar)
    out.print(_table(traced))


class _bar:  # noqa: N801 - used like a function
    """A progress bar that is called with what is done and how much there is."""

    def __init__(self, text: str) -> None:
        self._progress = Progress(
            TextColumn(f"{text:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=out
        )

    def __enter__(self) -> "_bar":
        self._progress.start()
        self._task = self._progress.add_task("", total=None)
        return self

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _table(traced: list[Outcome]) -> Table:
    """One row for each event: what was sent, and what the fleet did with it."""
    table = Table("", "sent", "what the fleet did", show_lines=True)
    seen: dict[str, int] = {}
    for number, outcome in enumerate(traced, 1):
        repeats = seen.setdefault(outcome.event["id"], number)
        did = [f"nothing more: a repeat of {repeats}"] if repeats < number else list(_did(outcome))
        table.add_row(str(number), _sent(outcome.event), Text("\n".join(did), overflow="fold"))
    return table


def _sent(event: Event) -> str:
    """Schema, control and title of its first finding; the fields of a broken one may hold anything."""
    finding: dict[str, Any] = next(iter(event.get("detail", {}).get("findings", [])), {})
    schema = "OCSF" if "class_uid" in finding else "ASFF"
    info = finding.get("finding_info") or {}
    return f"{schema}  {finding.get('Title') or info.get('title') or event['detail-type']}"


def _did(outcome: Outcome) -> Iterator[str]:
    for problem in outcome.problems:
        finding, owner = problem["finding"], problem["owner"]
        yield f"recorded as {finding['status']}: {finding['control']} {finding['resource']}"
        yield f"owner: {owner['team']}, service {owner['service']} (by {owner['rule']})"
    for event in outcome.opened:
        yield f"on the hub's bus: {event['detail-type']}"
    for message in outcome.messages:
        yield f"in Slack: {message.get('channel')}"
    if outcome.opened and not outcome.messages and outcome.waits:
        yield f"in Slack: waits; {outcome.waits}"
    for letter in outcome.dead_letters:
        yield f"dead letter: {letter.get('reason')} at {letter.get('path')}: {letter.get('text')}"
    if outcome.problems or outcome.dead_letters:
        return
    if not outcome.rules:
        yield "nothing: no rule matches it"
    elif any("Foreign" in rule for rule in outcome.rules):
        yield "dropped and counted: not a product of AWS"
    else:
        yield "dropped and counted: not for this deployment, or not about a control"


def _stay(instance: process.Instance) -> None:
    out.print(
        f"""
It stays up at {instance.endpoint}. Try next, in another terminal (`source .venv/bin/activate` first):

  fleetctl local replay local/events/1-imported-asff.json    any recorded event or bare finding
  fleetctl freeze --all --local                              hold every capability down to observing
  fleetctl secrets status --local                            what keeps messages waiting
  fleetctl local doctor                                      what is real here, and what is simulated
  curl {instance.endpoint}/_local/slack/messages             what was posted

Ctrl-C stops it.""",
        markup=False,
    )
    try:
        while process.status(instance) == "running":
            time.sleep(1)
        fail("The local cloud is gone. Start it again: make demo")
    except KeyboardInterrupt:
        out.print("\nStopping.")
    finally:
        process.stop(instance)
