"""Verdicts: runs displays of a document, with the definitions that come before each, and fails closed."""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pycode.proofread.document import Document, Exact, Verdict
from pycode.proofread.names import Definition
from pycode.proofread.run import Complaints, Relation, Run
from pycode.proofread.source import Display, Message
from pycode.proofread.tex import Raw, ReadError
from pycode.proofread.tokens import RELATION
from pycode.proofread.worlds import NAMES, World, build

# Where notes of one subject use these letters, another world has the names that the first one lacks.
KIN = {
    "vae": ("gaussians", {"\\mu", "\\sigma", "\\Sigma"}),
    "gaussians": ("vae", {"\\nabla"}),
    "mdp": ("mdp-discounted", {"\\gamma"}),
}


@dataclass
class Checker:
    """Runs displays of a document; definitions are collected as the text gives them."""

    document: Document
    seed: int = 0
    exactly: bool = True  # also modulo primes
    # Definitions after these displays, by their id.
    known: dict[tuple[int, ...], dict[str, Definition]] = field(default_factory=dict)

    def run(self, display: Display) -> Verdict:
        """Verdict on one display; one of notes may be read in a world of the same subject that has its names."""
        verdict = self._run(display)
        kin, letters = KIN.get(display.world, ("", set()))
        used = {t.text for row in display.rows for t in row.tokens}
        if not display.notes or verdict.status != "error" or not letters & used:
            return verdict
        other = self._run(replace(display, world=kin))
        return verdict if other.status == "error" else other

    def _run(self, display: Display) -> Verdict:
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
                base,
                display,
                [
                    (
                        "size",
                        f"too deep or too large to be run; split it ({type(error).__name__})",
                        Raw("", display.line, 1),
                    )
                ],
            )
        except Exception as error:  # fail closed: whatever goes wrong, the display has not been run
            if os.environ.get("PROOFREAD_DEBUG"):
                raise
            return self._error(
                base, display, [("internal", f"{type(error).__name__}: {error}", Raw("", display.line, 1))]
            )

    def _error(
        self, base: Verdict, display: Display, found: Complaints, status: str = "error", **more: object
    ) -> Verdict:
        lines = self.document.lines.get(display.file, [])
        messages = tuple(
            Message(
                display.file,
                at.line or display.line,
                kind,
                text,
                max(1, at.column),
                dict(enumerate(lines, 1)).get(at.line or display.line, ""),
            )
            for kind, text, at in found
        )
        return _with(base, status=status, messages=messages, **more)

    def _judge(self, base: Verdict, display: Display, world: World) -> Verdict:
        known = dict(self.before(display, world))
        display = _spelt(display, world)
        run = Run(display, world, known, exactly=self.exactly, seed=self.seed)
        chains = run.chains()
        if not chains:
            raise ReadError("empty", "nothing to run in this display", Raw("", display.line, 1))
        if display.environment == "model":
            return _with(base, relations=sum(run.model(chain) for chain in chains))
        outcomes = [run.chain(chain) for chain in chains]
        found = [message for outcome in outcomes for message in outcome.messages]
        compared = sum(len(outcome.relations) for outcome in outcomes)
        printed, count = signs(display) + run.braces, compared + sum(bool(outcome.named) for outcome in outcomes)
        if not found and printed != count:
            raise ReadError(
                "count", f"{printed} relation signs are printed but {count} were run", Raw("", display.line, 1)
            )
        crude = display.option.removeprefix("crude").lstrip(": ") if display.option.startswith("crude") else ""
        if display.option and not crude:
            raise ReadError("syntax", "the option of a checked display is [crude: reason]", Raw("", display.line, 1))
        numbers = {
            "relations": count,
            "compared": compared,
            "worlds": max(len(outcome.instances) for outcome in outcomes),
            "worst": max(outcome.worst for outcome in outcomes),
            "reason": crude,
            "exact": _exact([relation for outcome in outcomes for relation in outcome.relations]),
        }
        return self._error(base, display, found, "fails", **numbers) if found else _with(base, **numbers)

    def before(self, display: Display, world: World) -> dict[str, Definition]:
        """Definitions of the earlier displays of this world."""
        known: dict[str, Definition] = {}
        before: tuple[int, ...] = ()
        for earlier in self.document.before(display):
            before = (*before, id(earlier))
            if before not in self.known:
                run = Run(earlier, world, known)
                with suppress(ReadError):  # told when that display is run
                    run.display = _spelt(earlier, world)
                    for chain in run.chains():
                        run.define(chain)
                self.known[before] = run.definitions
            known = self.known[before]
        return known


def _spelt(display: Display, world: World) -> Display:
    """A display in our letters; only one of notes is in others, so a display of ours depends on nothing in notes/."""
    if not display.notes:
        return display
    from pycode.proofread.notes.translate import translated

    return translated(display, world)


def _exact(relations: Sequence[Relation]) -> Exact:
    """Sum of the judgements on = signs."""
    equalities = [(r.place, r.judgement) for r in relations if r.sign == "=" and r.judgement]
    decided = [j for _, j in equalities if j.verdict == "holds"]
    return Exact(
        len(equalities),
        len(decided),
        math.ceil(max((j.log2_error for j in decided), default=0.0)),
        max((j.degree for j in decided), default=0),
        tuple((place.line, j.reason) for place, j in equalities if j.verdict == "undecided"),
    )


def signs(display: Display) -> int:
    """Relation signs of a display outside of brackets, counted in its text and not in what was made of it."""
    count = depth = 0
    for row in display.rows:
        texts = [t.text for t in row.tokens]
        for text in texts:
            depth += (text in "([{" or text == "\\{") - (text in ")]}" or text == "\\}")
            count += depth == 0 and text in RELATION  # of :=, the =
    return count


def _with(base: Verdict, **changes: object) -> Verdict:
    return Verdict(**{**base.__dict__, **changes})


def _missing_reason(display: Display) -> Complaints:
    return [("reason", "say why it is not run: \\begin{unchecked}[reason]", Raw("", display.line, 1))]
