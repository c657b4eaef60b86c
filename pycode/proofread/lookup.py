"""Names and numbers: the part of the evaluator that asks the instance for tables and constants."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from lark import Token, Tree

from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.values import ROW, ZERO, Scalar, Value, primal
from pycode.proofread.bound import COMPONENTS, Bound, an
from pycode.proofread.limits import LONGEST_NUMBER
from pycode.proofread.names import Definition, children, separators, sorts_of
from pycode.proofread.tex import UNEQUAL, ReadError


class Lookups:
    """The part of the evaluator that looks names up."""

    def _number(self: Any, tree: Tree, token: Token) -> Scalar:
        unit = self.instance.unit
        if token == "\\pi":
            return values.pi(unit)
        if len(token) > LONGEST_NUMBER:
            raise self.error("size", f"a number of more than {LONGEST_NUMBER} digits", tree)
        return values.number(Fraction(str(token)), unit)

    def _euler(self: Any, tree: Tree, token: Token) -> Scalar:
        return values.exp(self.instance.unit)

    def _infinity(self: Any, tree: Tree, token: Token) -> Scalar:
        raise self.error("syntax", "\\infty can only be a limit of a sum or an integral", tree)

    def _variable(self: Any, tree: Tree, token: Token) -> Scalar:
        bound = self.bound(token)
        if bound.sort in ("reward", "integer", *COMPONENTS):
            if bound.sort == "reward":
                return self._own(self.instance.number("reward", bound.value))
            return self._own(bound.value + (1.0 if bound.sort in COMPONENTS else 0.0))
        if bound.sort != "real":
            raise self.error("sort", f"{token} is {an(bound.sort)}, not a number", tree)
        return bound.value

    def bound(self: Any, token: Token) -> Bound:
        """What a letter stands for here."""
        if token not in self.scope:
            sort = self.vocabulary.variables.get(token, "letter")
            raise self.error(
                "scope", f"{token} is free here: bind it by a sum, an integral or an expectation ({an(sort)})", token
            )
        return self.scope[token]

    def _indexed(self: Any, tree: Tree, token: Token, subscripts: Tree) -> Scalar:
        (part,) = children(subscripts)
        vector = self.bound(token)
        sort, index = self.argument(part)
        if vector.sort != "real" or sort != "dimension":
            raise self.error("name", f"{token} has no such subscript here", tree)
        if ROW not in primal(vector.value).axes:
            return vector.value
        return values.take(values.rename(vector.value, {ROW: "0"}), [index])

    def _state(self: Any, tree: Tree, token: Token) -> Scalar:
        raise self.error("sort", f"{token} is a state, not a number", tree)

    def _data(self: Any, tree: Tree, token: Token, *_: Tree) -> Scalar:
        raise self.error("sort", f"{token} is the data point, not a number", tree)

    def _constant(self: Any, tree: Tree, token: Token, subscripts: Tree | None = None) -> Scalar:
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
            found = self.integers(index, part) - 1 if sort == "number" else index
            if counted and not (found.data.min() >= 0 and found.data.max() < self.instance.sizes[counted]):
                raise self.error("sort", f"a subscript of {token} outside of its range", part)
            indices.append(found)
        if not indices and "" not in allowed:
            raise self.error("syntax", f"{token} needs a subscript", tree)
        return self._own(self.instance.constant(token, [Value(i.data.astype(int), i.axes) for i in indices]))

    def expanded(self: Any, definition: Definition, arguments: Sequence[Tree] | None, at: Tree) -> Scalar:
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

    def argument(self: Any, tree: Tree) -> tuple[str, Scalar]:
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

    def integers(self: Any, x: Scalar, at: Tree) -> Value:
        """An integer-valued number as integers."""
        try:
            return primal(x).integers()
        except (OverflowError, ValueError) as error:
            kind = "size" if isinstance(error, OverflowError) else "sort" if self.floating else UNEQUAL
            raise self.error(kind, str(error), at) from None

    def _apply(self: Any, tree: Tree, token: Token, arguments: Tree) -> Scalar:
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
                for x, s in zip(passed, sorts, strict=False):
                    if s == "integer":
                        self.settled(x)
                return self._own(self.instance.apply(str(token), signature, passed))
        shown = "".join(f + s for (f, _), s in zip(found, [*separators(arguments), ""], strict=True))
        raise self.error(
            "sort", f"{token} takes ({') or ('.join(self.vocabulary.functions[token])}), not ({shown})", tree
        )
