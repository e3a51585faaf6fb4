"""Docker-free bundling: layers by uv, a capability's code by copying, all with bytecode that stays valid.

Bytecode is compiled with unchecked hashes: CDK dates zip entries 1980, so bytecode with timestamps would be stale on
every cold start, and Lambda's folders cannot be written. Paths inside it are those of Lambda.

An asset's hash is that of its inputs, so CDK knows without bundling whether an asset is new, and an edit in one
capability is an edit of one asset. Tests that only look at templates bundle nothing:
`App(context={"aws:cdk:bundling-stacks": []})`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path, PurePosixPath
from platform import machine
from tempfile import TemporaryDirectory

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".build"
PYTHON = "3.13"
"""Minor version of the Lambda runtime: wheels and bytecode are valid for no other."""

SERVICES = (
    *("dynamodb", "events", "identitystore", "lambda", "resourcegroupstaggingapi", "s3"),
    *("secretsmanager", "securityhub", "sqs", "ssm", "sts"),
)
"""The services whose models stay in botocore: those that `fleet.aws` has clients for."""


class Platform(StrEnum):
    """Whose wheels a layer holds, in uv's words."""

    LAMBDA_ARM64 = "aarch64-manylinux2014"
    LINUX_X86 = "x86_64-manylinux2014"
    MACOS_ARM64 = "aarch64-apple-darwin"
    MACOS_X86 = "x86_64-apple-darwin"

    @classmethod
    def host(cls) -> "Platform":
        """This machine's: the local cloud runs functions here, and an arm64 wheel does not load on x86."""
        arm = machine() in {"arm64", "aarch64"}
        if sys.platform == "darwin":
            return cls.MACOS_ARM64 if arm else cls.MACOS_X86
        return cls.LAMBDA_ARM64 if arm else cls.LINUX_X86


class BundlingError(SystemExit):
    """An asset cannot be made; says why, and what to do.

    It ends the synth: an ordinary exception in a callback of CDK comes out as sixty lines of jsii's, ours among them.
    """


def deps_layer_code(platform: Platform) -> lambda_.Code:
    """Third-party libraries as `layers/deps/requirements.txt` pins them, botocore trimmed to SERVICES."""
    requirements = ROOT / "layers" / "deps" / "requirements.txt"

    def fill(out: Path) -> None:
        _install(requirements, out / "python", platform)
        _trim(out / "python")

    inputs = {"requirements.txt": requirements.read_bytes(), "platform": platform.encode()}
    return _Bundle(f"deps-{platform}", "/opt", inputs, fill).code(requirements.parent)


def fleet_layer_code() -> lambda_.Code:
    """The package `fleet`."""
    folder = ROOT / "layers" / "fleet"
    files = _sources(folder / "python", below=folder)
    return _Bundle("fleet", "/opt", files, lambda out: _write(files, out)).code(folder)


def capability_code(capability: str, compiled: Mapping[str, bytes] | None = None) -> lambda_.Code:
    """`functions/<capability>/`, under its package path, so that a handler is `functions.<capability>.<entry>.handler`.

    `compiled` are the files that synth makes: paths in the asset, such as `functions/findings/config.json`, to content.
    Raises BundlingError for a capability without modules, and for a compiled file that would lie outside its folder
    or replace a module.
    """
    folder = ROOT / "functions" / capability
    modules = _sources(folder, below=ROOT)
    if not modules:
        raise BundlingError(f"functions/{capability}/ has no Python module: is the capability spelled so?")
    for name in compiled or {}:
        parts = PurePosixPath(name).parts
        if parts[:2] != ("functions", capability) or ".." in parts or name in modules:
            raise BundlingError(f"compiled file {name!r} must be a new file below functions/{capability}/")
    files = {"functions/__init__.py": (ROOT / "functions" / "__init__.py").read_bytes(), **modules, **(compiled or {})}
    return _Bundle(capability, "/var/task", files, lambda out: _write(files, out)).code(folder)


@dataclass(frozen=True)
class _Bundle:
    """An asset: what it is made from, and how."""

    name: str
    unpacked_at: str
    """Where Lambda puts it."""
    inputs: Mapping[str, bytes]
    """All that its content depends on, but for this module and the Python that compiles."""
    fill: Callable[[Path], None]

    def code(self, source: Path) -> lambda_.Code:
        """For one stack: CDK allows a Code no second. `source` is what CDK shows for it, and reads nothing from."""
        return lambda_.Code.from_asset(
            str(source),
            asset_hash_type=AssetHashType.CUSTOM,
            asset_hash=self.digest,
            bundling=BundlingOptions(image=DockerImage.from_registry("never-used"), local=_Local(self)),
        )

    @property
    def digest(self) -> str:
        digest = sha256(Path(__file__).read_bytes())
        for name, content in sorted({**self.inputs, "name": self.name.encode(), "python": PYTHON.encode()}.items()):
            digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def made(self) -> Path:
        """The folder with the finished bundle, made once per content, whichever cloud assembly asks for it.

        Whole or not at all: who is killed leaves only scratch behind, and of two who build at once the first wins.
        """
        made = CACHE / f"{self.name}-{self.digest[:16]}"
        if made.is_dir():
            return made
        CACHE.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=CACHE, prefix=f"{made.name}.") as scratch:
            out = Path(scratch) / "out"
            out.mkdir()
            self.fill(out)
            _compile(out, self.unpacked_at)
            _open(out)
            try:
                out.rename(made)
            except OSError:
                if not made.is_dir():
                    raise
        return made


@jsii.implements(ILocalBundling)
class _Local:
    def __init__(self, bundle: _Bundle) -> None:
        self._bundle = bundle

    def try_bundle(self, output_dir: str, *_options: object, **_more: object) -> bool:
        """Called by CDK only for stacks that are going to be deployed, and once per cloud assembly and hash."""
        shutil.copytree(self._bundle.made(), output_dir, dirs_exist_ok=True, copy_function=_link)
        return True


def _sources(folder: Path, *, below: Path) -> dict[str, bytes]:
    """Python sources in `folder` and under it: nothing that an editor, a test run or an operating system left there."""
    return {path.relative_to(below).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}


def _write(files: Mapping[str, bytes], out: Path) -> None:
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _install(requirements: Path, target: Path, platform: Platform) -> None:
    # Copies, not hard links: what we do to the tree must not reach into uv's cache.
    done = _run(
        *(find_uv_bin(), "pip", "install", "--quiet", "--link-mode", "copy", "--target", str(target)),
        *("--python", sys.executable, "--python-version", PYTHON, "--python-platform", platform.value),
        *("--only-binary", ":all:", "--require-hashes", "--no-deps", "--requirements", str(requirements)),
    )
    if done.returncode:
        raise BundlingError(
            f"the deps layer for {platform} could not be installed. uv said:\n{_last_lines(done.stderr)}\n"
            f"If the registry cannot be reached, try again when it can; if a hash or a version is refused, "
            f"`make lock` pins {requirements.relative_to(ROOT)} again."
        )


def _trim(python: Path) -> None:
    """Drop what no function reads: 19 of 30 MB, other services' models above all."""
    data = python / "botocore" / "data"
    other_services = {entry for entry in data.iterdir() if entry.is_dir() and entry.name not in SERVICES}
    for unused in (*other_services, python / "bin", python / "boto3" / "data", python / "boto3" / "examples"):
        shutil.rmtree(unused)
    for example in data.rglob("examples-1.json"):
        example.unlink()
    # METADATA stays: importlib.metadata, and scanners for vulnerable versions, read nothing else.
    for info in python.glob("*.dist-info"):
        for entry in info.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "METADATA":
                entry.unlink()


def _compile(out: Path, unpacked_at: str) -> None:
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise BundlingError(f"bytecode for Lambda's Python {PYTHON} cannot be made by {sys.version.split()[0]}")
    # By an interpreter that has loaded nothing else, one file after the other: what is interned already changes the
    # bytes of a code object, and the same sources shall give the same bundle everywhere.
    done = _run(
        *(sys.executable, "-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(out), "-p", unpacked_at, str(out)),
    )
    if done.returncode:
        raise BundlingError(f"a module does not compile:\n{_last_lines(done.stdout + done.stderr)}")


def _open(out: Path) -> None:
    """Readable by all, whatever this shell's umask: on Lambda the code runs as another user than its owner."""
    for path in out.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the cloud assembly is on another file system
        shutil.copy2(source, target)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _last_lines(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-8:])
