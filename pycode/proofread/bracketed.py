r"""A tree written back as LaTeX in which brackets say what belongs together; read again it gives the same tree."""

import re
from dataclasses import dataclass

from lark import Token, Tree

from pycode.proofread.names import children
from pycode.proofread.tokens import ACCENT, OPERATOR
from pycode.proofread.worlds import Vocabulary

CLOSED = set(
    "number euler infinity variable indexed state data constant random parameter policy apply root binomial brace "
    "floor absolute indicator expectation divergence visit probability".split()
)
FACTORS = CLOSED | {"divide", "power", "transpose", "function", "integral"}  # it can be seen where they end
SUMS = {"add", "subtract", "negative", "positive"}
REACHES_ON = {"summation", "product_over", "maximum", "minimum"}  # to the end of a term
SIGNS = {"=": "=", "<=": "\\le", ">=": "\\ge", "∝": "\\propto", ":=": ":=", "~": "\\sim"}
MARKS = {"COMMA": ", ", "SEMI": "; ", "MID": " \\mid ", "GT": " > ", "LT": " < "}
COMMAND = re.compile(rf"({'|'.join(map(re.escape, sorted(ACCENT)))})(\w)")  # its braces are not part of a name
LARGE = re.compile(r"[(\[]|\\frac")
SPELLING = {name: command for command, name in reversed(OPERATOR.items())}


def bracketed(tree: Tree, vocabulary: Vocabulary) -> str:
    """LaTeX of a side with a pair of brackets around all that a reader could group in another way."""
    return Writer(vocabulary).side(tree)


def name(canonical: str, *subscripts: str) -> str:
    """A name with the braces that TeX wants around its subscript, and with further subscripts."""
    base, _, sub = COMMAND.sub(r"\1{\2}", canonical).partition("_")
    base, _, raised = base.partition("^")
    below = ",".join((*([sub] if sub else ()), *subscripts))
    return base + (f"^{{{raised}}}" if raised else "") + (f"_{{{below}}}" if below else "")


def enclosed(text: str) -> str:
    """A text in brackets, which are larger around other brackets."""
    return f"\\bigl({text}\\bigr)" if LARGE.search(text) else f"({text})"


@dataclass(frozen=True)
class Writer:
    """Writes trees in the letters of a vocabulary; a method for each kind of node that is no name."""

    vocabulary: Vocabulary

    def side(self, tree: Tree | Token) -> str:
        """A tree as it can stand alone or between brackets."""
        if isinstance(tree, Tree):
            return getattr(self, f"_{tree.data}")(*tree.children)
        return MARKS.get(tree.type) or (f" {SIGNS[tree]} " if tree.type == "REL" else name(tree))

    def _all(self, *parts: Tree | Token) -> str:
        return "".join(map(self.side, parts))

    def _within(self, tree: Tree, kinds: set[str]) -> str:
        """A tree, in brackets if it is not of one of these kinds."""
        return self.side(tree) if tree.data in kinds else enclosed(self.side(tree))

    # Sums, products and powers

    def _term(self, tree: Tree) -> str:
        return enclosed(self.side(tree)) if tree.data in SUMS else self.side(tree)

    def _add(self, a: Tree, b: Tree) -> str:
        return f"{self.side(a)} + {self._term(b)}"

    def _subtract(self, a: Tree, b: Tree) -> str:
        return f"{self.side(a)} - {self._term(b)}"

    def _negative(self, a: Tree) -> str:
        return f"-{self._term(a)}"

    def _positive(self, a: Tree) -> str:
        return f"+{self._term(a)}"

    def _times(self, a: Tree, b: Tree) -> str:
        chain = a.data == "times" and a.children[1].data not in REACHES_ON
        left = self.side(a) if chain else self._within(a, FACTORS)
        return f"{left} \\cdot {self._within(b, FACTORS | REACHES_ON)}"

    def _elementwise(self, a: Tree, b: Tree) -> str:
        return f"{self._within(a, FACTORS)} \\odot {self._within(b, FACTORS)}"

    def _divide(self, a: Tree, b: Tree) -> str:
        return f"\\frac{{{self.side(a)}}}{{{self.side(b)}}}"

    def _power(self, a: Tree, b: Tree) -> str:
        exponent = self.side(b)
        plain = a.data in CLOSED and not self._raised(a) and not exponent.startswith("(")  # z^{(l)} is a name
        return f"{self.side(a) if plain else enclosed(self.side(a))}^{{{exponent}}}"

    def _transpose(self, a: Tree) -> str:
        return self._within(a, set() if self._raised(a) else CLOSED) + "^{\\top}"

    # Names

    _number = _parameter = _policy = _euler = _arguments = _conditions = _about = _all

    def _infinity(self, _: Token) -> str:
        return "\\infty"

    def _raised(self, tree: Tree) -> bool:
        """Whether a tree is a draw, whose number stands above in brackets."""
        return tree.data == "constant" and len(tree.children) > 1 and self._is_draw(str(tree.children[0]))

    def _is_draw(self, constant: str) -> bool:
        return "sample" in self.vocabulary.constants.get(constant, ())

    def _variable(self, token: Token, subscripts: Tree | None = None) -> str:
        return name(token, *map(self.side, children(subscripts) if subscripts else ()))

    _indexed = _state = _data = _random = _variable

    def _constant(self, token: Token, subscripts: Tree | None = None) -> str:
        if subscripts is None or not self._is_draw(token):
            return self._variable(token, subscripts)
        return f"{name(token)}^{{({self._all(*subscripts.children)})}}"

    def _apply(self, function: Token, arguments: Tree) -> str:
        return f"{name(function)}({self.side(arguments)})"

    # What reaches over a body

    def _bound(self, head: str, body: Tree) -> str:
        return f"{head} {self._within(body, CLOSED)}"

    def _binder(self, letter: Token, *rest: Token | Tree) -> str:
        return f"{name(letter)} \\in {rest[0]}" if len(rest) == 1 else self._all(letter, *rest)

    def _limits(self, *parts: Tree | Token) -> str:
        upper = [p for p in parts if isinstance(p, Tree) and p.data != "binder"]
        return f"_{{{self._all(*parts[: len(parts) - len(upper)])}}}" + "".join(map(self._half_range, upper))

    def _summation(self, limits: Tree, body: Tree) -> str:
        return self._bound(f"\\sum{self.side(limits)}", body)

    def _product_over(self, limits: Tree, body: Tree) -> str:
        return self._bound(f"\\prod{self.side(limits)}", body)

    def _maximum(self, letter: Token, body: Tree) -> str:
        return self._bound(f"\\max_{{{name(letter)}}}", body)

    def _minimum(self, letter: Token, body: Tree) -> str:
        return self._bound(f"\\min_{{{name(letter)}}}", body)

    def _nabla(self, *parts: Tree) -> str:
        return self._bound("\\nabla" + "".join(f"_{{{self.side(p)}}}" for p in parts[:-1]), parts[-1])

    def _function(self, function: Token, body: Tree) -> str:
        return SPELLING[function] + enclosed(self.side(body))

    def _integral(self, *parts: Tree) -> str:
        *limits, body, letter = parts
        return self._bound("\\int" + self._all(*limits), body) + f" \\,d{self.side(letter)}"

    def _range(self, low: Tree | Token, *high: Tree) -> str:
        return f"_{{{self.side(low)}}}" + "".join(map(self._half_range, high))

    def _half_range(self, high: Tree) -> str:
        return f"^{{{self.side(high)}}}"

    def _order(self, number: Token) -> str:
        return f"^{{{number}}}"

    def _partials(self, *parts: Token | Tree) -> str:
        shown = ""
        for position, part in enumerate(parts):
            following = parts[position + 1 : position + 2]
            if isinstance(part, Token):
                indexed = [p for p in following if isinstance(p, Tree) and p.data == "subscripts"]
                shown += " \\partial " + (self._constant(part, *indexed) if indexed else name(part))
            elif part.data == "order":
                shown += self.side(part)
        return shown.strip()

    def _derivative(self, *parts: Tree) -> str:
        return f"\\frac{{\\partial{self._all(*parts[:-1])}}}{{{self.side(parts[-1])}}}"

    def _partial(self, *parts: Tree) -> str:
        if parts[0].data == "derivative":
            return self._bound(self.side(parts[0]), parts[1])
        *order, body, below = parts
        above = self._bound("\\partial" + self._all(*order), body)
        return f"\\frac{{{above}}}{{{self.side(below)}}}"

    # Means, probabilities and what has brackets of its own

    def _expectation(self, *parts: Tree) -> str:
        subscript = f"_{{{self.side(parts[0])}}}" if parts[0].data == "about" else ""
        inside = self._all(*(p for p in parts if p.data != "about"))
        return f"\\mathbb{{E}}{subscript}" + (f"\\bigl[{inside}\\bigr]" if LARGE.search(inside) else f"[{inside}]")

    def _event(self, letter: Token, *rest: Tree) -> str:
        *subscripts, sign, value = rest
        return self._variable(letter, *subscripts) + self._all(sign, value)

    def _divergence(self, a: Tree, b: Tree) -> str:
        return f"D_{{\\mathrm{{KL}}}}\\bigl({self.side(a)} \\,\\|\\, {self.side(b)}\\bigr)"

    def _visit(self, start: Tree, end: Tree, *rest: Tree | Token) -> str:
        return f"\\Pr({self.side(start)} \\to {self.side(end)}{self._all(*rest)})"

    def _probability(self, *parts: Tree) -> str:
        return f"\\Pr({self._all(*parts)})"

    def _root(self, a: Tree) -> str:
        return f"\\sqrt{{{self.side(a)}}}"

    def _binomial(self, a: Tree, b: Tree) -> str:
        return f"\\binom{{{self.side(a)}}}{{{self.side(b)}}}"

    def _brace(self, a: Tree, label: Tree | None = None) -> str:
        return f"\\underbrace{{{self.side(a)}}}" + (f"_{{{self.side(label)}}}" if label is not None else "")

    def _floor(self, a: Tree) -> str:
        return f"\\lfloor {self.side(a)} \\rfloor"

    def _absolute(self, a: Tree) -> str:
        return f"\\lvert {self.side(a)} \\rvert"

    def _indicator(self, *parts: Tree | Token) -> str:
        return f"\\mathbf{{1}}\\{{{self._all(*parts)}\\}}"
