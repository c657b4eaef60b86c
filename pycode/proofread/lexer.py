"""Typed lexing: the world's vocabulary says what a name is before anything is parsed, so q(z) is never q times z."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pycode.proofread.spelling import (
    at_comma,
    base_name,
    canonical,
    differential,
    is_kl,
    opens,
    script,
    subscript_first,
    with_primes,
    words,
)
from pycode.proofread.tex import NESTING, Raw, ReadError, group
from pycode.proofread.tokens import (
    ACCENT,
    BIG,
    CLOSING,
    DIGITS,
    EXPECTATION,
    GREEK,
    KL,
    NO_OPERAND,
    OPENING,
    OPERATOR,
    QUAD,
    REFUSED,
    RELATION,
    SETS,
    SIMPLE,
    SIZE,
    SPACE,
    TEXT,
    TRANSPOSE,
    Tok,
)
from pycode.proofread.worlds import Vocabulary


@dataclass
class Lexer:
    """Turns TeX tokens into typed ones; ``defined``: names that the text defined, "()" if called, else ""."""

    vocabulary: Vocabulary
    world: str
    defined: dict[str, str] = field(default_factory=dict)
    data: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    random_time: bool = False
    integrals: int = 0  # whose differential has not come yet; it may stand in a later line

    def lex(self, lines: Sequence[Sequence[Raw]]) -> list[list[Tok]]:
        """Typed tokens of each line; a bracket may close in a later line."""
        brackets: list[tuple[Tok, str]] = []
        self.integrals = 0
        found = [self._matched(line, brackets) for line in lines]
        if brackets:
            raise ReadError("syntax", f"{brackets[-1][0].raw.text} is never closed", brackets[-1][0].raw)
        return found

    def _matched(self, tokens: Sequence[Raw], brackets: list[tuple[Tok, str]]) -> list[Tok]:
        result: list[Tok] = []
        for mark, after in pairwise(tokens):
            if mark.text in ("^", "_") and after.text[0] in DIGITS and len(after.text) > 1:
                raise ReadError("syntax", f"only {after.text[0]} is raised or lowered here; use braces", after)
        for found in self._lex(list(tokens), 0):
            token = self._bar(found, result, brackets)
            if token.type in OPENING:
                before = result[-1] if result else None
                brackets.append((token, before.type if before else ""))
                if len(brackets) > NESTING:
                    raise ReadError("size", f"brackets {NESTING} deep; split the line", token.raw)
            elif token.type in CLOSING and brackets and brackets[-1][0].type == CLOSING[token.type]:
                brackets.pop()
            elif token.type in CLOSING:
                raise ReadError("syntax", f"{token.raw.text} closes nothing that is open" if not brackets else
                                f"{token.raw.text} does not fit the bracket that is open", token.raw)  # fmt: skip
            if result and token.type == result[-1].type == "NUMBER" and "\\pi" not in (token.name, result[-1].name):
                raise ReadError("syntax", "two numbers side by side; write \\cdot between them", token.raw)
            result.append(token)
        return result

    @staticmethod
    def _bar(token: Tok, before: list[Tok], brackets: list[tuple[Tok, str]]) -> Tok:
        """A plain | is 'given' in the brackets of a function or an expectation, else a bar of |x|."""
        if token.type != "BAR":
            return token
        inside = brackets[-1][1] if brackets else ""
        if brackets and (inside in ("FUNC", "EXPECT", "RSUB", "PR", "BARE") and brackets[-1][0].type != "LABS"):
            return Tok("MID", "|", token.raw)
        if brackets and brackets[-1][0].type == "LABS":
            return Tok("RABS", "|", token.raw)
        return Tok("LABS" if not before or before[-1].type in NO_OPERAND else "MID", "|", token.raw)

    def _lex(self, tokens: list[Raw], depth: int) -> Iterator[Tok]:
        if depth > NESTING:
            raise ReadError("size", f"braces {NESTING} deep; split the line", tokens[0])
        i, last, integrals = 0, "", 0 if depth else self.integrals
        while i < len(tokens):
            at = tokens[i]
            text = at.text
            if text in SPACE:
                i += 1
            elif text in QUAD:
                yield Tok("QUAD", text, at)
                i = group(tokens, i + 1)[1] if text == "\\hspace" else i + 1
            elif text in SIZE:
                i += 2 if i + 1 < len(tokens) and tokens[i + 1].text == "." else 1
            elif text in TEXT and not is_kl(tokens, i):
                inside, i = group(tokens, i + 1)
                if not words(inside):
                    raise ReadError("syntax", f"{text} hides mathematics, which is not run; take it out of {text}", at)
            elif text in ("{", "}"):
                if text == "}":
                    raise ReadError("syntax", "this } closes nothing", at)
                inside, i = group(tokens, i)  # invisible braces mean nothing
                tokens, i = inside + tokens[i:], 0
            elif text == ":" and i + 1 < len(tokens) and tokens[i + 1].text == "=":
                yield Tok("REL", ":=", at)
                i += 2
            elif text in RELATION:
                yield Tok("REL", RELATION[text], at)
                i += 1
            elif text in ("|", "\\vert"):
                double = text == "|" and i + 1 < len(tokens) and tokens[i + 1].text == "|"
                yield Tok("DBAR", "‖", at) if double else Tok("BAR", "|", at)
                i += 2 if double else 1
            elif text in SIMPLE:
                yield Tok(SIMPLE[text], text, at)
                i += 1
            elif text[0] in DIGITS:
                yield Tok("NUMBER", text, at)
                i += 1
            elif text in ("\\frac", "\\tfrac", "\\dfrac", "\\binom", "\\sqrt"):
                yield Tok({"\\binom": "BINOM", "\\sqrt": "SQRT"}.get(text, "FRAC"), text, at)
                i += 1
                if text == "\\sqrt" and i < len(tokens) and tokens[i].text == "[":
                    raise ReadError("syntax", "write this root as a power, as in x^{1/3}", tokens[i])
                for _ in range(1 if text == "\\sqrt" else 2):
                    first = tokens[i] if i < len(tokens) else at
                    if first.text[0] in DIGITS and len(first.text) > 1:  # \frac12 is ½
                        tokens[i : i + 1] = [first._replace(text=c) for c in first.text]
                    inside, i = group(tokens, i) if i < len(tokens) else group([at], 1)
                    yield from self._braced(inside, "LB", "RB", first, depth)
            elif text == "\\underbrace":
                inside, i = group(tokens, i + 1)
                yield Tok("UNDERBRACE", text, at)
                yield from self._braced(inside, "LB", "RB", at, depth)
                if i < len(tokens) and tokens[i].text == "_":
                    inside, i = group(tokens, i + 1)
                    if inside and inside[0].text == "=":  # \underbrace{X}_{=Y}
                        inside = inside[1:]
                    inner = list(self._braced(inside, "SUB", "RSUB", at, depth))
                    yield from inner if len(inner) > 2 else []
            elif text == "^":
                if i + 1 >= len(tokens):
                    raise ReadError("syntax", "^ without an exponent", at)
                inside, i = script(tokens, i + 1)
                shown = "".join(t.text for t in inside)
                if shown in TRANSPOSE or (shown == "T" and not self.random_time):
                    yield Tok("TRANSPOSE", shown, at)
                else:
                    yield Tok("CARET", "^", at)
                    yield from self._braced(inside, "LB", "RB", at, depth)
            elif text == "_":
                raise ReadError("name", f"a subscript after {last or 'nothing'} has no meaning here", at)
            elif text in REFUSED:
                raise ReadError("syntax", f"{text}: {REFUSED[text]}", at)
            elif text in BIG:
                yield Tok(BIG[text], text, at)
                i += 1
                integrals += text == "\\int"
                subscript_first(tokens, i)
                if i < len(tokens) and tokens[i].text == "_":
                    inside, i = group(tokens, i + 1)
                    yield from self._braced(inside, "SUB", "RSUB", at, depth)
            elif integrals and (letter := differential(tokens, i)):
                name, after, _ = self.name(tokens, letter)
                if self.vocabulary.variables.get(name) != "real":
                    raise ReadError(
                        "sort",
                        f"d{name} is no differential: {name} is not a real variable of the world {self.world}",
                        at,
                    )
                yield Tok("DIFF", name, at)
                integrals -= 1
                i = after
            else:
                subscript_first(tokens, base_name(tokens, i)[1])
                found, i = self._named(tokens, i, depth)
                yield from found
                last = found[-1].name
                continue
            last = text
        if not depth:
            self.integrals = integrals

    def _braced(self, tokens: list[Raw], left: str, right: str, at: Raw, depth: int) -> Iterator[Tok]:
        yield Tok(left, "{", at)
        yield from self._lex(list(tokens), depth + 1)
        yield Tok(right, "}", tokens[-1] if tokens else at)

    def name(self, tokens: Sequence[Raw], i: int) -> tuple[str, int, list[Raw]]:
        """Canonical name at i (base, primes, "_" and subscript), the index after it, and its further subscripts."""
        base, i = base_name(tokens, i)
        base, i = with_primes(tokens, i, base)
        if i + 1 >= len(tokens) or tokens[i].text not in ("_", "^"):
            return base, i, []
        inside, after = script(tokens, i + 1)
        mark, sub = tokens[i].text, canonical(inside)
        if mark == "^":
            known = self.kind(f"{base}^{sub}") or f"{base}^{sub}" in SETS
            return (f"{base}^{sub}", after, []) if known else (base, i, [])
        primed, end = with_primes(tokens, after, base)
        if self.kind(f"{primed}_{sub}"):
            return f"{primed}_{sub}", end, []
        first, rest = at_comma(inside)
        if rest and self.kind(f"{base}_{canonical(first)}"):
            return f"{base}_{canonical(first)}", after, rest
        return (base, i, []) if self._takes_subscript(base) else (f"{primed}_{sub}", end, [])

    def _takes_subscript(self, base: str) -> bool:
        return (
            base in EXPECTATION or self.kind(base) in ("DATA", "RANDOM") or any(self.vocabulary.constants.get(base, ()))
        )

    def kind(self, name: str) -> str:
        """What a canonical name is in this world, '' if unknown."""
        v = self.vocabulary
        if name in self.defined:
            return "FUNC" if self.defined[name] else "CONST"
        kinds = {
            "DATA": self.data,
            "STATE": self.states,
            "CONST": v.constants,
            "FUNC": v.functions,
            "POLICY": v.policies,
        }
        kinds |= {"PARAMETER": v.parameters, "RANDOM": v.randoms, "VARIABLE": v.variables}
        return next((kind for kind, names in kinds.items() if name in names), "")

    def _named(self, tokens: list[Raw], i: int, depth: int) -> tuple[list[Tok], int]:
        """Tokens of the name at i with its subscript."""
        at = tokens[i]
        name, after, inside = self.name(tokens, i)
        token = self._classify(name, at, opens(tokens, after), tokens, after)
        mark = tokens[after].text if after < len(tokens) and not inside else ""
        if mark == "_" and token.type in ("CONST", "RANDOM", "DATA", "EXPECT", "VARIABLE"):
            inside, after = group(tokens, after + 1)
        elif mark == "^" and "sample" in self.vocabulary.constants.get(name, ()):
            sup, end = group(tokens, after + 1)
            if len(sup) > 2 and sup[0].text == "(" and sup[-1].text == ")":
                inside, after, token = sup[1:-1], end, Tok("CONST", name, at)
        return [token, *(self._braced(inside, "SUB", "RSUB", at, depth) if inside else ())], after

    def _classify(self, name: str, at: Raw, opened: bool, tokens: list[Raw], after: int) -> Tok:
        if name in EXPECTATION:
            return Tok("EXPECT", "E", at)
        if name in KL:
            return Tok("KL", "KL", at)
        if name in ("\\Pr", "\\mathbb{P}"):
            return Tok("PR", "Pr", at)
        if name in OPERATOR:
            return Tok("OPCALL" if opened else "OPERATOR", OPERATOR[name], at)
        if name in ("\\mathbb{1}", "\\mathbf{1}"):
            return Tok("INDICATOR", "1", at)
        if name in SETS and not self.kind(name):
            return Tok("SET", name, at)
        kind = self.kind(name)
        if kind == "CONST" and name in self.vocabulary.functions and opened and self._around_data(tokens, after):
            return Tok("FUNC", name, at)
        if kind == "FUNC" and not opened:
            if name in self.vocabulary.policies:
                return Tok("POLICY", name, at)
            if name not in self.defined:
                signature = self.vocabulary.functions[name][0]
                raise ReadError("syntax", f"{name} without its arguments ({signature}); write them out", at)
            return Tok("CONST", name, at)
        if kind == "CONST" and not self._bare(name):
            return Tok("VARIABLE" if name in self.vocabulary.variables else kind, name, at)
        if kind:
            return Tok(kind, name, at)
        if name == "\\pi":
            return Tok("NUMBER", "\\pi", at)
        if name == "e":
            return Tok("EULER", "e", at)
        primed = re.sub(r"^(.*?)('+)_(.*)$", r"\1_\3\2", name)
        if primed != name and self.kind(primed):
            bare, _, sub = primed.partition("_")
            raise ReadError("name", f"unknown name {name}; write {bare}_{{{sub}}} if the subscript has the prime", at)
        command = re.match(r"\\([a-zA-Z]+)", name)
        if name.startswith("\\") and not (command and (command[1] in GREEK or command[0] in ACCENT)):
            raise ReadError("name", f"unknown macro {name}; define it with \\newcommand or write it out", at)
        raise ReadError(
            "name", f"unknown name {name} in the world {self.world}; define it with := or use one of its letters", at
        )

    def _bare(self, name: str) -> bool:
        return name in self.defined or "" in self.vocabulary.constants.get(name, ("",))

    def _around_data(self, tokens: list[Raw], after: int) -> bool:
        inside = [t.text for t in tokens[after : after + 6] if t.text not in SPACE and t.text not in SIZE]
        return len(inside) > 1 and inside[1] in self.data
