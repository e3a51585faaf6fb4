"""Docker-free bundling: layers by uv, a capability's code by copying, all with bytecode that stays valid.

Bytecode is compiled with unchecked hashes: CDK dates zip entries 1980, so that bytecode with timestamps would be stale
on every cold start, and Lambda's folders cannot be written. Paths inside it are those of Lambda (`-s`, `-p`), so the
same sources give the same bytes on every machine.
"""

import compileall
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".build"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

SERVICES = ("dynamodb", "events", "secretsmanager", "sqs", "ssm")
"""The services whose models stay in botocore: those that `fleet.aws` has clients for."""


class Platform(StrEnum):
    """Whose wheels a layer holds, in uv's words."""

    LAMBDA_ARM64 = "aarch64-manylinux2014"
    LINUX_X86 = "x86_64-manylinux2014"
    MACOS_ARM64 = "aarch64-apple-darwin"
    MACOS_X86 = "x86_64-apple-darwin"

    @classmethod
    def host(cls) -> "Platform":
        """This machine's: an arm64 wheel does not load on x86, and the local cloud runs functions as processes."""
        arm = platform.machine() in {"arm64", "aarch64"}
        if sys.platform == "darwin":
            return cls.MACOS_ARM64 if arm else cls.MACOS_X86
        return cls.LAMBDA_ARM64 if arm else cls.LINUX_X86


class BundlingError(RuntimeError):
    """A layer could not be made; says why, and what to do."""


def deps_layer_code(target: Platform) -> lambda_.Code:
    """Third-party libraries, pinned with hashes, botocore trimmed to SERVICES."""
    requirements = ROOT / "layers" / "deps" / "requirements.txt"

    def build(out: Path) -> None:
        python = out / "python"
        _uv_install(requirements, python, target)
        _trim(python)
        _compile(out, "/opt")

    return _code("deps", build, {"requirements.txt": requirements.read_bytes(), "platform": target.encode()})


def fleet_layer_code() -> lambda_.Code:
    """The package `fleet`."""
    sources = {f"python/{name}": content for name, content in _sources(ROOT / "layers/fleet/python").items()}
    return _code("fleet", lambda out: _write_and_compile(out, sources, "/opt"), sources)


def capability_code(capability: str, compiled: Mapping[str, bytes] | None = None) -> lambda_.Code:
    """`functions/<capability>/`, under its package path, and the files that synth compiles for it.

    `compiled` maps paths in the asset, such as `functions/findings/config.json`, to their content.
    """
    init = "functions/__init__.py"
    package = {
        f"functions/{capability}/{name}": content for name, content in _sources(ROOT / "functions" / capability).items()
    }
    sources = {init: (ROOT / init).read_bytes(), **package, **(compiled or {})}
    return _code(capability, lambda out: _write_and_compile(out, sources, "/var/task"), sources)


def _code(name: str, build: Callable[[Path], None], inputs: Mapping[str, bytes]) -> lambda_.Code:
    digest = _digest(inputs)
    return lambda_.Code.from_asset(
        str(ROOT / "functions"),  # CDK wants a source folder; the bundle is made from `inputs` alone
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=f"{name}-{digest}",
        bundling=BundlingOptions(
            image=DockerImage.from_registry("never-used"), local=_FromCache(f"{name}-{digest[:16]}", build)
        ),
    )


@jsii.implements(ILocalBundling)
class _FromCache:
    """Makes a bundle once per content, whichever cloud assembly asks for it."""

    def __init__(self, name: str, build: Callable[[Path], None]) -> None:
        self._name, self._build = name, build

    def try_bundle(self, output_dir: str, *_options: object, **_more: object) -> bool:
        """Called by CDK only for stacks that are going to be deployed."""
        made = CACHE / self._name
        if not made.exists():
            CACHE.mkdir(exist_ok=True)
            with TemporaryDirectory(dir=CACHE, prefix=f"{self._name}.") as scratch:
                out = Path(scratch) / "out"
                out.mkdir()
                self._build(out)
                _publish(out, made)
        shutil.copytree(made, output_dir, dirs_exist_ok=True, copy_function=_link)
        return True


def _publish(out: Path, made: Path) -> None:
    """Whole or not at all: whoever is killed leaves no half bundle, and of two builders the first one wins."""
    try:
        out.rename(made)
    except OSError:
        if not made.exists():
            raise


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _digest(inputs: Mapping[str, bytes]) -> str:
    """Of every input: the files, this module, and the Python that compiles."""
    digest = sha256(f"{_PYTHON}\0".encode() + Path(__file__).read_bytes())
    for name in sorted(inputs):
        digest.update(f"\0{name}\0{len(inputs[name])}\0".encode() + inputs[name])
    return digest.hexdigest()


def _sources(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _write_and_compile(out: Path, files: Mapping[str, bytes], on_lambda: str) -> None:
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _compile(out, on_lambda)


def _compile(out: Path, on_lambda: str) -> None:
    compileall.compile_dir(
        out,
        quiet=2,
        force=True,
        stripdir=str(out),
        prependdir=on_lambda,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


def _uv_install(requirements: Path, target: Path, wheels: Platform) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [
        str(uv),
        "pip",
        "install",
        "--quiet",
        "--target",
        str(target),
        "--python",
        sys.executable,
        "--python-platform",
        wheels.value,
        "--python-version",
        _PYTHON,
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--no-deps",
        "--link-mode",
        "copy",
        "--requirements",
        str(requirements),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise BundlingError(
            f"The deps layer could not be made for {wheels.value}: uv said\n{said}\n"
            f"If a hash differs, run `make lock`; if the registry cannot be reached, try again when it can."
        )


def _trim(python: Path) -> None:
    """Drop what no function reads: other services' models, examples, scripts."""
    data = python / "botocore" / "data"
    for entry in data.iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
    for model in [*data.rglob("examples-1.json*"), *data.rglob("waiters-2*.json*")]:
        model.unlink()
    for unused in ("bin", "boto3/examples", "boto3/data"):
        shutil.rmtree(python / unused, ignore_errors=True)
