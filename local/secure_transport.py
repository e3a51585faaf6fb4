"""Every request counts as one over TLS, so that policies which demand it are enforced as they stand.

AWS's endpoints are HTTPS, its services speak TLS among themselves, and our queues and topics deny all else
(`aws:SecureTransport`, IAM User Guide, global condition keys). The local cloud speaks HTTP on the loopback address,
where there is nobody to listen.
"""

from typing import Any

from ministack.core import iam_evaluator


def install() -> None:
    """Give the condition key the value that it always has on AWS."""
    resolve = iam_evaluator._resolve_condition_key  # noqa: SLF001

    def resolved(key: str, ctx: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, ctx)

    iam_evaluator._resolve_condition_key = resolved  # noqa: SLF001
