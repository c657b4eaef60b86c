"""Float64 arrays on named axes: the arithmetic in which a relation holds up to rounding. Indices are of this kind too.

``field`` is the other arithmetic and has the same methods.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Union

import numpy as np

from pycode.proofread.arithmetic.named import COLUMN, GRADIENT, ROW, Named, align, ordered
from pycode.proofread.limits import FLOOR, LARGEST_INTEGER, NEGLIGIBLE, SMALL, WHOLE

Operand = Union["Value", float]


class Value(Named):
    """Real numbers, or integers that serve as indices."""

    __slots__ = ()

    def __init__(self, data: object, axes: Sequence[str] = ()) -> None:
        self.data, self.axes = ordered(np.asarray(data), axes)

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], axes: Sequence[str]) -> "Value":
        """Entries moved, chosen or repeated by ``change``, which gives these axes in this order."""
        return Value(change(self.data), axes)

    # Arithmetic

    def __add__(self, other: Operand) -> "Value":
        return _elementwise(np.add, self, other)

    def __mul__(self, other: Operand) -> "Value":
        return _elementwise(np.multiply, self, other)

    def __sub__(self, other: Operand) -> "Value":
        return _elementwise(np.subtract, self, other)

    def __truediv__(self, other: Operand) -> "Value":
        return _elementwise(np.divide, self, other)

    def __rsub__(self, other: float) -> "Value":
        return _made(other - self.data, self.axes)

    def __rtruediv__(self, other: float) -> "Value":
        return _made(other / self.data, self.axes)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Value":
        return _made(-self.data, self.axes)

    def __repr__(self) -> str:
        return f"Value({self.data!r}, {self.axes!r})"

    # Functions, entry by entry

    def exp(self) -> "Value":
        """Exponential."""
        return _made(np.exp(self.data), self.axes)

    def log(self) -> "Value":
        """Natural logarithm."""
        return _made(np.log(self.data), self.axes)

    def sqrt(self) -> "Value":
        """The positive root."""
        return _made(np.sqrt(self.data), self.axes)

    def sin(self) -> "Value":
        """Sine."""
        return _made(np.sin(self.data), self.axes)

    def cos(self) -> "Value":
        """Cosine."""
        return _made(np.cos(self.data), self.axes)

    def absolute(self) -> "Value":
        """Absolute value."""
        return _made(np.abs(self.data), self.axes)

    def floor(self) -> "Value":
        """Largest integer that is not larger; a number that is an integer up to rounding is that integer."""
        return _made(np.floor(self.data + WHOLE), self.axes)

    def raised(self, n: "Value") -> "Value":
        """To a power that is an integer on named axes; 0^0 is 1."""
        return _elementwise(np.power, self, n)

    def where(self, condition: "Value") -> "Value":
        """The same where the condition is true, else 0, whatever stands there."""
        axes, (yes, data) = align(condition, self)
        return _made(np.where(yes, data, 0.0), axes)

    # Along an axis

    def total(self, axis: str, size: int) -> "Value":
        """Sum over an axis of ``size`` entries; what does not have the axis counts ``size`` times."""
        if axis not in self.axes:
            return _made(self.data * float(size), self.axes)
        return _made(self.data.sum(axis=self.axes.index(axis)), tuple(a for a in self.axes if a != axis))

    def series(self, axis: str, size: int) -> "Value":
        """Sum of an infinite sequence whose first ``size`` terms stand along the axis; the last must not count."""
        last = self.selected(axis, size - 1)
        if axis in self.axes and not last.size() <= NEGLIGIBLE * self.size():
            raise ValueError("the sum to \\infty does not converge, or too slowly")
        return self.total(axis, size)

    def joined(self, other: "Value", axis: str) -> "Value":
        """The entries of another one after these along an axis; both have the same axes."""
        return _made(np.concatenate([self.data, other.data], self.axes.index(axis)), self.axes)

    # Matrices

    def determinant(self) -> "Value":
        """Of the matrices in the axes ROW and COLUMN."""
        data, axes = self._matrices()
        return Value(np.linalg.det(data), axes)

    def inverse(self) -> "Value":
        """Of the matrices in the axes ROW and COLUMN."""
        data, axes = self._matrices()
        return Value(np.linalg.inv(data), [*axes, ROW, COLUMN])

    def _matrices(self) -> tuple[np.ndarray, list[str]]:
        data = np.moveaxis(self.data, [self.axes.index(ROW), self.axes.index(COLUMN)], [-2, -1])
        return data, [a for a in self.axes if a not in (ROW, COLUMN)]

    def solved(self, right: Named, row: str, column: str) -> "Value":
        """X with Σ_column self · x = right: self has the axes row and column, ``right`` row, x column."""
        square = self.data if self.axes == (row, column) else self.data.T
        other = [a for a in right.axes if a != row]
        moved = np.moveaxis(right.data, right.axes.index(row), 0)
        solution = np.linalg.solve(square, moved.reshape(len(square), -1)).reshape(moved.shape)
        return Value(solution, (column, *other))

    # Judgements

    def size(self) -> float:
        """Largest absolute value of the entries."""
        return float(np.max(np.abs(self.data))) if self.data.size else 0.0

    def vanishes(self, beside: Named, share: float) -> bool:
        """Whether this is 0 up to a share of the size of another value."""
        return self.size() <= share * float(np.max(np.abs(beside.data), initial=0.0))

    def positive(self) -> bool:
        """Whether a logarithm of every entry exists."""
        return not np.any(self.data <= 0)

    def finite(self) -> bool:
        """Whether every entry is a number."""
        return bool(np.all(np.isfinite(self.data)))

    def integer(self) -> int | None:
        """The integer that this number is, if it is one."""
        return int(self.data) if float(self.data).is_integer() else None

    def whole(self) -> bool:
        """Whether every entry is an integer."""
        return bool(np.all(self.data == np.round(self.data)))

    def integers(self) -> "Value":
        """The same as integers, which serve as indices."""
        if not np.all(np.abs(self.data) <= LARGEST_INTEGER):
            raise OverflowError(f"an integer beyond {LARGEST_INTEGER:.0e}")
        if np.any(np.abs(self.data - np.round(self.data)) > WHOLE):
            raise ValueError("an integer is wanted here")
        return _made(np.round(self.data).astype(int), self.axes)

    def gaps(self, other: Named) -> np.ndarray:
        """(self - other) / scale, entry by entry; the components of a vector share one scale."""
        axes, (x, y) = align(self, other)
        pooled = tuple(i for i, a in enumerate(axes) if a in (GRADIENT, ROW, COLUMN))
        x, y = np.broadcast_arrays(x, y)
        scale = np.maximum(np.abs(x), np.abs(y)).max(axis=pooled, keepdims=True, initial=0.0)
        scale = np.maximum(scale, max(FLOOR, SMALL * float(scale.max(initial=0.0))))
        return (x - y) / scale

    # Constants

    def number(self, x: Fraction) -> "Value":
        """A number, in this arithmetic."""
        try:
            return Value(np.float64(float(x)))
        except OverflowError:
            raise OverflowError("a number beyond 10^308, the largest in floating point") from None

    def pi(self) -> "Value":
        """The number π, in this arithmetic."""
        return Value(np.float64(np.pi))

    def lifted(self, x: Named) -> "Value":
        """The same: nothing of the other arithmetic enters this one."""
        assert isinstance(x, Value)
        return x

    def named(self) -> "Value":
        """The same; ``field`` gives it a name."""
        return self

    def remembered(self) -> "Value":
        """The same; ``field`` notes its logarithm."""
        return self


def _made(data: np.ndarray, axes: tuple[str, ...]) -> Value:
    """A value whose axes are known to be in order."""
    made = Value.__new__(Value)
    made.data, made.axes = data, axes
    return made


def _elementwise(operation: Callable[..., np.ndarray], a: Value, b: Operand) -> Value:
    if not isinstance(b, Value):
        return _made(operation(a.data, b), a.axes) if isinstance(b, int | float | np.generic) else NotImplemented
    if a.axes == b.axes or not b.axes:
        return _made(operation(a.data, b.data), a.axes)
    if not a.axes:
        return _made(operation(a.data, b.data), b.axes)
    axes, (left, right) = align(a, b)
    return _made(operation(left, right), axes)
