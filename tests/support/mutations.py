"""Small changes of a Python file that tests should notice: of conditions, calls, numbers and SQL.

Annotations, docstrings and words for people stay as they are: what comes of those is equivalent or trivial.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"), ast.Or: ("or", "and"), ast.Add: ("+", "-"), ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "+"), ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"), ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}  # fmt: skip
_SQL = re.compile(r"\b(SELECT|UPDATE|INSERT|DELETE|WHERE|COPY)\b")
_SQL_CHANGES = [
    (re.compile(pattern), changed)
    for pattern, changed in (
        (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
        # Not in SET, where it would be no SQL.
        (r"\b(?:WHERE|AND|OR|ON|WHEN)[ (]+[\w.]+( = )", " <> "),
        (r"\bAND\b", "OR"), (r"\bOR\b", "AND"), (r"\bNULLS FIRST\b", "NULLS LAST"),
        (r" DESC\b", ""), (r" FOR (?:NO KEY )?UPDATE\b", ""), (r" SKIP LOCKED\b", ""),
        (r"\bLIMIT 1\b", "LIMIT 2"), (r" \+ 1\b", " + 2"), (r"\bIS NULL\b", "IS NOT NULL"),
        (r"\bIS NOT NULL\b", "IS NULL"), (r"\bUNION ALL\b", "UNION"),
        (r"\bgreatest\(", "least("), (r"\bleast\(", "greatest("),
    )
]  # fmt: skip
_QUERIES = {"filter", "exclude", "get", "update", "select_for_update"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: the bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: bytes

    def applied(self, source: bytes) -> bytes:
        """The whole file with the change."""
        return source[: self.start] + self.new + source[self.end :]


def mutations(source: bytes) -> list[Mutation]:
    """All changes of a file that leave it a program, from its first line to its last."""
    file = _File(source)
    made = {
        change
        for node in _code(ast.parse(source))
        if (make := _MAKERS.get(type(node)))
        for change in make(file, node)
    }
    usable = (change for change in made if _compiles(change.applied(source)))
    return sorted(usable, key=lambda change: (change.start, change.end, change.new))


class _File:
    """The bytes of a file, found by the nodes of its tree."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._lines: list[int] = [0, *(end.end() for end in re.finditer(rb"\n", source))]

    def start(self, node: Any) -> int:
        start: int = self._lines[node.lineno - 1] + node.col_offset
        return start

    def end(self, node: Any) -> int:
        end: int = self._lines[node.end_lineno - 1] + node.end_col_offset
        return end

    def replaced(self, node: Any, new: str) -> Mutation:
        return Mutation(self.start(node), self.end(node), new.encode())

    def text(self, node: Any) -> str:
        return self.source[self.start(node) : self.end(node)].decode()

    def between(self, left: Any, operator: ast.AST, right: Any) -> Iterator[Mutation]:
        """Another operator in place of the one between two nodes."""
        old, new = (word.encode() for word in _OPERATORS.get(type(operator), ("", "")))
        gap = self.source[self.end(left) : self.start(right)]
        if old and old in gap:
            at = self.end(left) + gap.index(old)
            yield Mutation(at, at + len(old), new)


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run."""
    yield node
    left_out = {id(getattr(node, name, None)) for name in ("annotation", "returns")}
    if isinstance(node, ast.ClassDef):
        left_out.update(map(id, node.decorator_list))
    for child in ast.iter_child_nodes(node):
        is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        # Python 3.11 does not know where the parts of an f-string are.
        if not is_text and id(child) not in left_out and not isinstance(node, ast.JoinedStr):
            yield from _code(child)


def _compare(file: _File, node: Any) -> Iterator[Mutation]:
    sides = [node.left, *node.comparators]
    for left, operator, right in zip(sides, node.ops, node.comparators, strict=False):
        yield from file.between(left, operator, right)


def _bool_op(file: _File, node: Any) -> Iterator[Mutation]:
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield from file.between(left, node.op, right)


def _bin_op(file: _File, node: Any) -> Iterator[Mutation]:
    yield from file.between(node.left, node.op, node.right)


def _condition(file: _File, node: Any) -> Iterator[Mutation]:
    """A condition that is no comparison, turned round."""
    if isinstance(node.test, ast.UnaryOp):
        yield file.replaced(node.test, file.text(node.test.operand))
    elif not isinstance(node.test, ast.Compare | ast.BoolOp | ast.NamedExpr):
        yield file.replaced(node.test, f"(not {file.text(node.test)})")


def _constant(file: _File, node: Any) -> Iterator[Mutation]:
    if isinstance(node.value, bool):
        yield file.replaced(node, str(not node.value))
    elif isinstance(node.value, int):
        yield file.replaced(node, str(node.value + 1))
    elif isinstance(node.value, str):
        yield from _sql(file, node)


def _sql(file: _File, node: Any) -> Iterator[Mutation]:
    text, start = file.text(node), file.start(node)
    if _SQL.search(text):
        for pattern, changed in _SQL_CHANGES:
            for found in pattern.finditer(text):
                first, last = (
                    start + len(text[:at].encode()) for at in found.span(found.lastindex or 0)
                )
                yield Mutation(first, last, changed.encode())


def _statement(file: _File, node: Any) -> Iterator[Mutation]:
    """A call for its effect, a sum or an error, left out."""
    yield file.replaced(node, "pass")


def _effect(file: _File, node: Any) -> Iterator[Mutation]:
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    if isinstance(value, ast.Call):
        yield file.replaced(node, "pass")


def _return(file: _File, node: Any) -> Iterator[Mutation]:
    if node.value is not None and not isinstance(node.value, ast.Constant):
        yield file.replaced(node.value, "None")


def _call(file: _File, node: Any) -> Iterator[Mutation]:
    """A query without one of its conditions."""
    if getattr(node.func, "attr", "") in _QUERIES:
        for keyword in node.keywords if len(node.keywords) + len(node.args) > 1 else ():
            end = file.end(keyword)
            comma = re.match(rb"\s*,", file.source[end:])
            yield Mutation(file.start(keyword), end + (comma.end() if comma else 0), b"")


def _function(file: _File, node: Any) -> Iterator[Mutation]:
    """A function outside a transaction of its own."""
    for decorator in node.decorator_list:
        if "atomic" in file.text(decorator):
            yield Mutation(file.start(decorator) - 1, file.end(decorator), b"")


_MAKERS: dict[type[ast.AST], Callable[[_File, Any], Iterator[Mutation]]] = {
    ast.Compare: _compare, ast.BoolOp: _bool_op, ast.BinOp: _bin_op, ast.Constant: _constant,
    ast.If: _condition, ast.While: _condition, ast.IfExp: _condition, ast.JoinedStr: _sql,
    ast.Raise: _statement, ast.AugAssign: _statement, ast.Expr: _effect, ast.Return: _return,
    ast.Continue: lambda file, node: iter([file.replaced(node, "break")]),
    ast.Break: lambda file, node: iter([file.replaced(node, "continue")]),
    ast.Call: _call, ast.FunctionDef: _function,
}  # fmt: skip
