"""What Slack and fleetctl send, as a delivery for the desk: pure, and only what the standard library brings.

Whoever sent it has been verified; what it says has not been believed yet. A delivery is plain JSON here, since
msgspec is more than the ingress's whole import budget: `delivery.Delivery` reads it at the desk.
"""

import hashlib
import json
from binascii import Error, unhexlify

from functions.chatops.door import UnfitError

TYPE_CHECKING = False  # `typing` costs the acknowledging path 3 ms; type checkers know the name
if TYPE_CHECKING:
    from typing import Never

ACTIONS = frozenset({"approve", "deny", "break_glass"})
VIEWS = frozenset({"break_glass"})
LONGEST_DELIVERY = 250_000
"""SQS takes 256 KB."""
_KNOWN = {"action": (ACTIONS, 2000), "view": (VIEWS, 3000)}
"""By kind: what is known, and Slack's limit of a button's value and of private_metadata."""
_SSL_CHECK = b"ssl_check=1"
_UUID_PARTS = [8, 4, 4, 4, 12]

type Json = dict[str, object]
type Delivery = dict[str, str | int]


def is_ssl_check(body: bytes) -> bool:
    """Whether Slack only asks if our certificate is good; it does so without a signature."""
    return _SSL_CHECK in body.split(b"&")


def from_slack(body: bytes, *, team: str, timestamp: str, signature: str, received: int) -> Delivery:
    """A slash command, a pressed button or a submitted form of somebody of `team`. Raises UnfitError.

    Its id is the same however often it is sent: what Slack has signed, nobody else can sign again.
    """
    fields = form(body)
    if "command" in fields:
        kind, teams, texts = "command", {fields.get("team_id", "")}, _command(fields)
    elif "payload" in fields:
        kind, teams, texts = _interaction(_parsed(fields["payload"]))
    else:
        raise UnfitError("unknown_kind")
    # A stranger in a shared channel (Slack Connect) acts in our workspace, but is of another.
    if teams != {team}:
        raise UnfitError("wrong_team")
    if kind != "command":
        _known(kind, texts)
    if not texts["user"]:
        raise UnfitError("malformed")
    id_ = hashlib.sha256(f"{timestamp}:{signature}".encode()).hexdigest()
    return _delivery(id=id_, received=received, via="slack", kind=kind, team=team, **texts)


def from_operator(body: bytes, *, principal: str, received: int) -> Delivery:
    """A command that fleetctl sends for an IAM principal: `{"id": "<UUID>", "text": "<command>"}`. Raises UnfitError.

    The same principal and id are the same delivery, so whoever got no answer may ask again.
    """
    try:
        request = _parsed(body.decode())
    except UnicodeDecodeError as error:
        raise UnfitError("malformed", "the body: expected UTF-8") from error
    id_, text = request.get("id"), request.get("text")
    if not (isinstance(id_, str) and _is_uuid(id_)):
        raise UnfitError("malformed", "id: expected a UUID")
    if not (isinstance(text, str) and text.strip()):
        raise UnfitError("malformed", "text: expected a command, for example `queues list`")
    key = hashlib.sha256(f"iam:{principal}:{id_.lower()}".encode()).hexdigest()
    return _delivery(id=key, received=received, via="iam", kind="command", text=text.strip(), principal=principal)


def encoded(delivery: Delivery) -> str:
    """The delivery as the queue takes it: ASCII, since SQS refuses some characters. Raises UnfitError if too long."""
    text = json.dumps(delivery, separators=(",", ":"))
    if len(text) > LONGEST_DELIVERY:
        raise UnfitError("too_large", f"text: a delivery has at most {LONGEST_DELIVERY} bytes")
    return text


def form(body: bytes) -> dict[str, str]:
    """Fields of an HTML form. Raises UnfitError if it is not UTF-8."""
    try:
        pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
        return {_unquoted(name): _unquoted(value) for name, _, value in pairs}
    except UnicodeDecodeError as error:
        raise UnfitError("malformed") from error


def _unquoted(value: bytes) -> str:
    first, *parts = value.replace(b"+", b" ").split(b"%")
    return b"".join([first, *map(_escaped, parts)]).decode()


def _escaped(part: bytes) -> bytes:
    try:
        return unhexlify(part[:2]) + part[2:] if len(part) > 1 else b"%" + part
    except Error:
        return b"%" + part


def _parsed(text: str) -> Json:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise UnfitError("malformed", "the body: expected a JSON object") from error
    if not isinstance(found, dict):
        raise UnfitError("malformed", "the body: expected a JSON object")
    return found


def _refuse_constant(name: str) -> "Never":
    raise ValueError(name)


def _command(fields: dict[str, str]) -> dict[str, str]:
    names = {
        "user": "user_id",
        "channel": "channel_id",
        "text": "text",
        "response_url": "response_url",
        "trigger_id": "trigger_id",
    }
    return {name: fields.get(field, "") for name, field in names.items()}


def _interaction(payload: Json) -> tuple[str, set[str], dict[str, str]]:
    user = _part(payload, "user")
    teams = {_text(_part(payload, "team"), "id"), _text(user, "team_id")}
    about = {"user": _text(user, "id"), "trigger_id": _text(payload, "trigger_id")}
    match payload.get("type"):
        case "block_actions":
            return "action", teams, about | _pressed(payload)
        case "view_submission":
            return "view", teams, about | _submitted(payload)
        case _:
            raise UnfitError("unknown_kind")


def _pressed(payload: Json) -> dict[str, str]:
    action, container = _first(payload, "actions"), _part(payload, "container")
    return {
        "action": _text(action, "action_id"),
        "value": _text(action, "value"),
        # An ephemeral message's button brings no `message`, one in a form no `channel`.
        "channel": _text(_part(payload, "channel"), "id") or _text(container, "channel_id"),
        "message_ts": _text(container, "message_ts") or _text(_part(payload, "message"), "ts"),
        "response_url": _text(payload, "response_url"),
    }


def _submitted(payload: Json) -> dict[str, str]:
    view = _part(payload, "view")
    typed = [
        _text(element, "value")
        for block in _part(_part(view, "state"), "values").values()
        for element in (block.values() if isinstance(block, dict) else ())
        if isinstance(element, dict)
    ]
    return {
        "action": _text(view, "callback_id"),
        "value": _text(view, "private_metadata"),
        "input": next(filter(None, typed), ""),
        "response_url": _text(_first(payload, "response_urls"), "response_url"),
    }


def _known(kind: str, texts: dict[str, str]) -> None:
    known, longest = _KNOWN[kind]
    if texts["action"] not in known:
        raise UnfitError("unknown_action")
    if len(texts["value"]) > longest:
        raise UnfitError("malformed")


def _part(of: Json, name: str) -> Json:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _first(of: Json, name: str) -> Json:
    found = of.get(name)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _text(of: Json, name: str) -> str:
    found = of.get(name)
    return found if isinstance(found, str) else ""


def _is_uuid(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == _UUID_PARTS and set("".join(parts).lower()) <= set("0123456789abcdef")


def _delivery(*, id: str, received: int, via: str, kind: str, **texts: str) -> Delivery:  # noqa: A002 - the field's name
    fields = ("team", "user", "channel", "text", "response_url", "trigger_id", "action", "value", "input")
    whole = {name: texts.get(name, "") for name in (*fields, "message_ts", "principal")}
    try:
        "".join(whole.values()).encode()
    except UnicodeEncodeError as error:  # half a character, which JSON can write and UTF-8 cannot
        raise UnfitError("malformed", "text: expected Unicode") from error
    return {"id": id, "received": received, "via": via, "kind": kind, **whole}
