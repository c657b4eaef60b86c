"""Numbers of either arithmetic, ``floats`` or ``field``, and dual numbers over them.

A ``Dual`` is a number with its derivative: at level 0 in the parameters (the derivative has the axis ``GRADIENT`` too),
at higher levels along one letter of a partial derivative. Duals nest, the highest level outside.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.floats import Value
from pycode.proofread.arithmetic.named import COLUMN, GRADIENT, LIMIT, ROW, TooLargeError, align

__all__ = ["COLUMN", "GRADIENT", "LIMIT", "ROW", "Residue", "TooLargeError", "Value", "align"]


class Dual:
    """``value`` and its derivative ``tangent`` at ``level``; both may be duals of lower levels."""

    __slots__ = ("level", "tangent", "value")

    def __init__(self, value: "Scalar", tangent: "Scalar", level: int = 0) -> None:
        self.value, self.tangent, self.level = value, tangent, level

    def _constant(self, other: "Number") -> bool:
        """Whether the other number is a constant at this level."""
        return not isinstance(other, Dual) or other.level < self.level

    def _pair(self, other: "Number") -> tuple["Dual", "Dual"]:
        """Both numbers at the higher of their levels; a lower one is a constant there."""
        if not isinstance(other, Dual):
            return self, Dual(value(other), ZERO, self.level)
        if other.level == self.level:
            return self, other
        if other.level < self.level:
            return self, Dual(other, ZERO, self.level)
        return Dual(self, ZERO, other.level), other

    def __add__(self, other: "Number") -> "Dual":
        if self._constant(other):
            return Dual(self.value + other, self.tangent, self.level)
        a, b = self._pair(other)
        return Dual(a.value + b.value, a.tangent + b.tangent, a.level)

    def __mul__(self, other: "Number") -> "Dual":
        if self._constant(other):
            return Dual(self.value * other, self.tangent * other, self.level)
        a, b = self._pair(other)
        return Dual(a.value * b.value, a.tangent * b.value + a.value * b.tangent, a.level)

    def __truediv__(self, other: "Number") -> "Dual":
        if self._constant(other):
            return Dual(self.value / other, self.tangent / other, self.level)
        a, b = self._pair(other)
        quotient = a.value / b.value
        return Dual(quotient, (a.tangent - quotient * b.tangent) / b.value, a.level)

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.tangent, self.level)

    def __sub__(self, other: "Number") -> "Dual":
        return self + (-other)

    def __rsub__(self, other: "Number") -> "Dual":  # type: ignore[misc]
        return -self + other

    def __rtruediv__(self, other: "Number") -> "Dual":  # type: ignore[misc]
        a, b = self._pair(other)
        return b / a

    __radd__, __rmul__ = __add__, __mul__


Plain = Value | Residue
Scalar = Value | Residue | Dual
Number = Value | Residue | Dual | float


def value(x: Number) -> Scalar:
    """A plain number as a value without axes."""
    return x if isinstance(x, Value | Residue | Dual) else Value(np.float64(x))


ZERO, ONE = Value(np.float64(0.0)), Value(np.float64(1.0))


def _function(name: str, derivative: Callable[[Scalar, Scalar], Scalar]) -> Callable[[Scalar], Scalar]:
    """An elementary function; ``derivative(x, f(x))`` is its derivative."""

    def function(x: Scalar) -> Scalar:
        if isinstance(x, Dual):
            result = function(x.value)
            return Dual(result, derivative(x.value, result) * x.tangent, x.level)
        return getattr(x, name)()

    return function


exp = _function("exp", lambda x, y: y)
log = _function("log", lambda x, y: 1.0 / x)
sqrt = _function("sqrt", lambda x, y: 0.5 / y)
sin: Callable[[Scalar], Scalar] = _function("sin", lambda x, y: cos(x))
cos: Callable[[Scalar], Scalar] = _function("cos", lambda x, y: -sin(x))
absolute = _function("absolute", lambda x, y: y / x)
floor = _function("floor", lambda x, y: ZERO)


def power(x: Scalar, n: int) -> Scalar:
    """X to an integer power, by repeated squaring; x^0 is 1."""
    if n < 0:
        return 1.0 / power(x, -n)
    result: Scalar = ONE
    while n:
        result, x, n = (result * x if n & 1 else result), (x * x if n > 1 else x), n >> 1
    return result


def raised(x: Scalar, n: Value) -> Scalar:
    """X to a power that is an integer on named axes; 0^0 is 1."""
    if isinstance(x, Dual):
        lower = raised(x.value, Value(np.maximum(n.data - 1, np.minimum(n.data, 0)), n.axes))
        return Dual(raised(x.value, n), lower * n * x.tangent, x.level)
    return x.raised(n)


def linear(x: Scalar, action: Callable[[Plain], Plain]) -> Scalar:
    """A linear map, applied to a dual part by part."""
    return Dual(linear(x.value, action), linear(x.tangent, action), x.level) if isinstance(x, Dual) else action(x)


def total(x: Scalar, axis: str, size: int) -> Scalar:
    """Sum over an axis of ``size`` entries; what does not have the axis counts ``size`` times."""
    return linear(x, lambda v: v.total(axis, size))


def series(x: Scalar, axis: str, size: int) -> Scalar:
    """Sum of an infinite sequence whose first ``size`` terms stand along the axis."""
    whole = primal(x)
    if axis not in whole.axes and whole.size() > 0.0:
        raise ValueError("the sum to \\infty does not converge: its terms do not change")
    if isinstance(whole, Value):
        whole.series(axis, size)
        return total(x, axis, size)
    return linear(x, lambda v: v.series(axis, size) if axis in v.axes else v * 0.0)


def rename(x: Scalar, names: Mapping[str, str]) -> Scalar:
    """The same value with axes called otherwise."""
    return linear(x, lambda v: v.renamed(names))


def select(x: Scalar, axis: str, index: object) -> Scalar:
    """Entry ``index`` of an axis, which disappears; for a slice, or an array of indices, it stays."""
    return linear(x, lambda v: v.selected(axis, index))


def where(condition: Value, x: Scalar) -> Scalar:
    """X where the condition is true, else 0, whatever x is there."""
    return linear(x, lambda v: v.where(condition))


def take(table: Scalar, indices: Sequence[Value]) -> Scalar:
    """Entries of a table with the axes "0", "1", …: ``indices[i]`` (integers on named axes) says where along axis i."""
    return linear(table, lambda v: _full(v, primal(table), len(indices)).gathered(indices))


def _full(v: Plain, table: Plain, count: int) -> Plain:
    """A tangent that lacks axes of its table, with them."""
    missing = [str(i) for i in range(count) if str(i) not in v.axes]
    return v.spread(missing, [table.length(a) for a in missing]) if missing else v


def join(x: Scalar, y: Scalar, axis: str) -> Scalar:
    """The entries of y after those of x along an axis; both have the same axes, and a derivative or none."""
    if isinstance(x, Dual) and isinstance(y, Dual):
        return Dual(join(x.value, y.value, axis), join(x.tangent, y.tangent, axis), x.level)
    return primal(x).joined(primal(y), axis)  # type: ignore[arg-type]


def extended(x: Scalar, axis: str, entry: Fraction) -> Scalar:
    """With one more entry at the end of an axis, a constant."""
    last = select(x, axis, slice(1)) * 0.0
    return join(x, last + number(entry, x), axis)


def primal(x: Number) -> Plain:
    """The value without its derivatives."""
    while isinstance(x, Dual):
        x = x.value
    return x if isinstance(x, Value | Residue) else Value(np.float64(x))


def tangent(x: Scalar, level: int = 0) -> Scalar:
    """Derivative at a level; 0 for what does not depend on it."""
    return x.tangent if isinstance(x, Dual) and x.level == level else ZERO


def size(x: Number) -> float:
    """Largest absolute value of the entries; 1 for residues that are not all 0."""
    return primal(x).size()


def named(x: Scalar) -> Scalar:
    """The same as a letter of its own: a sum that its world knows to be positive and no product of others."""
    return Dual(named(x.value), x.tangent, x.level) if isinstance(x, Dual) else x.named()


def number(x: Fraction, like: Scalar) -> Scalar:
    """A rational number in the arithmetic of another one."""
    return primal(like).number(x)


def pi(like: Scalar) -> Scalar:
    """The number π in the arithmetic of another one."""
    return primal(like).pi()
