"""What a letter can stand for, and what shape a value can have."""

from dataclasses import dataclass

from pycode.proofread.arithmetic.values import COLUMN, GRADIENT, ROW, Scalar, primal

SHAPES = {GRADIENT: "gradient", ROW: "column vector", COLUMN: "row vector"}
COMPONENTS = ("dimension", "sample")  # sorts that count from 1


@dataclass(frozen=True)
class Bound:
    """What a letter stands for: an index of a finite sort, or a number."""

    sort: str
    value: Scalar


def an(sort: str) -> str:
    """A sort in words."""
    return f"{'an' if sort[:1] in 'aio' else 'a'} {sort}"


def shape(x: Scalar) -> frozenset[str]:
    """Which of gradient, row and column a value has."""
    return frozenset(primal(x).axes) & SHAPES.keys()


def describe(x: Scalar) -> str:
    """The shape in words."""
    has = shape(x)
    return "a matrix" if {ROW, COLUMN} <= has else f"a {SHAPES[next(iter(has))]}" if has else "a number"
