"""Command line: plant errors in the displays, run the checker on each, compare what survives with the reviewed list."""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from pycode.proofread.document import PACKAGE, Document, Verdict, check_all, read, text_hash
from pycode.proofread.mutants.plant import Mutant, plant_all, plant_macros, plant_tiny
from pycode.proofread.mutants.trial import Outcome, false_alarms, run

ROOT = PACKAGE.parent.parent
LIST, SCORE = ROOT / "tests" / "mutants" / "survivors.txt", ROOT / "tests" / "mutants" / "score.json"
ENOUGH, LISTED = 2500, 0.03  # mutants at least; listed survivors at most, of all
TOO_SMALL = 30  # tiny errors that floats do not see, at least
ROUNDED = {"tiny_floats"}  # an error of the size of the tolerance is seen in floats or not, as rounding has it
CAUGHT = ("reading", "evaluation", "exact")
SHOWN = 150  # complaints printed at most
BAR = "{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} {desc} [{elapsed}<{remaining}]"


class Entry(NamedTuple):
    """Line of a listed survivor, and whether the exact arithmetic decides its display."""

    line: int
    decided: bool


def reviewed(path: Path) -> dict[str, Entry]:
    """The listed survivors by their identities; each must give a reason."""
    found: dict[str, Entry] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), 1):
        if line.strip() and not line.startswith("%"):
            *identity, backend, reason = line.split(" # ")
            known = backend in ("exact", "floats")
            if len(identity) != 3 or not known or not reason.strip() or " # ".join(identity) in found:
                raise ValueError(
                    f"{path}:{number}: a line is 'display # kind # before → after # exact # reason', or with floats "
                    "for exact; each mutant once"
                )
            found[" # ".join(identity)] = Entry(number, backend == "exact")
    return found


def complaints(mutants: Sequence[Mutant], outcomes: Sequence[Outcome], listed: Mapping[str, Entry]) -> list[str]:
    """What is wrong: crashes, survivors that are not listed, listed ones that do not survive, too many of them."""
    where = LIST.relative_to(ROOT)
    found, survivors = [], set()
    for outcome in outcomes:
        mutant = mutants[outcome.number]
        place = f"{mutant.file}:{mutant.line}"
        if outcome.found == "crash":
            found.append(f"{place}: crash: {outcome.message}: {mutant.identity}")
        elif mutant.tiny:
            if outcome.found not in ("evaluation", "exact"):
                found.append(f"{place}: {outcome.found}, not computed and seen: {mutant.identity}")
        elif outcome.found == "survived":
            survivors.add(mutant.identity)
            if mutant.identity not in listed:
                found.append(f"{place}: survived: {mutant.identity}")
            elif listed[mutant.identity].decided != outcome.decided:
                backend = "exact" if outcome.decided else "floats"
                found.append(f"{where}:{listed[mutant.identity].line}: {backend} is right here: {mutant.identity}")
    planted = {m.identity for m in mutants}
    for identity, entry in listed.items():
        if identity not in survivors:
            why = "is caught now" if identity in planted else "is not planted any more"
            found.append(f"{where}:{entry.line}: {why}; remove it: {identity}")
    large = sum(not m.tiny for m in mutants)
    if len(survivors) > LISTED * large:
        found.append(f"{len(survivors)} of {large} survive, more than {LISTED:.0%}")
    return found


def table(mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> str:
    """Counts by kind, errors caught by reading, in floats and by the exact arithmetic only apart."""
    count = Counter((mutants[o.number].kind, o.found) for o in outcomes)
    kinds = Counter(mutants[o.number].kind for o in outcomes)
    found = (*CAUGHT, "survived")
    rows: list[tuple[str, list[int]]] = [(k, [n, *(count[k, f] for f in found)]) for k, n in kinds.most_common()]
    sums = [sum(column) for column in zip(*(numbers for _, numbers in rows), strict=True)]
    heads = f"{'kind':<18}{'planted':>9}{'reading':>9}{'floats':>9}{'exact':>9}{'survived':>9}"
    lines = (f"{kind:<18}" + "".join(f"{n:>9}" for n in numbers) for kind, numbers in [*rows, ("all", sums)])
    return "\n".join([heads, *lines])


def score(document: Document, mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> dict[str, int | float | str]:
    """The numbers that the document prints; the lines are those of errors in displays, for a macro has none."""
    tiny = [o for o in outcomes if mutants[o.number].tiny]
    outcomes = [o for o in outcomes if not mutants[o.number].tiny]
    caught = [o for o in outcomes if o.found in CAUGHT]
    placed = [o for o in caught if mutants[o.number].kind != "macro"]
    return {
        "planted": len(outcomes),
        "caught": len(caught),
        "reading": sum(o.found == "reading" for o in caught),
        "evaluation": sum(o.found == "evaluation" for o in caught),
        "exact": sum(o.found == "exact" for o in caught),
        "survivors": sum(o.found == "survived" for o in outcomes),
        "in_displays": len(placed),
        "line_named": sum(o.line_named for o in placed),
        "sign_named": sum(o.sign_named for o in placed),
        "elsewhere": sum(o.elsewhere for o in placed),
        "tiny": len(tiny),
        "tiny_caught": sum(o.found in CAUGHT for o in tiny),
        "tiny_floats": sum(o.found == "evaluation" for o in tiny),
        "hash": text_hash(document),
    }


def shares(counts: Mapping[str, int | float | str]) -> str:
    """The numbers in three sentences."""
    n = {key: number for key, number in counts.items() if not isinstance(number, str)}
    line, sign = (f"{n[key]} ({n[key] / max(1, n['in_displays']):.1%})" for key in ("line_named", "sign_named"))
    share = f"{n['evaluation'] / max(1, n['planted']):.1%}"
    return (
        f"{n['caught']} of {n['planted']} are caught, {n['evaluation']} ({share}) in floats, {n['exact']} by the exact "
        f"arithmetic only; {n['survivors']} survive.\n"
        f"Of {n['in_displays']} in displays the first message names the line for {line}; it, the line of its\n"
        f"relation's sign or the line as that of a definition for {sign}; "
        f"{n['elsewhere']} show where a definition is used.\n"
        f"Of {n['tiny']} tiny errors {n['tiny_caught']} are caught, {n['tiny_floats']} of them in floats."
    )


def plant_errors(path: Path, check: bool) -> int:
    """Plant, run, judge; write the score when all is right."""
    start = time.perf_counter()
    document = read(path)
    verdicts = check_all(document)
    broken = [*document.messages, *(m for v in verdicts for m in v.messages)]
    if broken:
        print(f"{broken[0]}\nno error is planted before the document itself holds", file=sys.stderr)
        return 1
    listed = reviewed(LIST)
    small = plant_tiny(document, undecided(verdicts))
    mutants = [*plant_all(document), *plant_macros(document, path), *small]
    outcomes = []
    with tqdm(total=len(mutants), disable=None, bar_format=BAR, leave=False) as bar:
        for outcome in run(document, mutants):
            outcomes.append(outcome)
            bar.update()
    outcomes.sort(key=lambda o: o.number)
    found = complaints(mutants, outcomes, listed)
    counts = score(document, mutants, outcomes)
    if len(mutants) - len(small) < ENOUGH:
        found.append(f"only {len(mutants) - len(small)} errors were planted, fewer than {ENOUGH}")
    if (unseen := sum(mutants[o.number].tiny and o.found == "exact" for o in outcomes)) < TOO_SMALL:
        found.append(f"only {unseen} tiny errors were seen by the exact arithmetic alone, fewer than {TOO_SMALL}")
    seconds = round(time.perf_counter() - start, 1)
    for tiny in (False, True):
        print(table(mutants, [o for o in outcomes if mutants[o.number].tiny == tiny]), end="\n\n")
    print(f"{shares(counts)}\n{seconds} s")
    old = json.loads(SCORE.read_text(encoding="utf-8")) if SCORE.exists() else {}
    differs = {key for key in counts if old.get(key) != counts[key]}
    if check and differs - ROUNDED:
        found.append(f"{SCORE.relative_to(ROOT)} is of another text or checker; run `make mutants` and commit it")
    for line in [*found[:SHOWN], *([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])]:
        print(line, file=sys.stderr)
    if differs and not found:
        SCORE.write_text(json.dumps({**counts, "seconds": seconds}, indent=1) + "\n", encoding="utf-8")
        print(f"{SCORE.relative_to(ROOT)} written")
    return 1 if found else 0


def undecided(verdicts: Sequence[Verdict]) -> dict[str, set[int]]:
    """Lines of each file with an equality that the exact arithmetic does not decide."""
    found: dict[str, set[int]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.file, set()).update(line for line, _ in verdict.exact.undecided)
    return found


def sound_alarms(path: Path, count: int) -> int:
    """Run the unchanged document over fresh seeds and primes, and count what fails in floats or exactly."""
    document = read(path)
    parts = []
    with tqdm(total=count, disable=None, bar_format=BAR, leave=False) as bar:
        for part in false_alarms(document, count):
            parts.append(part)
            bar.update(part.runs)
    messages = [m for part in parts for m in part.messages]
    names = ("runs", "alarmed", "equalities", "decided", "seconds", "building")
    n = {name: sum(getattr(part, name) for part in parts) for name in names}
    for message in messages[:SHOWN]:
        print(message, file=sys.stderr)
    print(
        f"{n['alarmed']} false alarms in {n['runs']} display-runs, in floats and exactly; "
        f"{n['decided']} of {n['equalities']} equalities decided;\n"
        f"{1000 * n['seconds'] / n['runs']:.1f} ms of processor time each, "
        f"and {1000 * n['building'] / n['runs']:.1f} ms for the worlds"
    )
    return 1 if messages else 0


def main() -> int:
    """0: every survivor is on the list and every listed one survives; 1: not so."""
    parser = argparse.ArgumentParser(
        prog="python -m pycode.proofread.mutants",
        description="Plants errors in the printed displays and runs the checker on each.",
    )
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "main.tex", help="document (default main.tex)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed score differs")
    parser.add_argument(
        "--false-alarms",
        nargs="?",
        type=int,
        const=10_000,
        metavar="N",
        help="run the unchanged document over fresh seeds and primes, N displays (default 10000)",
    )
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes share the cores
    try:
        if options.false_alarms:
            return sound_alarms(options.file, options.false_alarms)
        return plant_errors(options.file, options.check)
    except BrokenProcessPool:
        print("a process that ran the checker ended by itself: it crashed or did not hear the alarm", file=sys.stderr)
    except ValueError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
