r"""The displayed formulas of a file, run for the document: their verdicts and what the text says of them, as LaTeX."""

import json
from dataclasses import asdict
from typing import Any

from pycode import results
from pycode.latex import exactly, number, verdict

KEPT = ("relations", "compared", "worlds", "worst")  # of a verdict, beside its exact part


class DisplayError(Exception):
    """Displays of the document do not hold; the message names their own file and line."""


def proofread(file: str) -> str:
    """Run the displays of a file, from the cache when all that decides stands; raises ``DisplayError``."""
    from pycode.proofread import document

    read = document.read(results.ROOT / "main.tex")
    if not any(display.file == file for display in read.displays):
        raise ValueError(f"proofread: main.tex has no display in {file}")
    run = document.runner(read)
    found, wrong = [], [str(message) for message in read.messages]
    for other in dict.fromkeys(display.file for display in read.displays):
        if not any(f"\\proofread{{{other}}}" in line.split("%")[0] for line in read.lines[other]):
            wrong.append(f"{other}:1: unrun: its displays are not run; write \\proofread{{{other}}} before the first")
    module, records, kept = "pycode.proofread.document", file.replace("/", "."), set()
    for display in (display for display in read.displays if display.file == file):
        key = read.key(display)
        name = f"{records}.{key[:16]}"

        def compute(display: Any = display) -> dict[str, Any]:
            verdict = run(display)
            if verdict.status != "holds":
                place = f"{display.file}:{display.line}"
                raise DisplayError("\n".join(map(str, verdict.messages)) or f"{place}: {verdict.status}")
            after = [(line - display.line, reason) for line, reason in verdict.exact.undecided]
            exact = asdict(verdict.exact) | {"undecided": after}
            return {name: getattr(verdict, name) for name in KEPT} | {"exact": exact}

        try:
            record = results.cached(module, name, compute, inputs=[key, *KEPT, "exact"])
        except DisplayError as error:
            wrong.append(str(error))
            continue
        place, equalities = (file, display.ordinal), record.pop("exact")
        found.append(verdict(*place, display.environment, **record) + exactly(*place, **equalities))
        kept.add(f"{module}.{name}")
    if wrong:
        raise DisplayError("\n".join(wrong))
    for old in (results.RESULTS / "values").glob(f"{module}.{records}.*.json"):
        if old.stem not in kept:
            old.unlink(missing_ok=True)
    total = rf"\displaytotal{{{file}}}{{{len(found)}}}"
    return "".join(found) + total + _settings() + _mutants(document.text_hash(read))


def _settings() -> str:
    """Numbers of the checker that the text names."""
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


def _mutants(present: str) -> str:
    """The score of the planted errors; nothing when it belongs to other displays than the present ones."""
    try:
        score = json.loads((results.ROOT / "tests/mutants/score.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return r"\mutantsfalse"
    if score["hash"] != present:
        return r"\mutantsfalse"
    numbers = {key: value for key, value in sorted(score.items()) if isinstance(value, int | float)}
    return "".join(rf"\mutantscore{{{key}}}{{{number(value)}}}" for key, value in numbers.items())
