r"""The displayed formulas of a file, run for the document: their verdicts and what the text says of them, as LaTeX."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from typing import Any

from pycode import results
from pycode.latex import exactly, number, verdict
from pycode.results import Result

MODULE = "pycode.proofread.document"  # in the names of the records
KEPT = ("relations", "compared", "worlds", "worst")  # of a verdict, beside its exact part


class DisplayError(Exception):
    """Displays of the document do not hold; the message names their own file and line."""


@cache
def document() -> Any:
    """The document's displays, read once in a process."""
    from pycode.proofread import document

    return document.read(results.ROOT / "main.tex")


@cache
def _runner() -> Callable[[Any], Any]:
    from pycode.proofread.document import runner

    return runner(document())


def verdict_result(display: Any) -> Result:
    """What a run of a display finds, by names; raises ``DisplayError`` when it does not hold."""
    key = document().key(display)

    def compute() -> dict[str, Any]:
        verdict = _runner()(display)
        if verdict.status != "holds":
            place = f"{display.file}:{display.line}"
            raise DisplayError("\n".join(map(str, verdict.messages)) or f"{place}: {verdict.status}")
        after = [(line - display.line, reason) for line, reason in verdict.exact.undecided]
        exact = asdict(verdict.exact) | {"undecided": after}
        return {name: getattr(verdict, name) for name in KEPT} | {"exact": exact}

    return Result(MODULE, f"{_records(display.file)}.{key[:16]}", compute, inputs=[key, *KEPT, "exact"])


def _records(file: str) -> str:
    return file.replace("/", ".")


def proofread(file: str) -> str:
    """Run the displays of a file, or read their verdicts where all stands; raises ``DisplayError``."""
    read = document()
    if not any(display.file == file for display in read.displays):
        raise ValueError(f"proofread: main.tex has no display in {file}")
    found, wrong, kept = [], [str(message) for message in read.messages], set()
    for other in dict.fromkeys(display.file for display in read.displays):
        if not any(f"\\proofread{{{other}}}" in line.split("%")[0] for line in read.lines[other]):
            wrong.append(f"{other}:1: unrun: its displays are not run; write \\proofread{{{other}}} before the first")
    for display in (display for display in read.displays if display.file == file):
        result = verdict_result(display)
        try:
            record = dict(result.get())
        except DisplayError as error:
            wrong.append(str(error))
            continue
        place, equalities = (file, display.ordinal), record.pop("exact")
        found.append(verdict(*place, display.environment, **record) + exactly(*place, **equalities))
        kept.add(f"{MODULE}.{result.function}")
    if wrong:
        raise DisplayError("\n".join(wrong))
    for old in (results.RESULTS / "values").glob(f"{MODULE}.{_records(file)}.*.json"):
        if old.stem not in kept:
            with suppress(OSError):
                old.unlink()
    total = rf"\displaytotal{{{file}}}{{{len(found)}}}"
    return "".join(found) + total + settings_result().get() + _mutants(read)


def settings_result() -> Result:
    """Numbers of the checker that the text names, as LaTeX."""
    modules = ("pycode.proofread.worlds.mdp", "pycode.proofread.worlds.latent_table", "pycode.displays")

    def compute() -> str:
        from pycode.proofread import exact, limits
        from pycode.proofread.arithmetic import modular
        from pycode.proofread.worlds import latent_table, mdp

        states, actions, rewards, _ = mdp.EXACT_SHAPE
        numbers = {
            "tolerance": number(limits.TOLERANCE, ".0e"),
            "longest": number(limits.FREE_INTEGERS - 1),
            "digits": number(limits.COEFFICIENT_DIGITS),
            "bits": number(exact.BITS),
            "degrees": str(exact.largest_degree().bit_length() - 1),
            "class": number(modular.MODULUS),
            "terms": number(mdp.EXACT_TERMS),
            "states": number(states),
            "actions": number(actions),
            "rewards": number(rewards),
            "latent": number(latent_table.VALUES),
        }
        return "".join(rf"\displaysettingis{{{name}}}{{{value}}}" for name, value in numbers.items())

    return Result("pycode.proofread.exact", "settings", compute, inputs=[results.code_digest(*modules)])


def _mutants(read: Any) -> str:
    """The score of the planted errors; nothing when it belongs to other displays than the present ones."""
    from pycode.proofread.document import text_hash

    try:
        score = json.loads((results.ROOT / "tests/mutants/score.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return r"\mutantsfalse"
    if score["hash"] != text_hash(read):
        return r"\mutantsfalse"
    numbers = {key: value for key, value in sorted(score.items()) if isinstance(value, int | float)}
    return "".join(rf"\mutantscore{{{key}}}{{{number(value)}}}" for key, value in numbers.items())
