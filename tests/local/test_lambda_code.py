"""Workers share what was unpacked once, and none of them can tell."""

import io
import json
import zipfile
from typing import Any

from local import process
from local.process import Instance
from tests.local.conftest import Aws, eventually

_READS = "from helper import NAME\ndef run(event, context):\n    return [NAME, __file__]"


def _bundle(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", _READS)
        archive.writestr("helper/__init__.py", f"NAME = {name!r}")
    return buffer.getvalue()


def _made(aws: Aws, account: str, function: str, bundle: bytes) -> None:
    role = aws.role(account, function, trust={"Service": "lambda.amazonaws.com"})
    aws("lambda", account).create_function(
        FunctionName=function, Runtime="python3.13", Handler="handler.run", Code={"ZipFile": bundle}, Role=role
    )


def _called(aws: Aws, account: str, function: str) -> Any:
    return json.loads(aws("lambda", account).invoke(FunctionName=function)["Payload"].read())


def test_each_function_runs_its_own_code_from_its_own_folder(aws: Aws, account: str) -> None:
    for function, bundle in (("one", _bundle("a")), ("same", _bundle("a")), ("other", _bundle("b"))):
        _made(aws, account, function, bundle)
    found = {function: _called(aws, account, function) for function in ("one", "same", "other")}
    assert [name for name, _ in found.values()] == ["a", "a", "b"]
    for function, (_, file) in found.items():
        assert f"ministack-lambda-{function}-" in file


def test_new_code_is_what_runs_and_the_old_workers_folder_goes_with_it(cloud: Instance, aws: Aws, account: str) -> None:
    _made(aws, account, "changed", _bundle("before"))
    assert _called(aws, account, "changed")[0] == "before"
    aws("lambda", account).update_function_code(FunctionName="changed", ZipFile=_bundle("after"))
    assert _called(aws, account, "changed")[0] == "after"
    assert eventually(lambda: len(list((cloud.state_dir / "tmp").glob("ministack-lambda-changed-*"))) == 1)
    assert len(process.workers(cloud, "changed")) == 1
    # What they shared is still there for whoever runs the same code again.
    aws("lambda", account).update_function_code(FunctionName="changed", ZipFile=_bundle("before"))
    assert _called(aws, account, "changed")[0] == "before"
