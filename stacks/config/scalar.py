"""One written value against one type: what YAML 1.1 makes of a text is not always what its writer meant."""

import re
from datetime import date
from typing import Any

import msgspec.inspect as mi
import yaml
from msgspec import Struct
from yaml.constructor import ConstructorError, SafeConstructor

from .problem import did_you_mean, one_of

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAMES: dict[type[mi.Type], str] = {
    mi.StructType: "a mapping of fields",
    mi.DictType: "a mapping of names to values",
    mi.ListType: "a list",
    mi.BoolType: "true or false",
    mi.IntType: "a whole number",
    mi.FloatType: "a number",
    mi.StrType: "a text",
    mi.DateType: "a day as YYYY-MM-DD",
}
_SHAPES: dict[type[mi.Type], str] = {
    mi.StructType: "write its fields below it, indented, as name: value, or {} to give none",
    mi.DictType: "write name: value below it, indented, or {} for none",
    mi.ListType: 'begin each item with "- ", or write [] for none',
    mi.BoolType: "write true or false, without quotes",
    mi.DateType: "write year, month and day, as 2026-11-01",
}


class Wanted(Struct, frozen=True, kw_only=True):
    """A type without its wrappings, and the words about it."""

    kind: Any
    optional: bool
    expected: str
    advice: str
    choices: list[Any] = []


class Scalar(Struct, frozen=True, kw_only=True):
    """A value; or, if `problem` has advice, none. `reading` tells what YAML took the text for."""

    value: Any = None
    problem: str = ""
    reading: str = ""


def wanted(kind: mi.Type) -> Wanted:
    """Unwraps `X | None` and `Annotated[X, Meta(...)]`."""
    optional, words = False, dict[str, Any]()
    while isinstance(kind, mi.UnionType | mi.Metadata):
        if isinstance(kind, mi.UnionType):
            optional = True
            kind = next(each for each in kind.types if not isinstance(each, mi.NoneType))
        else:
            words |= (kind.extra_json_schema or {}) | (kind.extra or {})
            kind = kind.type
    choices = list(kind.values) if isinstance(kind, mi.LiteralType) else words.get("enum", [])
    name = words.get("description") or _NAMES.get(type(kind), "a value")
    return Wanted(
        kind=kind,
        optional=optional,
        expected=_expected(name, choices),
        advice=words.get("do") or _SHAPES.get(type(kind)) or f"write {name}",
        choices=choices,
    )


def _expected(name: str, choices: list[Any]) -> str:
    if not choices:
        return name
    listed = one_of([str(each) for each in choices])
    return listed if name == "a value" else f"{name}: {listed}"


def scalar(text: str, node: yaml.ScalarNode, want: Wanted) -> Scalar:
    """The value of `text`, which is the node's own after substitution."""
    if want.choices:
        return _choice(text, node, want)
    match want.kind:
        case mi.StrType() as kind:
            return _string(text, node, kind, want)
        case mi.BoolType():
            # `yes` and `on` are booleans only for YAML 1.1: the next reader may take them for texts.
            given = node.tag == f"{_TAG}bool" and text in {"true", "false"}
            return Scalar(value=text == "true") if given else Scalar(problem=want.advice)
        case mi.IntType() | mi.FloatType() as number:
            return _number(text, node, number, want)
        case mi.DateType():
            return _day(text, node, want)
    return Scalar(problem=want.advice)  # pragma: no cover - the model has no other types


def _choice(text: str, node: yaml.ScalarNode, want: Wanted) -> Scalar:
    # By its text: YAML 1.1 takes an unquoted `off` for false, but here it is a mode, as every reader would think.
    for value in want.choices:
        if text == str(value) and (isinstance(value, str) or node.style is None):
            return Scalar(value=value)
    names = [str(each) for each in want.choices]
    if text in names:
        return Scalar(problem="remove the quotes: it is a number")
    return Scalar(problem=did_you_mean(text, names, f"write one of them, for example {names[0]}"))


def _string(text: str, node: yaml.ScalarNode, kind: mi.StrType, want: Wanted) -> Scalar:
    fits = (
        (kind.min_length or 0) <= len(text) <= (kind.max_length or 2048)
        and text.isprintable()
        and (kind.pattern is None or re.fullmatch(kind.pattern, text) is not None)
    )
    if node.tag == f"{_TAG}str":
        return Scalar(value=text) if fits else Scalar(problem=want.advice)
    advice = f'put quotes around it: "{text}"' if fits else want.advice
    return Scalar(problem=advice, reading=_reading(node))


def _reading(node: yaml.ScalarNode) -> str:
    """What YAML 1.1 takes an unquoted text for: 012345670123 is an octal number."""
    kind = node.tag.removeprefix(_TAG)
    if kind == "null":
        return "" if not node.value else ", which YAML reads as nothing"
    if kind != "int":
        return f", which YAML reads as a {kind}"
    try:
        return f", which YAML reads as the number {_construct(node)}"
    except (ValueError, ConstructorError):
        return ", which YAML reads as a number"


def _construct(node: yaml.ScalarNode) -> object:
    number: object = SafeConstructor().construct_yaml_int(node)
    return number


def _number(text: str, node: yaml.ScalarNode, kind: mi.IntType | mi.FloatType, want: Wanted) -> Scalar:
    whole = isinstance(kind, mi.IntType)
    if not (_INTEGER if whole else _NUMBER).fullmatch(text):
        return Scalar(problem=want.advice, reading=_misread(node))
    if node.style is not None:
        return Scalar(problem="remove the quotes: it is a number")
    value = int(text) if whole else float(text)
    return Scalar(value=value) if _in_range(value, kind) else Scalar(problem=want.advice)


def _day(text: str, node: yaml.ScalarNode, want: Wanted) -> Scalar:
    # With quotes or without: YAML 1.1 takes an unquoted one for a timestamp, but it says the same.
    if not _DAY.fullmatch(text):
        return Scalar(problem=want.advice, reading="" if node.tag == f"{_TAG}str" else _reading(node))
    try:
        return Scalar(value=date.fromisoformat(text))
    except ValueError:
        return Scalar(problem=want.advice, reading=", which the calendar does not have")


def _misread(node: yaml.ScalarNode) -> str:
    return _reading(node) if node.tag == f"{_TAG}int" else ""


def _in_range(value: float, kind: mi.IntType | mi.FloatType) -> bool:
    return (
        (kind.gt is None or value > kind.gt)
        and (kind.ge is None or value >= kind.ge)
        and (kind.lt is None or value < kind.lt)
        and (kind.le is None or value <= kind.le)
    )
