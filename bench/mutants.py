"""Small wrong versions of a module, one change each, as a reviewer could overlook them.

Comparisons, boolean operators, arithmetic, numbers, texts that programs read, conditions, returned values, filters, and
statements left out. Not changed: docstrings, annotations, prose (messages and log lines are for people), imports and
declarations under `if TYPE_CHECKING`.
"""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Pow: ast.Mult,
}


_PROSE = re.compile(r"[^\W_] | [^\W_]")
"""A space beside a letter: people read that, not programs. Slugs, keys, paths and marks have none."""
_AROUND = 40


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: str
    line: int
    before: str
    """What it changes in its line, as `ast.unparse` writes it, and what stands around it."""
    after: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """`path: before -> after`: stays when lines move, for the list of equivalent mutants."""
        return f"{self.path}: {self.before} -> {self.after}"


def mutants(path: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(source)
    good = ast.unparse(tree).splitlines()
    for index, node in enumerate(ast.walk(tree)):
        if index in _skipped(tree):
            continue
        for changed in _changes(node):
            whole = deepcopy(tree)
            _put(*_place(whole, index), changed)
            ast.fix_missing_locations(whole)
            bad = ast.unparse(whole).splitlines()
            if bad != good:
                yield Mutant(path, _line(node), *_difference(good, bad), whole)


def _difference(good: list[str], bad: list[str]) -> tuple[str, str]:
    """The first line that differs, before and after; of a long one what differs, and what stands around it."""
    pairs = zip(good, bad, strict=False)
    before, after = next(((one.strip(), other.strip()) for one, other in pairs if one != other), ("", ""))
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    start, end = max(0, start - _AROUND), max(0, end - _AROUND)
    return before[start : len(before) - end], after[start : len(after) - end]


def _common(one: str, other: str) -> int:
    """How many characters they begin with alike."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )


_cache: dict[int, frozenset[int]] = {}


def _skipped(tree: ast.Module) -> frozenset[int]:
    """Places in the walk that are not changed: annotations, docstrings, texts of errors, type-checking imports."""
    if id(tree) not in _cache:
        _cache.clear()
        left_out: set[int] = set()
        for node in ast.walk(tree):
            for part in _parts_left_out(node):
                left_out |= {id(each) for each in ast.walk(part)}
        _cache[id(tree)] = frozenset(i for i, node in enumerate(ast.walk(tree)) if id(node) in left_out)
    return _cache[id(tree)]


def _parts_left_out(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.AnnAssign():
            yield node.annotation
            if node.value is None:
                yield node
        case ast.arg(annotation=ast.expr() as annotation):
            yield annotation
        case ast.FunctionDef():
            yield from node.decorator_list
            yield from ([node.returns] if node.returns else [])
        case ast.ClassDef():
            yield from node.keywords
            yield from node.decorator_list
            yield from node.bases
        case ast.Import() | ast.ImportFrom() | ast.TypeAlias() | ast.type_param():
            yield node
        case ast.Expr(value=ast.Constant()):
            yield node
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            yield node


def _changes(node: ast.AST) -> Iterator[ast.AST | None]:
    """What stands in a node's place; None: nothing."""
    yield from _other_expressions(node)
    match node:
        case ast.If() | ast.While():
            yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Break() | ast.Continue():
            yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()
        case ast.AugAssign() | ast.Expr() | ast.Raise():
            yield None
        case ast.comprehension(ifs=[_, *_]):
            yield ast.comprehension(node.target, node.iter, [], node.is_async)


def _other_expressions(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=[operator]):
            for other in _COMPARE.get(type(operator), ()):
                yield ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for index in range(len(node.values)):
                left = node.values[:index] + node.values[index + 1 :]
                yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.Constant():
            yield from _other_constants(node.value)


def _other_constants(value: object) -> Iterator[ast.expr]:
    match value:
        case bool():
            yield ast.Constant(not value)
        case int() | float():
            yield ast.Constant(value + 1)
        case str() if not _PROSE.search(value):
            yield ast.Constant(f"{value}X" if value else "X")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _place(tree: ast.Module, index: int) -> tuple[ast.AST, str, int | None]:
    """Parent, field and position in it of the node at `index` of the walk."""
    wanted = list(ast.walk(tree))[index]
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is wanted:
                return parent, field, None
            if isinstance(value, list):
                for at, each in enumerate(value):
                    if each is wanted:
                        return parent, field, at
    raise LookupError(index)


def _put(parent: ast.AST, field: str, at: int | None, changed: ast.AST | None) -> None:
    new = changed if changed is not None else ast.Pass()
    if at is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[at] = new


def _line(node: ast.AST) -> int:
    """Where it is; a comprehension's `for` has no place of its own."""
    return int(getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0))
