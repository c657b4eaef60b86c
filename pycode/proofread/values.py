"""Float64 dual numbers on named axes: the arithmetic of the worlds and of the evaluator.

A ``Value`` is an array with one name per axis; two values are combined by the names, never by position.
A ``Dual`` is a value with its derivative: at level 0 in the parameters (the derivative has the axis ``GRADIENT`` too),
at higher levels along one letter of a partial derivative. Duals nest, the highest level outside.
Everything else asks for arithmetic here and nowhere else, so that another arithmetic can take its place.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

GRADIENT = "∇"  # components of a derivative in the parameters
ROW, COLUMN = "row", "column"  # a column vector has ROW, its transpose COLUMN, a matrix both
LIMIT = 2_000_000  # entries of one array, 16 MB; the text needs a twentieth of it


class TooLargeError(ValueError):
    """An array would need more than ``LIMIT`` entries."""


class Value:
    """Array ``data`` whose axes are called ``axes``, in sorted order."""

    __slots__ = ("axes", "data")

    def __init__(self, data: object, axes: Sequence[str] = ()) -> None:
        array = np.asarray(data)
        if len(axes) > 1 and list(axes) != sorted(axes):
            order = sorted(range(len(axes)), key=axes.__getitem__)
            array, axes = array.transpose(order), [axes[i] for i in order]
        self.data, self.axes = array, tuple(axes)

    def __add__(self, other: "Number") -> "Scalar":
        return _elementwise(np.add, self, other) if _plain(other) else NotImplemented

    def __mul__(self, other: "Number") -> "Scalar":
        return _elementwise(np.multiply, self, other) if _plain(other) else NotImplemented

    def __sub__(self, other: "Number") -> "Scalar":
        return _elementwise(np.subtract, self, other) if _plain(other) else NotImplemented

    def __truediv__(self, other: "Number") -> "Scalar":
        return _elementwise(np.divide, self, other) if _plain(other) else NotImplemented

    def __rsub__(self, other: float) -> "Value":
        return Value(other - self.data, self.axes)

    def __rtruediv__(self, other: float) -> "Value":
        return Value(other / self.data, self.axes)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Value":
        return _made(-self.data, self.axes)

    def __repr__(self) -> str:
        return f"Value({self.data!r}, {self.axes!r})"


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

    def __rsub__(self, other: "Number") -> "Dual":
        return -self + other

    def __rtruediv__(self, other: "Number") -> "Dual":
        a, b = self._pair(other)
        return b / a

    __radd__, __rmul__ = __add__, __mul__


Scalar = Value | Dual
Number = Value | Dual | float


def value(x: Number) -> Scalar:
    """A plain number as a value without axes."""
    return x if isinstance(x, Value | Dual) else Value(np.float64(x))


ZERO, ONE = value(0.0), value(1.0)


def _plain(x: Number) -> bool:
    return not isinstance(x, Dual)


@cache
def _spread(own: tuple[str, ...], axes: tuple[str, ...]) -> tuple[slice | None, ...]:
    """Index that gives an array with its own axes a dimension for each of ``axes``."""
    return tuple(slice(None) if a in own else None for a in axes)


@cache
def _union(*axes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*axes)))


def align(*xs: Value) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The union of the axes, and the arrays with a dimension of length 1 for each axis that they lack."""
    axes = _union(*[x.axes for x in xs])
    arrays = [x.data if x.axes == axes else x.data[_spread(x.axes, axes)] for x in xs]
    if math.prod([a.size for a in arrays]) > LIMIT:  # an upper bound that is quickly computed
        size = math.prod(map(max, zip(*[a.shape for a in arrays], strict=True)))
        if size > LIMIT:
            shown = ", ".join(a.split(".")[0] for a in axes)
            raise TooLargeError(f"{len(axes)} indices at once ({shown}) make {size:.0g} numbers; sum some earlier")
    return axes, arrays


def _made(data: np.ndarray, axes: tuple[str, ...]) -> Value:
    """A value whose axes are known to be in order."""
    made = Value.__new__(Value)
    made.data, made.axes = data, axes
    return made


def _elementwise(operation: Callable[..., np.ndarray], a: Value, b: Number) -> Value:
    if not isinstance(b, Value):
        return _made(operation(a.data, b), a.axes)
    if a.axes == b.axes or not b.axes:
        return _made(operation(a.data, b.data), a.axes)
    if not a.axes:
        return _made(operation(a.data, b.data), b.axes)
    axes, (left, right) = align(a, b)
    return _made(operation(left, right), axes)


def _function(
    apply: Callable[[np.ndarray], np.ndarray], derivative: Callable[[Scalar, Scalar], Scalar]
) -> Callable[[Scalar], Scalar]:
    """An elementary function; ``derivative(x, f(x))`` is its derivative."""

    def function(x: Scalar) -> Scalar:
        if isinstance(x, Dual):
            result = function(x.value)
            return Dual(result, derivative(x.value, result) * x.tangent, x.level)
        return _made(apply(x.data), x.axes)

    return function


exp = _function(np.exp, lambda x, y: y)
log = _function(np.log, lambda x, y: 1.0 / x)
sqrt = _function(np.sqrt, lambda x, y: 0.5 / y)
sin: Callable[[Scalar], Scalar] = _function(np.sin, lambda x, y: cos(x))
cos: Callable[[Scalar], Scalar] = _function(np.cos, lambda x, y: -sin(x))
absolute = _function(np.abs, lambda x, y: y / x)
floor = _function(np.floor, lambda x, y: value(0.0))


def power(x: Scalar, n: int) -> Scalar:
    """X to an integer power, by repeated squaring; x^0 is 1."""
    if n < 0:
        return 1.0 / power(x, -n)
    result: Scalar = ONE
    while n:
        result, x, n = (result * x if n & 1 else result), x * x, n >> 1
    return result


def _linear(x: Scalar, action: Callable[[Value], Value]) -> Scalar:
    """A linear map of values, applied to a dual part by part."""
    return Dual(_linear(x.value, action), _linear(x.tangent, action), x.level) if isinstance(x, Dual) else action(x)


def total(x: Scalar, axis: str, size: int) -> Scalar:
    """Sum over an axis of ``size`` entries; what does not have the axis counts ``size`` times."""

    def add(v: Value) -> Value:
        if axis not in v.axes:
            return _made(v.data * float(size), v.axes)
        return Value(v.data.sum(axis=v.axes.index(axis)), tuple(a for a in v.axes if a != axis))

    return _linear(x, add)


def rename(x: Scalar, names: Mapping[str, str]) -> Scalar:
    """The same value with axes called otherwise."""
    return _linear(x, lambda v: Value(v.data, tuple(names.get(a, a) for a in v.axes)))


def select(x: Scalar, axis: str, index: object) -> Scalar:
    """Entry ``index`` of an axis, which disappears; for a slice, or an array of indices, it stays."""

    def pick(v: Value) -> Value:
        if axis not in v.axes:
            return v
        data = (
            np.take(v.data, np.asarray(index), v.axes.index(axis))
            if not isinstance(index, slice)
            else v.data[tuple(index if a == axis else slice(None) for a in v.axes)]
        )
        return Value(data, tuple(a for a in v.axes if a != axis) if np.ndim(data) < len(v.axes) else v.axes)

    return _linear(x, pick)


def take(table: Scalar, indices: Sequence[Value]) -> Scalar:
    """Entries of a table with the axes "0", "1", …: ``indices[i]`` (integers on named axes) says where along axis i."""
    axes, arrays = align(*indices) if indices else ((), [])

    def gather(v: Value) -> Value:
        own = [a for a in v.axes if not a.isdigit()]
        data = np.moveaxis(v.data, [v.axes.index(str(i)) for i in range(len(indices))], range(len(indices)))
        return Value(data[tuple(arrays)] if arrays else data, (*axes, *own))

    return _linear(table, lambda v: gather(_full(v, table, len(indices))))


def _full(v: Value, table: Scalar, count: int) -> Value:
    """A tangent that lacks axes of its table, with them."""
    missing = [str(i) for i in range(count) if str(i) not in v.axes]
    if not missing:
        return v
    whole = primal(table)
    shape = [whole.data.shape[whole.axes.index(a)] for a in missing]
    return Value(np.broadcast_to(v.data, (*shape, *v.data.shape)), (*missing, *v.axes))


def primal(x: Number) -> Value:
    """The value without its derivatives."""
    while isinstance(x, Dual):
        x = x.value
    return x if isinstance(x, Value) else Value(np.float64(x))


def tangent(x: Scalar, level: int = 0) -> Scalar:
    """Derivative at a level; 0 for what does not depend on it."""
    return x.tangent if isinstance(x, Dual) and x.level == level else ZERO


def size(x: Number) -> float:
    """Largest absolute value of the entries."""
    data = primal(x).data
    return float(np.max(np.abs(data))) if data.size else 0.0


def extended(x: Scalar, axis: str, entry: float) -> Scalar:
    """With one more entry at the end of an axis, a constant."""
    if isinstance(x, Dual):
        return Dual(extended(x.value, axis, entry), extended(x.tangent, axis, 0.0), x.level)
    at = x.axes.index(axis)
    return _made(np.concatenate([x.data, np.full_like(np.take(x.data, [0], at), entry)], at), x.axes)


def raised(x: Scalar, n: Value) -> Scalar:
    """X to a power that is an integer on named axes; 0^0 is 1."""
    if isinstance(x, Dual):
        lower = raised(x.value, Value(np.maximum(n.data - 1, np.minimum(n.data, 0)), n.axes))
        return Dual(raised(x.value, n), n * lower * x.tangent, x.level)
    return _elementwise(np.power, x, n)


def where(condition: Value, x: Scalar) -> Scalar:
    """X where the condition is true, else 0, whatever x is there."""

    def choose(v: Value) -> Value:
        axes, (yes, data) = align(condition, v)
        return Value(np.where(yes, data, 0.0), axes)

    return _linear(x, choose)
