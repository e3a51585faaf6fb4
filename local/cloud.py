"""The emulator with what it lacks, as one ASGI app on the loopback address.

Run by `local/process.py` in the emulator's own environment: `python -m local.cloud --port 4566 --state .local`.
Each behaviour stands in its own file and says on what evidence it is simulated; `local/ledger.py` lists them all.
"""

import argparse
import asyncio
import os
import signal
from pathlib import Path

# Read by the emulator when it is imported, so set before. AUTH: signatures are verified and IAM policies enforced.
_ENVIRONMENT = {
    "AUTH": "true",
    "BIND_HOST": "127.0.0.1",
    "MINISTACK_HOST": "localhost",
    "LAMBDA_EXECUTOR": "local",
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "PERSIST_STATE": "0",
    "SFN_WAIT_SCALE": "0.01",
    # No daemon is asked for: the local cloud needs no Docker, and must not tidy somebody's containers.
    "DOCKER_HOST": "unix:///nonexistent/yagura-local.sock",
}


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="local.cloud")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    os.environ.update(_ENVIRONMENT | {"GATEWAY_PORT": str(options.port)})
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from local.routes import build

    config = Config()
    config.bind = [f"127.0.0.1:{options.port}"]
    config.graceful_timeout = 1
    config.accesslog = None
    app = build(options.state)

    async def serving() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(app, config, shutdown_trigger=stop.wait)

    asyncio.run(serving())
    # Workers idle in a blocking read and threads wait on them: leave now, `local/process.py` ends the whole group.
    from ministack.core import lambda_runtime

    lambda_runtime.reset()
    os._exit(0)


if __name__ == "__main__":
    main()
