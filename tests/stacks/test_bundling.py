"""The bundler, on a small checkout of its own; marked `slow`: the real layers, with uv."""

import compileall
import marshal
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode
from types import CodeType

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from stacks.parts import bundling
from stacks.parts.bundling import BundlingError, Platform, capability_code, deps_layer_code, fleet_layer_code

ROOT = bundling.ROOT
CHECKOUT = {
    "functions/__init__.py": "",
    "functions/alarms/__init__.py": "",
    "functions/alarms/ring.py": "from fleet import bell\n\ndef handler(event, context):\n    return bell.SOUND\n",
    "functions/doors/__init__.py": "",
    "functions/doors/deep/lock.py": "def handler(event, context): ...\n",
    "layers/fleet/python/fleet/__init__.py": "",
    "layers/fleet/python/fleet/bell.py": "SOUND = 'ding'\n",
    "layers/deps/requirements.txt": "six==1.17.0 --hash=sha256:" + "0" * 64 + "\n",
}
CONFIG = {"functions/alarms/config.json": b'{"loud": true}'}
ELF_AARCH64 = 183


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use(monkeypatch, tmp_path / "checkout")


def use(monkeypatch: pytest.MonkeyPatch, root: Path) -> Path:
    """A small checkout in `root`, with a cache of its own."""
    for name, text in CHECKOUT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(bundling, "ROOT", root)
    monkeypatch.setattr(bundling, "CACHE", root / ".build")
    return root


def synth(
    out: Path | None = None, compiled: Mapping[str, bytes] | None = None, *, deps: bool = False
) -> dict[str, str]:
    """S3 key of each asset of an app with two stacks; they are bundled into `out`, or not at all."""
    app = App(outdir=str(out)) if out else App(context={"aws:cdk:bundling-stacks": []})
    for name in ("alarms", "doors"):
        stack = Stack(app, name)
        lambda_.LayerVersion(stack, "fleet", code=fleet_layer_code())
        if deps:
            lambda_.LayerVersion(stack, "deps", code=deps_layer_code(Platform.LAMBDA_ARM64))
        lambda_.Function(
            stack,
            name,
            code=capability_code(name, compiled if name == "alarms" else None),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
        )
    assembly, keys = app.synth(), {}
    for stack_artifact in assembly.stacks:
        for logical_id, resource in stack_artifact.template["Resources"].items():
            properties = resource["Properties"]
            if content := properties.get("Content") or properties.get("Code"):
                keys[re.sub(r"[0-9A-F]{8}$", "", logical_id)] = content["S3Key"].removesuffix(".zip")
    return keys


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def code_of(source: Path) -> tuple[int, CodeType]:
    """Flags and code of the bytecode beside a source (PEP 552)."""
    content = Path(cache_from_source(str(source))).read_bytes()
    return int.from_bytes(content[4:8], "little"), marshal.loads(content[16:])  # noqa: S302  our own


def python(program: str, *path: Path, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run in a fresh interpreter that sees the standard library and `path`."""
    setup = f"import sys; sys.dont_write_bytecode = True; sys.path[:0] = {[str(entry) for entry in path]}\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", *options, "-c", setup + program], capture_output=True, text=True, check=False
    )


def test_same_inputs_give_the_same_hash_and_the_same_tree_in_any_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees, keys = [], []
    for number, umask in enumerate((0o022, 0o077)):
        root = use(monkeypatch, tmp_path / f"checkout-{number}")
        if number:  # what other programs leave behind is not part of the asset
            (root / "functions/alarms/__pycache__").mkdir()
            (root / "functions/alarms/__pycache__/ring.cpython-313.pyc").write_bytes(b"stale")
            (root / "functions/alarms/.ring.py.swp").write_bytes(b"")
        out = tmp_path / f"out-{number}"
        before = os.umask(umask)
        try:
            keys.append(synth(out, CONFIG))
        finally:
            os.umask(before)
        trees.append({name: tree(out / f"asset.{key}") for name, key in keys[-1].items()})
        assert {oct(path.stat().st_mode & 0o777) for path in (out / f"asset.{keys[-1]['alarms']}").rglob("*.py")} == {
            "0o644"
        }
    assert keys[0] == keys[1]
    assert trees[0] == trees[1]
    assert {name for name in trees[0]["alarms"] if not name.endswith(".pyc")} == {
        "functions/__init__.py",
        "functions/alarms/__init__.py",
        "functions/alarms/config.json",
        "functions/alarms/ring.py",
    }
    assert "python/fleet/bell.py" in trees[0]["fleet"]


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("functions/alarms/ring.py", {"alarms"}),
        ("functions/doors/deep/lock.py", {"doors"}),
        ("functions/__init__.py", {"alarms", "doors"}),
        ("layers/fleet/python/fleet/bell.py", {"fleet"}),
        ("layers/deps/requirements.txt", {"deps"}),
    ],
)
def test_edit_changes_only_the_asset_that_holds_it(checkout: Path, edited: str, changed: set[str]) -> None:
    before = synth(deps=True)
    (checkout / edited).write_text((checkout / edited).read_text() + "\n# edited\n")
    after = synth(deps=True)
    assert {name for name in before if before[name] != after[name]} == changed


@pytest.mark.usefixtures("checkout")
def test_compiled_file_is_part_of_its_capabilitys_hash_only() -> None:
    before, after = synth(compiled=CONFIG), synth(compiled={"functions/alarms/config.json": b"{}"})
    assert {name for name in before if before[name] != after[name]} == {"alarms"}


@pytest.mark.usefixtures("checkout")
def test_platforms_have_layers_of_their_own() -> None:
    stack = Stack(App(context={"aws:cdk:bundling-stacks": []}), "stack")
    for platform in Platform:
        lambda_.LayerVersion(stack, platform.name, code=deps_layer_code(platform))
    layers = Template.from_stack(stack).find_resources("AWS::Lambda::LayerVersion").values()
    assert len({layer["Properties"]["Content"]["S3Key"] for layer in layers}) == len(Platform)


def test_template_tests_bundle_nothing_and_see_the_real_hashes(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*command: str) -> None:
        pytest.fail(f"ran {command}")

    with monkeypatch.context() as patch:
        patch.setattr(bundling, "_run", refuse)
        keys = synth(compiled=CONFIG, deps=True)
        assert not (checkout / ".build").exists()
    del keys["deps"]
    assert keys == synth(tmp_path / "out", CONFIG)


def test_second_synth_bundles_nothing(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = synth(tmp_path / "one")
    monkeypatch.setattr(bundling, "_run", lambda *command: pytest.fail(f"ran {command}"))
    assert synth(tmp_path / "two") == first
    assert tree(tmp_path / "one" / f"asset.{first['alarms']}") == tree(tmp_path / "two" / f"asset.{first['alarms']}")
    assert sorted(path.name.rpartition("-")[0] for path in (checkout / ".build").iterdir()) == [
        "alarms",
        "doors",
        "fleet",
    ]


@pytest.mark.usefixtures("checkout")
def test_bytecode_is_unchecked_and_carries_lambdas_paths(tmp_path: Path) -> None:
    keys = synth(tmp_path)
    for asset, source, unpacked_at in (
        ("alarms", "functions/alarms/ring.py", "/var/task"),
        ("doors", "functions/doors/deep/lock.py", "/var/task"),
        ("fleet", "python/fleet/bell.py", "/opt"),
    ):
        flags, code = code_of(tmp_path / f"asset.{keys[asset]}" / source)
        assert flags == 0b01, "hash-based, and not checked against the source"
        assert code.co_filename == f"{unpacked_at}/{source}"


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(("mode", "runs"), [(None, True), (PycInvalidationMode.TIMESTAMP, False)])
def test_shipped_bytecode_is_what_runs_after_a_zip_dated_1980(
    tmp_path: Path, mode: PycInvalidationMode | None, *, runs: bool
) -> None:
    keys = synth(tmp_path / "out")
    for asset in ("alarms", "fleet"):
        bundle = tmp_path / "out" / f"asset.{keys[asset]}"
        if mode:  # what happens otherwise
            compileall.compile_dir(bundle, quiet=1, force=True, invalidation_mode=mode)
        unzip(zipped(bundle, tmp_path / f"{asset}.zip"), tmp_path / asset)
    program = "from functions.alarms import ring\nprint(ring.handler({}, None))"
    ran = python(program, tmp_path / "alarms", tmp_path / "fleet/python", options=("-v",))
    assert ran.stdout == "ding\n", ran.stderr
    for source in ("alarms/functions/alarms/ring.py", "fleet/python/fleet/bell.py"):
        bytecode = cache_from_source(str(tmp_path / source))
        assert (f"# code object from '{bytecode}'" in ran.stderr) is runs


def zipped(folder: Path, archive: Path) -> Path:
    """As the CDK CLI does it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for name, content in sorted(tree(folder).items()):
            zip_file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)
    return archive


def unzip(archive: Path, target: Path) -> None:
    """As Lambda does it, dates included."""
    with zipfile.ZipFile(archive) as zip_file:
        zip_file.extractall(target)
    for path in target.rglob("*"):
        os.utime(path, (315532800, 315532800))


def test_two_who_build_at_once_get_one_whole_bundle(checkout: Path) -> None:
    both = threading.Barrier(2, timeout=10)

    def fill(out: Path) -> None:
        both.wait()
        (out / "a.py").write_text("A = 1\n")
        both.wait()

    bundle = bundling._Bundle("slow", "/opt", {}, fill)
    made: list[Path] = []
    threads = [threading.Thread(target=lambda: made.append(bundle.made())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1]
    assert len(tree(made[0])) == 2
    assert list((checkout / ".build").iterdir()) == [made[0]], "no scratch left"


def test_killed_midway_leaves_nothing_that_the_next_takes_for_whole(checkout: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from stacks.parts import bundling
bundling.CACHE = Path(sys.argv[1])
def fill(out):
    (out / "a.py").write_text("A =")
    os._exit(9)
bundling._Bundle("killed", "/opt", {}, fill).made()
"""
    killed = subprocess.run([sys.executable, "-c", program, str(checkout / ".build")], cwd=ROOT, check=False)
    assert killed.returncode == 9

    def fill(out: Path) -> None:
        (out / "a.py").write_text("A = 1\n")

    made = bundling._Bundle("killed", "/opt", {}, fill).made()
    assert (made / "a.py").read_text() == "A = 1\n"


@pytest.mark.usefixtures("checkout")
def test_capability_that_is_not_there_is_refused() -> None:
    with pytest.raises(BundlingError, match=r"functions/windows/ has no Python module"):
        capability_code("windows")


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "functions/doors/config.json",
        "functions/alarms/../doors/x.json",
        "functions/alarms/ring.py",
        "/x",
    ],
)
def test_compiled_file_elsewhere_or_over_a_module_is_refused(name: str) -> None:
    with pytest.raises(BundlingError, match=re.escape(repr(name))):
        capability_code("alarms", {name: b""})


def test_module_that_does_not_compile_is_named(checkout: Path, tmp_path: Path) -> None:
    (checkout / "functions/alarms/ring.py").write_text("def handler(:\n")
    with pytest.raises(BundlingError, match=r"does not compile:(.|\n)*functions/alarms/ring\.py"):
        synth(tmp_path)


@pytest.mark.usefixtures("checkout")
def test_registry_out_of_reach_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(BundlingError, match=r"uv said:\n(.|\n)*six(.|\n)*try again when it can; .*`make lock`"):
        synth(tmp_path / "out", deps=True)


@pytest.mark.slow
@pytest.mark.usefixtures("checkout")
def test_wrong_hash_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BundlingError, match=r"(?i)uv said:\n(.|\n)*hash(.|\n)*`make lock`"):
        synth(tmp_path, deps=True)


def deps(out: Path, platform: Platform) -> Path:
    """The real layer, by way of the real cache."""
    app = App(outdir=str(out))
    lambda_.LayerVersion(Stack(app, "stack"), "deps", code=deps_layer_code(platform))
    [asset] = out.glob("asset.*")
    return asset


@pytest.fixture(scope="module")
def host_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deps(tmp_path_factory.mktemp("host"), Platform.host()) / "python"


def test_services_are_those_that_the_fleet_has_clients_for() -> None:
    adapters = (ROOT / "layers/fleet/python/fleet/aws.py").read_text()
    assert set(re.findall(r'client\("(\w+)"', adapters)) == set(bundling.SERVICES)


@pytest.mark.slow
def test_trimmed_boto3_builds_the_clients_in_use_and_clearly_no_other(host_layer: Path) -> None:
    program = "import boto3\nprint(boto3.__file__)\nfor name in {}: boto3.client(name, region_name='eu-west-1')"
    built = python(program.format(bundling.SERVICES), host_layer)
    assert built.returncode == 0, built.stderr
    assert built.stdout.startswith(str(host_layer))
    refused = python(program.format(["ec2"]), host_layer)
    assert "UnknownServiceError: Unknown service: 'ec2'. Valid service names are: dynamodb" in refused.stderr


@pytest.mark.slow
def test_paginators_waiters_and_calls_work_from_the_trimmed_layer(host_layer: Path) -> None:
    ran = python(
        """
import boto3
from botocore.stub import Stubber
client = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
client.get_paginator("query"), client.get_waiter("table_exists")
with Stubber(client) as stub:
    stub.add_response("get_item", {"Item": {"pk": {"S": "x"}}})
    print(client.get_item(TableName="t", Key={"pk": {"S": "x"}})["Item"])
""",
        host_layer,
    )
    assert ran.stdout == "{'pk': {'S': 'x'}}\n", ran.stderr


@pytest.mark.slow
def test_whole_fleet_layer_imports_beside_the_deps_layer(host_layer: Path, tmp_path: Path) -> None:
    lambda_.LayerVersion(Stack(App(outdir=str(tmp_path)), "stack"), "fleet", code=fleet_layer_code())
    [fleet] = tmp_path.glob("asset.*")
    names = sorted(
        path.relative_to(fleet / "python").with_suffix("").as_posix().replace("/", ".")
        for path in fleet.rglob("*.py")
        if path.name != "__init__.py"
    )
    program = """
import importlib, importlib.metadata, os
os.environ |= {"AWS_DEFAULT_REGION": "eu-west-1", "YAGURA_CAPABILITY": "findings"}
for name in [*NAMES, "slack_sdk", "slack_sdk.http_retry.builtin_handlers", "aws_lambda_powertools.utilities.batch"]:
    importlib.import_module(name)
print(importlib.metadata.version("boto3"))
"""
    ran = python(program.replace("*NAMES", ", ".join(map(repr, names))), host_layer, fleet / "python")
    assert ran.returncode == 0, ran.stderr
    assert len(names) > 10
    assert ran.stdout.strip() in (ROOT / "layers/deps/requirements.txt").read_text()


@pytest.mark.slow
def test_lambdas_layer_holds_arm64_wheels_and_is_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layer = deps(tmp_path, Platform.LAMBDA_ARM64)
    libraries = list(layer.rglob("*.so"))
    assert libraries
    for library in libraries:
        head = library.read_bytes()[:20]
        assert head[:4] == b"\x7fELF"
        assert int.from_bytes(head[18:20], "little") == ELF_AARCH64, library
    flags, code = code_of(layer / "python/botocore/client.py")
    assert (flags, code.co_filename) == (0b01, "/opt/python/botocore/client.py")
    unpacked = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    archive = zipped(layer, tmp_path / "deps.zip").stat().st_size
    with capsys.disabled():
        print(f"\ndeps layer: {archive / 1e6:.1f} MB zipped, {unpacked / 1e6:.1f} MB unpacked")  # noqa: T201  a figure to watch
    assert archive < 8e6
    assert unpacked < 30e6
    assert not (layer / "python" / "bin").exists()


@pytest.mark.parametrize(
    ("system", "machine", "platform"),
    [
        ("linux", "x86_64", Platform.LINUX_X86),
        ("linux", "aarch64", Platform.LAMBDA_ARM64),
        ("darwin", "arm64", Platform.MACOS_ARM64),
        ("darwin", "x86_64", Platform.MACOS_X86),
    ],
)
def test_host_is_this_machines_platform(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, platform: Platform
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(bundling, "machine", lambda: machine)
    assert Platform.host() is platform
