"""A Python function sees its bundle, its layers and what AWS's runtime has; not the emulator's own libraries.

The emulator runs functions with its own interpreter, so `import ministack`, `import yaml` or any other library of its
environment works in a function here and is an ImportError on AWS. Evidence for what stays: AWS Lambda Developer Guide,
"Runtime-included SDK versions" (boto3, botocore and what they need); a layer's `python` folder comes before them
("Search path" for Python layers), so the fleet's pinned boto3 in the `deps` layer wins, here as there.

Also set what AWS sets and the emulator does not (Developer Guide, "Defined runtime environment variables"): the log
format and group of the function's LoggingConfig, AWS_EXECUTION_ENV, AWS_LAMBDA_INITIALIZATION_TYPE and TZ. Platform
lines (START, END, REPORT) stay text: the emulator writes them.
"""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

_RUNTIME_HAS = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")

_PREAMBLE = """
import sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [{runtime!r}]
"""


def install(state_dir: Path) -> None:
    """Make the folder that stands for AWS's runtime, and start Python workers with it."""
    runtime = state_dir / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    site_packages = Path(sysconfig.get_path("purelib"))
    for name in _RUNTIME_HAS:
        link = runtime / name
        if (site_packages / name).exists() and not link.is_symlink():
            link.symlink_to(site_packages / name)
    script = _PREAMBLE.format(runtime=str(runtime)) + lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    spawn = lambda_runtime.Worker._spawn

    def spawned(worker: Any) -> None:
        config = worker.config
        given = (config.get("Environment") or {}).get("Variables") or {}
        worker.config = {**config, "Environment": {"Variables": {**_runtime_environment(config), **given}}}
        try:
            spawn(worker)
        finally:
            worker.config = config

    lambda_runtime.Worker._spawn = spawned
    # Workers inherit the emulator's environment; what is ours there is not a function's business.
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        os.environ.pop(name, None)
    if sys.version_info[:2] != (3, 13):
        raise RuntimeError(f"the fleet's functions run on Python 3.13, the emulator was started with {sys.version}")


def _runtime_environment(config: dict[str, Any]) -> dict[str, str]:
    logging = config.get("LoggingConfig") or {}
    found = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3.13')}",
        "TZ": ":UTC",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat") or "Text",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}",
    }
    if logging.get("ApplicationLogLevel"):
        found["AWS_LAMBDA_LOG_LEVEL"] = logging["ApplicationLogLevel"]
    return found
