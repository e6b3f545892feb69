"""Small changes to a module's source, each of which a test should notice.

A mutant is one edit: an operator, a constant, a condition, a return value, or a removed statement. Docstrings,
annotations, type aliases, `__slots__` and the wording of messages are not changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One edit of one module.

    Attributes:
        module: The module's file, from the package's folder.
        line: Where the edit is.
        old: What stands there.
        new: What stands there instead.
        source: The whole source with the edit.
        context: The line as it stands, without its indentation.
    """

    module: str
    line: int
    old: str
    new: str
    source: str
    context: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {_short(self.old)}  →  {_short(self.new)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else line[:87] + "…"


_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_LEFT_OUT = (ast.Assign, ast.AugAssign, ast.Delete, ast.Raise, ast.Break, ast.Continue)
_UNTOUCHED_NAMES = {"__slots__", "__all__", "__hash__", "__match_args__"}


def mutants(module: str, source: str) -> list[Mutant]:
    """All mutants of a module's source, no two of them alike."""
    return list({mutant.source: mutant for mutant in _Mutator(module, source).all()}.values())


class _Mutator:
    def __init__(self, module: str, source: str) -> None:
        self.module = module
        self.source = source
        self.lines = [line.encode() for line in source.splitlines(keepends=True)]
        self.tree = ast.parse(source)

    def all(self) -> Iterator[Mutant]:
        yield from self._body(self.tree.body, top=True)

    def _edit(self, node: ast.expr | ast.stmt, new: str) -> Mutant:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin, end = node.lineno - 1, node.end_lineno - 1
        first, last = self.lines[begin], self.lines[end]
        old = ast.get_source_segment(self.source, node) or ""
        edited = [
            *self.lines[:begin],
            first[: node.col_offset] + new.encode() + last[node.end_col_offset :],
            *self.lines[end + 1 :],
        ]
        return Mutant(self.module, node.lineno, old, new, b"".join(edited).decode(), first.decode().strip())

    def _replaced(self, node: ast.expr, new: ast.expr) -> Mutant:
        return self._edit(node, f"({ast.unparse(ast.fix_missing_locations(new))})")

    # Statements.

    def _body(self, body: list[ast.stmt], *, top: bool = False) -> Iterator[Mutant]:
        for statement in body:
            yield from self._statement(statement, top=top)

    def _statement(self, node: ast.stmt, *, top: bool) -> Iterator[Mutant]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for default in (*node.args.defaults, *node.args.kw_defaults):
                    if default is not None:
                        yield from self._expression(default)
                yield from self._body(node.body)
                return
            case ast.ClassDef():
                yield from self._body(node.body, top=True)
                return
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from self._body(node.orelse, top=top)
                return
            case ast.Expr(value=ast.Constant()):
                return  # a docstring, or `...`
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Assert():
                return
            case ast.AnnAssign():
                aliased = isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"
                if node.value is not None and not aliased:
                    yield from self._expression(node.value)
                return
            case ast.Assign(targets=[ast.Name(id=name)]) if name in _UNTOUCHED_NAMES:
                return
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
                return
            case _:
                pass
        if not top and isinstance(node, (*_LEFT_OUT, ast.Expr)):
            yield self._edit(node, "pass")
        match node:
            case ast.Return(value=returned) if returned is not None and not _is_none(returned):
                yield self._edit(node, "return None")
            case ast.AugAssign():
                swapped = _ARITHMETIC.get(type(node.op))
                if swapped is not None:
                    target, value = ast.unparse(node.target), ast.unparse(node.value)
                    yield self._edit(node, f"{target} = {target} {_symbol(swapped)} ({value})")
                    yield self._edit(node, f"{target} = {value}")
            case ast.If() | ast.While():
                yield from self._negated(node.test)
            case ast.Match():
                yield from self._expression(node.subject)
                for case in node.cases:
                    if case.guard is not None:
                        yield from self._negated(case.guard)
                        yield from self._expression(case.guard)
                    yield from self._body(case.body)
                return
            case ast.Raise():
                return  # what is raised is checked by leaving it out; its wording is for people
            case _:
                pass
        for _, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                match item:
                    case ast.stmt():
                        yield from self._statement(item, top=False)
                    case ast.ExceptHandler():
                        yield from self._handler(item)
                    case ast.expr():
                        yield from self._expression(item)
                    case ast.withitem():
                        yield from self._expression(item.context_expr)
                    case _:
                        pass

    def _handler(self, node: ast.ExceptHandler) -> Iterator[Mutant]:
        if isinstance(node.type, ast.Tuple):
            for kind in node.type.elts:
                yield self._edit(node.type, ast.unparse(kind))
        yield from self._body(node.body)

    # Expressions.

    def _negated(self, node: ast.expr) -> Iterator[Mutant]:
        if not isinstance(node, (ast.UnaryOp, ast.Constant)) and not (
            isinstance(node, ast.Compare) and len(node.ops) == 1
        ):
            yield self._edit(node, f"(not ({ast.unparse(node)}))")

    def _expression(self, node: ast.expr) -> Iterator[Mutant]:
        match node:
            case ast.JoinedStr():
                return
            case ast.Constant():
                yield from self._constant(node)
                return
            case ast.Compare():
                for place, operator in enumerate(node.ops):
                    for swapped in _COMPARISONS[type(operator)]:
                        operators = [*node.ops[:place], swapped(), *node.ops[place + 1 :]]
                        yield self._replaced(node, ast.Compare(node.left, operators, node.comparators))
            case ast.BoolOp():
                other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
                yield self._replaced(node, ast.BoolOp(other, node.values))
                for place in range(len(node.values)):
                    rest = [*node.values[:place], *node.values[place + 1 :]]
                    yield self._replaced(node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._replaced(node, operand)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                yield self._replaced(node, ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))
            case ast.IfExp():
                yield from self._negated(node.test)
                yield self._replaced(node, node.body)
                yield self._replaced(node, node.orelse)
            case ast.Slice():
                return
            case ast.Subscript(slice=ast.Slice() as part):
                for name in ("lower", "upper", "step"):
                    bound = getattr(part, name)
                    if bound is not None:
                        fewer = ast.Slice(
                            **{**{key: getattr(part, key) for key in ("lower", "upper", "step")}, name: None}
                        )
                        yield self._edit(node, ast.unparse(ast.Subscript(node.value, fewer, ast.Load())))
                        yield from self._expression(bound)
                yield from self._expression(node.value)
                return
            case _:
                pass
        for _, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                match item:
                    case ast.expr():
                        yield from self._expression(item)
                    case ast.keyword():
                        yield from self._expression(item.value)
                    case ast.comprehension():
                        yield from self._expression(item.iter)
                        for condition in item.ifs:
                            yield from self._negated(condition)
                            yield from self._expression(condition)
                    case _:
                        pass

    def _constant(self, node: ast.Constant) -> Iterator[Mutant]:
        match node.value:
            case bool():
                yield self._edit(node, repr(not node.value))
            case int() | float():
                yield self._edit(node, repr(node.value + 1))
                if node.value > 1:
                    yield self._edit(node, repr(node.value - 1))
            case str() as text:
                yield self._edit(node, repr(text + "X"))
                if text:
                    yield self._edit(node, repr(""))
            case bytes() as data:
                yield self._edit(node, repr(data + b"X"))
                if data:
                    yield self._edit(node, repr(b""))
            case _:
                pass


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _symbol(operator: type[ast.operator]) -> str:
    return ast.unparse(ast.BinOp(ast.Name("a"), operator(), ast.Name("b")))[2:-2]
