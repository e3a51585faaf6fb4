"""Start, watch and stop one local cloud: one emulator process, its workers, its state folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import LocalCloudError

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 4566
DEFAULT_STATE = ROOT / ".local"
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Instance:
    """One local cloud: where it keeps its state, and its port on the loopback address."""

    state_dir: Path = DEFAULT_STATE
    port: int = DEFAULT_PORT

    @property
    def endpoint(self) -> str:
        """The address of the emulator and of the wrapper's own routes."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def state_file(self) -> Path:
        """Who runs: pid, port, since when."""
        return self.state_dir / "cloud.json"

    @property
    def log_file(self) -> Path:
        """What the emulator wrote."""
        return self.state_dir / "cloud.log"


def from_environment(port: int | None = None, state: Path | None = None) -> Instance:
    """The instance that options, then YAGURA_LOCAL_PORT and YAGURA_LOCAL_STATE, then the defaults name."""
    text = os.environ.get("YAGURA_LOCAL_PORT", "")
    if port is None and text:
        if not text.isdigit() or not 1 <= int(text) <= 65535:
            raise LocalCloudError(f"YAGURA_LOCAL_PORT is {text!r}: a port is a number from 1 to 65535.")
        port = int(text)
    state = state or Path(os.environ.get("YAGURA_LOCAL_STATE") or DEFAULT_STATE)
    return Instance(state_dir=state.resolve(), port=port or DEFAULT_PORT)


def status(instance: Instance) -> str:
    """`running`, `stopped` (never started, or stopped properly) or `died` (started, and gone or deaf since)."""
    recorded = _recorded(instance)
    if not recorded:
        return "stopped"
    alive = recorded["port"] == instance.port and _is_ours(instance, recorded["pid"]) and _healthy(instance)
    return "running" if alive else "died"


def alive(instance: Instance) -> bool:
    """Whether the emulator's process exists; cheaper than `status`, and true of one that is only busy."""
    recorded = _recorded(instance)
    return bool(recorded) and _is_ours(instance, recorded["pid"])


def require_running(instance: Instance) -> None:
    """Raise LocalCloudError with one clear line unless the emulator runs and answers."""
    now = status(instance)
    if now == "died":
        recorded = _recorded(instance)
        if recorded["port"] != instance.port:
            raise LocalCloudError(
                f"The local cloud in {instance.state_dir} runs on port {recorded['port']}, "
                f"not {instance.port}: give --port {recorded['port']}, or another --state."
            )
        raise LocalCloudError(
            f"The local cloud (process {recorded['pid']}, port {instance.port}) is gone or does not "
            f"answer; its log is {instance.log_file}. Start it again: fleetctl local up"
        )
    if now == "stopped":
        raise LocalCloudError(
            f"No local cloud is running on port {instance.port} with its state in {instance.state_dir}. "
            "Start it: fleetctl local up; or say which one it is: YAGURA_LOCAL_PORT, YAGURA_LOCAL_STATE"
        )


def start(instance: Instance) -> bool:
    """Start the emulator and wait until it answers; False when it runs already. What a dead one left is cleared."""
    now = status(instance)
    if now == "running":
        return False
    recorded = _recorded(instance)
    if recorded and recorded["port"] != instance.port and _is_ours(instance, recorded["pid"]):
        require_running(instance)
    if recorded:
        stop(instance)
    _refuse_taken_port(instance)
    python = _cloud_python()
    # Deployments live in the emulator's memory: files of an earlier run describe stacks that are gone.
    for leftover in ("tmp", "runtime"):
        shutil.rmtree(instance.state_dir / leftover, ignore_errors=True)
    (instance.state_dir / "deployed.json").unlink(missing_ok=True)
    (instance.state_dir / "tmp").mkdir(parents=True, exist_ok=True)
    with instance.log_file.open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "local.cloud", "--port", str(instance.port), "--state", str(instance.state_dir)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_emulator_environment(instance),
        )
    instance.state_file.write_text(json.dumps({"pid": process.pid, "port": instance.port, "started": time.time()}))
    _wait_until_healthy(instance, process)
    return True


def stop(instance: Instance) -> bool:
    """End the emulator and every worker that it started, also after it was killed; False if there was nothing."""
    recorded = _recorded(instance)
    if not recorded:
        return False
    group = int(recorded["pid"])
    found = bool(_members(instance, group))
    for number, patience in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS)):
        members = _members(instance, group)
        for pid in members:
            _signal(pid, number)
        deadline = time.monotonic() + patience
        while members and time.monotonic() < deadline:
            time.sleep(0.05)
            members = _members(instance, group)
    left = _members(instance, group)
    if left:
        raise LocalCloudError(f"These processes of the local cloud do not end: {', '.join(map(str, left))}.")
    instance.state_file.unlink(missing_ok=True)
    shutil.rmtree(instance.state_dir / "tmp", ignore_errors=True)
    return found


def workers(instance: Instance, function: str) -> list[int]:
    """The processes in which the emulator runs a function."""
    group, folder = _recorded(instance).get("pid"), str(instance.state_dir / "tmp" / f"ministack-lambda-{function}-")
    return [pid for pid, pgid, command in _processes() if pgid == group and folder in command]


def get_json(instance: Instance, path: str, *, body: object = None) -> Any:
    """GET (or, with a body, POST) one of the wrapper's own routes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the loopback address
        instance.endpoint + path, data=data, headers={"content-type": "application/json"}
    )
    try:
        # No proxy of the user's environment: this never leaves the machine.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise LocalCloudError(f"{path}: {error.read().decode(errors='replace')}") from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        require_running(instance)
        raise LocalCloudError(f"The local cloud on port {instance.port} did not answer {path}: {error}") from error


def _recorded(instance: Instance) -> dict[str, Any]:
    try:
        found = json.loads(instance.state_file.read_text())
        return {"pid": int(found["pid"]), "port": int(found["port"]), "started": float(found["started"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _healthy(instance: Instance) -> bool:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{instance.endpoint}/_local/health", timeout=5) as answer:
            return bool(json.load(answer)["ok"])
    except (OSError, ValueError, KeyError):
        return False


def _processes() -> list[tuple[int, int, str]]:
    """(pid, process group, command line) of every process; `ps` knows these on Linux and macOS alike."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,pgid=,stat=,command="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    return [(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")]


def _members(instance: Instance, group: int) -> list[int]:
    """Our processes: those of the emulator's own group whose command line names our state folder.

    The emulator is started with the folder as an argument, and its workers run scripts in the folder's `tmp`: both
    conditions together cannot meet a stranger, even when the process number was given out again.
    """
    return [pid for pid, pgid, command in _processes() if pgid == group and str(instance.state_dir) in command]


def _is_ours(instance: Instance, pid: int) -> bool:
    return pid in _members(instance, pid)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _emulator_environment(instance: Instance) -> dict[str, str]:
    # Functions inherit the emulator's environment: it gets only what a program needs, nothing of the user's.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "TMPDIR": str(instance.state_dir / "tmp"),
        "AWS_CONFIG_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _cloud_python() -> str:
    python = ROOT / ".venv-cloud" / "bin" / "python"
    if not python.exists():
        raise LocalCloudError(f"The emulator's environment {python.parent.parent} is missing. Make it: make setup")
    return str(python)


def _refuse_taken_port(instance: Instance) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", instance.port))
        except OSError as error:
            holder = _holder(instance.port)
            raise LocalCloudError(
                f"Port {instance.port} on 127.0.0.1 is taken{holder}. Choose another: --port {instance.port + 100}"
            ) from error


def _holder(port: int) -> str:
    """Who listens there, if the system tells (lsof on macOS, /proc on Linux)."""
    if shutil.which("lsof"):
        found = subprocess.run(
            ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"], capture_output=True, text=True, check=False
        ).stdout.splitlines()
        facts = {line[0]: line[1:] for line in found if line}
        if "p" in facts:
            return f" by process {facts['p']} ({facts.get('c', '?')})"
    pid = _listener_by_proc(port)
    if pid is None:
        return ""
    command = next((text for number, _, text in _processes() if number == pid), "?")
    return f" by process {pid} ({command[:80]})"


def _listener_by_proc(port: int) -> int | None:
    try:
        rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    except OSError:
        return None
    listening = [row for row in rows if len(row) > 9 and row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    inodes = {f"socket:[{row[9]}]" for row in listening}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(link.readlink()) in inodes for link in folder.iterdir()):
                return int(folder.parent.name)
        except OSError:
            continue  # another user's process, or one that ended meanwhile
    return None


def _wait_until_healthy(instance: Instance, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            instance.state_file.unlink(missing_ok=True)
            why = last_line(instance.log_file)
            raise LocalCloudError(f"The emulator did not start: {why} (log: {instance.log_file})")
        if _healthy(instance):
            return
        time.sleep(0.05)
    stop(instance)
    raise LocalCloudError(f"The emulator did not answer within {_START_SECONDS:.0f} s (log: {instance.log_file}).")


def last_line(path: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "no log was written"
    return lines[-1] if lines else "no log was written"
