"""Sums, products, maxima and derivatives: the part of the evaluator that binds letters to ranges."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from lark import Token, Tree

from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.named import UndecidedError
from pycode.proofread.arithmetic.values import ONE, ZERO, Dual, Scalar, Value, primal
from pycode.proofread.bound import COMPONENTS, Bound, an, describe, shape
from pycode.proofread.limits import LONGEST_SUM
from pycode.proofread.names import children, free, order, restricted, successor, used
from pycode.proofread.tex import UNEQUAL


class Sums:
    """The part of the evaluator that sums and differentiates."""

    def _nabla(self: Any, tree: Tree, *parts: Tree) -> Scalar:
        parameter = str(parts[0].children[0]) if len(parts) > 1 else ""
        self.once(tree)
        x = replace(self, nabla=True)(parts[-1])
        if shape(x):
            raise self.error("sort", f"the gradient of {describe(x)}", tree)
        return primal(values.tangent(x)) * self.instance.parameter_mask(parameter)

    def once(self: Any, tree: Tree) -> None:
        """Refuse what has no derivative here inside of another derivative."""
        if self.nabla or self.plain:
            raise self.error("syntax", "a \\nabla, \\partial, \\max or \\min inside of another derivative", tree)

    def _partial(self: Any, tree: Tree, *parts: Tree) -> Scalar:
        self.once(tree)
        body, letters, orders = order(tree)
        if sum(orders) > 2 or not letters:
            raise self.error("syntax", "partial derivatives go to order 2, and both \\partial orders must agree", tree)
        along = [x for x, n in zip(letters, orders, strict=True) for _ in range(n)]
        inner = replace(self, plain=True, terms=None)
        for letter in dict.fromkeys(along):
            constant = letter in self.vocabulary.constants and letter not in self.scope
            if not constant and (letter not in self.scope or self.scope[letter].sort != "real"):
                raise self.error("sort", f"{letter} is no number that can be differentiated along here", tree)
            x: Scalar = primal(self.instance.constant(letter, []) if constant else self.scope[letter].value)
            for level, name in enumerate(along, 1):
                x = Dual(x, ONE if name == letter else ZERO, level)
            if constant:
                inner.instance = inner.instance.replace(letter, x)
            else:
                inner = inner.bind(**{letter: Bound("real", x)})
        result = inner(body)
        for level in range(len(along), 0, -1):
            result = values.tangent(result, level)
        if values.size(result) == 0.0:
            there = {n.split("[")[0] for n in used(body, self.vocabulary, self.definitions)}
            there |= free(body, self.vocabulary, self.definitions).keys()
            if missing := [letter for letter in along if letter not in there]:
                raise self.error("scope", f"{missing[0]} does not stand in what is differentiated", tree)
        return primal(result)

    # Sums

    def axis(self: Any, letter: str) -> str:
        """A new axis for a bound letter."""
        return f"{letter}.{self.fresh()}"

    def finite(self: Any, letter: str, sort: str, start: int = 0, stop: int | None = None) -> tuple[Bound, str, int]:
        """A letter that runs over a finite sort, its axis and how many values it takes."""
        axis = self.axis(letter)
        if sort == "integer" and stop is None:
            self.endless.add(axis)
        stop = self.instance.sizes[sort] if stop is None else stop
        return Bound(sort.rstrip("+"), Value(np.arange(start, stop), (axis,))), axis, stop - start

    def _summation(self: Any, tree: Tree, limits: Tree, body: Tree) -> Scalar:
        upper = [c for c in children(limits) if c.data != "binder"]
        if any(t.data == "random" for t in limits.iter_subtrees()):
            return self.episode_sum(tree, children(limits)[0], body)
        inner, sums = self, []
        self.bounds(limits)
        for binder in children(limits):
            if binder.data == "binder":
                bound, axis, size, mask, ends = inner.limit(binder, upper[0] if upper else None, body)
                inner = inner.bind(**{str(binder.children[0]): bound})
                sums.append((axis, size, mask, ends))
        result = inner(body)
        for axis, size, mask, ends in reversed(sums):
            if mask is not None:
                result = values.where(mask, result)
            result = self.to_infinity(result, axis, size, tree) if ends else values.total(result, axis, size)
        return result

    def bounds(self: Any, limits: Tree) -> None:
        """Refuse a letter that is bound twice, and an upper limit above one that starts nowhere."""
        *binders, last = children(limits)
        letters = [str(b.children[0]) for b in limits.find_data("binder")]
        if len(set(letters)) < len(letters):
            raise self.error("scope", f"a letter is bound twice: {', '.join(letters)}", limits)
        if binders and last.data != "binder" and not any("=" in b.children[1:2] for b in binders):
            raise self.error("syntax", "an upper limit without a start; write it as in \\sum_{k=0}^{K}", last)

    def to_infinity(self: Any, x: Scalar, axis: str, size: int, tree: Tree) -> Scalar:
        """Sum over an axis that stands for 0, 1, 2, …; its last terms must not count."""
        try:
            return values.series(x, axis, size)
        except ValueError as error:
            raise self.error("value" if self.floating else UNEQUAL, str(error), tree) from None

    def settled(self: Any, x: Value) -> None:
        """In the field an infinite sum is known by its first terms: a sign must not change after them."""
        for axis in self.endless.intersection(x.axes) if not self.floating else ():
            last, before = (x.selected(axis, x.length(axis) - i).data for i in (1, 2))
            if np.any((last != before) & (last * (last - before) <= 0)):
                raise UndecidedError("a case that begins or ends beyond the first terms of an infinite sum")

    def limit(self: Any, binder: Tree, upper: Tree | None, body: Tree) -> tuple[Bound, str, int, Value | None, bool]:
        """Range of a summation letter: bound, axis, size, where it counts (None: everywhere), if it is infinite."""
        letter = str(binder.children[0])
        sort = self.vocabulary.variables.get(letter, "")
        rest = binder.children[1:]
        if sort in ("state", "action", "reward", *COMPONENTS) and (not rest or isinstance(rest[-1], Token)):
            allowed = {"state": "\\mathcal{S}", "action": "\\mathcal{A}", "reward": "\\mathcal{R}"}.get(sort, "")
            chosen = str(rest[-1]) if rest else ""
            if chosen and not chosen.removesuffix("^+") == allowed:
                raise self.error("sort", f"{letter} is {an(sort)} and not in {chosen}", binder)
            ends = sort == "state" and (
                chosen.endswith("+")
                or (
                    not chosen
                    and successor(body, letter, self.vocabulary)
                    and not restricted(body, letter, self.vocabulary, self.definitions)
                )
            )
            return (*self.finite(letter, "state+" if ends else sort), None, False)
        if sort == "real":
            raise self.error("sort", f"{letter} is a real variable: integrate over it", binder)
        if not rest or isinstance(rest[-1], Token):
            raise self.error("syntax", f"write the limits of {letter}, as in \\sum_{{{letter}=0}}^{{\\infty}}", binder)
        sign, bound = str(rest[0]), rest[1]
        if sort in COMPONENTS and not (bound.data == "number" and bound.children[0] == "1" and upper is not None):
            raise self.error("syntax", f"{letter} counts from 1 to its upper limit", binder)
        starts = sign in ("=", ">=", ">")
        low = self.integers(self.numeric(bound), bound) if starts else Value(0)
        low = Value(low.data + (sign == ">"), low.axes)
        last = upper if sign == "=" else None if starts else bound
        if sign == "=" and last is None:
            raise self.error("syntax", f"the sum over {letter} has no upper limit", binder)
        if last is None or last.data == "infinity":
            if low.data.ndim:
                raise self.error("syntax", "an infinite sum starts at a number", binder)
            return (*self.finite(letter, "integer", int(low.data)), None, True)
        high = self.integers(self.numeric(last), last)
        high = Value(high.data - (sign == "<"), high.axes)
        self.settled(high - low)
        shift = 1 if sort in COMPONENTS else 0
        if sort in COMPONENTS and int(high.data.max()) > self.instance.sizes[sort]:
            raise self.error("sort", f"{letter} goes beyond its range", binder)
        start, stop = int(low.data.min()) - shift, int(high.data.max()) + 1 - shift
        if stop - start > LONGEST_SUM:
            raise self.error("size", f"a sum of {stop - start} terms (at most {LONGEST_SUM})", binder)
        bound_letter, axis, size = self.finite(letter, sort, start, max(stop, start + 1))
        within = _between(low, bound_letter.value + shift, high)
        return (
            bound_letter,
            axis,
            size,
            None if within.data.all() and low.data.ndim == high.data.ndim == 0 else within,
            False,
        )

    def _product_over(self: Any, tree: Tree, limits: Tree, body: Tree) -> Scalar:
        binder, *upper = children(limits)
        self.bounds(limits)
        bound, axis, size, mask, ends = self.limit(binder, upper[0] if upper else None, body)
        if ends or mask is not None or len([c for c in children(limits) if c.data == "binder"]) > 1:
            raise self.error("syntax", "a product runs over one letter, from a number to a number", tree)
        factors = self.bind(**{str(binder.children[0]): bound})(body)
        result: Scalar = ONE
        for i in range(size):
            result = result * values.select(factors, axis, i)
        return result

    def _extreme(self: Any, letter: Token, body: Tree, choose: Callable[..., np.ndarray]) -> Scalar:
        self.once(body)
        sort = self.vocabulary.variables[str(letter)]
        if sort in ("real", "integer"):
            raise self.error("sort", f"\\max and \\min run over a finite sort, and {letter} is {an(sort)}", letter)
        bound, axis, _ = self.finite(str(letter), sort)
        x = primal(self.bind(**{str(letter): bound}).numeric(body))
        if not isinstance(x, Value):
            raise UndecidedError("a maximum or a minimum")
        return Value(choose(x.data, axis=x.axes.index(axis)), [a for a in x.axes if a != axis]) if axis in x.axes else x

    def _maximum(self: Any, tree: Tree, letter: Token, body: Tree) -> Scalar:
        return self._extreme(letter, body, np.max)

    def _minimum(self: Any, tree: Tree, letter: Token, body: Tree) -> Scalar:
        return self._extreme(letter, body, np.min)


def _between(low: Value, x: Value, high: Value) -> Value:
    axes, (one, two) = values.align(x - low, high - x)
    return Value((one >= 0) & (two >= 0), axes)
