"""The grammar of one side of a relation, and the parser: typed tokens in, a tree out.

Σ, Π reach to the end of their term, ∫ ends at its differential, ∇ binds the next factor,
log takes one factor and must come last in its term or have its argument in brackets.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer as LarkLexer

from pycode.proofread.tex import Raw, ReadError
from pycode.proofread.tokens import Tok
from pycode.results import RESULTS

GRAMMAR = r"""
?start: sum
?sum: term | MINUS term -> negative | PLUS term -> positive | sum PLUS term -> add | sum MINUS term -> subtract
?term: product | tail | product tail -> times | product CDOT tail -> times | product SLASH factor -> divide
?product: factor | product factor -> times | product CDOT factor -> times | product ODOT factor -> elementwise
?tail: SUM limits term -> summation | PROD limits term -> product_over | NABLA parameter? tail -> nabla
     | derivative tail -> partial | OPERATOR factor -> function | OPERATOR tail -> function
     | MAX SUB VARIABLE RSUB term -> maximum | MIN SUB VARIABLE RSUB term -> minimum
?factor: atom | atom CARET LB sum RB -> power | atom TRANSPOSE -> transpose
     | NABLA parameter? factor -> nabla | derivative factor -> partial
     | OPCALL _bracketed -> function
     | INT range? term DIFF -> integral
?atom: NUMBER -> number | EULER -> euler | INFTY -> infinity
     | VARIABLE -> variable | VARIABLE subscripts -> indexed | STATE -> state | DATA subscripts? -> data
     | CONST -> constant | CONST subscripts -> constant | RANDOM -> random | RANDOM subscripts -> random
     | FUNC LPAR arguments RPAR -> apply
     | FUNC LBRACK arguments RBRACK -> apply
     | _bracketed
     | FRAC LB sum RB LB sum RB -> divide
     | FRAC LB PARTIAL order? factor RB LB partials RB -> partial
     | SQRT LB sum RB -> root | BINOM LB sum RB LB sum RB -> binomial
     | UNDERBRACE LB sum RB -> brace | UNDERBRACE LB sum RB SUB sum RSUB -> brace
     | LFLOOR sum RFLOOR -> floor | LABS sum RABS -> absolute
     | INDICATOR LBRACE sum REL sum RBRACE -> indicator
     | EXPECT _open sum conditions? _close -> expectation
     | EXPECT SUB about RSUB _open sum conditions? _close -> expectation
     | KL _open sum DBAR sum _close -> divergence
     | PR _open sum TO sum COMMA sum COMMA POLICY _close -> visit
     | PR _open event conditions? _close -> probability
_bracketed: LPAR sum RPAR | LBRACK sum RBRACK | LBRACE sum RBRACE
_open: LPAR | LBRACK | LBRACE
_close: RPAR | RBRACK | RBRACE
about: sum | VARIABLE REL sum | POLICY
conditions: MID event (COMMA event)*
event: RANDOM subscripts? (REL | GT | LT) sum
arguments: argument ((COMMA | SEMI | MID) argument)*
?argument: sum | PARAMETER -> parameter | POLICY -> policy
subscripts: SUB sum (COMMA sum)* RSUB
parameter: SUB PARAMETER RSUB
limits: SUB binder (COMMA binder)* RSUB upper?
?upper: CARET LB sum RB
binder: VARIABLE ((REL | LT | GT) sum | IN SET)?
range: SUB (sum | SET) RSUB upper? | upper -> half_range
derivative: FRAC LB PARTIAL order? RB LB partials RB
partials: (PARTIAL (VARIABLE | CONST subscripts?) order?)+
order: CARET LB NUMBER RB
"""
KEPT = set(
    "NUMBER EULER INFTY VARIABLE STATE CONST RANDOM DATA FUNC OPERATOR OPCALL POLICY PARAMETER DIFF SET "
    "REL GT LT COMMA SEMI MID".split()
)
TYPES = {
    t: t if t in KEPT else f"_{t}" for t in re.findall(r"\b[A-Z]{2,}\b", GRAMMAR)
}  # a name with _ leaves no trace in the tree
KEPT_PARSER = RESULTS / "grammar.lark"
DEEPEST = 150  # levels of a tree; a sum has one for each of its terms
STARTS_FACTOR = set(
    "NUMBER EULER VARIABLE STATE CONST RANDOM DATA FUNC LPAR LBRACK LBRACE FRAC SQRT BINOM UNDERBRACE LFLOOR LABS "
    "INDICATOR KL PR NABLA OPCALL INT EXPECT SUM PROD OPERATOR MAX MIN".split()
)
SAY = {
    "GT": "a strict sign is not run; write \\ge, or put the line into unchecked[reason]",
    "LT": "a strict sign is not run; write \\le, or put the line into unchecked[reason]",
    "REL": "a relation inside brackets; a relation stands outside of them",
    "DIFF": "a differential without its \\int, or a sum under it: bracket the integrand",
    "MID": "this bar belongs to nothing; it stands in arguments, or write \\lvert … \\rvert for an absolute value",
    "POLICY": "a policy without its arguments; write \\pi(a\\mid s)",
    "COMMA": "a comma inside a formula; separate two relations by \\qquad",
    "CARET": "an exponent here is ambiguous; put the base into brackets",
    "INT": "one factor too many; bracket the one before",
    "SET": "a set can only stand after \\in",
}


class Stream(LarkLexer):
    """Hands typed tokens to the parser."""

    def __init__(self, _configuration: object) -> None:
        pass

    def lex(self, data: Sequence[Tok]) -> Iterator[Token]:  # type: ignore[override]
        """The tokens with their places."""
        for token in data:
            yield Token(TYPES.get(token.type, token.type), token.name, line=token.raw.line, column=token.raw.column)


@cache
def parser() -> Lark:
    """The LALR(1) parser, built once and kept on disk where that is possible."""
    grammar = (
        re.sub(r"\b[A-Z]{2,}\b", lambda m: TYPES[m.group()], GRAMMAR) + f"%declare {' '.join(sorted(TYPES.values()))}"
    )
    kept: str | bool = False
    with suppress(OSError):
        KEPT_PARSER.parent.mkdir(parents=True, exist_ok=True)
        kept = str(KEPT_PARSER)
    return Lark(grammar, parser="lalr", lexer=Stream, propagate_positions=True, cache=kept)


def parse(tokens: Sequence[Tok]) -> Tree:
    """Tree of one side; raises ``ReadError`` at the token that does not fit."""
    if not tokens:
        raise ReadError("syntax", "nothing stands beside this relation", Raw("", 0, 1))
    try:
        tree = parser().parse(list(tokens))
        if len(tokens) > DEEPEST and _deeper(tree):
            raise ReadError("size", f"more than {DEEPEST} levels or terms; split this side", tokens[0].raw)
        return tree
    except UnexpectedToken as error:
        at = Raw(str(error.token), error.token.line or 1, error.token.column or 1)
        place = [t for t in tokens if (t.raw.line, t.raw.column) == (at.line, at.column)]
        if error.token.type == "$END":
            raise ReadError(
                "syntax", f"the formula ends after {tokens[-1].raw.text}, which needs more", tokens[-1].raw
            ) from None
        raise ReadError(
            "syntax", _complaint(error.token.type.lstrip("_"), tokens, at), place[0].raw if place else at
        ) from None
    except UnexpectedInput as error:  # pragma: no cover - the stream has no other errors
        raise ReadError("syntax", "cannot be read", tokens[0].raw) from error


def _deeper(tree: Tree) -> bool:
    """Whether a tree has more than ``DEEPEST`` levels; an evaluator would use up Python's stack."""
    level: list[Tree] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.children if isinstance(child, Tree)]
    return bool(level)


def _complaint(kind: str, tokens: Sequence[Tok], at: Raw) -> str:
    before: list[Tok] = []
    for token in tokens:
        if (token.raw.line, token.raw.column) == (at.line, at.column) and token.type == kind:
            break
        before.append(token)
    shown = next((t.raw.text for t in tokens if (t.raw.line, t.raw.column) == (at.line, at.column)), at.text)
    if kind in STARTS_FACTOR and any(t.type == "SLASH" for t in before[-6:]):
        return f"{shown} after a quotient a/b is ambiguous; write \\frac or brackets"
    if kind in STARTS_FACTOR and any(t.type == "OPERATOR" for t in before):
        return f"{shown} after a function without brackets is ambiguous; bracket its argument, or put it last"
    types = [t.type for t in before]
    if types[-1:] == ["EXPECT"] or (types[-1:] == ["RSUB"] and "EXPECT" in types[-12:]):
        return f"an expectation needs its brackets, \\mathbb{{E}}_{{…}}[…], before {shown}"
    if kind in ("PLUS", "MINUS") and types.count("INT") > types.count("DIFF"):
        return SAY["DIFF"]
    return SAY.get(kind, f"{shown} does not fit here")


Part = tuple[Tok | None, list[Tok]]  # a relation sign (None before the first side) and the side after it
CONTINUES = {"PLUS", "MINUS", "CDOT", "ODOT", "SLASH"}
GROUPS = {
    "LPAR": 1,
    "LBRACK": 1,
    "LBRACE": 1,
    "SUB": 1,
    "LB": 1,
    "RPAR": -1,
    "RBRACK": -1,
    "RBRACE": -1,
    "RSUB": -1,
    "RB": -1,
}


def split(lines: Sequence[Sequence[Tok]], opens: Sequence[bool] = ()) -> list[list[Part]]:
    r"""Chains of a display: parts that each begin with a relation sign, but the first.

    A line goes on with the chain before when it begins with a relation, an operator or a differential, or when that one
    is open or ends with an operator; not when it opens, which is when something stands before its first &.
    Within a line, \quad separates two chains.
    """
    chains: list[list[Part]] = []
    depth, last = 0, "COMMA"
    for number, line in enumerate(lines):
        begun = False
        if number < len(opens) and opens[number] and depth == 0 and last not in CONTINUES | {"REL"}:
            last = "COMMA"
        for i, token in enumerate(line):
            following = next((t for t in line[i + 1 :] if t.type != "QUAD"), None)
            if (
                depth == 0
                and token.type in ("COMMA", "STOP", "SEMI")
                and (following is None or line[i + 1].type == "QUAD")
            ):
                last = "COMMA"
                continue
            if token.type == "QUAD":
                last = "COMMA" if _separates(depth, begun, last, following) else last
                continue
            if token.type == "STOP":
                raise ReadError("syntax", "a full stop inside a formula", token.raw)
            begins = token.type in CONTINUES | {"DIFF"}
            if not begun and depth == 0 and begins and last not in CONTINUES | {"REL", "COMMA"}:
                _refuse_two_formulas(line, token)
            goes_on = (
                depth > 0
                or last in CONTINUES | {"REL"}
                or token.type == "REL"
                or (last != "COMMA" and (begun or begins))
            )
            begun = True
            if not goes_on or not chains:
                chains.append([(None, [])])
            if token.type == "REL" and depth == 0:
                chains[-1].append((token, []))
            else:
                chains[-1][-1][1].append(token)
            depth += GROUPS.get(token.type, 0)
            last = token.type
        if depth == 0 and chains and _remark(chains[-1]):
            chains.pop()
    return chains


def _separates(depth: int, begun: bool, last: str, following: Tok | None) -> bool:
    r"""Whether a \quad ends a formula: not where one begins, goes on or has just ended."""
    if depth or not begun or following is None or following.type == "REL" or last in CONTINUES | {"REL", "COMMA"}:
        return False
    if following.type in CONTINUES:
        raise ReadError(
            "syntax", "does the formula go on after \\quad? write a comma before it, or no \\quad", following.raw
        )
    return True


def _refuse_two_formulas(line: Sequence[Tok], first: Tok) -> None:
    """A line that begins with a sign goes on with the one before; with a relation in it, it could be a new formula."""
    depth = 0
    for token in line:
        depth += GROUPS.get(token.type, 0)
        if token.type == "REL" and depth == 0 and first.type != "DIFF":
            raise ReadError(
                "syntax", "does the line before go on here? end it with a comma, or with this sign", first.raw
            )


def _remark(chain: Sequence[Part]) -> bool:
    r"""Whether this only says what a letter is, as "for all s \\in \\mathcal{S}" after a formula does."""
    types = [t.type for t in chain[0][1]]
    return len(chain) == 1 and types[-2:] == ["IN", "SET"] and set(types[:-2]) <= {"VARIABLE", "COMMA"}
