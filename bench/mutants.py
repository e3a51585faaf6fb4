"""Small wrong versions of a module, one change each, as a reviewer could overlook them.

Comparisons, boolean operators, arithmetic, numbers, texts that programs read, conditions, returned values, and
statements left out. Not changed: docstrings, annotations, `raise` of another text (messages are for people), and
declarations under `if TYPE_CHECKING`.
"""

import ast
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


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: str
    line: int
    before: str
    after: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """`path: before -> after`: stays when lines move, for the list of equivalent mutants."""
        return f"{self.path}: {self.before} -> {self.after}"


def mutants(path: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(source)
    for index, node in enumerate(ast.walk(tree)):
        if index in _skipped(tree):
            continue
        for changed in _changes(node):
            whole = deepcopy(tree)
            parent, field, at = _place(whole, index)
            after = _put(parent, field, at, changed)
            ast.fix_missing_locations(whole)
            if ast.unparse(whole) != ast.unparse(tree):
                yield Mutant(path, _line(node), _text(node), after, whole)


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
        case ast.Call(func=ast.Name(id=name)) if name.endswith(("Error", "TypeVar")):
            # What an error says is for people; which error it is, is not left out.
            yield from (text for each in node.args for text in ast.walk(each) if isinstance(text, ast.JoinedStr))


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
        case str():
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


def _put(parent: ast.AST, field: str, at: int | None, changed: ast.AST | None) -> str:
    new = changed if changed is not None else ast.Pass()
    if at is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[at] = new
    return "(left out)" if changed is None else _text(new)


def _text(node: ast.AST) -> str:
    """The first line of the code of a node."""
    return ast.unparse(ast.fix_missing_locations(node)).strip().splitlines()[0]


def _line(node: ast.AST) -> int:
    """Where it is; a comprehension's `for` has no place of its own."""
    return int(getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0))
