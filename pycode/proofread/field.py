r"""Arrays of residues on named axes: the arithmetic in which = means equality, modulo a random prime.

``floats`` is the other arithmetic and has the same methods. An entry stands for v·exp(u) with v and u in the field.
Logarithms are symbols: log of a letter is a random number that is drawn from its value, log of a product is the sum of
the logarithms; so an array remembers how it was made. exp(log y) is y again. A root is the one that is itself a square.
What the field cannot say (an order, a sum of different exponentials) is ``UndecidedError``; ``invented`` marks what depends
on the logarithm or the root of a sum, which could be a product unseen: there only equality is believed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from operator import add, mul, truediv
from typing import TYPE_CHECKING

import numpy as np

from pycode.proofread import modular, rational
from pycode.proofread.floats import Value
from pycode.proofread.limits import LARGEST_INTEGER, NUMBER_BITS, SPARE_TERMS
from pycode.proofread.named import COLUMN, LINE, ROW, Named, RedrawError, UndecidedError, align, fitted, ordered, union

if TYPE_CHECKING:
    from pycode.proofread.symbols import Field

FRACTION_BITS = 12  # residues of 1/2, 1/3, … are no integers below p / 2^12


class Residue(Named):
    """Residues ``data``, each times the exponential of a residue of ``exponent`` (None: of 0)."""

    __slots__ = ("exponent", "field", "fraction", "invented", "logs", "made", "pure")

    def __init__(
        self,
        field: "Field",
        data: np.ndarray,
        axes: Sequence[str] = (),
        exponent: np.ndarray | None = None,
        *,
        made: tuple | None = None,
        fraction: Fraction | None = None,
        invented: bool = False,
        pure: bool = False,
        logs: bool = False,
    ) -> None:
        self.field, self.exponent = field, exponent
        data = np.asarray(data, field.dtype)  # arrays of objects without axes decay to numbers
        if exponent is not None:
            exponent = np.asarray(exponent, field.dtype)  # int64 would overflow
            self.exponent = ordered(np.broadcast_to(exponent, data.shape), axes)[0]
        self.data, self.axes = ordered(data, axes)
        self.made, self.fraction = made, fraction  # the operation and its operands; the rational number that this is
        self.invented, self.pure, self.logs = invented, pure, logs  # pure: no sum; logs: a sum with logarithms in it

    def __repr__(self) -> str:
        return f"Residue({self.data!r}, {self.axes!r}, {self.exponent!r})"

    def lifted(self, x: "Named | float | Fraction") -> "Residue":
        """A number or an array of the other arithmetic, which must be integers or halves, in this one."""
        if isinstance(x, Residue):
            return x
        if isinstance(x, float):
            x = Value(x)
        if not isinstance(x, Value):
            return self.field.number(Fraction(x))  # type: ignore[arg-type]
        if x.data.dtype == object:  # integers of any size
            return Residue(self.field, x.data % self.field.prime, x.axes, pure=bool(np.all(x.data > 0)))
        doubled = np.rint(2 * x.data).astype(int)
        if np.any(doubled != 2 * x.data):
            raise UndecidedError("numbers that are known to 16 digits only")
        if not x.axes:
            return self.field.number(Fraction(int(doubled), 2))
        p = self.field.prime
        data = doubled.astype(self.field.dtype) * ((p + 1) // 2) % p
        return Residue(self.field, data, x.axes, pure=bool(np.all(doubled > 0)))

    def _other(self, x: object) -> "Residue | None":
        return self.lifted(x) if isinstance(x, Named | int | float | Fraction | np.generic) else None  # type: ignore

    def _like(self, data: np.ndarray, axes: Sequence[str], *operands: "Residue", **more: object) -> "Residue":
        return Residue(self.field, data, axes, invented=any(o.invented for o in operands), **more)  # type: ignore

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], axes: Sequence[str]) -> "Residue":
        """Entries moved, chosen or repeated by ``change``, which gives these axes in this order."""
        exponent = None if self.exponent is None else change(self.exponent)
        made = ("map", self, change, tuple(axes)) if self.made is not None else None
        return self._like(change(self.data), axes, self, exponent=exponent, made=made, pure=self.pure, logs=self.logs)

    # Arithmetic

    def __add__(self, other: object) -> "Residue":
        y = self._other(other)
        if y is None:
            return NotImplemented
        axes, (a, b) = align(self, y)
        made = ("plus", self, y) if self.logs or y.logs else None
        fraction = self._rational(y, add)
        exponent = None
        if self.exponent is not None or y.exponent is not None:
            exponent = _common(a, self._shown(axes), b, y._shown(axes))
        data = (a + b) % self.field.prime
        return self._like(data, axes, self, y, exponent=exponent, made=made, fraction=fraction, logs=made is not None)

    def __mul__(self, other: object) -> "Residue":
        y = self._other(other)
        if y is None:
            return NotImplemented
        axes, (a, b) = align(self, y)
        fraction = self._rational(y, mul)
        return self._like(
            a * b % self.field.prime,
            axes,
            self,
            y,
            exponent=_sum(self._shown(axes), y._shown(axes), self.field.prime),
            made=("times", self, y),
            fraction=fraction,
            pure=self.pure and y.pure,
            logs=self.logs or y.logs,
        )

    def __truediv__(self, other: object) -> "Residue":
        y = self._other(other)
        if y is None:
            return NotImplemented
        axes, (a, b) = align(self, y._reciprocal())
        minus = None if y.exponent is None else -y._shown(axes)  # type: ignore[operator]
        fraction = self._rational(y, truediv)
        return self._like(
            a * b % self.field.prime,
            axes,
            self,
            y,
            exponent=_sum(self._shown(axes), minus, self.field.prime),
            made=("over", self, y),
            fraction=fraction,
            pure=self.pure and y.pure,
            logs=self.logs,
        )

    def _reciprocal(self) -> "Residue":
        try:
            return self._like(modular.inverse(self.data, self.field.prime), self.axes, self)
        except ZeroDivisionError:
            raise RedrawError from None

    def __neg__(self) -> "Residue":
        return self * -1

    def __sub__(self, other: object) -> "Residue":
        y = self._other(other)
        return NotImplemented if y is None else self + -y

    def __rsub__(self, other: object) -> "Residue":
        return -self + other

    def __rtruediv__(self, other: object) -> "Residue":
        y = self._other(other)
        return NotImplemented if y is None else y / self

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

    # Functions, entry by entry

    def log(self) -> "Residue":
        """Natural logarithm: symbols, sums of them for products, and the exponent."""
        result = None
        if self.fraction is not None and self.exponent is None:
            result = self.field.fraction_log(self.fraction)
        else:
            match self.made:
                case ("times", a, b):
                    result = a.log() * 2 if a is b else a.log() + b.log()
                case ("over", a, b):
                    result = a.log() - b.log()
                case ("root", a):
                    result = a.log() / 2
                case ("raised", a, n):
                    result = a.log() * n
                case ("exp", a):
                    result = a
                case ("map", a, change, axes):
                    with suppress(RedrawError):  # there may be zeros among what was not chosen
                        result = a.log().mapped(change, axes)
        if result is None:
            data, new = self.field.logarithms(self)
            result = Residue(self.field, data, self.axes, invented=self.invented or new)
            if self.exponent is not None:
                result = result + Residue(self.field, self.exponent, self.axes)
        return Residue(
            self.field,
            result.data,
            result.axes,
            result.exponent,
            made=("log", self),
            invented=result.invented,
            logs=True,
        )

    def exp(self) -> "Residue":
        """Exponential; exp(c·log y) is y^c for c a multiple of 1/2."""
        return self._exponential(Fraction(1))

    def _exponential(self, c: Fraction) -> "Residue":
        """Exp(c·self)."""
        if not self.logs:
            if self.exponent is not None:
                raise UndecidedError("the exponential of an exponential")
            if self.fraction == 0:
                return self.field.number(1)
            x = self if c == 1 else self * c
            one = np.full(x.data.shape, 1, self.field.dtype)
            return x._like(one, x.axes, x, exponent=x.data, made=("exp", x), pure=True)
        match self.made:
            case ("log", y):
                return _power(y, c)
            case ("plus", a, b):
                return a._exponential(c) * b._exponential(c)
            case ("times", a, b) if a.fraction is not None or b.fraction is not None:
                factor, rest = (a, b) if a.fraction is not None else (b, a)
                return rest._exponential(c * factor.fraction)
            case ("over", a, b) if b.fraction is not None:
                return a._exponential(c / b.fraction)
            case ("map", a, change, axes):
                return a._exponential(c).mapped(change, axes)
        raise UndecidedError("an exponential of products or long sums of logarithms")

    def sqrt(self) -> "Residue":
        """The root that is itself a square; of what a world names, and of a·a, the one that it says."""
        p = self.field.prime
        named = self._looked_up(self.field.roots)
        if named is not None:
            half = None if self.exponent is None else self.exponent * ((p + 1) // 2) % p
            return self._like(named, self.axes, self, exponent=half, made=("root", self), pure=True)
        if self.fraction is None and self.made is not None and self.made[0] == "times":
            _, a, b = self.made
            if a is b and a.pure:
                return a
            with suppress(RedrawError):
                root = a.sqrt()
                return root * (root if a is b else b.sqrt())
        try:
            data = modular.root(self.data, p)
        except modular.NoRootError:
            raise RedrawError from None
        half = None if self.exponent is None else self.exponent * ((p + 1) // 2) % p
        root = self._like(data, self.axes, self, exponent=half, made=("root", self), pure=self.pure)
        root.invented |= not self.pure
        return root

    def sin(self) -> "Residue":
        """Unknown."""
        raise UndecidedError("a sine")

    def cos(self) -> "Residue":
        """Unknown."""
        raise UndecidedError("a cosine")

    def absolute(self) -> "Residue":
        """Unknown: the field has no signs."""
        raise UndecidedError("an absolute value")

    def floor(self) -> "Residue":
        """Known for a rational number only."""
        if self.fraction is None:
            raise UndecidedError("a rounding to integers")
        return self.field.number(self.fraction.__floor__())

    def raised(self, n: Value) -> "Residue":
        """To a power that is an integer on named axes; 0^0 is 1."""
        p = self.field.prime
        axes, (base, powers) = align(self, n)
        try:
            data = np.frompyfunc(lambda v, k: pow(int(v), int(k), p), 2, 1)(base, powers)
        except ValueError:
            raise RedrawError from None
        shown = self._shown(axes)
        exponent = None if shown is None else shown * powers.astype(self.field.dtype) % p
        data = np.asarray(data, self.field.dtype)
        return self._like(data, axes, self, exponent=exponent, made=("raised", self, n), pure=self.pure)

    def where(self, condition: Value) -> "Residue":
        """The same where the condition is true, else 0, whatever stands there."""
        axes, (yes, data) = align(condition, self)
        return self._like(np.where(yes, data, 0), axes, self, exponent=self._shown(axes))

    # Along an axis

    def total(self, axis: str, size: int) -> "Residue":
        """Sum over an axis of ``size`` entries; what does not have the axis counts ``size`` times."""
        if axis not in self.axes:
            return self * size
        at = self.axes.index(axis)
        rest = tuple(a for a in self.axes if a != axis)
        exponent = None
        if self.exponent is not None:
            parts = [(np.take(self.data, i, at), np.take(self.exponent, i, at)) for i in range(size)]
            (v, exponent), *others = parts
            for w, e in others:
                exponent, v = _common(v, exponent, w, e), (v + w) % self.field.prime
        data = self.data.sum(axis=at) % self.field.prime
        return self._like(np.asarray(data, self.field.dtype), rest, self, exponent=exponent)

    def series(self, axis: str, size: int) -> "Residue":
        """Sum of an infinite sequence whose first ``size`` terms stand along the axis, by its linear recurrence."""
        if self.exponent is not None:
            raise UndecidedError("an infinite sum of exponentials")
        rest = [a for a in self.axes if a not in (axis, LINE)]
        order = [axis, *([LINE] if LINE in self.axes else []), *rest]
        terms = self.data.transpose([self.axes.index(a) for a in order])
        try:
            data = rational.series(terms if LINE in self.axes else terms[:, None], self.field.prime, SPARE_TERMS)
        except ZeroDivisionError:
            raise RedrawError from None
        except rational.NoRecurrenceError:
            text = f"an infinite sum whose first {size} terms satisfy no linear recurrence of a low order"
            raise UndecidedError(text) from None
        return self._like(data if LINE in self.axes else data[0], order[1:], self)

    def joined(self, other: Named, axis: str) -> "Residue":
        """The entries of another one after these along an axis; both have the same axes but for that of the line."""
        y = self.lifted(other)
        axes = union(self.axes, y.axes)
        arrays = []
        for x in (self, y):
            shape = [(self if a in self.axes else y).length(a) if a != axis else x.length(a) for a in axes]
            shown = [
                None if v is None else np.broadcast_to(v[fitted(x.axes, axes)], shape) for v in (x.data, x.exponent)
            ]
            arrays.append(shown)
        at = axes.index(axis)
        exponent = None
        if self.exponent is not None or y.exponent is not None:
            exponents = [np.zeros(v.shape, self.field.dtype) if e is None else e for v, e in arrays]
            exponent = np.concatenate(exponents, at)
        return self._like(np.concatenate([v for v, _ in arrays], at), axes, self, y, exponent=exponent)

    # Matrices

    def determinant(self) -> "Residue":
        """Of the matrices in the axes ROW and COLUMN."""
        data, axes = self._matrices()
        return self._like(modular.determinant(data, self.field.prime), axes, self)

    def inverse(self) -> "Residue":
        """Of the matrices in the axes ROW and COLUMN."""
        data, axes = self._matrices()
        try:
            return self._like(modular.inverse_matrix(data, self.field.prime), [*axes, ROW, COLUMN], self)
        except ZeroDivisionError:
            raise RedrawError from None

    def _matrices(self) -> tuple[np.ndarray, list[str]]:
        if self.exponent is not None:
            raise UndecidedError("a matrix of exponentials")
        data = np.moveaxis(self.data, [self.axes.index(ROW), self.axes.index(COLUMN)], [-2, -1])
        return data, [a for a in self.axes if a not in (ROW, COLUMN)]

    def solved(self, right: Named, row: str, column: str) -> "Residue":
        """X with Σ_column self · x = right: self has the axes row and column, ``right`` row, x column."""
        b = self.lifted(right)
        if self.exponent is not None or b.exponent is not None:
            raise UndecidedError("a system of exponentials")
        line = [LINE] if LINE in self.axes or LINE in b.axes else []
        other = [a for a in b.axes if a not in (row, LINE)]
        matrix = _lined(self, [*line, row, column])
        known = _lined(b, [*line, row, *other])
        flat = known.reshape(*known.shape[: len(line) + 1], -1)
        try:
            x = modular.solve(matrix, flat, self.field.prime)
        except ZeroDivisionError:
            raise RedrawError from None
        shape = [matrix.shape[0]] * len(line) + list(known.shape[len(line) :])
        return self._like(x.reshape(shape), [*line, column, *other], self, b)

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
        p = self.field.prime
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
            apart = ((0 if e is None else e) - (0 if f is None else f)) % self.field.prime != 0
            differ = differ | (apart & (a != 0))
        return np.asarray(differ, float)

    # Constants and names

    def number(self, x: Fraction) -> "Residue":
        """A rational number, in this arithmetic."""
        return self.field.number(x)

    def pi(self) -> "Residue":
        """The number π, in this arithmetic: a letter."""
        return self.field.circle

    def named(self) -> "Residue":
        """The same as a letter of its own: of a sum that the world knows to be positive and no product of others."""
        data, _ = self.field.logarithms(self)
        self._know(data)
        return Residue(self.field, self.data, self.axes, self.exponent, invented=self.invented, pure=True)

    def remembered(self) -> "Residue":
        """The same; its entries will be known by these logarithms, however they are computed."""
        bare = Residue(self.field, self.data, self.axes, made=self.made, fraction=self.fraction)
        self._know((bare.log() - (0 if self.exponent is None else Residue(self.field, self.exponent, self.axes))).data)
        return self

    def square(self) -> "Residue":
        """Its square, of which this will be the root."""
        square = (self * self).remembered()
        self.field.roots.update(zip(keys(self.axes, square.data), keys(self.axes, self.data), strict=True))
        return square

    def _know(self, logs: np.ndarray) -> None:
        logs = np.broadcast_to(logs, self.data.shape)
        self.field.known.update(zip(keys(self.axes, self.data), keys(self.axes, logs), strict=True))

    def _looked_up(self, table: Mapping) -> np.ndarray | None:
        """What a table has for every entry, if it has that."""
        found = [table.get(key) for key in keys(self.axes, self.data)]
        if not found or any(x is None for x in found):
            return None
        line = LINE in self.axes
        shape = [self.length(a) for a in self.axes if a != LINE] + [self.field.points] * line
        data = np.array(found, self.field.dtype).reshape(shape)
        return np.moveaxis(data, -1, self.axes.index(LINE)) if line else data


def keys(axes: tuple[str, ...], data: np.ndarray) -> list:
    """The entries, as what they are looked up by: numbers, or all the values along the line."""
    if LINE not in axes:
        return data.reshape(-1).tolist()
    return [
        tuple(row) for row in np.moveaxis(data, axes.index(LINE), -1).reshape(-1, data.shape[axes.index(LINE)]).tolist()
    ]


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


def _power(y: Residue, c: Fraction) -> Residue:
    """Y^c for c a multiple of 1/2."""
    if c.denominator > 2 or abs(c.numerator) > LARGEST_INTEGER:
        raise UndecidedError(f"a power {c}")
    base = y if c.denominator == 1 else y.sqrt()
    return base if c.numerator == 1 else base.raised(Value(np.array(c.numerator)))
