"""Computes one side of a relation on one instance: here its arithmetic; names, sums and expectations are mixed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from math import comb
from typing import ClassVar

import numpy as np
from lark import Token, Tree

from pycode.proofread.arithmetic import linear, values
from pycode.proofread.arithmetic.named import UndecidedError
from pycode.proofread.arithmetic.values import COLUMN, GRADIENT, ONE, ROW, Dual, Scalar, Value, align, primal
from pycode.proofread.bound import Bound, an, describe, shape
from pycode.proofread.draw import Draw
from pycode.proofread.expectation import Expectations
from pycode.proofread.limits import LARGEST_POWER, LONGEST_SUM
from pycode.proofread.lookup import Lookups
from pycode.proofread.names import Definition, children
from pycode.proofread.sums import Sums
from pycode.proofread.tex import Raw, ReadError
from pycode.proofread.worlds import Instance, Vocabulary


@dataclass
class Evaluator(Lookups, Sums, Expectations):
    """Values of trees on an instance; ``scope``: the bound letters, ``terms``: the size of every additive term."""

    instance: Instance
    vocabulary: Vocabulary
    definitions: Mapping[str, Definition]
    scope: dict[str, Bound] = field(default_factory=dict)
    terms: dict[tuple[int, int], tuple[float, float]] | None = None
    braces: list[tuple[Scalar, Scalar, Tree]] = field(default_factory=list)
    plain: bool = False  # without derivatives in the parameters
    gradients: bool = True  # whether one is asked for anywhere
    nabla: bool = False  # inside of a gradient
    draw: Draw | None = None  # the expectation around, if any
    policy: str = ""  # whose episodes a sum over t<T runs through
    endless: set[str] = field(default_factory=set)  # axes that stand for 0, 1, 2, …
    fresh: Callable[[], int] = field(default_factory=lambda: count().__next__)

    def __call__(self, tree: Tree) -> Scalar:
        """Value of a tree; errors carry its place."""
        try:
            return getattr(self, f"_{tree.data}")(tree, *children(tree))
        except (ValueError, ArithmeticError, LookupError, np.linalg.LinAlgError) as error:
            raise self.error("value", str(error.args[0] if error.args else error), tree) from error
        except UndecidedError as error:
            raise self.error("undecided", str(error), tree) from error

    @property
    def floating(self) -> bool:
        """Whether this is computed in floating point."""
        return isinstance(self.instance.unit, Value)

    @staticmethod
    def error(kind: str, message: str, at: Tree | Token) -> ReadError:
        """A complaint about a place."""
        where = at if isinstance(at, Token) else at.meta
        return ReadError(kind, message, Raw("", getattr(where, "line", 0) or 0, getattr(where, "column", 1) or 1))

    def _own(self, x: Scalar) -> Scalar:
        """What an instance supplies, in its arithmetic, without derivatives in its parameters where not wanted."""
        if not isinstance(x, Dual):
            return self.instance.unit.lifted(x)
        if self.gradients and not self.plain:
            return x
        return self._own(x.value) if x.level == 0 else Dual(self._own(x.value), self._own(x.tangent), x.level)

    def bind(self, **bounds: Bound) -> "Evaluator":
        """The same in a larger scope."""
        return replace(self, scope={**self.scope, **bounds})

    # Arithmetic

    def _added(self, tree: Tree, a: Tree, b: Tree, combine: Callable[[Scalar, Scalar], Scalar]) -> Scalar:
        x, y = self(a), self(b)
        if shape(x) != shape(y) and not (_literal_zero(a) or _literal_zero(b)):
            raise self.error("sort", f"{describe(x)} and {describe(y)} are added", tree)
        sizes = (values.size(x), values.size(y)) if self.terms is not None else (0.0, 0.0)
        for part, own, other in ((a, sizes[0], sizes[1]), (b, sizes[1], sizes[0])):
            if part.data not in ("add", "subtract") and not _literal_zero(part):
                self._seen(part, own, other)
        return combine(x, y)

    def _add(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        return self._added(tree, a, b, lambda x, y: x + y)

    def _subtract(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        return self._added(tree, a, b, lambda x, y: x - y)

    def _negative(self, tree: Tree, a: Tree) -> Scalar:
        return -self(a)

    def _positive(self, tree: Tree, a: Tree) -> Scalar:
        return self(a)

    def _times(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        x, y = self(a), self(b)
        left, right = shape(x), shape(y)
        if GRADIENT in left & right:
            raise self.error("sort", "a gradient times a gradient is no gradient", tree)
        if COLUMN in left and ROW in right:
            return linear.matrix_product(x, y)
        if (left & right) - {GRADIENT} or (COLUMN in left and right & {COLUMN}):
            raise self.error("sort", f"{describe(x)} times {describe(y)}: transpose one, or write \\odot", tree)
        for part, factor in ((a, x), (b, y)):  # a sum in brackets that is 0 hides whatever it multiplies
            if part.data in ("add", "subtract"):
                self._seen(part, values.size(factor), 1.0)
        return x * y

    def _seen(self, part: Tree, own: float, other: float) -> None:
        """Note the size of a term, and of what stands beside it."""
        if self.terms is not None:
            place = (part.meta.line, part.meta.column)
            before = self.terms.get(place, (0.0, 0.0))
            self.terms[place] = (max(before[0], own), max(before[1], other))

    def _elementwise(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        x, y = self(a), self(b)
        if shape(x) != shape(y):
            raise self.error("sort", f"{describe(x)} \\odot {describe(y)}", tree)
        return x * y

    def numeric(self, tree: Tree) -> Scalar:
        """Value of a tree that must be a number, not a vector or gradient."""
        x = self(tree)
        if shape(x):
            raise self.error("sort", f"a number is wanted here, not {describe(x)}", tree)
        return x

    def _divide(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        bottom = self.numeric(b)
        if values.size(bottom) == 0.0:
            raise self.error("value", "the denominator is 0", b)
        return self(a) / bottom

    def _power(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        if a.data == "euler":
            return values.exp(self.numeric(b))
        base, exponent = self(a), self.numeric(b)
        n = None if isinstance(exponent, Dual) or primal(exponent).axes else primal(exponent).integer()
        if n is not None:
            if abs(n) > LARGEST_POWER:
                raise self.error("size", f"a power beyond {LARGEST_POWER}", b)
            if n == -1 and {ROW, COLUMN} <= shape(base):
                return linear.inverse(base)
            if shape(base):
                raise self.error("sort", f"{describe(base)} has no power {n}", tree)
            return values.power(base, n)
        if shape(base):
            raise self.error("sort", f"{describe(base)} has no such power", tree)
        if not isinstance(exponent, Dual) and primal(exponent).axes and primal(exponent).whole():
            return values.raised(base, primal(exponent).integers())
        return values.exp(exponent * values.log(base))

    def _transpose(self, tree: Tree, a: Tree) -> Scalar:
        return linear.transpose(self(a))

    def _root(self, tree: Tree, a: Tree) -> Scalar:
        return values.sqrt(self.numeric(a))

    FUNCTIONS: ClassVar[dict[str, Callable[[Scalar], Scalar]]] = {
        "log": values.log,
        "exp": values.exp,
        "expm1": lambda x: values.exp(x) - 1.0,
        "softplus": lambda x: values.log(values.exp(x) + 1.0),
    }

    def _function(self, tree: Tree, name: Token, a: Tree) -> Scalar:
        if name in ("tr", "det"):
            x = self(a)
            if shape(x) not in (frozenset(), frozenset({ROW, COLUMN})):
                raise self.error("sort", f"{name} of {describe(x)}", tree)
            return linear.trace(x) if name == "tr" else linear.determinant(x)
        x = self.numeric(a)
        if name == "log" and not primal(x).positive():
            raise self.error("value", "the logarithm of a number that is not positive", tree)
        return self.FUNCTIONS[str(name)](x)

    def _floor(self, tree: Tree, a: Tree) -> Scalar:
        return values.floor(primal(self.numeric(a)))

    def _absolute(self, tree: Tree, a: Tree) -> Scalar:
        x = self(a)
        return linear.determinant(x) if {ROW, COLUMN} <= shape(x) else values.absolute(self.numeric(a))

    def _binomial(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        top, bottom = self.integers(self.numeric(a), a), self.integers(self.numeric(b), b)
        if values.size(bottom) > LONGEST_SUM:
            raise self.error("size", f"a binomial coefficient over {LONGEST_SUM}", tree)
        if not self.floating:
            self.settled(top - bottom)
            self.settled(bottom)
            axes, arrays = align(top, bottom)
            return self.instance.unit.lifted(Value(np.asarray(np.frompyfunc(choose, 2, 1)(*arrays), object), axes))
        result: Scalar = values.where(Value(bottom.data >= 0, bottom.axes), ONE)
        for i in range(1, int(bottom.data.max(initial=0)) + 1):
            more = Value(i <= bottom.data, bottom.axes)
            result = result * (values.where(more, (top - bottom + float(i)) / float(i) - 1.0) + 1.0)
        return Value(np.rint(primal(result).data), primal(result).axes)

    def _brace(self, tree: Tree, a: Tree, label: Tree | None = None) -> Scalar:
        x = self(a)
        if label is not None:
            self.braces.append((x, self(label), tree))
        return x

    def _indicator(self, tree: Tree, a: Tree, sign: Token, b: Tree) -> Scalar:
        (one, x), (other, y) = self.argument(a), self.argument(b)
        if one != other or sign != "=":
            raise self.error("sort", f"an indicator compares two of one sort by =, not {an(one)} and {an(other)}", tree)
        difference = primal(primal(x) - primal(y))
        if one == "number" and difference.whole():
            self.settled(difference.integers())
        return self._own(Value((difference.data == 0).astype(float), difference.axes))


def _literal_zero(tree: Tree) -> bool:
    return tree.data == "number" and str(tree.children[0]) in ("0", "0.0")


def choose(n: int, k: int) -> int:
    """The binomial coefficient, also for a negative n."""
    n, k = int(n), int(k)
    return 0 if k < 0 else comb(n, k) if n >= 0 else (-1) ** k * comb(k - n - 1, k)
