"""Talking to the local cloud: boto3 clients that can reach nothing else, service events, the journal, the fakes."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

from local.process import Instance, get_json

HUB, SPOKE, PRODUCT, AUDIT = "111111111111", "222222222222", "333333333333", "444444444444"
REGION = "us-east-1"

type Event = dict[str, Any]


def client(
    instance: Instance, service: str, account: str, *, region: str = REGION, credentials: dict[str, str] | None = None
) -> Any:
    """A boto3 client as the root of `account` (a 12-digit access key is that in the emulator).

    `credentials` (as STS answers them: AccessKeyId, SecretAccessKey, SessionToken) instead make it that session's.
    """
    keys = credentials or {"AccessKeyId": account, "SecretAccessKey": "test"}
    with _session_lock:  # making a client is not thread-safe, using one is
        make: Any = _session().client  # the stubs want the service as a literal
        return make(
            service,
            region_name=region,
            endpoint_url=instance.endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                proxies={},
                connect_timeout=5,
                read_timeout=60,
            ),
        )


_session_lock = Lock()


@cache
def _session() -> boto3.Session:
    """One session (it keeps the service models that it has read); no profile or configuration file of the user's."""
    import botocore.session

    bare = botocore.session.Session(
        session_vars={
            "profile": (None, [], None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(botocore_session=bare)


def environment(instance: Instance, account: str, *, region: str = REGION) -> dict[str, str]:
    """The environment for a program that may reach the local cloud only: no profile, file or key of the user's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CDK_DEFAULT_"))
        and name.lower() not in {"http_proxy", "https_proxy", "all_proxy"}
    }
    bin_dir = Path(__file__).resolve().parent.parent / ".venv" / "bin"
    return kept | {
        "PATH": f"{bin_dir}{os.pathsep}{kept.get('PATH', '')}",
        "AWS_ENDPOINT_URL": instance.endpoint,
        "AWS_ENDPOINT_URL_S3": instance.endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "YAGURA_LOCAL_PORT": str(instance.port),
    }


def send_aws_event(
    instance: Instance,
    account: str,
    events: Event | Sequence[Event],
    *,
    region: str = REGION,
) -> list[str]:
    """Publish events of AWS services (`aws.*` sources) on the default bus of `account`; their ids."""
    listed = [events] if isinstance(events, dict) else list(events)
    answer = get_json(instance, "/_local/aws-events", body={"account": account, "region": region, "events": listed})
    return list(answer["ids"])


def journal(
    instance: Instance,
    *,
    account: str = "",
    bus: str = "",
    since: int = 0,
    outcome: str = "accepted",
) -> tuple[list[dict[str, Any]], int]:
    """(lines, next `since`) of what happened on the buses; outcome "" for refused and undelivered ones too."""
    answer = get_json(instance, f"/_local/journal?account={account}&bus={bus}&since={since}&outcome={outcome}")
    return answer["entries"], answer["next"]


def slack_messages(instance: Instance, *, since: int = 0) -> list[dict[str, Any]]:
    """What was posted to the fake Slack after message number `since`."""
    return list(get_json(instance, f"/_local/slack/messages?since={since}")["messages"])


def slack_behave(instance: Instance, **wish: Any) -> None:
    """Make the fake Slack fail: next=2, status=429, retry_after=1, error="...", missing_channels=[...]."""
    get_json(instance, "/_local/slack/behave", body=wish)


def github_issues(instance: Instance, repository: str = "") -> list[dict[str, Any]]:
    """The issues of the fake GitHub in the order in which they were opened; `said`: what was said under each."""
    found = get_json(instance, "/_local/github/issues")["issues"]
    return [each for each in found if repository.lower() in ("", each["repository"].lower())]


def github_calls(instance: Instance, repository: str = "") -> list[dict[str, Any]]:
    """Method, path and status of the calls that the fake GitHub got; `lost`: done, and told otherwise."""
    found = get_json(instance, "/_local/github/issues")["calls"]
    return [each for each in found if f"/{repository}/".lower() in f"/{each['path']}".lower() or not repository]


def github_behave(instance: Instance, **wish: Any) -> None:
    """Make the fake GitHub fail: next=2, status=502, done=True, down=True, missing=["acme/shop"], remaining=0, ..."""
    get_json(instance, "/_local/github/behave", body=wish)


def securityhub_import_ocsf(
    instance: Instance, account: str, findings: Event | Sequence[Event], *, region: str = REGION
) -> list[str]:
    """Put OCSF findings into the account's Security Hub, as AWS does; their metadata.uid. One event each."""
    listed = [findings] if isinstance(findings, dict) else list(findings)
    body = {"account": account, "region": region, "findings": listed}
    return list(get_json(instance, "/_local/securityhub/ocsf", body=body)["uids"])


def securityhub_findings(instance: Instance, account: str, *, region: str = REGION) -> dict[str, list[dict[str, Any]]]:
    """All that the account's Security Hub holds, {"asff": [...], "ocsf": [...]}; no call of the API, so no rate."""
    return dict(get_json(instance, f"/_local/securityhub/findings?account={account}&region={region}"))


def securityhub_behave(instance: Instance, **wish: Any) -> dict[str, Any]:
    """Make the fake Security Hub misbehave; what a wish does not name is normal again, and so is all without one.

    throttle=3, fail=2 (after=True: the work is done, the answer lost), unprocessed=5 (error="ConcurrentUpdateError"),
    down=True, enabled=False (no Security Hub there), forget_tokens=True; operations=["BatchUpdateFindings"] and
    account="..." say for whom. limits=False: no rates at all; clock="stopped" and advance=1.5 (alone, it leaves the
    wish before) move the clock of the rates by hand.
    """
    return dict(get_json(instance, "/_local/securityhub/behave", body=wish))


def securityhub_calls(instance: Instance, account: str = "", *, since: int = 0) -> list[dict[str, Any]]:
    """Calls of the Security Hub API after number `since`, refused ones too.

    Each has seq, at (epoch s), account, region, operation, principal (ARN), findings (how many), unprocessed, outcome
    ("ok" or the error's code) and, but for imports, request.
    """
    return list(get_json(instance, f"/_local/securityhub/calls?account={account}&since={since}")["calls"])


def fire_schedule(instance: Instance, account: str, rule: str, *, region: str = REGION) -> None:
    """Fire a scheduled rule of the default bus now."""
    get_json(instance, "/_local/schedules", body={"account": account, "region": region, "rule": rule})


def not_simulated(instance: Instance) -> list[dict[str, Any]]:
    """Deployed resources that do nothing here."""
    return list(get_json(instance, "/_local/not-simulated"))
