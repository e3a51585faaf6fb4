"""YAML nodes into the structs of `model.py`, with every problem on the way.

msgspec stops at the first error and knows no lines, so this walks the types itself: a few, since the
configuration uses few.
"""

import re
from typing import Any

import msgspec.inspect as mi
import yaml
from msgspec import Struct

from .problem import Path, Problem, nearest, one_of
from .scalar import Wanted, scalar, wanted
from .source import Source


class _Refused:
    """Stands in for a value that was refused. Asked for anything it answers with itself, and it contains nothing:
    so the rules can be checked on what is left, and speak only of what is known.
    """

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: object) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __bool__(self) -> bool:
        return False


REFUSED: Any = _Refused()

_TAG = "tag:yaml.org,2002:"
_TAGS = {
    f"{_TAG}{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
}
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class Decoder:
    """Decodes one file. `problems` grows; a value that has one becomes `REFUSED`."""

    def __init__(self, source: Source, substitutions: dict[str, str]) -> None:
        self.source = source
        self.substitutions = substitutions
        self.problems: list[Problem] = []
        self._nodes: dict[Path, yaml.Node] = {}

    def decode[T: Struct](self, struct: type[T]) -> T:
        """The whole file as this struct."""
        value: T = self._value(self.source.root, mi.type_info(struct), ())
        return value

    def report(self, path: Path, *, expected: str, advice: str, found: str | None = None) -> None:
        """Adds a problem with the value at `path`, or with the nearest that the file does have around it."""
        known = path
        while known not in self._nodes:
            known = known[:-1]
        self._refuse(self._nodes[known], path, expected=expected, advice=advice, found=found)

    def _refuse(self, node: yaml.Node, path: Path, *, expected: str, advice: str, found: str | None = None) -> Any:
        self.problems.append(
            Problem(
                file=self.source.file,
                line=node.start_mark.line + 1,
                path=path,
                found=found or self.source.written(node),
                expected=expected,
                advice=advice,
            )
        )
        return REFUSED

    def _value(self, node: yaml.Node, kind: mi.Type, path: Path) -> Any:
        self._nodes[path] = node
        want = wanted(kind)
        if node.tag not in _TAGS:
            return self._refuse(
                node, path, found=f"the tag {node.tag}", expected=want.expected, advice="remove the tag"
            )
        if want.optional and node.tag == f"{_TAG}null":
            return None
        match want.kind:
            case mi.StructType() as struct if isinstance(node, yaml.MappingNode):
                return self._struct(node, struct, path)
            case mi.DictType() as mapping if isinstance(node, yaml.MappingNode):
                return self._dict(node, mapping, path)
            case mi.ListType() as items if isinstance(node, yaml.SequenceNode):
                return [self._value(item, items.item_type, (*path, i)) for i, item in enumerate(node.value)]
            case mi.StructType() | mi.DictType() | mi.ListType():
                return self._refuse(node, path, expected=want.expected, advice=want.advice)
        return self._scalar(node, want, path)

    def _scalar(self, node: yaml.Node, want: Wanted, path: Path) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self._refuse(node, path, expected=want.expected, advice=want.advice)
        for name in _PLACEHOLDER.findall(node.value):
            if name not in self.substitutions:
                given = (
                    one_of([f"${{{each}}}" for each in self.substitutions]) if self.substitutions else f"no ${{{name}}}"
                )
                return self._refuse(node, path, expected=given, advice="write the value itself")
        text = _PLACEHOLDER.sub(lambda found: self.substitutions[found[1]], node.value)
        result = scalar(text, node, want)
        if not result.problem:
            return result.value
        found = f"{self.source.written(node)}{result.reading}"
        return self._refuse(node, path, found=found, expected=want.expected, advice=result.problem)

    def _struct(self, node: yaml.MappingNode, kind: mi.StructType, path: Path) -> Any:
        fields = {field.encode_name: field for field in kind.fields}
        pairs = self._pairs(node, path)
        missing = [name for name in fields if name not in {pair[0] for pair in pairs}]
        values: dict[str, Any] = {}
        for name, key, value in pairs:
            if name in fields:
                values[fields[name].name] = self._value(value, fields[name].type, (*path, name))
                continue
            meant = nearest(name, missing)
            if meant:
                # One slip is one problem: the field is not missing as well, nor is its default meant.
                values[fields[meant].name] = REFUSED
            advice = f"did you mean {meant}?" if meant else "remove it"
            found = f"the unknown field {self.source.written(key)}"
            self._refuse(key, (*path, name), found=found, expected=one_of(list(fields)), advice=advice)
        for name, field in fields.items():
            if field.required and field.name not in values:
                expected = wanted(field.type).expected
                self._refuse(node, (*path, name), found="nothing", expected=expected, advice=f"add the field {name}")
                values[field.name] = REFUSED
        return kind.cls(**values)

    def _dict(self, node: yaml.MappingNode, kind: mi.DictType, path: Path) -> Any:
        values: dict[str, Any] = {}
        complete = True
        for name, key, value in self._pairs(node, path):
            decoded = self._value(key, kind.key_type, (*path, name))
            complete = complete and decoded is not REFUSED
            values[name] = self._value(value, kind.value_type, (*path, name))
        return values if complete else REFUSED

    def _pairs(self, node: yaml.MappingNode, path: Path) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Each key once: PyYAML would let the last of two equal keys win, in silence."""
        first: dict[str, yaml.Node] = {}
        pairs: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                found = f"{self.source.written(key)} as a key"
                self._refuse(
                    key, path, found=found, expected="a text as key", advice="write a plain name before the colon"
                )
            elif key.value in first:
                found = f"{self.source.written(key)} a second time"
                expected = f"it once: it stands in line {first[key.value].start_mark.line + 1} already"
                self._refuse(key, (*path, key.value), found=found, expected=expected, advice="remove one of the two")
            else:
                first[key.value] = key
                pairs.append((key.value, key, value))
        return pairs
