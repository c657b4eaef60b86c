"""A display on the instances of its world: lines make chains, chains sides; sides are computed, relations judged."""

import math
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from lark import Tree

from pycode.proofread import exact, relations
from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.named import RedrawError, UndecidedError
from pycode.proofread.arithmetic.values import Value
from pycode.proofread.bound import Bound
from pycode.proofread.evaluate import Evaluator
from pycode.proofread.grammar import SAY, Part, parse, split
from pycode.proofread.lexer import Lexer
from pycode.proofread.limits import BOUND_SEED, BOUND_SEEDS, FREE_INTEGERS
from pycode.proofread.names import Definition, differentiates, free, used
from pycode.proofread.source import Display, excuses_zero
from pycode.proofread.spelling import defined, heads
from pycode.proofread.tex import UNEQUAL, Raw, ReadError
from pycode.proofread.tokens import Tok
from pycode.proofread.worlds import Instance, World, build

SUBSCRIPT = re.compile(r"_(\w)$")
Complaints = list[tuple[str, str, Raw]]  # kind, message, place
Key = int | tuple[int, int]  # of a computed side
Pair = tuple[tuple[Key, Key], str]  # the sides of a relation, and its sign
DIFFER = "the sides agree to the digits of floating point, but are not equal: they differ modulo a random prime"
Terms = dict[tuple[int, int], tuple[float, float]]  # place of a term → its size, and that of what stands beside it


class Relation(NamedTuple):
    """A relation that was run: what it came to, its place, trees and sign, both sides in each instance."""

    outcome: relations.Outcome
    place: Raw
    trees: Sequence[Tree]  # of both sides; of an underbrace with its label, which are compared too, the one
    sign: str
    sides: Sequence[relations.Sides]
    judgement: exact.Judgement | None = None

    @property
    def exact(self) -> str:
        """The verdict of the exact arithmetic, in words."""
        judged = self.judgement
        if judged is None:
            return ""
        if judged.verdict != "holds":
            return judged.verdict + f" ({judged.reason})" * bool(judged.reason)
        chance = f"2^{math.ceil(judged.log2_error)}"
        return f"holds (degree {judged.degree}; if false, it would pass with a chance below {chance})"


@dataclass(frozen=True)
class Outcome:
    """What a chain came to."""

    relations: Sequence[Relation]
    named: str  # the new name that it begins with the definition of, if any
    letters: Mapping[str, str]  # free ones → sort
    instances: Sequence[Instance]
    worst: float
    messages: Complaints


@dataclass
class Run:
    """One display on the instances of its world."""

    display: Display
    world: World
    definitions: dict[str, Definition]
    new: set[str] = field(default_factory=set)  # names that this display defines
    braces: int = 0
    exactly: bool = True  # also modulo primes
    seed: int = 0  # of the primes, beside the text

    def chains(self) -> list[list[Part]]:
        """The display's chains, typed."""
        vocabulary = self.world.vocabulary
        names = {n: "()" if d.parameters and d.called else "" for n, d in self.definitions.items()}
        lexer = Lexer(vocabulary, self.world.name, names, self.world.data, self.world.states, "T" in vocabulary.randoms)
        rows = self.display.rows
        for row in rows:
            for head in heads(row.tokens):
                name, called = defined(*lexer.name(head, 0)[:2], head)
                if not lexer.kind(name):
                    lexer.defined[name] = called
                    self.new.add(name)
        return split(lexer.lex([row.tokens for row in rows]), [row.opens for row in rows])

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
        if len(chain) < 2 or not chain[0][1] or chain[1][0] is None or chain[1][0].name != ":=":
            return False
        if chain[0][1][0].name not in self.new:
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
        if any(t.name == name for t in chain[1][1]):
            raise ReadError("name", f"{name} is defined by itself", left[0].raw)
        self.definitions = {
            **self.definitions,
            name: Definition(
                name, parameters, parse(chain[1][1]), len(left) > 1, f"{self.display.file}:{left[0].raw.line}"
            ),
        }
        return True

    def chain(self, chain: Sequence[Part]) -> Outcome:
        """Run a chain on every instance that admits it."""
        signs = [sign for sign, _ in chain if sign is not None]
        self._allowed(chain, signs)
        defines = self.define(chain)
        trees = [parse(side) for _, side in (chain[1:] if defines else chain)]
        letters = self._letters(trees, chain[0][1] if defines else None)
        self._one_data_point(trees, chain[0][1][0].name if defines else "")
        names = frozenset().union(*(used(t, self.world.vocabulary, self.definitions) for t in trees))
        # A wrong bound can hold by chance, a wrong equation not.
        bounds = any(sign.name in ("<=", ">=") for sign in signs)
        further = BOUND_SEEDS.get(self.world.name, BOUND_SEED) if bounds else ()
        worlds = [self.world, *(build(self.world.name, seed) for seed in further)]
        instances = [i for world in worlds for i in world.instances if i.admits(names)]
        if not instances:
            shown = ", ".join(sorted(names))
            raise ReadError(
                "world", f"no instance of the world {self.world.name} has all of {shown}", chain[0][1][0].raw
            )
        terms: Terms = {}
        sides = [self._sides(trees, letters, instance, terms, exactly=False) for instance in instances]
        nodes = [node for tree in trees for node in tree.find_data("brace")]
        braces = {id(node): node for node in nodes if len(node.children) > 1}
        zero = any(t.data == "number" and str(t.children[0]) == "0" for t in trees)
        crude, notes = self.display.option.startswith("crude"), self.display.notes
        pairs: list[tuple[str, Raw, tuple[Key, Key]]]
        pairs = [(sign.name.replace(":=", "="), sign.raw, (i, i + 1)) for i, sign in enumerate(signs[bool(defines) :])]
        pairs += [("=", Raw("", t.meta.line, t.meta.column), ((k, 0), (k, 1))) for k, t in braces.items()]
        compared = []
        for sign, place, (left, right) in pairs:
            own = trees[left : left + 2] if isinstance(left, int) else [braces[left[0]]]
            brace = not isinstance(left, int)
            both = [
                relations.Sides(s[left], s[right], i.tight and not brace) for s, i in zip(sides, instances, strict=True)
            ]
            outcome = relations.compare(sign, both, zero and not brace, crude, notes)
            compared.append(Relation(outcome, place, own, sign, both))
        self.braces += len(braces)
        found = self._complaints(compared, chain[0][1][0].raw)
        found += self._silent(terms) if not found and not notes else []
        if defines and not all(values.primal(s[0]).finite() for s in sides):
            found.append(("value", "what is defined is not finite", signs[0].raw))
        worst = max((r.outcome.worst for r in compared), default=0.0)
        if self.exactly and not found:
            judged = self._judged(trees, letters, names, [(keys, sign) for sign, _, keys in pairs])
            compared = [r._replace(judgement=j) for r, j in zip(compared, judged, strict=True)]
            false = [(r.place, r.judgement.reason) for r in compared if r.judgement and r.judgement.verdict == "false"]
            found = [(UNEQUAL, reason or DIFFER, place) for place, reason in false]
        return Outcome(compared, chain[0][1][0].name if defines else "", letters, instances, worst, found)

    def _judged(
        self, trees: Sequence[Tree], letters: Mapping[str, str], names: frozenset[str], pairs: Sequence[Pair]
    ) -> list[exact.Judgement]:
        """What the exact arithmetic says of each relation."""

        def compute(instance: Instance) -> exact.Computed:
            return self._sides(trees, letters, instance, None, exactly=True)

        wanted = [exact.Relation(*keys, sign) for keys, sign in pairs]
        used_before = [str(d.body) for d in self.definitions.values() if d.name.split("_")[0] in self.display.source]
        drawn = [str(self.seed)] if self.seed else []
        text, own = ("\n".join(parts) for parts in ([self.display.source, *used_before, *drawn], map(str, trees)))
        return exact.judge(self.world.name, text, own, names, compute, wanted)

    def _complaints(self, outcomes: Sequence[Relation], first: Raw) -> Complaints:
        """What is wrong, where: at the relation; at the first side when all the others agree with each other."""
        found: Complaints = []
        for outcome, place, trees, *_ in outcomes:
            if outcome.kind:
                names = {
                    str(n.children[0]) for t in trees for n in t.find_pred(lambda n: n.data in ("constant", "apply"))
                }
                known = [self.definitions[n] for n in sorted(names) if n in self.definitions]
                uses = "".join(f"; it uses {d.name} of {d.place}" for d in known)
                found.append((outcome.kind, outcome.message + uses, place))
        alone = len(outcomes) > 1 and len(found) == 1 and outcomes[0].outcome.message.startswith(relations.DIFFER)
        return [(found[0][0], found[0][1], first)] if alone else found

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
            strict = next((t for t in chain[0][1] if t.type in ("GT", "LT")), None)
            raise ReadError(
                "empty", SAY[strict.type] if strict else "no relation in this line", (strict or chain[0][1][0]).raw
            )

    def _one_data_point(self, trees: Sequence[Tree], defined: str) -> None:
        r"""The index of the data point is the same all over a chain, also that in a defined name such as \ell_i."""
        seen: dict[str, Raw] = {}
        if found := SUBSCRIPT.search(defined):
            seen[found[1]] = Raw("", self.display.line, 1)
        for node in (n for tree in trees for n in tree.iter_subtrees_topdown()):
            place = Raw("", getattr(node.meta, "line", 0), getattr(node.meta, "column", 1))
            if node.data == "data":
                indices = node.children[1].scan_values(lambda _: True) if len(node.children) > 1 else ["no index"]
                seen.setdefault("".join(indices), place)
            elif (
                node.data == "constant"
                and node.children[0] in self.definitions
                and (found := SUBSCRIPT.search(node.children[0]))
            ):
                seen.setdefault(found[1], place)
        if len(seen) > 1:
            raise ReadError("scope", f"two data points in one chain: {' and '.join(seen)}", [*seen.values()][-1])

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

    def _sides(
        self, trees: Sequence[Tree], letters: Mapping[str, str], instance: Instance, terms: Terms | None, exactly: bool
    ) -> dict[Hashable, Any]:
        """Value of each side, by its number, and of both sides of each underbrace, by (its id, 0) and (its id, 1)."""
        found: dict[Hashable, Any] = {}
        gradients = any(differentiates(tree, self.definitions) for tree in trees)
        scope = dict(_scope(letters, instance))
        for number, tree in enumerate(trees):
            evaluator = Evaluator(instance, self.world.vocabulary, self.definitions, scope, terms, gradients=gradients)
            try:
                with np.errstate(all="ignore"):
                    found[number] = evaluator(tree)
            except (ReadError, RedrawError, RecursionError) as error:
                if not exactly:
                    raise
                found[number] = UndecidedError("too deep") if isinstance(error, RecursionError) else error
            for x, y, brace in evaluator.braces:
                found[id(brace), 0], found[id(brace), 1] = x, y
        return found

    def _silent(self, terms: Terms) -> Complaints:
        found: Complaints = []
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
