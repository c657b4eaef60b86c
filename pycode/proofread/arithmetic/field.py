r"""Arrays of residues on named axes: the arithmetic in which = means equality, modulo a random prime.

``floats`` is the other arithmetic and has the same methods; functions are in ``formal``. An entry stands for v·exp(u)
with v and u in the field. What the field cannot say (an order, a sum of different exponentials) is ``UndecidedError``.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import TYPE_CHECKING

import numpy as np

from pycode.proofread.arithmetic import modular, rational
from pycode.proofread.arithmetic.floats import Value
from pycode.proofread.arithmetic.formal import Formal
from pycode.proofread.arithmetic.named import (
    COLUMN,
    LINE,
    ROW,
    Named,
    RedrawError,
    UndecidedError,
    align,
    fitted,
    ordered,
    union,
)
from pycode.proofread.limits import LARGEST_EXACT, LARGEST_INTEGER, NUMBER_BITS, SPARE_TERMS

if TYPE_CHECKING:
    from pycode.proofread.arithmetic.symbols import Field

FRACTION_BITS = 12  # residues of 1/2, 1/3, … are no integers below the modulus / 2^12


class Residue(Formal):
    """Residues ``data``, each times the exponential of a residue of ``exponent`` (None: of 0)."""

    __slots__ = ()

    def __init__(
        self,
        field: "Field",
        data: np.ndarray,
        axes: Sequence[str] = (),
        exponent: np.ndarray | None = None,
        *,
        invented: bool = False,
        pure: bool = False,
        logs: bool = False,
    ) -> None:
        self.data, self.axes = ordered(np.asarray(data, field.dtype), axes)
        self.exponent = None
        if exponent is not None:
            exponent = np.asarray(exponent, field.dtype)  # int64 would overflow
            self.exponent = ordered(np.broadcast_to(exponent, np.shape(data)), axes)[0]
        self.field, self.made, self.fraction = field, None, None
        self.invented, self.pure, self.logs = invented, pure, logs

    def __repr__(self) -> str:
        return f"Residue({self.data!r}, {self.axes!r}, {self.exponent!r})"

    def lifted(self, x: "Named | Fraction | float") -> "Residue":
        """A number or an array of the other arithmetic, which must be integers or halves, in this one."""
        if isinstance(x, Residue):
            return x
        if not isinstance(x, Value) or not x.axes:
            return self.field.constant(x.data.item() if isinstance(x, Value) else x)  # type: ignore[arg-type]
        m, data = self.field.modulus, x.data
        if data.dtype.kind == "f":
            data = np.rint(2 * x.data).astype(np.int64)
            if np.any(data != 2 * x.data):
                raise UndecidedError("numbers that are known to 16 digits only")
            halves = data.astype(self.field.dtype) * self.field.half % m
            return Residue(self.field, halves, x.axes, pure=bool(np.all(data > 0)))
        residues = (data.astype(object) % m).astype(self.field.dtype)  # integers of any size
        return Residue(self.field, residues, x.axes, pure=bool(np.all(data > 0)))

    def _from(self, data: np.ndarray, axes: tuple[str, ...], exponent: np.ndarray | None, *more: object) -> "Residue":
        """A result on sorted axes; ``more``: made, fraction, invented, pure, logs."""
        if np.size(data) > LARGEST_EXACT:
            raise UndecidedError(f"more than {LARGEST_EXACT} numbers at once")
        found = Residue.__new__(Residue)
        found.field, found.axes = self.field, axes
        # Arrays of objects without axes decay to numbers.
        found.data = data if type(data) is np.ndarray else np.array(data, self.field.dtype)
        if exponent is not None and np.shape(exponent) != found.data.shape:
            exponent = np.broadcast_to(exponent, found.data.shape)
        elif exponent is not None and type(exponent) is not np.ndarray:
            exponent = np.array(exponent, self.field.dtype)
        found.exponent = exponent
        found.made, found.fraction, found.invented, found.pure, found.logs = more  # type: ignore[assignment]
        return found

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], axes: Sequence[str]) -> "Residue":
        """Entries moved, chosen or repeated by ``change``, which gives these axes in this order."""
        data, names = ordered(np.asarray(change(self.data), self.field.dtype), axes)
        exponent = None
        if self.exponent is not None:
            exponent = ordered(np.asarray(change(self.exponent), self.field.dtype), axes)[0]
        made = ("map", self, change, tuple(axes)) if self.made is not None else None
        return self._from(data, names, exponent, made, None, self.invented, self.pure, self.logs)

    # Arithmetic

    def _beside(self, other: object) -> "tuple[Residue, tuple[str, ...], np.ndarray, np.ndarray] | None":
        """The other operand, and both arrays on the union of the axes."""
        if type(other) is Residue:
            y = other
        elif isinstance(other, Named | int | float | Fraction | np.generic):
            y = self.lifted(other)  # type: ignore[arg-type]
        else:
            return None
        if self.axes == y.axes or not y.axes:
            return y, self.axes, self.data, y.data
        if not self.axes:
            return y, y.axes, self.data, y.data
        axes, (a, b) = align(self, y)
        return y, axes, a, b

    def __add__(self, other: object) -> "Residue":
        return self._plus(other, 1)

    def __sub__(self, other: object) -> "Residue":
        return self._plus(other, -1)

    def _plus(self, other: object, sign: int) -> "Residue":
        pair = self._beside(other)
        if pair is None:
            return NotImplemented
        y, axes, a, b = pair
        exponent = None
        if self.exponent is not None or y.exponent is not None:
            exponent = _common(a, self._shown(axes), b, y._shown(axes))
        logs = self.logs or y.logs
        made = ("plus", self, y if sign == 1 else -y) if logs else None
        fraction = self._rational(y, add if sign == 1 else sub)
        data = (a + b if sign == 1 else a - b) % self.field.modulus
        return self._from(data, axes, exponent, made, fraction, self.invented or y.invented, False, logs)

    def __mul__(self, other: object) -> "Residue":
        return self._times(other, 1)

    def __truediv__(self, other: object) -> "Residue":
        return self._times(other, -1)

    def _times(self, other: object, power: int) -> "Residue":
        """Self · other, or self / other."""
        pair = self._beside(other)
        if pair is None:
            return NotImplemented
        y, axes, a, b = pair
        exponent = None
        if self.exponent is not None or y.exponent is not None:
            shown = y._shown(axes)
            exponent = _sum(self._shown(axes), None if shown is None else shown * power, self.field.modulus)
        fraction = None if power == -1 and y.fraction == 0 else self._rational(y, mul if power == 1 else truediv)
        return self._from(
            a * (b if power == 1 else self.field.inverse(b)) % self.field.modulus,
            axes,
            exponent,
            ("times" if power == 1 else "over", self, y),
            fraction,
            self.invented or y.invented,
            self.pure and y.pure,
            self.logs or y.logs,
        )

    def __neg__(self) -> "Residue":
        return self * -1

    def __rsub__(self, other: object) -> "Residue":
        return -self + other

    def __rtruediv__(self, other: object) -> "Residue":
        pair = self._beside(other)
        return NotImplemented if pair is None else pair[0] / self

    __radd__, __rmul__ = __add__, __mul__

    def _rational(self, y: "Residue", operation: Callable[[Fraction, Fraction], Fraction]) -> Fraction | None:
        """The rational number that comes of two, while it is not too long."""
        if self.fraction is None or y.fraction is None:
            return None
        parts = (n for x in (self.fraction, y.fraction) for n in x.as_integer_ratio())
        return operation(self.fraction, y.fraction) if sum(n.bit_length() for n in parts) <= NUMBER_BITS else None

    def _shown(self, axes: tuple[str, ...]) -> np.ndarray | None:
        """The exponents with a dimension for each of the axes."""
        if self.exponent is None or self.axes == axes:
            return self.exponent
        return self.exponent[fitted(self.axes, axes)]

    def where(self, condition: Value) -> "Residue":
        """The same where the condition is true, else 0, whatever stands there."""
        axes, (yes, data) = align(condition, self)
        return self._from(np.where(yes, data, 0), axes, self._shown(axes), None, None, self.invented, False, self.logs)

    # Along an axis

    def total(self, axis: str, size: int) -> "Residue":
        """Sum over an axis of ``size`` entries; what does not have the axis counts ``size`` times."""
        if axis not in self.axes:
            return self * size
        at = self.axes.index(axis)
        exponent = None
        if self.exponent is not None:
            parts = [(np.take(self.data, [i], at), np.take(self.exponent, [i], at)) for i in range(size)]
            (v, exponent), *others = parts
            for w, e in others:
                exponent, v = _common(v, exponent, w, e), (v + w) % self.field.modulus
            exponent = np.take(exponent, 0, at)
        data = self.data.sum(axis=at) % self.field.modulus
        made = ("total", self, axis, size) if self.logs else None
        return self._from(data, self._without(axis), exponent, made, None, self.invented, False, self.logs)

    def _without(self, *axes: str) -> tuple[str, ...]:
        return tuple(a for a in self.axes if a not in axes)

    def series(self, axis: str, size: int) -> "Residue":
        """Sum of an infinite sequence whose first ``size`` terms stand along the axis, by its linear recurrence."""
        if self.exponent is not None:
            raise UndecidedError("an infinite sum of exponentials")
        line = [LINE] if LINE in self.axes else []
        order = [axis, *line, *self._without(axis, LINE)]
        terms = self.data.transpose([self.axes.index(a) for a in order])
        try:
            data = rational.series(terms if line else terms[:, None], self.field.modulus, SPARE_TERMS)
        except rational.NoRecurrenceError:
            text = f"an infinite sum whose first {size} terms satisfy no linear recurrence of a low order"
            raise UndecidedError(text) from None
        except ZeroDivisionError:
            raise ValueError("the sum to \\infty diverges: a part of its terms stays the same") from None
        except ValueError:
            raise RedrawError from None
        return Residue(self.field, data if line else data[0], order[1:], invented=self.invented, logs=self.logs)

    def joined(self, other: Named, axis: str) -> "Residue":
        """The entries of another one after these along an axis; both have the same axes but for that of the line."""
        y = self.lifted(other)
        axes = union(self.axes, y.axes)
        parts = []
        for x in (self, y):
            shape = [(self if a in self.axes else y).length(a) if a != axis else x.length(a) for a in axes]
            shown = x.exponent if x.exponent is not None else np.zeros(x.data.shape, self.field.dtype)
            parts.append([np.broadcast_to(v[fitted(x.axes, axes)], shape) for v in (x.data, shown)])
        at = axes.index(axis)
        data, exponent = (np.concatenate(both, at) for both in zip(*parts, strict=True))
        none = self.exponent is None and y.exponent is None
        invented, logs = self.invented or y.invented, self.logs or y.logs
        return self._from(data, axes, None if none else exponent, None, None, invented, False, logs)

    # Matrices

    def determinant(self) -> "Residue":
        """Of the matrices in the axes ROW and COLUMN."""
        data = self.field.guarded(modular.determinant, self._matrices())
        return Residue(self.field, data, self._without(ROW, COLUMN), invented=self.invented, logs=self.logs)

    def inverse(self) -> "Residue":
        """Of the matrices in the axes ROW and COLUMN."""
        data = self.field.guarded(modular.inverse_matrix, self._matrices())
        axes = [*self._without(ROW, COLUMN), ROW, COLUMN]
        return Residue(self.field, data, axes, invented=self.invented, logs=self.logs)

    def _matrices(self) -> np.ndarray:
        if self.exponent is not None:
            raise UndecidedError("a matrix of exponentials")
        return np.moveaxis(self.data, [self.axes.index(ROW), self.axes.index(COLUMN)], [-2, -1])

    def solved(self, right: Named, row: str, column: str) -> "Residue":
        """X with Σ_column self · x = right: self has the axes row and column, ``right`` row, x column."""
        b = self.lifted(right)
        if self.exponent is not None or b.exponent is not None:
            raise UndecidedError("a system of exponentials")
        line = [LINE] if LINE in self.axes or LINE in b.axes else []
        other = b._without(row, LINE)
        matrix, known = _lined(self, [*line, row, column]), _lined(b, [*line, row, *other])
        x = self.field.guarded(modular.solve, matrix, known.reshape(*known.shape[: len(line) + 1], -1))
        shape = [len(matrix)] * len(line) + list(known.shape[len(line) :])
        invented, logs = self.invented or b.invented, self.logs or b.logs
        return Residue(self.field, x.reshape(shape), [*line, column, *other], invented=invented, logs=logs)

    # Judgements

    def size(self) -> float:
        """1, or 0 where all entries are 0."""
        return float(bool(np.any(self.data != 0)))

    def vanishes(self, beside: Named, share: float) -> bool:
        """Whether this is 0."""
        return self.size() == 0.0

    def positive(self) -> bool:
        """Unknown; the logarithm of 0 asks for another point."""
        return True

    def finite(self) -> bool:
        """Always."""
        return True

    def integer(self) -> int | None:
        """The integer that this number is, if it is one."""
        return self.fraction.numerator if self.fraction is not None and self.fraction.denominator == 1 else None

    def whole(self) -> bool:
        """Whether every entry is an integer, and not a large one."""
        try:
            self.integers()
        except ValueError:
            return False
        return True

    def integers(self) -> Value:
        """The same as integers, which serve as indices."""
        p = self.field.modulus
        data = np.where(self.data > p // 2, self.data - p, self.data)
        if self.exponent is not None or np.any(np.abs(data) > min(LARGEST_INTEGER, p >> FRACTION_BITS)):
            raise ValueError("an integer is wanted here")
        axes = self.axes
        if LINE in axes:
            at = axes.index(LINE)
            if np.any(data != np.take(data, [0], at)):
                raise ValueError("an integer is wanted here")
            data, axes = np.take(data, 0, at), tuple(a for a in axes if a != LINE)
        return Value(data.astype(int), axes)

    def gaps(self, other: Named) -> np.ndarray:
        """1 where an entry differs from that of the other one, else 0."""
        y = self.lifted(other)
        axes, (a, b) = align(self, y)
        differ = a != b
        e, f = self._shown(axes), y._shown(axes)
        if e is not None or f is not None:
            apart = ((0 if e is None else e) - (0 if f is None else f)) % self.field.modulus != 0
            differ = differ | (apart & (a != 0))
        return np.asarray(differ, float)

    # Constants and names

    def number(self, x: Fraction) -> "Residue":
        """A rational number, in this arithmetic."""
        return self.field.constant(x)

    def pi(self) -> "Residue":
        """The number π, in this arithmetic: a letter."""
        return self.field.circle


def _lined(x: Residue, axes: Sequence[str]) -> np.ndarray:
    """The array with its axes in this order; one that it lacks has the length 1."""
    present = [a for a in axes if a in x.axes]
    data = x.data.transpose([x.axes.index(a) for a in present])
    return data[tuple(slice(None) if a in present else None for a in axes)]


def _sum(a: np.ndarray | None, b: np.ndarray | None, p: int) -> np.ndarray | None:
    if a is None or b is None:
        return a if b is None else b % p
    return (a + b) % p


def _common(a: np.ndarray, e: np.ndarray | None, b: np.ndarray, f: np.ndarray | None) -> np.ndarray:
    """The exponents of a sum; both the same, but where a term is 0."""
    e, f = (np.zeros((1,) * a.ndim, object) if x is None else x for x in (e, f))
    a, b, e, f = np.broadcast_arrays(a, b, e, f)
    if np.any((a != 0) & (b != 0) & (e != f)):
        raise UndecidedError("a sum of different exponentials")
    return np.where(a != 0, e, f)
