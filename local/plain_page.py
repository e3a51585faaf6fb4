"""A page for people that runs no script and asks nobody else for anything."""

from html import escape

from local.asgi import Send

_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
"""


async def send_page(send: Send, whose: str, html: str) -> None:
    """Answer with a page of the fake `whose`."""
    title = f"<title>{escape(whose)}, as Yagura's local cloud has it</title>\n"
    pairs = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})
    await send({"type": "http.response.body", "body": (_HEAD + title + html).encode()})
