"""A configuration file as a tree of YAML nodes, which know their lines and how their values were written.

Only what a configuration needs is let through: one document of at most 1 MB, no aliases, no deep nesting. So
nothing in a file can make the reader slow, whoever wrote it.
"""

from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from .problem import Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 20


class Source:
    """The text of one file, and its root node."""

    def __init__(self, file: str, text: str, root: yaml.Node) -> None:
        self.file = file
        self.text = text
        self.root = root

    def written(self, node: yaml.Node) -> str:
        """What stands in the file, shortened: a scalar exactly as it was written."""
        if isinstance(node, yaml.MappingNode):
            return "a mapping" if node.value else "an empty mapping"
        if isinstance(node, yaml.SequenceNode):
            return "a list" if node.value else "an empty list"
        raw = " ".join(self.text[node.start_mark.index : node.end_mark.index].split())
        return (raw if len(raw) <= 60 else f"{raw[:57]}...") or "nothing"


def read(path: Path, file: str) -> Source | Problem:
    """The file's nodes, or why there are none. `file` is its name in problems."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        advice = "create it, or name the right file" if isinstance(error, FileNotFoundError) else "make it readable"
        return Problem(file=file, found=_reason(error), expected="a YAML file", advice=advice)
    if len(content) > MAX_BYTES:
        return Problem(
            file=file, found="more than 1 MB", expected="at most 1 MB of YAML", advice="check that it is the right file"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(
            file=file,
            line=content[: error.start].count(b"\n") + 1,
            found=f"the byte 0x{content[error.start]:02x}, which is not UTF-8",
            expected="text in UTF-8",
            advice="save the file as UTF-8",
        )
    return _compose(file, text)


def _reason(error: OSError) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else (error.strerror or str(error)).lower()


def _compose(file: str, text: str) -> Source | Problem:
    # A parser error carries the place; a reader error (a character that YAML forbids) only an offset; an escape
    # beyond Unicode, as "\\UFFFFFFFF", leaves PyYAML as a bare error of `chr`.
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        advice = error.note or "correct the YAML here or just above: indentation, quotes, colons"
        line = mark.line + 1 if mark else 0
        return Problem(
            file=file, line=line, found=str(error.problem).removeprefix("found "), expected="valid YAML", advice=advice
        )
    except ReaderError as error:
        return Problem(
            file=file,
            line=text[: error.position].count("\n") + 1,
            found="a control character",
            expected="valid YAML",
            advice="delete the character",
        )
    except (ValueError, OverflowError):
        advice = r"correct the escapes (\x, \u, \U) in its quoted texts"
        return Problem(file=file, found="a character that does not exist", expected="valid YAML", advice=advice)
    if root is None:
        return Problem(file=file, found="an empty file", expected="a mapping", advice="fill it in, or restore it")
    return Source(file, text, root)


class _Loader(yaml.SafeLoader):
    """Refuses aliases and deep nesting while it composes, so that neither costs time or stack."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem=f"the alias *{event.anchor}", problem_mark=event.start_mark, note="write the value out here"
            )
        if self.depth >= MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"more than {MAX_DEPTH} levels of nesting",
                problem_mark=self.peek_event().start_mark,  # type: ignore[no-untyped-call]
                note="check the brackets and the indentation",
            )
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1
