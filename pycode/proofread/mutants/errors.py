"""The errors that are planted: each family yields kinds of error with the edits that make them."""

from collections.abc import Callable

from pycode.proofread.mutants.anatomy import (
    BOUNDARIES,
    BREAK,
    CALLED,
    OPEN,
    PREFIXES,
    REACHING,
    RELATIONS,
    SIZED,
    SPACE,
    Anatomy,
    Span,
    Term,
)
from pycode.proofread.mutants.symbols import Planted, densities, letters


def sums(text: Anatomy) -> Planted:
    """Errors in the terms of a sum."""
    for terms in text.sums():
        for number, term in enumerate(terms):
            body = text.copy((term.start, term.end))
            if term.sign >= 0:
                other = {"+": "-", "-": "+"}[text.texts[term.sign]]
                yield "sign", [(term.sign, term.sign + 1, [other if number else ""])]
                if number:
                    yield "plus dropped", [(term.sign, term.sign + 1, [])]
            else:
                yield "sign", [(term.start, term.start, ["-"])]
            first = terms[1].sign if number == 0 and len(terms) > 1 else -1
            if term.sign >= 0 and len(terms) > 1:
                yield "term dropped", [text.without(term.sign, term.end)]
            elif first >= 0:
                yield "term dropped", [text.without(term.start, first + (text.texts[first] == "+"))]
            if len(body) < 60:
                yield "term doubled", [(term.end, term.end, [text.texts[term.sign] if term.sign >= 0 else "+", *body])]


def products(text: Anatomy) -> Planted:
    """Errors in the factors of a term, and in its operators."""
    for terms in text.sums():
        for term in terms:
            for factor in term.factors:
                start, end = factor.span
                shown = text.copy((start, end))
                if len(term.factors) > 1:
                    yield "factor dropped", [text.without(start, end)]
                if len(shown) < 40 and shown[0] not in ("\\partial", "0", "1"):
                    yield "factor doubled", [(end, end, ["\\cdot" if shown[0].isdigit() else "\\,", *shown])]
                for prefix in factor.prefixes:
                    yield from dropped(text, prefix)
                yield from dropped(text, factor.core)
            for span in term.reaching:
                yield from dropped(text, span, term)


def dropped(text: Anatomy, span: Span, term: Term | None = None) -> Planted:
    """An operator left out; log and max exchanged for another."""
    i = span[0]
    name = text.name(i)[0]
    first = text.texts[i]
    kind = {"\\log": "log dropped", "\\nabla": "nabla dropped", "\\sum": "sum dropped"}.get(first, "operator dropped")
    if first == "\\int" and term is not None:
        ends = [s for s in term.reaching if text.texts[s[0]] == "d"]
        yield kind, [text.without(*span), *(text.without(*s) for s in ends[:1])]
    elif first in PREFIXES or first in REACHING or (first == "\\frac" and text.prefix(i) > i):
        yield kind, [text.without(*span)]
    elif name in CALLED and name not in ("\\Pr", "D_{\\mathrm{KL}}", "\\mathcal{K}"):
        after = text.name(i)[1]
        while after < span[1] and text.texts[after] == "_":
            after = text.argument(after + 1)
        yield kind, [text.without(i, after)]
    if first == "\\log":
        yield "log to exp", [(i, i + 1, ["\\exp"])]
    if first in ("\\max", "\\min"):
        yield "max to min", [(i, i + 1, ["\\min" if first == "\\max" else "\\max"])]


def fractions(text: Anatomy) -> Planted:
    """Numerator and denominator exchanged."""
    for i, first in enumerate(text.texts):
        if first == "\\frac" and text.prefix(i) == i:
            if len(text.texts[i + 1]) == 2 and text.texts[i + 1].isdigit():
                yield "fraction swapped", [(i + 1, i + 2, [text.texts[i + 1][::-1]])]
            else:
                middle, end = text.argument(i + 1), text.argument(text.argument(i + 1))
                yield "fraction swapped", [(i + 1, end, text.copy((middle, end)) + text.copy((i + 1, middle)))]


def arguments(text: Anatomy) -> Planted:
    """Two arguments of a function, an expectation or a divergence exchanged."""
    for start, end in sorted(text.match.items()):
        if text.texts[start] not in ("(", "["):
            continue
        cuts = [start]
        i = start + 1
        while i < end:
            if text.texts[i] in OPEN:
                i = text.match[i]
            elif text.texts[i] in (",", ";", "\\mid", "\\|", "\\to"):
                cuts.append(i)
            i += 1
        parts = [(a + 1, b) for a, b in zip(cuts, [*cuts[1:], end], strict=True)]
        for n, one in enumerate(parts):
            for two in parts[n + 1 :]:
                if BREAK not in text.texts[one[0] : two[1]]:
                    left, right = ([t for t in text.copy(s) if t not in SPACE] for s in (one, two))
                    yield "arguments swapped", [(*one, right), (*two, left)]


def brackets(text: Anatomy) -> Planted:
    """Brackets left out, or closed too early or too late."""
    for start, end in sorted(text.match.items()):
        if text.texts[start] not in ("(", "[") or text.called_at(start):
            continue
        left = start - (text.texts[start - 1] in SIZED)
        right = end - (text.texts[end - 1] in SIZED)
        close = text.texts[right : end + 1]
        yield "bracket dropped", [(left, start + 1, []), (right, end + 1, [])]
        inside = list(text.terms(start + 1, end))
        if len(inside) == 1 and len(inside[0]) > 1:
            last = inside[0][-1].sign
            yield "bracket moved", [(last, last, close), (right, end + 1, [])]
            first = inside[0][1].sign
            opening = text.texts[left : start + 1]
            yield "bracket moved", [(left, start + 1, []), (first + 1, first + 1, opening)]
        after = end + 1
        while after < len(text.texts) and text.texts[after] in SPACE:
            after += 1
        if after < len(text.texts) and text.texts[after] not in (
            *BOUNDARIES,
            *OPEN.values(),
            "+",
            "-",
            "d",
            ".",
            "^",
            "_",
            *REACHING,
        ):
            behind = text.unit(text.prefix(after)) if text.prefix(after) < len(text.texts) else after
            yield "bracket moved", [(right, end + 1, []), (behind, behind, close)]
        elif text.texts[after : after + 1] and text.texts[after] in ("+", "-"):
            behind = text.unit(after + 1 + (text.texts[after + 1] in SPACE - SIZED))
            yield "bracket moved", [(right, end + 1, []), (behind, behind, close)]


def exponents(text: Anatomy) -> Planted:
    """Exponents changed, left out or added."""
    for i, first in enumerate(text.texts):
        if first != "^" or (i and text.texts[i - 1] == "\\sum"):
            continue
        end = text.argument(i + 1)
        inside = [t for t in text.texts[i + 1 : end] if t not in "{}"]
        if "(" in inside or inside == ["\\infty"] or inside[:1] in (["D"], ["L"]) or text.limit_at(i):
            continue
        yield "exponent", [(i, end, [])]
        if inside and inside[0].isdigit():
            yield "exponent", [(i, end, ["^", str(int(inside[0]) + 1)])]
        elif inside and inside[0] == "-":
            yield "exponent", [(i, end, ["^", "{", *inside[1:], "}"])]
        elif inside and inside != ["\\top"]:
            yield "exponent", [(i, end, ["^", "{", *inside, "+", "1", "}"])]
            yield "exponent", [(i, end, ["^", "{", "-", *inside, "}"])]
    for terms in text.sums():
        for term in terms:
            for factor in term.factors:
                end = factor.core[1]
                if (
                    not factor.prefixes
                    and text.texts[factor.core[0]] not in ("0", "1")
                    and "^" not in text.texts[factor.core[0] : end]
                    and len(text.copy(factor.core)) < 12
                ):
                    yield "exponent", [(end, end, ["^", "2"])]


def relations(text: Anatomy) -> Planted:
    """Another relation sign."""
    depth = 0
    for i, first in enumerate(text.texts):
        depth += (first in OPEN) - (first in OPEN.values())
        if first in RELATIONS and depth == 0:
            defining = i and text.texts[i - 1] == ":"
            for other in sorted(RELATIONS - {first}):
                yield "relation", [(i - 1 if defining else i, i + 1, [other])]
            if defining:
                yield "relation", [(i - 1, i + 1, ["="])]
        elif first == ">" and depth:
            yield "relation", [(i, i + 1, ["="])]


def numbers(text: Anatomy) -> Planted:
    """Another number; a small one for ∞."""
    for i, first in enumerate(text.texts):
        if first == "\\infty":
            for small in ("3", "12"):
                yield "infinity", [(i, i + 1, [small])]
        elif first.isdigit() and text.texts[i - 1] not in ("^",) and text.texts[i - 2 : i] != ["^", "{"]:
            two = len(first) == 2 and text.texts[i - 1] == "\\frac"
            others = (
                [first[0] + str(int(first[1]) * 2), str(int(first[0]) + 1) + first[1]]
                if two
                else [str(int(first) + 1), str(abs(int(first) - 1))]
            )
            for other in others:
                yield "number", [(i, i + 1, [other])]


Family = Callable[[Anatomy], Planted]
FAMILIES: tuple[Family, ...] = (
    sums, products, fractions, arguments, brackets, exponents, relations, numbers, letters, densities,
)  # fmt: skip
