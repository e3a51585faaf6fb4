"""`fleetctl local demo|replay`: what the fleet does with events, as a table; the other commands are local's own."""

import signal
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from fleetctl.mrkdwn import plain
from fleetctl.plain import err, fail, out
from local import demo as chapter
from local import demo_chatops, demo_findings, process, ready, trace
from local.client import Event
from local.commands import Port, State, app, deploy_with_bars, plain_errors, start
from local.replay import read_events
from local.replay import replay as send
from local.trace import Outcome

__all__ = ["app"]


class Part(StrEnum):
    """A chapter of the demo."""

    SKELETON = "skeleton"
    CHATOPS = "chatops"
    FINDINGS = "findings"
    ALL = "all"


@app.command()
@plain_errors
def demo(
    port: Port = None,
    state: State = None,
    once: Annotated[
        bool, typer.Option("--once", help="Exit afterwards; status 0 only if all went as promised.")
    ] = False,
    part: Annotated[Part, typer.Option("--part", help="Which chapter to show.")] = Part.SKELETON,
) -> None:
    """Deploy the fleet to the local cloud, and show it at work."""
    began = time.monotonic()
    instance = process.from_environment(port, state)
    ours = stay = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped then, too
    try:
        ours = start(instance)
        deploy_with_bars(instance)
        ready.make_ready(instance)
        broken = [promise for each, play in _CHAPTERS.items() if part in {each, Part.ALL} for promise in play(instance)]
        for promise in broken:
            err.print(f"NOT KEPT: {promise}", style="red", markup=False)
        if broken:
            fail(f"{len(broken)} promises were not kept.\n{trace.failures(instance)}")
        out.print(f"Everything that was promised happened, in {time.monotonic() - began:.0f} s.")
        stay = not once
        if stay:
            _stay(instance)
    finally:
        # What somebody else started goes on, unless this one stayed with it to the end.
        if ours or stay:
            process.stop(instance)


def _skeleton(instance: process.Instance) -> list[str]:
    out.print("\nFive events go to the spoke's default bus, as Security Hub would send them.")
    with _bar("on their way") as bar:
        traced, broken = chapter.run(instance, tick=bar)
    out.print(_table(traced))
    return broken


def _chatops(instance: process.Instance) -> list[str]:
    out.print(f"\nA scene in Slack: {instance.endpoint}/_local/slack/ shows it.")
    broken = demo_chatops.run(instance, lambda step: out.print(f"  {step}", markup=False, soft_wrap=True))
    for line in demo_chatops.trail(instance):
        out.print(f"    {line}", markup=False, soft_wrap=True)
    return broken


def _findings(instance: process.Instance) -> list[str]:
    out.print("\nA problem's life.")
    broken = demo_findings.run(instance, lambda step: out.print(f"  {step}", markup=False, soft_wrap=True))
    out.print("  /yagura findings numbers  (counts are written once a minute)")
    for line in plain(demo_findings.numbers(instance)).splitlines():
        out.print(f"    {line}", markup=False, soft_wrap=True)
    for name, path in (("Slack", "slack"), ("Security Hub", "securityhub"), ("GitHub", "github")):
        out.print(f"  {name}: {instance.endpoint}/_local/{path}/", soft_wrap=True)
    return broken


_CHAPTERS = {Part.SKELETON: _skeleton, Part.CHATOPS: _chatops, Part.FINDINGS: _findings}


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
    if not events:
        fail("There is no event in these files.")
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
    seen: dict[tuple[str, ...], int] = {}
    for number, outcome in enumerate(traced, 1):
        repeats = seen.setdefault((outcome.event["id"], *trace.finding_ids(outcome.event)), number)
        did = [f"nothing more: a repeat of {repeats}"] if repeats < number else list(_did(outcome))
        table.add_row(str(number), _sent(outcome.event), Text("\n".join(did), overflow="fold"))
    return table


def _sent(event: Event) -> str:
    """Schema, control and title of its first finding; the fields of a broken one may hold anything."""
    finding: dict[str, Any] = next(iter(trace.findings_of(event)), {})
    schema = "OCSF" if "class_uid" in finding else "ASFF"
    info = finding.get("finding_info")
    info = info if isinstance(info, dict) else {}
    return f"{schema}  {finding.get('Title') or info.get('title') or event['detail-type']}"


def _did(outcome: Outcome) -> Iterator[str]:
    for problem in outcome.problems:
        state = problem["state"]
        owner = state["owner"]
        yield f"recorded as {state['status']}: {problem['control']} {problem['resource']}"
        yield f"owner: {owner['team']}, service {owner['service']} (by {owner['rule']})"
        yield from _policy(state)
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
    elif outcome.event.get("detail-type") == "Security Hub Insight Results":
        yield "dropped and counted: an insight's counts, whose findings come by themselves"
    else:
        yield "dropped and counted: not for this deployment, or not about a control"


def _policy(state: dict[str, Any]) -> Iterator[str]:
    """What the policy made of it, where that is not the usual."""
    if state["ignored"]:
        yield "ignored: it is remembered, and nothing more"
    elif state["lease"]:
        yield f"suppressed by {state['lease']['by']}"
    elif state["status"] == "open" and state["tell"] != "now":
        yield {"digest": "told with the day's digest", "never": "told nobody"}[state["tell"]]


def _stay(instance: process.Instance) -> None:
    elsewhere = instance != process.Instance()
    settings = (
        f"  export YAGURA_LOCAL_PORT={instance.port} YAGURA_LOCAL_STATE={instance.state_dir}\n" if elsewhere else ""
    )
    out.print(
        f"""
It stays up at {instance.endpoint}. Try next, in another terminal:

  source .venv/bin/activate
{settings}
  # any recorded event or bare finding
  fleetctl local replay local/events/1-imported-asff.json
  # hold every capability down to observing
  fleetctl freeze --all --local
  # what keeps messages waiting, if anything does
  fleetctl secrets status --local
  # what is real here, and what is simulated
  fleetctl local doctor
  # two days later, by the fleet's clock
  fleetctl local clock +2d
  # the fake Slack: read, type /yagura, press buttons, as three people; the fake Security Hub and GitHub
  {instance.endpoint}/_local/slack/
  {instance.endpoint}/_local/securityhub/
  {instance.endpoint}/_local/github/

Ctrl-C stops it.""",
        markup=False,
        soft_wrap=True,
    )
    try:
        while process.status(instance) == "running":
            time.sleep(1)
        fail("The local cloud is gone. Start it again: make demo")
    except KeyboardInterrupt:
        out.print("\nStopping.")
