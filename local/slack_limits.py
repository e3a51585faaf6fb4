"""What Slack refuses in a message, by its documentation (docs.slack.dev), rule by rule.

- chat.postMessage: one of `text`, `blocks`, `attachments` (`no_text`); `text` over 40,000 characters (`msg_too_long`);
  `blocks` that are no JSON list (`invalid_blocks_format`); metadata without `event_type` and an `event_payload` object
  (`invalid_metadata_format`).
- Block Kit reference, blocks: at most 50 in a message; block_id up to 255 characters and unique; header plain_text up
  to 150; section text 1 to 3,000, at most 10 fields of up to 2,000; context at most 10 elements; actions at most 25
  elements; button text up to 75, value up to 2,000, action_id up to 255, url up to 3,000; image alt_text up to 2,000;
  a confirmation's title up to 100, text up to 300, confirm and deny up to 30; button style primary or danger;
  input label up to 2,000, hint up to 2,000.
- Reference, views: a modal with a title of 1 to 24, up to 100 blocks, callback_id up to 255, private_metadata up to
  3,000; `submit` and `close` up to 24, `submit` required with an input block; input blocks only there.
- `msg_blocks_too_long`: not in the reference, but the service answers it when all blocks together hold more than about
  13,200 characters (slackapi/bolt-js issue 2509, measured there); 13,000 here.
"""

from collections.abc import Iterator
from typing import Any

_BLOCK_TYPES = {
    "section",
    "header",
    "divider",
    "context",
    "actions",
    "image",
    "rich_text",
    "markdown",
    "table",
    "input",
    "video",
    "file",
}
_MAX_TEXT, _MAX_BLOCKS, _MAX_VIEW_BLOCKS, _MAX_ALL_BLOCKS = 40_000, 50, 100, 13_000


def refusal(message: dict[str, Any]) -> tuple[str, list[str]] | None:
    """(Slack's error, explanations) for a message that Slack would not take, else None."""
    text, blocks = message.get("text"), message.get("blocks")
    if not (text or blocks or message.get("attachments")):
        return "no_text", []
    if isinstance(text, str) and len(text) > _MAX_TEXT:
        return "msg_too_long", []
    if blocks is not None and not (isinstance(blocks, list) and all(isinstance(each, dict) for each in blocks)):
        return "invalid_blocks_format", []
    problems = list(_blocks(blocks or []))
    if problems:
        return "invalid_blocks", problems
    if blocks and sum(_characters(block) for block in blocks) > _MAX_ALL_BLOCKS:
        return "msg_blocks_too_long", []
    metadata = message.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and metadata["event_type"]
        and isinstance(metadata.get("event_payload"), dict)
    ):
        return "invalid_metadata_format", []
    return None


def view_refusal(view: Any) -> list[str]:
    """Explanations for a view that Slack would not open (`invalid_arguments`); empty for one that it would."""
    if not isinstance(view, dict) or view.get("type") != "modal":
        return ["must be a view of type modal [json-pointer:/view]"]
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or not all(isinstance(each, dict) for each in blocks):
        return ["must be a list of blocks [json-pointer:/view/blocks]"]
    problems = list(_text(view.get("title"), "/view/title", 24, ("plain_text",)))
    for name in ("submit", "close"):
        if view.get(name) is not None:
            problems += _text(view[name], f"/view/{name}", 24, ("plain_text",))
    for name, longest in (("callback_id", 255), ("private_metadata", 3000)):
        if len(str(view.get(name) or "")) > longest:
            problems.append(f"must be at most {longest} characters [json-pointer:/view/{name}]")
    if view.get("submit") is None and any(block.get("type") == "input" for block in blocks):
        problems.append("missing required field: submit, for input blocks [json-pointer:/view/submit]")
    return problems + list(_blocks(blocks, _MAX_VIEW_BLOCKS))


def _characters(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_characters(each) for each in value.values())
    if isinstance(value, list):
        return sum(_characters(each) for each in value)
    return len(value) if isinstance(value, str) else 0


def _blocks(blocks: list[dict[str, Any]], most: int = _MAX_BLOCKS) -> Iterator[str]:
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:/blocks]"
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        at = f"/blocks/{index}"
        kind, block_id = block.get("type"), block.get("block_id")
        if kind not in _BLOCK_TYPES:
            yield f"unsupported type: {kind} [json-pointer:{at}/type]"
            continue
        if block_id is not None and (not isinstance(block_id, str) or len(block_id) > 255 or block_id in seen):
            yield f"block_id must be unique and at most 255 characters [json-pointer:{at}/block_id]"
        seen.add(str(block_id))
        yield from _BY_TYPE.get(str(kind), _nothing)(block, at)


def _nothing(_block: dict[str, Any], _at: str) -> Iterator[str]:
    yield from ()


def _text(value: Any, at: str, longest: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds or not isinstance(value.get("text"), str):
        yield f"must be a text object of type {' or '.join(kinds)} [json-pointer:{at}]"
    elif not 1 <= len(value["text"]) <= longest:
        yield f"must be 1 to {longest} characters [json-pointer:{at}/text]"


def _section(block: dict[str, Any], at: str) -> Iterator[str]:
    fields = block.get("fields")
    if block.get("text") is None and not fields:
        yield f"missing required field: text or fields [json-pointer:{at}]"
    if block.get("text") is not None:
        yield from _text(block["text"], f"{at}/text", 3000)
    if fields is not None and len(fields) > 10:
        yield f"no more than 10 items allowed [json-pointer:{at}/fields]"
    for index, field in enumerate(fields or []):
        yield from _text(field, f"{at}/fields/{index}", 2000)
    if block.get("accessory") is not None:
        yield from _element(block["accessory"], f"{at}/accessory")


def _header(block: dict[str, Any], at: str) -> Iterator[str]:
    yield from _text(block.get("text"), f"{at}/text", 150, ("plain_text",))


def _context(block: dict[str, Any], at: str) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        yield f"must have 1 to 10 items [json-pointer:{at}/elements]"
        return
    for index, element in enumerate(elements):
        if element.get("type") != "image":
            yield from _text(element, f"{at}/elements/{index}", 3000)


def _actions(block: dict[str, Any], at: str) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        yield f"must have 1 to 25 items [json-pointer:{at}/elements]"
        return
    for index, element in enumerate(elements):
        yield from _element(element, f"{at}/elements/{index}")


def _element(element: Any, at: str) -> Iterator[str]:
    if not isinstance(element, dict) or not element.get("type"):
        yield f"must be an element with a type [json-pointer:{at}]"
        return
    if element["type"] == "button":
        yield from _text(element.get("text"), f"{at}/text", 75, ("plain_text",))
    for name, longest in (("action_id", 255), ("value", 2000), ("url", 3000)):
        if len(str(element.get(name) or "")) > longest:
            yield f"must be at most {longest} characters [json-pointer:{at}/{name}]"
    if element.get("style") not in (None, "primary", "danger"):
        yield f"must be primary or danger [json-pointer:{at}/style]"
    if element.get("confirm") is not None:
        yield from _confirmation(element["confirm"], f"{at}/confirm")


def _confirmation(confirm: Any, at: str) -> Iterator[str]:
    if not isinstance(confirm, dict):
        yield f"must be a confirmation dialog [json-pointer:{at}]"
        return
    yield from _text(confirm.get("title"), f"{at}/title", 100, ("plain_text",))
    yield from _text(confirm.get("text"), f"{at}/text", 300)
    for name in ("confirm", "deny"):
        yield from _text(confirm.get(name), f"{at}/{name}", 30, ("plain_text",))


def _input(block: dict[str, Any], at: str) -> Iterator[str]:
    yield from _text(block.get("label"), f"{at}/label", 2000, ("plain_text",))
    if block.get("hint") is not None:
        yield from _text(block["hint"], f"{at}/hint", 2000, ("plain_text",))
    yield from _element(block.get("element"), f"{at}/element")


def _image(block: dict[str, Any], at: str) -> Iterator[str]:
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"missing required field: image_url [json-pointer:{at}]"
    if not block.get("alt_text") or len(block["alt_text"]) > 2000:
        yield f"alt_text must be 1 to 2000 characters [json-pointer:{at}/alt_text]"


_BY_TYPE = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
}
