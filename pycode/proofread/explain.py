"""How a display was read and what came out: its sides with all brackets, their values in one instance, the verdicts."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from textwrap import TextWrapper

import numpy as np
from lark import Tree

from pycode.proofread.arithmetic.values import COLUMN, GRADIENT, ROW, Scalar, primal
from pycode.proofread.bracketed import bracketed, name
from pycode.proofread.check import Checker
from pycode.proofread.document import Document
from pycode.proofread.exact import BITS, drawn
from pycode.proofread.names import Definition
from pycode.proofread.notes.translate import translated
from pycode.proofread.run import Outcome, Relation, Run
from pycode.proofread.source import Display
from pycode.proofread.tex import short, text_of
from pycode.proofread.worlds import Instance, build

WIDTH, ENTRIES, NEAREST = 100, 4, 3  # of a line; shown of a table; labels that are offered for an unknown one
LAST = (GRADIENT, ROW, COLUMN)
AXES = {GRADIENT: "gradient", ROW: "rows", COLUMN: "columns"}
UNLISTED = {"integer", "state+"}  # where infinite sums are cut; one more than there are states
DIFFERENCE = {
    "<=": "largest relative violation",
    ">=": "largest relative violation",
    "∝": "largest part that is not proportional",
}
SIGNS = {"<=": "≤", ">=": "≥"}
KEPT = re.compile(r" (?!\+ |- |\\cdot |\\odot |\\bigl|\\frac|\\mathbb|\(|:= )")  # blanks at which no line ends
ABOUT = {
    "checked": "every relation is computed",
    "defining": "it gives names; one that is known already is compared",
    "model": "it says how things are distributed; parsed, not computed",
    "unchecked": "neither parsed nor computed",
}


def find(document: Document, label: str) -> Display:
    """The display with this label, or that FILE:LINE stands in, or the only one with a label beginning or ending so."""
    names = [(known, d) for d in document.displays for known in (*d.labels, f"{d.file}:{d.line}")]
    found = [d for known, d in names if known == label]
    found = found or [d for known, d in names if label and (known.startswith(label) or known.endswith(label))]
    if found and all(d is found[0] for d in found):
        return found[0]
    file, _, line = label.rpartition(":")
    before = [d for d in document.displays if d.file == file and line.isdecimal() and d.line <= int(line)]
    if before and not found:
        return before[-1]
    labels = [known for d in document.displays for known in d.labels] or [known for known, _ in names]
    if found:
        several = [known for d in document.displays if d in found for known in (*d.labels, f"{d.file}:{d.line}")]
        fitting = [known for known in several if known.startswith(label) or known.endswith(label)]
        raise LookupError(f"{label} fits several displays: {', '.join(fitting[: 2 * NEAREST])}")
    near = ", ".join(get_close_matches(label, labels, NEAREST, 0.0))
    raise LookupError(f"no display has the label {label}; " + (f"near are {near}" if near else "there is no display"))


def explain(document: Document, display: Display, seed: int = 0) -> tuple[str, bool]:
    """Text for a terminal, and whether the display holds."""
    checker = Checker(document, seed)
    verdict = checker.run(display)
    title = f"{display.label or 'no label'}  {display.file}:{display.line}"
    status = "" if display.environment == "unchecked" and verdict.status == "holds" else f"; {verdict.status}"
    lines = [title, f"{display.environment}: {ABOUT[display.environment]}{status}"]
    lines += [message.shown() for message in verdict.messages]
    if verdict.reason:
        lines += _entry("reason", short(verdict.reason))
    if display.environment == "model":
        lines += [line for row in display.rows if row.tokens for line in _wrapped(short(text_of(row.tokens)), "  ")]
    elif display.environment != "unchecked" and verdict.status != "error":
        display = replace(display, world=verdict.world)
        world = build(display.world, seed)
        run = Run(translated(display, world), world, dict(checker.before(display, world)), seed=seed)
        lines += _Report(run, [run.chain(chain) for chain in run.chains()]).lines()
    return "\n".join(lines), verdict.status == "holds"


def value(x: Scalar) -> str:
    """A number, or the named axes of a table with their lengths and its first entries."""
    found = primal(x)
    order = sorted(found.axes, key=lambda a: (LAST.index(a) if a in LAST else -1, a))
    data = np.transpose(found.data, [found.axes.index(a) for a in order])
    entries = ", ".join(f"{float(v):.8g}" for v in data.ravel()[:ENTRIES])
    if not order:
        return entries
    shape = ", ".join(f"{AXES.get(a, a)}: {n}" for a, n in zip(order, data.shape, strict=True))
    return f"[{shape}] {entries}" + (", …" if data.size > ENTRIES else "")


def size(instance: Instance) -> str:
    """How much of each sort an instance has."""
    counts = ", ".join(_count(n, sort) for sort, n in instance.sizes.items() if sort not in UNLISTED)
    return counts + ", tight" * instance.tight


def _count(n: int, of: str) -> str:
    return f"{n} {of}{'s' * (n != 1)}"


def _wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    """Lines of a text; a formula goes on in the next line before an operator or a bracket, if it can."""
    kept = KEPT.sub("\0", text) if "\\" in text else text
    rest = first if rest is None else rest
    wrapper = TextWrapper(WIDTH, first, rest, break_long_words=False, break_on_hyphens=False)
    lines = wrapper.wrap(kept)
    if max(map(len, lines), default=0) > WIDTH:
        lines = wrapper.wrap(text)
    return [line.replace("\0", " ") for line in lines]


def _entry(head: str, text: str) -> list[str]:
    return _wrapped(text, f"{head:<13}", " " * 13)


class _Report:
    """The lines about a display whose chains were run."""

    def __init__(self, run: Run, outcomes: Sequence[Outcome]) -> None:
        self.run, self.outcomes = run, outcomes
        self.definitions: Mapping[str, Definition] = run.definitions

    def lines(self) -> Iterator[str]:
        """World, definitions, and then each chain."""
        instances = {id(i): i for outcome in self.outcomes for i in outcome.instances}
        counted = Counter(map(size, instances.values()))
        yield from _entry("world", f"{self.run.world.name}, {_count(len(instances), 'instance')}")
        for shape, count in counted.items():
            yield from _entry("", shape + (f", {count} of them" if count > 1 else ""))
        shapes = filter(None, (size(c.instance) for c in drawn(self.run.world.name, "", BITS)))
        yield from _entry("exactly", "; ".join(shapes) or "one number of each")
        own = {outcome.named for outcome in self.outcomes}
        used = self._used([t for o in self.outcomes for r in o.relations for t in r.trees]
                          + [self.definitions[n].body for n in own if n])  # fmt: skip
        for number, key in enumerate(n for n in used if n not in own):
            yield from _entry("" if number else "definitions", f"{self._defined(key)}  ({self.definitions[key].place})")
        for outcome in self.outcomes:
            yield ""
            letters = ", ".join(f"{name(n)} ({sort})" for n, sort in sorted(outcome.letters.items()))
            yield from _entry("letters", f"for every {letters}" if letters else "none is free")
            if outcome.named:
                yield self.definitions[outcome.named].place + "  :="
                yield from _wrapped(self._defined(outcome.named), "  ", "       ")
            if outcome.relations:
                yield from _entry("values in", size(outcome.instances[0]))
            for relation in outcome.relations:
                yield from self._relation(relation)

    def _relation(self, relation: Relation) -> Iterator[str]:
        trees = relation.trees if len(relation.trees) == 2 else relation.trees[0].children
        pair, (worst, _, message) = relation.sides[0], relation.outcome
        yield ""
        yield f"{self.run.display.file}:{relation.place.line}  {SIGNS.get(relation.sign, relation.sign)}"
        for tree, side in zip(trees, pair[:2], strict=True):
            assert isinstance(tree, Tree)
            yield from _wrapped(bracketed(tree, self.run.world.vocabulary), "  ", "    ")
            yield from _wrapped(value(side), "      ")
        how = DIFFERENCE.get(relation.sign, "largest relative difference")
        yield from _wrapped(f"{relation.outcome.kind}: {message}" if message else f"{how}: {worst:.2g}", "  ")
        if relation.exact:
            yield from _wrapped(f"exact: {relation.exact}", "  ")

    def _used(self, trees: Sequence[Tree]) -> list[str]:
        """Defined names that stand in trees, and in what these names are defined by."""
        found: dict[str, None] = {}
        waiting = list(trees)
        while waiting:
            for node in waiting.pop().iter_subtrees_topdown():
                key = str(node.children[0]) if node.data in ("constant", "apply") else ""
                if key in self.definitions and key not in found:
                    found[key] = None
                    waiting.append(self.definitions[key].body)
        return list(found)

    def _defined(self, key: str) -> str:
        definition = self.definitions[key]
        letters = f"({', '.join(map(name, definition.parameters))})" if definition.called else ""
        return f"{name(key)}{letters} := {bracketed(definition.body, self.run.world.vocabulary)}"
