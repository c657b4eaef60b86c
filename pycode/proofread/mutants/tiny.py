"""Errors that are too small for floating point, beside = signs that the exact arithmetic decides."""

from collections.abc import Collection, Iterator

from pycode.proofread.mutants.anatomy import BREAK, OPEN, RELATIONS, SIZED, SPACE, Anatomy, Term
from pycode.proofread.mutants.symbols import Planted
from pycode.proofread.tex import tokenize

FACTORS = ("1.000000001", "0.999999999999", r"\bigl(1+10^{-12}\bigr)", r"\bigl(1-10^{-9}\bigr)")
TERM = r"2^{-50}"
LONG_SUMS = ("60", "200")
CIRCLE = ("6.283185307", "6.28318530717958648")
PROBABILITIES = {"\\pi", "p", "P", "\\Pr"}


def tiny(text: Anatomy, undecided: Collection[int] = ()) -> Planted:
    """Factors near 1, small terms, changed probabilities, sums cut late, a rounded 2π."""
    beside = beside_equality(text, undecided)
    gradient = {"\\nabla", "\\partial"} & set(text.texts)
    for terms in summed(text):
        for number, term in enumerate(terms):
            at = _start(text, term)
            if at not in beside:
                continue
            for factor in FACTORS:
                yield "tiny factor", [(at, at, [*_tokens(factor), *_times(text.texts[at])])]
            other = terms[number - 1]
            body = text.copy((other.start + (other.sign >= 0), other.end))
            if _start(text, other) == other.start + (other.sign >= 0):
                yield "tiny term", [(term.end, term.end, ["+", *_tokens(TERM), *_times(body[0]), *body])]
            if not gradient:
                yield "tiny term", [(term.end, term.end, ["+", *_tokens(TERM)])]
    for i, first in enumerate(text.texts):
        if i not in beside:
            continue
        if first == "\\infty" and text.limit_at(i):
            for length in LONG_SUMS:
                yield "tiny rest", [(i, i + 1, _tokens(f"{{{length}}}"))]
        elif text.texts[i : i + 2] == ["2", "\\pi"] and not text.vocabulary.policies:
            for digits in CIRCLE:
                yield "tiny digits", [(i, i + 2, [digits])]
        elif text.texts[i] in PROBABILITIES and text.texts[i + 1] == "(" and not text.averages(i):
            row = [t.text for t in text.tokens if t.line == text.tokens[i].line]
            if text.texts[i - 1] not in ("_", "\\nabla", "\\log") and "\\infty" not in row:
                end = text.match[i + 1] + 1
                yield "tiny probability", [(i, end, ["(", *text.copy((i, end)), "+", *_tokens(TERM), ")"])]


def summed(text: Anatomy) -> Iterator[list[Term]]:
    """Sums outside of brackets, and in square ones, where a changed term changes the side; not under a logarithm."""
    hidden = [(a, b) for a, b in text.match.items() if text.texts[a] == "(" and _before(text, a) == "\\log"]
    for start, end in text.levels():
        if (not start or text.texts[start - 1] == "[") and not any(a < start < b for a, b in hidden):
            yield from text.terms(start, end)


def _before(text: Anatomy, bracket: int) -> str:
    while bracket and text.texts[bracket - 1] in SIZED:
        bracket -= 1
    return text.texts[bracket - 1] if bracket else ""


def _start(text: Anatomy, term: Term) -> int:
    """Where a factor may stand: before the term, but behind a sum over an episode."""
    over = [span for span in term.reaching if "T" in text.texts[slice(*span)]]
    return max([term.start + (term.sign >= 0), *(end for _, end in over)])


def beside_equality(text: Anatomy, undecided: Collection[int]) -> set[int]:
    """Tokens on the sides of = signs; chains that end in 0, maxima and undecided lines are left out."""
    found: set[int] = set()
    chain: set[int] = set()
    side: list[int] = []
    counts = zero = False
    depth = 0
    for i, first in enumerate([*text.texts, ","]):
        depth += (first in OPEN) - (first in OPEN.values())
        if depth or first not in (*RELATIONS, ",", ";"):
            side.append(i)
            continue
        equality = first == "=" and text.tokens[i].line not in undecided
        shown = [t for t in text.texts[slice(side[0], i)] if t not in (*SPACE, BREAK, ".")] if side else []
        zero |= shown == ["0"]
        if (counts or (equality and shown[-1:] != [":"])) and "\\max" not in shown:
            chain.update(side)
        if first not in RELATIONS:
            found.update(() if zero else chain)
            chain, zero = set(), False
        side, counts = [], equality
    return found


def _times(first: str) -> list[str]:
    return ["\\cdot" if first.isdigit() else "\\,"]


def _tokens(text: str) -> list[str]:
    return [t.text for t in tokenize(text)]
