"""Entry modules, imported as Lambda does: environment first, clients at import; the clients are fakes."""

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from unittest.mock import patch

import msgspec

import fleet.aws
import fleet.settings

ACCOUNT = "111122223333"
REGION = "eu-west-1"


def load(
    name: str, *, clients: Mapping[str, object], config: object = None, environment: Mapping[str, str] | None = None
) -> ModuleType:
    """A fresh import of `functions.<name>`, with `config` as its compiled configuration."""
    capability = name.split(".", maxsplit=1)[0]
    settings = {
        "YAGURA_ACCOUNT": ACCOUNT,
        "AWS_REGION": REGION,
        "YAGURA_CAPABILITY": capability,
        "YAGURA_TABLE": f"yagura-{capability}",
        "YAGURA_BUS": "yagura",
        "YAGURA_DEAD_LETTERS": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/yagura-{capability}-dead",
        **(environment or {}),
    }

    def compiled(kind: Any, beside: str) -> tuple[Any, str]:
        assert beside.endswith(f"{name.split('.')[1]}.py")
        return msgspec.convert(config, kind), "0123456789ab"

    fakes: dict[str, Any] = {service: _giving(client) for service, client in clients.items()}
    module = f"functions.{name}"
    sys.modules.pop(module, None)
    with (
        patch.dict("os.environ", settings),
        patch.object(fleet.settings, "compiled", compiled),
        patch.multiple(fleet.aws, **fakes),
    ):
        return importlib.import_module(module)


def _giving(client: object) -> Callable[[], object]:
    return lambda: client


def batch(*bodies: str, receives: int = 1) -> dict[str, Any]:
    """What Lambda hands over from a queue."""
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "eventSource": "aws:sqs",
            }
            for index, body in enumerate(bodies)
        ]
    }


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
