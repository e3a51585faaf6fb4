"""What botocore raises becomes a CallFailedError, in words that people may be shown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from fleet import telemetry
from functions.operations.failure import CallFailedError

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,100}")
_SERVER_ERROR = 500


@contextmanager
def calling(action: str) -> Iterator[None]:
    """Whatever botocore raises inside becomes a CallFailedError of `action`."""
    try:
        yield
    except ClientError as error:
        telemetry.log_failure("call failed", error, action=action)
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        word = code if _WORD.fullmatch(code) else "unknown"
        raise CallFailedError(action, word, certain=status < _SERVER_ERROR) from error
    except BotoCoreError as error:
        telemetry.log_failure("call failed", error, action=action)
        raise CallFailedError(action, type(error).__name__, certain=False) from error
