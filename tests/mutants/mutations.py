"""Small changes to a source: one number, flag, comparison or sign at a time.

A whole number grows and shrinks by one, any other doubles and halves (zero becomes one). A comparison takes in its
border or leaves it out, and turns round. Plus and minus, times and divided by change places. Annotations, decorators,
``zip(strict=True)``, ``field(repr=False)`` and options for speed stay: no result hangs on them.
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    **{ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt)},
    **{ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,)},
    **{ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,)},
}
SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
}
_Shown = ast.expr | ast.Assign | ast.AnnAssign | ast.Return | ast.keyword
UNTOUCHED = ("annotation", "returns", "decorator_list")
UNTOUCHED_OPTIONS = ("strict", "repr", "optimize", "hermitian")


@dataclass(frozen=True)
class Mutation:
    """One change: the module's path and the line, and what becomes what there."""

    path: str
    number: int  # among the module's
    line: int
    before: str
    after: str
    nth: int = 0  # of the same kind in the module

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before}  ->  {self.after}"

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What stays where other lines of the module change."""
        return self.path, self.before, self.after, self.nth


def mutations(path: str, source: str) -> list[Mutation]:
    """All changes of a module."""
    found, met = [], Counter[tuple[str, str]]()
    for number, (shown, before) in enumerate(_mutated(ast.parse(source))):
        after = ast.unparse(shown)
        found.append(Mutation(path, number, shown.lineno, before, after, met[before, after]))
        met[before, after] += 1
    return found


def mutated(source: str, number: int) -> str:
    """The source with one of its mutations (comments are lost)."""
    tree = ast.parse(source)
    next(islice(_mutated(tree), number, None))
    return ast.unparse(tree)


def sample(found: Sequence[Mutation], n: int, seed: int) -> list[Mutation]:
    """So many of them by chance; changes elsewhere in the sources hardly change which."""
    return sorted(found, key=lambda one: random.Random(f"{seed} {one.key}").random())[:n]


def sources(root: Path, paths: Sequence[str]) -> list[Mutation]:
    """All changes of several modules."""
    return [one for path in paths for one in mutations(path, (root / path).read_text(encoding="utf-8"))]


def _mutated(tree: ast.Module) -> Iterator[tuple[_Shown, str]]:
    """What shows each change in the tree, which holds it until the next is asked for, and what was there before."""
    for node, shown in _nodes(tree, None):
        before = ast.unparse(shown)
        for name, value in _changes(node):
            kept = getattr(node, name)
            setattr(node, name, value)
            yield shown, before
            setattr(node, name, kept)


def _nodes(node: ast.AST, around: _Shown | None) -> Iterator[tuple[ast.AST, _Shown]]:
    """All nodes that may change, each with what shows it: a number or a flag with what stands around it."""
    shown = node if isinstance(node, _Shown) else around
    if shown is not None:
        yield node, around if around is not None and isinstance(node, ast.Constant) else shown
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            option = child.arg if isinstance(child, ast.keyword) else None
            if isinstance(child, ast.AST) and name not in UNTOUCHED and option not in UNTOUCHED_OPTIONS:
                yield from _nodes(child, shown)


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node that may change, with what they become."""
    match node:
        case ast.Constant(value=bool(flag)):
            yield "value", not flag
        case ast.Constant(value=int(number)):
            yield from (("value", number + 1), ("value", number - 1))
        case ast.Constant(value=float(number)):
            yield from (("value", other) for other in ((2 * number, number / 2) if number else (1.0,)))
        case ast.Compare(ops=ops):
            for at, comparison in enumerate(ops):
                for other in COMPARISONS[type(comparison)]:
                    yield "ops", [*ops[:at], other(), *ops[at + 1 :]]
        case ast.BinOp(op=operator) if type(operator) in SIGNS:
            yield "op", SIGNS[type(operator)]()
        case ast.UnaryOp(op=ast.USub()):
            yield "op", ast.UAdd()
