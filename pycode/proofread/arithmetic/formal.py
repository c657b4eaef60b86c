r"""Logarithms, exponentials and roots in the field: what an array remembers of how it was made decides them.

Log of a letter is a symbol, log of a product the sum of the logarithms, exp of a sum of logarithms the product again.
A root is the one that is itself a square, or the one that a world names. ``invented`` marks what depends on the
logarithm or the root of a sum, which could be a product unseen: there only equality is believed.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from pycode.proofread.arithmetic.floats import Value
from pycode.proofread.arithmetic.named import LINE, Named, RedrawError, UndecidedError, align
from pycode.proofread.limits import LARGEST_INTEGER

if TYPE_CHECKING:
    from pycode.proofread.arithmetic.symbols import Field

LONG_DENOMINATOR = 10**6  # fractions of letters with a longer one do not add up to a whole power by chance


class Formal(Named):
    """Entries v·exp(u), v in ``data`` and u in ``exponent`` (None: 0), with what is known of them."""

    __slots__ = ("exponent", "field", "fraction", "invented", "logs", "made", "pure")
    field: "Field"
    exponent: np.ndarray | None
    made: tuple | None  # the operation and its operands
    fraction: Fraction | None  # the rational number that this is
    invented: bool  # whether the logarithm or the root of a sum of the text is in it
    pure: bool  # whether it is a product of positive letters and numbers
    logs: bool  # whether it is a sum with logarithms in it

    def log(self: Any) -> Any:
        """Natural logarithm: symbols, sums of them for products, and the exponent."""
        result, data, new = None, self._looked_up(self.field.known), False
        if data is None and self.fraction is not None and self.exponent is None:
            result = self.field.fraction_log(self.fraction)
        elif data is None:
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
            if data is None:
                data, new = self.field.logarithms(self)
            result = type(self)(self.field, data, self.axes, invented=self.invented or new)
            if self.exponent is not None:
                result = result + type(self)(self.field, self.exponent, self.axes)
        made = ("log", self)
        return self._from(result.data, result.axes, result.exponent, made, None, result.invented, False, True)

    def exp(self: Any) -> Any:
        """Exponential; that of c·log y is y^c."""
        return self._exponential(Fraction(1))

    def _exponential(self: Any, c: Fraction) -> Any:
        """Exponential of c·self."""
        if not self.logs:
            if self.exponent is not None:
                raise UndecidedError("the exponential of an exponential")
            if self.fraction == 0:
                return self.field.constant(1)
            x = self if c == 1 else self * c
            one = np.full(x.data.shape, 1, self.field.dtype)
            return self._from(one, x.axes, x.data, ("exp", x), None, x.invented, True, False)
        match self.made:
            case ("log", y):
                return _power(y, c)
            case ("plus", a, b):
                return a._exponential(c) * b._exponential(c)
            case ("times", a, b) if a.fraction is not None or b.fraction is not None:
                factor, rest = (a, b) if a.fraction is not None else (b, a)
                return rest._exponential(c * factor.fraction)
            case ("times", a, b) if a.logs != b.logs:
                factor, rest = (a, b) if b.logs else (b, a)
                exponents = self.field.rationals(factor)
                if exponents is not None and len(factor.axes) == 1 and rest.made[0] == "log":
                    return _powers(rest.made[1], [c * x for x in exponents], factor.axes)
            case ("over", a, b) if b.fraction is not None:
                return a._exponential(c / b.fraction)
            case ("total", a, axis, size):
                return math.prod(a.selected(axis, i)._exponential(c) for i in range(size))
            case ("map", a, change, axes):
                return a._exponential(c).mapped(change, axes)
        raise UndecidedError("an exponential of products or long sums of logarithms")

    def sqrt(self: Any) -> Any:
        """The root that is itself a square; of what a world names, and of a·a, the one that it says."""
        data, pure = self._looked_up(self.field.roots), True
        if data is None:
            if self.fraction is None and self.made is not None and self.made[0] == "times":
                _, a, b = self.made
                if a is b and a.pure:
                    return a
                with suppress(RedrawError):
                    root = a.sqrt()
                    return root * (root if a is b else b.sqrt())
            data, pure = self.field.multiple_roots(self) if self.made is self.fraction is None else None, True
            if data is None:
                data, pure = self.field.root(self.data), self.pure
        half = None if self.exponent is None else self.exponent * self.field.half % self.field.modulus
        return self._from(data, self.axes, half, ("root", self), None, self.invented or not pure, pure, self.logs)

    def sin(self: Any) -> Any:
        """Unknown."""
        raise UndecidedError("a sine")

    def cos(self: Any) -> Any:
        """Unknown."""
        raise UndecidedError("a cosine")

    def absolute(self: Any) -> Any:
        """Unknown: the field has no signs."""
        raise UndecidedError("an absolute value")

    def floor(self: Any) -> Any:
        """Known for a rational number only."""
        if self.fraction is None:
            raise UndecidedError("a rounding to integers")
        return self.field.constant(self.fraction.__floor__())

    def raised(self: Any, n: Value) -> Any:
        """To a power that is an integer on named axes; 0^0 is 1."""
        m = self.field.modulus
        axes, (base, powers) = align(self, n)
        try:
            data = np.frompyfunc(lambda v, k: pow(int(v), int(k), m), 2, 1)(base, powers)
        except ValueError:
            raise RedrawError from None
        shown = self._shown(axes)
        exponent = None if shown is None else shown * powers.astype(self.field.dtype) % m
        data = np.asarray(data, self.field.dtype)
        return self._from(data, axes, exponent, ("raised", self, n), None, self.invented, self.pure, self.logs)

    def named(self: Any) -> Any:
        """The same as a letter of its own: of a sum that the world knows to be positive and no product of others."""
        data, _ = self.field.logarithms(self, letters=True)
        self._know(data)
        return type(self)(self.field, self.data, self.axes, self.exponent, invented=self.invented, pure=True)

    def remembered(self: Any) -> Any:
        """The same; its entries will be known by these logarithms, however they are computed."""
        if self._looked_up(self.field.known) is not None:
            return self
        bare = self._from(self.data, self.axes, None, self.made, self.fraction, self.invented, self.pure, self.logs)
        logs = bare.log()
        if self.made is not None and self.exponent is not None:  # what was made with exponentials has them in its log
            logs = logs - type(self)(self.field, self.exponent, self.axes)
        self._know(logs.data)
        return self

    def square(self: Any) -> Any:
        """Its square, of which this will be the root."""
        square = (self * self).remembered()
        self.field.roots.update(zip(keys(self.axes, square.data), keys(self.axes, self.data), strict=True))
        return square

    def _know(self: Any, logs: np.ndarray) -> None:
        logs = np.broadcast_to(logs, self.data.shape)
        self.field.known.update(zip(keys(self.axes, self.data), keys(self.axes, logs), strict=True))

    def _looked_up(self: Any, table: Mapping) -> np.ndarray | None:
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


def _power(y: Any, c: Fraction) -> Any:
    """Y^c; for a multiple of 1/2 the power or that of the root."""
    if abs(c.numerator) > LARGEST_INTEGER * c.denominator:
        raise UndecidedError(f"a power {c}")
    if c.denominator <= 2:
        base = y if c.denominator == 1 else y.sqrt()
        return base if c.numerator == 1 else base.raised(Value(np.array(c.numerator)))
    return _powers(y, [c], ())


def _powers(y: Any, exponents: Sequence[Fraction], axes: tuple[str, ...]) -> Any:
    """Y^c along axes. With short denominators exp(c·log y), and invented: fractions may add up to whole powers, unseen.

    With a long one powers of a letter of its own, y to the largest number of which all c are multiples.
    """
    shape, field = [len(exponents)] if axes else [], y.field
    divisor = math.lcm(*(c.denominator for c in exponents))
    multiples = [int(c * divisor) for c in exponents]
    if divisor < LONG_DENOMINATOR:
        log = y.log()
        log = type(y)(field, log.data, log.axes, log.exponent, invented=True)  # how it was made forgotten
        numbers = np.array([int(field.constant(c).data) for c in exponents], field.dtype)
        return (type(y)(field, numbers.reshape(shape), axes) * log).exp()
    if y.exponent is not None or field.points:
        raise UndecidedError("a power with a long denominator")
    step = Fraction(math.gcd(*multiples), divisor)
    letters = np.array([field.symbol((v, step)) for v in keys(y.axes, y.data)], field.dtype).reshape(y.data.shape)
    whole = Value(np.array([int(c / step) for c in exponents]).reshape(shape), axes)
    return type(y)(field, letters, y.axes, invented=y.invented).raised(whole)
