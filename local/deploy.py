"""Bootstrap and deploy the local Stages with the real CDK CLI, as a user does on AWS.

Nothing here can reach AWS: every program runs in `client.environment`, with the endpoint pinned to the loopback address
and no profile, file or key of the user's.
"""

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, Thread
from typing import NamedTuple

from botocore.exceptions import ClientError

from local.client import AUDIT, HUB, REGION, SPOKE, client, environment
from local.errors import LocalCloudError
from local.process import ROOT, Instance, alive, require_running

STAGES: dict[str, str] = {"local-hub": HUB, "local-spoke": SPOKE, "local-audit": AUDIT}
_CDK = ROOT / "node_modules" / ".bin" / "cdk"
_RESOURCE_LINE = re.compile(r"^(?P<stack>\S+) \|\s*(?P<done>\d+)(?:/(?P<total>\d+))? \|")
_QUIET = ["--no-notices", "--no-version-reporting", "--no-color", "--ci"]


class Progress(NamedTuple):
    """One step forward: which part of the work (synth, bootstrap or a stage), what it does, how far it is."""

    part: str
    text: str
    done: int
    total: int


type Report = Callable[[Progress], None]


def _silent(_progress: Progress) -> None:
    return


def bootstrap_and_deploy(
    instance: Instance,
    stages: Sequence[str] | None = None,
    *,
    report: Report = _silent,
    app: Sequence[str] | None = None,
    assembly: Path | None = None,
    accounts: dict[str, str] | None = None,
) -> None:
    """Synthesize once, then bootstrap and deploy each stage; a second call uploads and changes nothing.

    `app` is the command that writes the assembly (default: `app.py`), `assembly` the folder that it writes to,
    `accounts` which account a stage lies in. Raises LocalCloudError with the last useful lines of what failed.
    """
    require_running(instance)
    accounts = accounts or STAGES
    stages = list(stages or accounts)
    folder = assembly or instance.state_dir / "cdk.out"
    synth(instance, folder, app=app, report=report)
    lock = Lock()

    def together(progress: Progress) -> None:
        with lock:
            report(progress)

    def one(stage: str) -> None:
        account = accounts[stage]
        bootstrap(instance, account, report=together, part=stage)
        deploy(instance, folder, stage, account, report=together)

    # The accounts share nothing while they deploy: names of other accounts' buses are written into the templates.
    with ThreadPoolExecutor(max_workers=len(stages)) as pool:
        futures = [pool.submit(one, stage) for stage in stages]
    for future in futures:
        if (error := future.exception()) is not None:
            require_running(instance)  # a killed emulator is the better explanation of what the CLI says
            raise error
    (instance.state_dir / "deployed.json").write_text(json.dumps({"stages": stages, "assembly": fingerprint(folder)}))


def is_deployed(instance: Instance, stages: Sequence[str] | None = None) -> bool:
    """Whether a deployment of these stages finished since the emulator was started."""
    try:
        found = json.loads((instance.state_dir / "deployed.json").read_text())
    except (OSError, ValueError):
        return False
    return set(stages or STAGES) <= set(found.get("stages", []))


def fingerprint(folder: Path) -> str:
    """A hash of every template and asset name of an assembly."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.json")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def synth(instance: Instance, folder: Path, *, app: Sequence[str] | None = None, report: Report = _silent) -> None:
    """Write the cloud assembly; the app learns the port from YAGURA_LOCAL_PORT, and needs no credentials."""
    report(Progress("synth", "synthesizing", 0, 1))
    command = list(app or [sys.executable, str(ROOT / "app.py")])
    env = environment(instance, HUB) | {
        "CDK_OUTDIR": str(folder),
        "YAGURA_FLEETS": "local/fleet.yaml",  # the local Stages only: a third of the time
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    }
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        env.pop(name)
    (folder / "validation-report.json").unlink(missing_ok=True)
    try:
        _run(command, env, instance.state_dir / "synth.log", "The synthesis", cwd=ROOT)
    except LocalCloudError as error:
        raise LocalCloudError("\n".join([str(error), *violations(folder)])) from error
    if not (folder / "manifest.json").exists():
        raise LocalCloudError(f"{' '.join(command)} wrote no cloud assembly to {folder} (it must honour CDK_OUTDIR).")
    report(Progress("synth", "synthesized", 1, 1))


def bootstrap(instance: Instance, account: str, *, report: Report = _silent, part: str = "bootstrap") -> None:
    """`cdk bootstrap` for an account, once: with its toolkit stack there is nothing to do."""
    cloudformation = client(instance, "cloudformation", account)
    try:
        stack = cloudformation.describe_stacks(StackName="CDKToolkit")["Stacks"][0]
        if stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return
    except ClientError:
        pass  # not there yet
    report(Progress(part, "bootstrapping", 0, 1))
    # An output folder of its own: the CLI locks it, and two bootstraps run side by side.
    _run(
        [
            str(_CDK),
            "bootstrap",
            f"aws://{account}/{REGION}",
            "--output",
            str(instance.state_dir / f"cdk-{account}"),
            *_QUIET,
        ],
        environment(instance, account),
        instance.state_dir / f"bootstrap-{account}.log",
        f"cdk bootstrap of account {account}",
        onto=instance,
    )


def deploy(instance: Instance, folder: Path, stage: str, account: str, *, report: Report = _silent) -> None:
    """`cdk deploy` of one stage; its stacks go in the order that CDK finds."""
    total = _resources(folder, stage)
    report(Progress(stage, "deploying", 0, total))
    finished: dict[str, int] = {}

    def line(text: str) -> None:
        if match := _RESOURCE_LINE.match(text):
            finished[match["stack"]] = int(match["done"])
            report(Progress(stage, match["stack"], min(sum(finished.values()), total), total))

    # --method direct: a change set has nobody to read it here, and costs a second of polling per stack.
    _run(
        [
            str(_CDK),
            "deploy",
            "--app",
            str(folder),
            f"{stage}/*",
            "--require-approval",
            "never",
            "--method",
            "direct",
            "--progress",
            "events",
            "--output",
            str(instance.state_dir / f"cdk-{stage}"),
            *_QUIET,
        ],
        environment(instance, account),
        instance.state_dir / f"deploy-{stage}.log",
        f"cdk deploy of {stage}",
        line,
        onto=instance,
    )
    report(Progress(stage, "deployed", total, total))


def _resources(folder: Path, stage: str) -> int:
    templates = (folder / f"assembly-{stage}").glob("*.template.json")
    return max(1, sum(len(json.loads(path.read_text()).get("Resources", {})) for path in templates))


def _run(
    command: list[str],
    env: dict[str, str],
    log: Path,
    what: str,
    line: Callable[[str], None] | None = None,
    *,
    cwd: Path | None = None,
    onto: Instance | None = None,
) -> None:
    if not Path(command[0]).exists():
        raise LocalCloudError(f"{command[0]} is missing. Make it: make setup")
    log.parent.mkdir(parents=True, exist_ok=True)
    # The CLI starts in the state folder: there is no cdk.json, so it takes nothing but what it is told.
    with (
        log.open("w") as out,
        subprocess.Popen(
            command,
            cwd=cwd or log.parent,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        ) as process,
    ):
        if onto:
            Thread(target=_stop_without_emulator, args=(process, onto), daemon=True).start()
        for text in process.stdout or ():
            out.write(text)
            if line:
                line(text)
    if process.returncode:
        raise LocalCloudError(f"{what} failed (whole log: {log}):\n" + "\n".join(useful_lines(log)))


def _stop_without_emulator(process: "subprocess.Popen[str]", instance: Instance) -> None:
    """End the CLI when the emulator is gone: by itself it retries a refused connection for most of a minute."""
    while process.poll() is None:
        if not alive(instance):
            process.terminate()
            return
        time.sleep(1)


def violations(folder: Path, most: int = 12) -> list[str]:
    """Rule and construct of what cdk-nag found; nothing when it was not cdk-nag that failed."""
    try:
        reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    except (OSError, ValueError, KeyError):
        return []
    found = [
        f"{violation['ruleName']}: {construct.get('constructPath')}"
        for report in reports
        for violation in report.get("violations", [])
        if violation.get("severity") == "error"
        for construct in violation.get("violatingConstructs", [])
    ]
    return [*found[:most], *([f"and {len(found) - most} more"] if len(found) > most else [])]


def useful_lines(log: Path, most: int = 8) -> list[str]:
    """The lines of a failed run that say why; the last ones when none stands out."""
    lines = [text.rstrip() for text in log.read_text(errors="replace").splitlines() if text.strip()]
    telling = [
        text
        for text in lines
        if re.search(r"FAILED|❌|[Ee]rror\b|denied|refused", text) and not text.lstrip().startswith("at ")
    ]
    return (telling or lines)[-most:]
