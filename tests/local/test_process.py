"""Starting and stopping: nothing is left over, and what goes wrong is one clear line."""

import io
import os
import signal
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local import commands, process
from local.errors import LocalCloudError
from local.process import Instance
from tests.local.conftest import Aws, eventually, free_port


@pytest.fixture
def instance(state_dir: Path) -> Iterator[Instance]:
    mine = Instance(state_dir, free_port())
    yield mine
    process.stop(mine)


def _members(instance: Instance) -> list[str]:
    return [command for _, _, command in process._processes() if str(instance.state_dir) in command]


def _run_a_function(instance: Instance) -> None:
    aws = Aws(instance)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "def run(event, context):\n    return 1")
    aws("lambda", "500000000000").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Handler="handler.run",
        Code={"ZipFile": buffer.getvalue()},
        Role=aws.role("500000000000", "fn", trust={"Service": "lambda.amazonaws.com"}),
    )
    aws("lambda", "500000000000").invoke(FunctionName="f")


def test_stopping_ends_the_emulator_and_its_workers(instance: Instance) -> None:
    assert process.start(instance)
    _run_a_function(instance)
    assert len(_members(instance)) == 2
    assert process.stop(instance)
    assert _members(instance) == []
    assert process.status(instance) == "stopped"
    assert not process.stop(instance)


def test_a_killed_emulator_is_noticed_cleared_and_started_anew(instance: Instance) -> None:
    process.start(instance)
    _run_a_function(instance)
    pid = process._recorded(instance)["pid"]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: process.status(instance) == "died")
    with pytest.raises(LocalCloudError, match=f"process {pid}, port {instance.port}") as caught:
        process.require_running(instance)
    assert "\n" not in str(caught.value)
    assert process.start(instance)
    assert process.status(instance) == "running"
    assert len(_members(instance)) == 1


def test_starting_twice_starts_once(instance: Instance) -> None:
    assert process.start(instance)
    assert not process.start(instance)


def test_two_run_side_by_side(cloud: Instance, instance: Instance) -> None:
    process.start(instance)
    Aws(instance)("sqs", "500000000000").create_queue(QueueName="only-here")
    assert not Aws(cloud)("sqs", "500000000000").list_queues().get("QueueUrls")
    process.stop(instance)
    assert process.status(cloud) == "running"


def test_a_taken_port_is_one_line_with_the_port_its_holder_and_the_option(state_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalCloudError, match=rf"Port {port} .* taken by process {os.getpid()}.*--port") as caught:
            process.start(Instance(state_dir, port))
    assert "\n" not in str(caught.value)


def test_another_port_than_the_running_one_is_named(cloud: Instance) -> None:
    with pytest.raises(LocalCloudError, match=f"runs on port {cloud.port}"):
        process.start(Instance(cloud.state_dir, free_port()))


def test_commands_say_what_to_do_and_never_show_a_traceback(instance: Instance) -> None:
    options = ["--port", str(instance.port), "--state", str(instance.state_dir)]
    runner = CliRunner()
    stopped = runner.invoke(commands.app, ["status", *options])
    assert stopped.exit_code == 1
    assert "fleetctl local up" in stopped.output
    assert "Traceback" not in stopped.output
    assert runner.invoke(commands.app, ["down", *options]).exit_code == 0
    process.start(instance)
    undeployed = runner.invoke(commands.app, ["status", *options])
    assert undeployed.exit_code == 1
    assert "not deployed" in undeployed.output


def test_the_environment_names_port_and_state(monkeypatch: pytest.MonkeyPatch, state_dir: Path) -> None:
    monkeypatch.setenv("YAGURA_LOCAL_PORT", "4999")
    monkeypatch.setenv("YAGURA_LOCAL_STATE", str(state_dir))
    assert process.from_environment() == Instance(state_dir, 4999)
    assert process.from_environment(5000).port == 5000
    monkeypatch.setenv("YAGURA_LOCAL_PORT", "many")
    with pytest.raises(LocalCloudError, match="YAGURA_LOCAL_PORT is 'many'"):
        process.from_environment()


def test_the_doctor_prints_checks_and_the_ledger(cloud: Instance) -> None:
    shown = CliRunner().invoke(
        commands.app, ["doctor", "--port", str(cloud.port), "--state", str(cloud.state_dir)], env={"COLUMNS": "200"}
    )
    assert "Parity with AWS" in shown.output
    assert "ministack 1.5.33" in shown.output
    assert "Traceback" not in shown.output
