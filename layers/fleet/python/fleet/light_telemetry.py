"""`fleet.telemetry` for acknowledging paths: the same lines, by the standard library alone.

Powertools would cost such a path several times its import budget.
"""

import json
import sys
import time

NAMESPACE = "Yagura"


def count(name: str, *, capability: str, reason: str | None = None, by: int = 1) -> None:
    """Count `by` things under `name` in CloudWatch (embedded metric format), split by `reason` when there is one."""
    dimensions = {"reason": reason, "service": capability} if reason else {"service": capability}
    metric = {"Namespace": NAMESPACE, "Dimensions": [[*dimensions]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    about = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [metric]}
    _print({"_aws": about, **dimensions, name: [float(by)]})


def log_failure(message: str, error: Exception, *, capability: str, **fields: str | int) -> None:
    """One line about an error of ours; `fields` are ids, slugs and numbers. Its text must quote nobody."""
    line = {"level": "ERROR", "message": message, "service": f"yagura-{capability}", "error": type(error).__name__}
    _print({**line, "why": str(error), **fields})


def _print(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()
