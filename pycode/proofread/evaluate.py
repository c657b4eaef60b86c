"""Computes one side of a relation on one instance: names and arithmetic; ``sums`` and ``expectation`` have the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import ClassVar

import numpy as np
from lark import Token, Tree

from pycode.proofread import linear, values
from pycode.proofread.bound import COMPONENTS, Bound, an, describe, shape
from pycode.proofread.draw import Draw
from pycode.proofread.expectation import Expectations
from pycode.proofread.limits import LONGEST_SUM
from pycode.proofread.names import Definition, children, separators, sorts_of
from pycode.proofread.sums import Sums
from pycode.proofread.tex import Raw, ReadError
from pycode.proofread.values import COLUMN, GRADIENT, ONE, ROW, ZERO, Dual, Scalar, Value, primal
from pycode.proofread.worlds import Instance, Vocabulary

LARGEST_INTEGER = 1e9


@dataclass
class Evaluator(Sums, Expectations):
    """Values of trees on an instance; ``scope``: the bound letters, ``terms``: the size of every additive term."""

    instance: Instance
    vocabulary: Vocabulary
    definitions: Mapping[str, Definition]
    scope: dict[str, Bound] = field(default_factory=dict)
    terms: dict[tuple[int, int], tuple[float, float]] | None = None
    braces: list[tuple[Scalar, Scalar, Tree]] = field(default_factory=list)
    plain: bool = False  # without derivatives in the parameters
    nabla: bool = False  # inside of a gradient
    draw: Draw | None = None  # the expectation around, if any
    policy: str = ""  # whose episodes a sum over t<T runs through
    fresh: Callable[[], int] = field(default_factory=lambda: count().__next__)

    def __call__(self, tree: Tree) -> Scalar:
        """Value of a tree; errors carry its place."""
        try:
            return getattr(self, f"_{tree.data}")(tree, *children(tree))
        except (ValueError, ArithmeticError, LookupError, np.linalg.LinAlgError) as error:
            raise self.error("value", str(error.args[0] if error.args else error), tree) from error

    @staticmethod
    def error(kind: str, message: str, at: Tree | Token) -> ReadError:
        """A complaint about a place."""
        where = at if isinstance(at, Token) else at.meta
        return ReadError(kind, message, Raw("", getattr(where, "line", 0) or 0, getattr(where, "column", 1) or 1))

    def _own(self, x: Scalar) -> Scalar:
        """What an instance supplies, without its parameters' derivatives where they are not wanted."""
        if not self.plain or not isinstance(x, Dual):
            return x
        return self._own(x.value) if x.level == 0 else Dual(self._own(x.value), self._own(x.tangent), x.level)

    def bind(self, **bounds: Bound) -> "Evaluator":
        """The same in a larger scope."""
        return replace(self, scope={**self.scope, **bounds})

    # Numbers and names

    def _number(self, tree: Tree, token: Token) -> Scalar:
        return values.value(np.pi if token == "\\pi" else float(token))

    def _euler(self, tree: Tree, token: Token) -> Scalar:
        return values.value(np.e)

    def _infinity(self, tree: Tree, token: Token) -> Scalar:
        raise self.error("syntax", "\\infty can only be a limit of a sum or an integral", tree)

    def _variable(self, tree: Tree, token: Token) -> Scalar:
        bound = self.bound(token)
        if bound.sort in ("reward", "integer", *COMPONENTS):
            if bound.sort == "reward":
                return self.instance.number("reward", primal(bound.value))
            return bound.value + (1.0 if bound.sort in COMPONENTS else 0.0)
        if bound.sort != "real":
            raise self.error("sort", f"{token} is {an(bound.sort)}, not a number", tree)
        return bound.value

    def bound(self, token: Token) -> Bound:
        """What a letter stands for here."""
        if token not in self.scope:
            sort = self.vocabulary.variables.get(token, "letter")
            raise self.error(
                "scope", f"{token} is free here: bind it by a sum, an integral or an expectation ({an(sort)})", token
            )
        return self.scope[token]

    def _indexed(self, tree: Tree, token: Token, subscripts: Tree) -> Scalar:
        (part,) = children(subscripts)
        vector = self.bound(token)
        sort, index = self.argument(part)
        if vector.sort != "real" or sort != "dimension":
            raise self.error("name", f"{token} has no such subscript here", tree)
        if ROW not in primal(vector.value).axes:
            return vector.value
        return values.take(values.rename(vector.value, {ROW: "0"}), [primal(index)])

    def _state(self, tree: Tree, token: Token) -> Scalar:
        raise self.error("sort", f"{token} is a state, not a number", tree)

    def _data(self, tree: Tree, token: Token, *_: Tree) -> Scalar:
        raise self.error("sort", f"{token} is the data point, not a number", tree)

    def _constant(self, tree: Tree, token: Token, subscripts: Tree | None = None) -> Scalar:
        if token in self.scope and subscripts is None:
            return self.scope[token].value
        if token in self.definitions:
            return self.expanded(self.definitions[token], None, tree)
        indices = []
        allowed = self.vocabulary.constants[token]
        for part in children(subscripts) if subscripts else ():
            sort, index = self.argument(part)
            if sort not in allowed and not (sort == "number" and set(allowed) & {"integer", *COMPONENTS}):
                wanted = " or ".join(map(an, filter(None, allowed)))
                text = (
                    f"{token} takes {wanted} as subscript, not {an(sort)}" if wanted else f"{token} takes no subscript"
                )
                raise self.error("sort", text, part)
            counted = next((s for s in COMPONENTS if s in allowed), "")
            found = primal(self.integers(index, part) - 1.0) if sort == "number" else primal(index)
            if counted and not (found.data.min() >= 0 and found.data.max() < self.instance.sizes[counted]):
                raise self.error("sort", f"a subscript of {token} outside of its range", part)
            indices.append(found)
        if not indices and "" not in allowed:
            raise self.error("syntax", f"{token} needs a subscript", tree)
        return self._own(self.instance.constant(token, [Value(i.data.astype(int), i.axes) for i in indices]))

    def expanded(self, definition: Definition, arguments: Sequence[Tree] | None, at: Tree) -> Scalar:
        """Value of a name that the text defined, for these arguments or for the letters of its definition."""
        inner = replace(self, terms=None, braces=[], scope={})
        for position, name in enumerate(definition.parameters):
            if arguments is None:
                if self.vocabulary.variables.get(name, "real") != "real":
                    raise self.error("syntax", f"{definition.name} without its arguments; write them out", at)
                if name in self.scope:
                    inner.scope[name] = self.scope[name]
                continue
            wanted = self.vocabulary.variables.get(name, "real")
            sort, value = self.argument(arguments[position])
            if sort != wanted and not (sort == "number" and wanted in ("real", "integer")):
                raise self.error(
                    "sort", f"{definition.name} takes {an(wanted)} here, not {an(sort)}", arguments[position]
                )
            if name in self.vocabulary.variables:
                inner.scope[name] = Bound(wanted, value)
            elif arguments[position].data != "constant" or arguments[position].children != [name]:
                inner.instance = inner.instance.replace(name, value)
        try:
            return inner(definition.body)
        except ReadError as error:  # its place is in another line, or in another display
            raise self.error(
                error.kind, f"{definition.name} of {definition.place} cannot be used so: {error}", at
            ) from error

    def argument(self, tree: Tree) -> tuple[str, Scalar]:
        """Sort and value of an argument; parameters and policies have their name as sort."""
        first = tree.children[0] if tree.children else None
        if tree.data in ("parameter", "policy"):
            return str(first), ZERO
        if tree.data == "data":
            return "data", ZERO
        if tree.data == "state":
            return "state", self.instance.constant(str(first), [])
        if tree.data == "random":
            bound = self.drawn(tree)
            return ("number" if bound.sort == "real" else bound.sort), bound.value
        if tree.data == "variable" and isinstance(first, Token):
            bound = self.bound(first)
            return ("number" if bound.sort in ("real", "integer") else bound.sort), bound.value
        return "number", self(tree)

    def integers(self, x: Scalar, at: Tree) -> Value:
        """An integer-valued number as integers."""
        data = primal(x).data
        if not np.all(np.abs(data) <= LARGEST_INTEGER):
            raise self.error("size", f"an integer beyond {LARGEST_INTEGER:.0e}", at)
        if np.any(np.abs(data - np.round(data)) > 1e-9):
            raise self.error("sort", "an integer is wanted here", at)
        return Value(np.round(data).astype(int), primal(x).axes)

    def _apply(self, tree: Tree, token: Token, arguments: Tree) -> Scalar:
        given = [c for c in arguments.children if isinstance(c, Tree)]
        if token in self.definitions:
            if len(given) != len(self.definitions[token].parameters):
                raise self.error("sort", f"{token} takes {len(self.definitions[token].parameters)} arguments", tree)
            return self.expanded(self.definitions[token], given, tree)
        found = [self.argument(g) for g in given]
        for signature in self.vocabulary.functions[token]:
            sorts, between = sorts_of(signature)
            if between == separators(arguments) and len(sorts) == len(found) and all(
                f == s or (f == "number" and s in ("real", "integer")) for (f, _), s in zip(found, sorts, strict=True)
            ):  # fmt: skip
                passed = [
                    self.integers(x, g) if s == "integer" else x
                    for (_, x), s, g in zip(found, sorts, given, strict=True)
                    if s not in self.vocabulary.parameters and s not in self.vocabulary.policies and s != "data"
                ]
                return self._own(self.instance.apply(str(token), signature, passed))
        shown = "".join(f + s for (f, _), s in zip(found, [*separators(arguments), ""], strict=True))
        raise self.error(
            "sort", f"{token} takes ({') or ('.join(self.vocabulary.functions[token])}), not ({shown})", tree
        )

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
        whole = primal(exponent)
        if not isinstance(exponent, Dual) and whole.data.ndim == 0 and float(whole.data).is_integer():
            n = int(whole.data)
            if n == -1 and {ROW, COLUMN} <= shape(base):
                return linear.inverse(base)
            if shape(base):
                raise self.error("sort", f"{describe(base)} has no power {n}", tree)
            return values.power(base, n)
        if shape(base):
            raise self.error("sort", f"{describe(base)} has no such power", tree)
        if np.all(whole.data == np.round(whole.data)) and not isinstance(exponent, Dual):
            return values.raised(base, whole)
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
        if name == "log" and np.any(primal(x).data <= 0):
            raise self.error("value", "the logarithm of a number that is not positive", tree)
        return self.FUNCTIONS[str(name)](x)

    def _floor(self, tree: Tree, a: Tree) -> Scalar:
        return values.floor(values.value(primal(self.numeric(a)) + 1e-12))

    def _absolute(self, tree: Tree, a: Tree) -> Scalar:
        x = self(a)
        return linear.determinant(x) if {ROW, COLUMN} <= shape(x) else values.absolute(self.numeric(a))

    def _binomial(self, tree: Tree, a: Tree, b: Tree) -> Scalar:
        top, bottom = self.integers(self.numeric(a), a), self.integers(self.numeric(b), b)
        if values.size(bottom) > LONGEST_SUM:
            raise self.error("size", f"a binomial coefficient over {LONGEST_SUM}", tree)
        result: Scalar = values.where(Value(bottom.data >= 0, bottom.axes), ONE)
        for i in range(1, int(bottom.data.max(initial=0)) + 1):
            more = Value(i <= bottom.data, bottom.axes)
            result = result * (values.where(more, (top - bottom + float(i)) / float(i) - 1.0) + 1.0)
        return result

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
        return Value((difference.data == 0).astype(float), difference.axes)


def _literal_zero(tree: Tree) -> bool:
    return tree.data == "number" and str(tree.children[0]) in ("0", "0.0")
