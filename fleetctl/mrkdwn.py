"""Slack's mrkdwn as plain text for a terminal. Pure."""

import re
import unicodedata

_MARKS = {
    ":white_check_mark:": "✓",
    ":x:": "✗",
    ":no_entry:": "✗",
    ":hourglass_flowing_sand:": "…",
    ":arrow_forward:": "▶",
    ":grey_question:": "?",
    ":warning:": "!",
    ":rotating_light:": "!!",
    ":wastebasket:": "-",
    ":clock8:": "-",
}
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|([^>]*))?>")
_CALLED = re.compile(r"<([@#!])([^|>\s]+)(?:\|([^>]*))?>")
_EMPHASIS = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^*_~\n]+?)(?<=\S)\1(?![\w*_~])")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_WORD_MARK = re.compile(r":[a-z0-9_]+:")


def plain(text: str) -> str:
    """What a person would read in Slack; nothing that a terminal would obey."""
    parts = _CODE.split(text)
    shown = [_code(part) if index % 2 else _words(part) for index, part in enumerate(parts)]
    return harmless(_unescape("".join(shown))).strip()


def harmless(text: str) -> str:
    """Without control and direction characters: a name in an answer must not move the cursor, or turn the line."""
    return "".join(each for each in text if each == "\n" or unicodedata.category(each) not in {"Cc", "Cf", "Zl", "Zp"})


def _code(part: str) -> str:
    """A block stands on lines of its own; a word is itself."""
    if part.startswith("```"):
        return "\n" + part.removeprefix("```").removesuffix("```").strip("\n") + "\n"
    return part.strip("`")


def _words(part: str) -> str:
    part = _LINK.sub(lambda found: f"{found[2]} ({found[1]})" if found[2] else found[1], part)
    part = _CALLED.sub(lambda found: f"{'@' if found[1] == '!' else found[1]}{found[3] or found[2]}", part)
    part = _EMPHASIS.sub(r"\2", part)
    return _WORD_MARK.sub(lambda found: _MARKS.get(found[0], found[0]), part)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
