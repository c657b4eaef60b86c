"""What a display is made of, seen without the checker's parser: sums, terms, factors and names, as spans of tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pycode.proofread.source import Display
from pycode.proofread.tex import Raw
from pycode.proofread.worlds import Vocabulary

BREAK = "\\\\"  # stands between the rows of a display
OPEN = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "\\lfloor": "\\rfloor"}
SIZED = {f"\\{b}{k}" for b in ("big", "Big", "bigg", "Bigg") for k in ("l", "r", "")} | {"\\left", "\\right"}
SPACE = {"\\,", "\\;", "\\!", "\\quad", "\\qquad", "\\ ", *SIZED}
ACCENTS = {"\\mathcal", "\\mathbb", "\\mathrm", "\\mathbf", "\\operatorname", "\\widehat", "\\hat", "\\sqrt", "\\bar"}
RELATIONS = {"=", "\\le", "\\ge", "\\propto"}
BOUNDARIES = {",", ";", "\\mid", "\\|", "\\to", "\\sim", ":", ">", "<", "\\odot", "/", "\\in", BREAK, *RELATIONS}
PREFIXES = {"\\log", "\\exp", "\\nabla", "\\det"}
REACHING = {"\\sum", "\\prod", "\\int", "\\max", "\\min"}
CALLED = {
    "\\mathbb{E}",
    "\\Pr",
    "D_{\\mathrm{KL}}",
    "\\operatorname{tr}",
    "\\operatorname{softplus}",
    "\\operatorname{expm1}",
    "\\mathcal{K}",
}

Span = tuple[int, int]
Edit = tuple[int, int, list[str]]  # tokens from, to, and what stands there instead


class Factor(NamedTuple):
    """A factor of a product: its prefixes (log, ∇, ∂) and what they are of."""

    prefixes: list[Span]
    core: Span

    @property
    def span(self) -> Span:
        """All of it."""
        return (self.prefixes[0][0] if self.prefixes else self.core[0]), self.core[1]


@dataclass
class Term:
    """A term of a sum: its sign (-1: none is printed), operators that reach to its end, its factors."""

    sign: int
    start: int
    end: int
    reaching: list[Span]
    factors: list[Factor]


class Anatomy:
    """Tokens of a display, the rows joined, with their brackets matched."""

    def __init__(self, display: Display, vocabulary: Vocabulary, data: frozenset[str] = frozenset()) -> None:
        self.data = {*data, "s_0"}
        self.tokens: list[Raw] = []
        for i, row in enumerate(display.rows):
            self.tokens += [*([Raw(BREAK, row.line, 1)] if i else []), *row.tokens]
        self.texts = [t.text for t in self.tokens]
        self.vocabulary = v = vocabulary
        self.known = {*v.constants, *v.functions, *v.variables, *v.randoms, *v.policies, *v.parameters, *CALLED}
        self.match: dict[int, int] = {}
        stack: list[int] = []
        for i, text in enumerate(self.texts):
            if text in OPEN:
                stack.append(i)
            elif stack and text == OPEN[self.texts[stack[-1]]]:
                self.match[stack.pop()] = i
        self.called = CALLED | set(vocabulary.functions)
        self._arguments, self._limits, self._averaged = set(), [], []
        for i, text in enumerate(self.texts):
            after = i + 1
            while text in REACHING and after < len(self.texts) and self.texts[after] in ("_", "^"):
                self._limits.append((i, after := self.argument(after + 1)))
            name, end = self.name(i)
            if name == "\\mathbb{E}" and self.texts[end : end + 1] == ["_"]:
                self._averaged.append((end, self.argument(end + 1)))
                end = self.argument(end + 1)
            while end < len(self.texts) and self.texts[end] in SPACE:
                end += 1
            if name in self.called and end < len(self.texts) and self.texts[end] in OPEN:
                self._arguments.add(end)

    def argument(self, i: int) -> int:
        """Index after the argument at i."""
        return self.match.get(i, i) + 1 if i < len(self.texts) else i

    def name(self, i: int) -> tuple[str, int]:
        """Base, primes and subscript at i as one text, and the index after them; an index after a comma is left out."""
        base = self.texts[i]
        end = i + 1
        if base in ACCENTS:
            end = self.argument(end)
            base += "{" + "".join(self.texts[i + 1 : end]).strip("{}") + "}"
        while end < len(self.texts) and self.texts[end] == "'":
            base, end = base + "'", end + 1
        if end < len(self.texts) and self.texts[end] == "_":
            after = self.argument(end + 1)
            inside = "".join(self.texts[end + 1 : after])
            inside = inside if "\\mathrm" in inside else inside.strip("{}")
            while after < len(self.texts) and self.texts[after] == "'":
                inside, after = inside + "'", after + 1
            if f"{base}_{inside}" in self.known:
                return f"{base}_{inside}", after
            if inside.split(",")[0] != inside and f"{base}_{inside.split(',')[0]}" in self.known:
                return f"{base}_{inside.split(',')[0]}", end + 3  # the index stays
        return base, end

    def unit(self, i: int) -> int:
        """Index after the factor without prefixes that begins at i."""
        start = i
        while self.texts[i] in SIZED:
            i += 1
        text = self.texts[i]
        name, end = self.name(i)
        if self.texts[end : end + 1] == [","] and text not in ACCENTS:
            end = i + 1  # its subscript may go on
        if text in OPEN:
            end = self.match.get(i, i) + 1
        elif text in ("\\frac", "\\binom"):
            two = self.texts[i + 1].isdigit() and len(self.texts[i + 1]) == 2
            end = i + 2 if two else self.argument(self.argument(i + 1))
        while end < len(self.texts) and self.texts[end] in ("'", "_", "^"):
            end = end + 1 if self.texts[end] == "'" else self.argument(end + 1)
        after = end
        while after < len(self.texts) and self.texts[after] in SPACE:
            after += 1
        if (
            (name in self.called or text in PREFIXES)
            and self.texts[after : after + 1]
            and self.texts[after] in ("(", "[")
        ):
            end = self.match.get(after, after) + 1
            while end < len(self.texts) and self.texts[end] == "^":
                end = self.argument(end + 1)
        return max(end, start + 1)

    def prefix(self, i: int) -> int:
        """Index after the prefix at i, or i if there is none."""
        text = self.texts[i]
        if (
            text == "\\frac"
            and self.texts[i + 1 : i + 3] == ["{", "\\partial"]
            and self.texts[self.match[i + 1] - 1] in ("\\partial", "2")
        ):
            return self.argument(self.argument(i + 1))
        if text not in PREFIXES:
            return i
        i += 1
        while i < len(self.texts) and self.texts[i] in ("_", "^"):
            i = self.argument(i + 1)
        return i

    def terms(self, start: int, end: int) -> Iterator[list[Term]]:
        """Sums between two tokens, each as its terms; relations, commas and bars end a sum."""
        terms: list[Term] = []
        term = Term(-1, start, start, [], [])
        i = start

        def finished() -> Iterator[list[Term]]:
            if term.factors:
                terms.append(term)
            if terms:
                yield list(terms)
            terms.clear()

        while i < end:
            text = self.texts[i]
            if text in BOUNDARIES and not (text == BREAK and self._goes_on(i + 1)):
                yield from finished()
                term = Term(-1, i + 1, i + 1, [], [])
                i += 1
            elif text in ("+", "-"):
                if term.factors:
                    terms.append(term)
                term = Term(i, i, i + 1, [], [])
                i += 1
            elif (text in SPACE and not (text in SIZED and i + 1 < end and self.texts[i + 1] in OPEN)) or text in (
                "&",
                BREAK,
                "\\cdot",
                ")",
                "]",
                "}",
                ".",
            ):
                if text == "\\quad" or text == "\\qquad":
                    yield from finished()
                    term = Term(-1, i + 1, i + 1, [], [])
                i += 1
            elif text in REACHING:
                after = i + 1
                while after < end and self.texts[after] in ("_", "^"):
                    after = self.argument(after + 1)
                term.reaching.append((i, after))
                i = term.end = after
            elif text == "d" and any(self.texts[a] == "\\int" for a, _ in term.reaching):
                term.reaching.append((i, self.unit(i + 1)))
                i = term.end = self.unit(i + 1)
            else:
                prefixes = []
                while i < end and self.prefix(i) > i:
                    prefixes.append((i, self.prefix(i)))
                    i = self.prefix(i)
                    while i < end and self.texts[i] == "\\,":
                        i += 1
                if i >= end or self.texts[i] in REACHING:
                    term.reaching += prefixes
                    continue
                after = min(max(self.unit(i), i + 1), end)
                term.factors.append(Factor(prefixes, (i, after)))
                i = term.end = after
        yield from finished()

    def _goes_on(self, i: int) -> bool:
        while i < len(self.texts) and self.texts[i] in SPACE:
            i += 1
        return i < len(self.texts) and self.texts[i] in ("+", "-")

    def called_at(self, bracket: int) -> bool:
        """Whether a bracket holds the arguments of a function."""
        return bracket in self._arguments

    def limit_at(self, i: int) -> bool:
        """Whether ^ at i is the upper limit of a sum."""
        return any(a < i < b for a, b in self._limits)

    def averages(self, i: int) -> bool:
        """Whether i stands in the subscript of an expectation."""
        return any(a < i < b for a, b in self._averaged)

    def signs(self, i: int) -> tuple[int, ...]:
        """Lines of the relation signs beside the side that holds i, if the line of i has no sign of its own."""
        depth, found = 0, []
        for j, text in enumerate(self.texts):
            depth += (text in OPEN) - (text in OPEN.values())
            if depth == 0 and text in RELATIONS:
                found.append(j)
        if any(self.tokens[j].line == self.tokens[i].line for j in found):
            return ()
        beside = [j for j in found if j < i][-1:] + [j for j in found if j > i][:1]
        return tuple(self.tokens[j].line for j in beside)

    def levels(self) -> Iterator[Span]:
        """The whole, and what stands between each pair of brackets."""
        yield 0, len(self.texts)
        yield from ((a + 1, b) for a, b in sorted(self.match.items()))

    def sums(self) -> Iterator[list[Term]]:
        """All sums of numbers, the inner ones too; a letter alone that is no number is none."""
        for start, end in self.levels():
            if start == 0 or self.texts[start - 2] not in ("_", *ACCENTS):
                yield from (terms for terms in self.terms(start, end) if not self._letter(terms))

    def _letter(self, terms: list[Term]) -> bool:
        """Whether all there is is 0, a state, an action, the data point, a policy or a parameter."""
        if len(terms) > 1 or len(terms[0].factors) != 1 or terms[0].factors[0].prefixes:
            return False
        if self.texts[terms[0].factors[0].core[0]] == "0":
            return True
        name, end = self.name(terms[0].factors[0].core[0])
        v = self.vocabulary
        sort = v.variables.get(name, "")
        other = name in (*v.policies, *v.parameters, *self.data) or v.randoms.get(name) in ("state", "action")
        return end >= terms[0].end and (other or sort in ("state", "action"))

    def copy(self, span: Span) -> list[str]:
        """Tokens of a span, on one row."""
        return [t for t in self.texts[slice(*span)] if t != BREAK]

    def without(self, start: int, end: int) -> Edit:
        """The edit that removes a span; rows stay rows."""
        return start, end, [t for t in self.texts[start:end] if t == BREAK]
