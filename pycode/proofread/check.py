"""Runs a display: its lines make chains, chains sides; each side is computed on each instance, each relation judged."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from lark import Tree

from pycode.proofread import relations, values
from pycode.proofread.bound import Bound
from pycode.proofread.document import Document, Verdict
from pycode.proofread.evaluate import Evaluator
from pycode.proofread.grammar import Part, parse, split
from pycode.proofread.lexer import Lexer, Tok
from pycode.proofread.names import Definition, free, used
from pycode.proofread.source import Display, Message, excuses_zero
from pycode.proofread.sums import FREE_INTEGERS
from pycode.proofread.tex import Raw, ReadError, group
from pycode.proofread.values import Scalar, Value
from pycode.proofread.worlds import NAMES, Instance, World, build

Messages = list[tuple[str, str, Raw]]  # kind, message, place


@dataclass
class Checker:
    """Runs displays of a document; definitions are collected as the text gives them."""

    document: Document
    seed: int = 0
    definitions: dict[str, dict[str, Definition]] = field(default_factory=dict)  # by world, of the displays in ``seen``
    seen: dict[str, list[Display]] = field(default_factory=dict)

    def run(self, display: Display) -> Verdict:
        """Verdict on one display."""
        base = Verdict(display.file, display.line, display.label, display.environment, display.world)
        if display.error is not None:
            return _with(base, status="error", messages=(display.error,))
        if display.environment == "unchecked":
            return (
                _with(base, reason=display.option)
                if display.option
                else self._error(base, display, _missing_reason(display))
            )
        try:
            if display.world not in NAMES:
                known = ", ".join(NAMES)
                raise ReadError(
                    "world", f"there is no world {display.world}; there are {known}", Raw("", display.line, 1)
                )
            world = build(display.world, self.seed)
            return self._judge(base, display, world)
        except ReadError as error:
            return self._error(base, display, [(error.kind, str(error), error.at)])
        except (RecursionError, MemoryError) as error:
            return self._error(
                base, display, [("size", f"too large to be run ({type(error).__name__})", Raw("", display.line, 1))]
            )
        except Exception as error:  # fail closed: whatever goes wrong, the display has not been run
            if os.environ.get("PROOFREAD_DEBUG"):
                raise
            return self._error(
                base, display, [("internal", f"{type(error).__name__}: {error}", Raw("", display.line, 1))]
            )

    def _error(
        self, base: Verdict, display: Display, found: Messages, status: str = "error", **more: object
    ) -> Verdict:
        lines = self.document.lines.get(display.file, [])
        messages = tuple(
            Message(
                display.file,
                at.line or display.line,
                kind,
                text,
                max(1, at.column),
                lines[(at.line or display.line) - 1] if lines else "",
            )
            for kind, text, at in found
        )
        return _with(base, status=status, messages=messages, **more)

    def _judge(self, base: Verdict, display: Display, world: World) -> Verdict:
        known = dict(self._before(display, world))
        run = Run(display, world, known)
        chains = run.chains()
        if not chains:
            raise ReadError("empty", "nothing to run in this display", Raw("", display.line, 1))
        if display.environment == "model":
            return _with(base, relations=sum(run.model(chain) for chain in chains))
        found: Messages = []
        worst, worlds, count = 0.0, 0, 0
        for chain in chains:
            outcome = run.chain(chain)
            found += outcome.messages
            worst, worlds, count = max(worst, outcome.worst), max(worlds, outcome.instances), count + outcome.relations
        printed = sum(1 for chain in chains for sign, _ in chain if sign is not None) + run.braces
        if not found and printed != count:
            raise ReadError(
                "count", f"{printed} relation signs are printed but {count} were run", Raw("", display.line, 1)
            )
        crude = display.option.removeprefix("crude").lstrip(": ") if display.option.startswith("crude") else ""
        if display.option and not crude:
            raise ReadError("syntax", "the option of a checked display is [crude: reason]", Raw("", display.line, 1))
        numbers = {"relations": count, "worlds": worlds, "worst": worst, "reason": crude}
        return self._error(base, display, found, "fails", **numbers) if found else _with(base, **numbers)

    def _before(self, display: Display, world: World) -> dict[str, Definition]:
        """Definitions of the earlier displays of this world."""
        known: dict[str, Definition] = {}
        for earlier in self.document.before(display):
            if earlier.error is None and earlier.environment in ("checked", "defining"):
                try:
                    run = Run(earlier, world, known)
                    for chain in run.chains():
                        run.define(chain)
                except ReadError:
                    continue  # told when that display is run
                known = run.definitions
        return known


def _with(base: Verdict, **changes: object) -> Verdict:
    return Verdict(**{**base.__dict__, **changes})


def _missing_reason(display: Display) -> Messages:
    return [("reason", "say why it is not run: \\begin{unchecked}[reason]", Raw("", display.line, 1))]


@dataclass(frozen=True)
class Outcome:
    """What a chain came to."""

    relations: int
    instances: int
    worst: float
    messages: Messages


@dataclass
class Run:
    """One display on the instances of its world."""

    display: Display
    world: World
    definitions: dict[str, Definition]
    new: set[str] = field(default_factory=set)  # names that this display defines
    braces: int = 0

    def chains(self) -> list[list[Part]]:
        """The display's chains, typed."""
        vocabulary = self.world.vocabulary
        names = {n: "()" if d.parameters and d.called else "" for n, d in self.definitions.items()}
        lexer = Lexer(vocabulary, self.world.name, names, self.world.data, self.world.states, "T" in vocabulary.randoms)
        for row in self.display.rows:
            for head in heads(row.tokens):
                name, called = defined_name(lexer, head)
                if not lexer.kind(name):
                    lexer.defined[name] = called
                    self.new.add(name)
        return split(lexer.lex([row.tokens for row in self.display.rows]))

    def model(self, chain: Sequence[Part]) -> int:
        """Parse a statement of a model; relations to run have no place in it."""
        for sign, side in chain:
            if sign is not None and sign.name != "~":
                raise ReadError(
                    "misplaced", "a relation to run stands in a model; move it to a checked display", sign.raw
                )
            bars = [i for i, t in enumerate(side) if t.type == "MID"]
            depth = 0
            for i, token in enumerate(side):
                depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
                if i in bars and depth == 0:
                    parse(side[:i])
                    side = side[i + 1 :]
                    break
            parse(side)
        return len(chain) - 1

    def define(self, chain: Sequence[Part]) -> bool:
        """Note the new name of a chain that begins with a definition."""
        if len(chain) < 2 or chain[1][0] is None or chain[1][0].name != ":=" or chain[0][1][0].name not in self.new:
            return False
        left = chain[0][1]
        name = left[0].name
        if name in self.definitions:
            raise ReadError("name", f"{name} is defined twice", left[0].raw)
        inside = left[2:-1:2]
        brackets = [t.type for t in left[1:2] + left[-1:]] if len(left) > 1 else ["LPAR", "RPAR"]
        between = all(t.type in ("COMMA", "SEMI", "MID") for t in left[3:-1:2])
        if brackets != ["LPAR", "RPAR"] or not between or any(t.type not in ("VARIABLE", "CONST") for t in inside):
            raise ReadError("syntax", "a definition is of a name, or of a name with letters in brackets", left[0].raw)
        parameters = tuple(t.name for t in inside)
        self.definitions = {
            **self.definitions,
            name: Definition(name, parameters, parse(chain[1][1]), called=len(left) > 1),
        }
        return True

    def chain(self, chain: Sequence[Part]) -> Outcome:
        """Run a chain on every instance that admits it."""
        signs = [sign for sign, _ in chain if sign is not None]
        self._allowed(chain, signs)
        defines = self.define(chain)
        trees = [parse(side) for _, side in (chain[1:] if defines else chain)]
        letters = self._letters(trees, chain[0][1] if defines else None)
        self._one_data_point(trees)
        names = frozenset().union(*(used(t, self.world.vocabulary, self.definitions) for t in trees))
        instances = [i for i in self.world.instances if i.admits(names)]
        if not instances:
            shown = ", ".join(sorted(names))
            raise ReadError(
                "world", f"no instance of the world {self.world.name} has all of {shown}", chain[0][1][0].raw
            )
        sides, terms, braces = self._computed(trees, letters, instances)
        tight = [i.tight for i in instances]
        found: Messages = []
        worst = 0.0
        zero = any(t.data == "number" and str(t.children[0]) == "0" for t in trees)
        crude = self.display.option.startswith("crude")
        for number, sign in enumerate(signs[1:] if defines else signs):
            pairs = [relations.Sides(s[number], s[number + 1], t) for s, t in zip(sides, tight, strict=True)]
            outcome = relations.compare(sign.name.replace(":=", "="), pairs, zero, crude)
            worst = max(worst, outcome.worst)
            if outcome.kind:
                found.append((outcome.kind, outcome.message, sign.raw))
        for tree, values_of in braces:
            outcome = relations.compare("=", [relations.Sides(x, y, False) for x, y in values_of], False, crude)
            worst = max(worst, outcome.worst)
            if outcome.kind:
                found.append(
                    (outcome.kind, "\\underbrace: " + outcome.message, Raw("", tree.meta.line, tree.meta.column))
                )
        self.braces += len(braces)
        found += self._silent(terms) if not found else []
        if defines and not all(np.all(np.isfinite(values.primal(s[0]).data)) for s in sides):
            found.append(("value", "what is defined is not finite", signs[0].raw))
        return Outcome(len(signs) + len(braces), len(instances), worst, found)

    def _allowed(self, chain: Sequence[Part], signs: Sequence[Tok]) -> None:
        for (_, before), (sign, side) in pairwise(chain):
            assert sign is not None
            if not before or not side:
                raise ReadError("syntax", f"nothing stands {'after' if before else 'before'} this relation", sign.raw)
            if sign.name == "~":
                raise ReadError("misplaced", "x\\sim p is no relation to run; put it into a model display", sign.raw)
            if self.display.environment == "defining" and sign.name != ":=":
                raise ReadError(
                    "misplaced",
                    "a relation to run stands in defining: write := for a definition, or move it to checked",
                    sign.raw,
                )
        if not signs:
            raise ReadError("empty", "no relation in this line", chain[0][1][0].raw)

    def _one_data_point(self, trees: Sequence[Tree]) -> None:
        r"""The index of the data point is the same all over a chain, also that in a defined name such as \ell_i."""
        seen: dict[str, Tree] = {}
        for tree in trees:
            for node in tree.iter_subtrees_topdown():
                if node.data == "data" and len(node.children) > 1:
                    seen.setdefault(str(next(node.children[1].scan_values(lambda _: True), "")), node)
                elif (
                    node.data == "constant"
                    and (found := re.search(r"_(\w)$", node.children[0]))
                    and node.children[0] in self.definitions
                ):
                    seen.setdefault(found[1], node)
        if len(seen) > 1:
            *_, last = seen.values()
            raise ReadError(
                "scope",
                f"two data points in one chain: {' and '.join(seen)}",
                Raw("", last.meta.line, last.meta.column),
            )

    def _letters(self, trees: Sequence[Tree], left: Sequence[Tok] | None) -> dict[str, str]:
        """Free letters of the chain with their sorts; those of its first side, or of the name that it defines."""
        vocabulary = self.world.vocabulary
        first = free(trees[0], vocabulary, self.definitions)
        allowed = set(first) if left is None else {t.name for t in left[1:] if t.type == "VARIABLE"}
        for tree in trees if left is not None else trees[1:]:
            for name, token in free(tree, vocabulary, self.definitions, frozenset(allowed)).items():
                if name not in allowed:
                    where = "in the name that is defined" if left is not None else "on the first side of the chain"
                    raise ReadError(
                        "scope",
                        f"{name} is free here but does not stand {where}",
                        Raw(name, token.line or 0, token.column or 1),
                    )
        return {name: vocabulary.variables[name] for name in allowed}

    def _computed(
        self, trees: Sequence[Tree], letters: Mapping[str, str], instances: Sequence[Instance]
    ) -> tuple[
        list[list[Scalar]], dict[tuple[int, int], tuple[float, float]], list[tuple[Tree, list[tuple[Scalar, Scalar]]]]
    ]:
        terms: dict[tuple[int, int], tuple[float, float]] = {}
        braces: dict[int, tuple[Tree, list[tuple[Scalar, Scalar]]]] = {}
        sides = []
        for instance in instances:
            evaluator = Evaluator(
                instance, self.world.vocabulary, self.definitions, dict(_scope(letters, instance)), terms
            )
            with np.errstate(all="ignore"):
                sides.append([evaluator(tree) for tree in trees])
            for x, y, tree in evaluator.braces:
                braces.setdefault(id(tree), (tree, []))[1].append((x, y))
        return sides, terms, list(braces.values())

    def _silent(self, terms: dict[tuple[int, int], tuple[float, float]]) -> Messages:
        found: Messages = []
        for line, column in relations.silent_terms(terms):
            row = max((r for r in self.display.rows if r.line <= line), key=lambda r: r.line, default=None)
            if row is None or not excuses_zero(row.reason):
                advice = "leave it out, or say in the line's reason that it vanishes"
                found.append(
                    ("vacuous", f"this term is 0 in every world and tests nothing; {advice}", Raw("", line, column))
                )
        return found


def _scope(letters: Mapping[str, str], instance: Instance) -> Iterator[tuple[str, Bound]]:
    for name, sort in letters.items():
        if sort == "real":
            yield name, Bound(sort, instance.reals(name))
        else:
            size = FREE_INTEGERS if sort == "integer" else instance.sizes[sort]
            yield name, Bound(sort, Value(np.arange(size), (name,)))


def heads(tokens: Sequence[Raw]) -> Iterator[list[Raw]]:
    """Left sides of the definitions in a line."""
    start = 0
    for i, token in enumerate(tokens):
        if token.text in ("\\qquad", "\\quad", "&"):
            start = i + 1
        elif i > start and (token.text == "\\coloneqq" or [t.text for t in tokens[i : i + 2]] == [":", "="]):
            yield list(tokens[start:i])


def defined_name(lexer: Lexer, head: Sequence[Raw]) -> tuple[str, str]:
    """Name on the left of a definition, with "()" when letters in brackets follow."""
    name, after, _ = lexer.name(head, 0)
    if after + 1 < len(head) and head[after].text == "^":
        inside, end = group(head, after + 1)
        if len(inside) == 1 and inside[0].text.isalpha():
            name, after = f"{name}^{inside[0].text}", end
    rest = [t.text for t in head[after:] if t.text not in ("\\,", "\\bigl", "\\left")]
    return name, "()" if rest[:1] == ["("] else ""
