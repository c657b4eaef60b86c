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

from tqdm import tqdm

from pycode.proofread.document import PACKAGE, Document, check_all, read, text_hash
from pycode.proofread.mutants.plant import Mutant, plant_all, plant_macros
from pycode.proofread.mutants.trial import Outcome, false_alarms, run

ROOT = PACKAGE.parent.parent
LIST, SCORE = ROOT / "tests" / "mutants" / "survivors.txt", ROOT / "tests" / "mutants" / "score.json"
ENOUGH, LISTED = 2500, 0.03  # mutants at least; listed survivors at most, of all
SHOWN = 150  # complaints printed at most
BAR = "{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} {desc} [{elapsed}<{remaining}]"


def reviewed(path: Path) -> dict[str, int]:
    """Identities of the listed survivors with their lines; each must give a reason."""
    found: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), 1):
        if line.strip() and not line.startswith("%"):
            *identity, reason = line.split(" # ")
            if len(identity) != 3 or not reason.strip() or " # ".join(identity) in found:
                raise ValueError(
                    f"{path}:{number}: a line is 'display # kind # before → after # reason', each mutant once"
                )
            found[" # ".join(identity)] = number
    return found


def complaints(mutants: Sequence[Mutant], outcomes: Sequence[Outcome], listed: Mapping[str, int]) -> list[str]:
    """What is wrong: crashes, survivors that are not listed, listed ones that do not survive, too many of them."""
    found, survivors = [], set()
    for outcome in outcomes:
        mutant = mutants[outcome.number]
        place = f"{mutant.file}:{mutant.line}"
        if outcome.found == "crash":
            found.append(f"{place}: crash: {outcome.message}: {mutant.identity}")
        elif outcome.found == "survived":
            survivors.add(mutant.identity)
            if mutant.identity not in listed:
                found.append(f"{place}: survived: {mutant.identity}")
    planted = {m.identity for m in mutants}
    for identity, number in listed.items():
        if identity not in survivors:
            why = "is caught now" if identity in planted else "is not planted any more"
            found.append(f"{LIST.relative_to(ROOT)}:{number}: {why}; remove it: {identity}")
    if len(survivors) > LISTED * len(mutants):
        found.append(f"{len(survivors)} of {len(mutants)} survive, more than {LISTED:.0%}")
    return found


def table(mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> str:
    """Counts by kind, errors caught by reading and by evaluation apart."""
    columns = ("reading", "evaluation", "survived")
    count = Counter((mutants[o.number].kind, o.found) for o in outcomes)
    kinds = Counter(m.kind for m in mutants)
    rows: list[tuple[str, int, int, int, int]] = [
        (kind, n, count[kind, "reading"], count[kind, "evaluation"], count[kind, "survived"])
        for kind, n in kinds.most_common()
    ]
    sums = [sum(int(row[i]) for row in rows) for i in range(1, 5)]
    lines = [("kind", "planted", *columns), *rows, ("all", *sums)]
    return "\n".join(f"{kind:<18}{n:>8}{read:>8}{run:>11}{left:>9}" for kind, n, read, run, left in lines)


def score(document: Document, mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> dict[str, int | float | str]:
    """The numbers that the document prints; the lines are those of errors in displays, for a macro has none."""
    caught = [o for o in outcomes if o.found in ("reading", "evaluation")]
    placed = [o for o in caught if mutants[o.number].kind != "macro"]
    return {
        "planted": len(mutants),
        "caught": len(caught),
        "reading": sum(o.found == "reading" for o in caught),
        "evaluation": sum(o.found == "evaluation" for o in caught),
        "survivors": sum(o.found == "survived" for o in outcomes),
        "in_displays": len(placed),
        "line_named": sum(o.line_named for o in placed),
        "sign_named": sum(o.sign_named for o in placed),
        "elsewhere": sum(o.elsewhere for o in placed),
        "hash": text_hash(document),
    }


def shares(counts: Mapping[str, int | float | str]) -> str:
    """The numbers in two sentences."""
    n = {key: number for key, number in counts.items() if not isinstance(number, str)}
    line, sign = (f"{n[key]} ({n[key] / max(1, n['in_displays']):.1%})" for key in ("line_named", "sign_named"))
    share = f"{n['evaluation'] / max(1, n['planted']):.1%}"
    return (
        f"{n['caught']} of {n['planted']} are caught, {n['evaluation']} ({share}) by evaluation; "
        f"{n['survivors']} survive.\nOf {n['in_displays']} in displays the first message names the line for {line}; "
        f"it, the line of its relation's sign\nor the line as that of a definition for {sign}; "
        f"{n['elsewhere']} show where a definition is used."
    )


def plant_errors(path: Path, check: bool) -> int:
    """Plant, run, judge; write the score when all is right."""
    start = time.perf_counter()
    document = read(path)
    broken = [*document.messages, *(m for v in check_all(document) for m in v.messages)]
    if broken:
        print(f"{broken[0]}\nno error is planted before the document itself holds", file=sys.stderr)
        return 1
    listed = reviewed(LIST)
    mutants = [*plant_all(document), *plant_macros(document, path)]
    outcomes = []
    with tqdm(total=len(mutants), disable=None, bar_format=BAR, leave=False) as bar:
        for outcome in run(document, mutants):
            outcomes.append(outcome)
            bar.update()
    outcomes.sort(key=lambda o: o.number)
    found = complaints(mutants, outcomes, listed)
    if len(mutants) < ENOUGH:
        found.append(f"only {len(mutants)} errors were planted, fewer than {ENOUGH}")
    counts = score(document, mutants, outcomes)
    seconds = round(time.perf_counter() - start, 1)
    print(f"{table(mutants, outcomes)}\n\n{shares(counts)}\n{seconds} s")
    old = json.loads(SCORE.read_text(encoding="utf-8")) if SCORE.exists() else {}
    differs = {key: old.get(key) for key in counts} != counts
    if check and differs:
        found.append(f"{SCORE.relative_to(ROOT)} is of another text or checker; run `make mutants` and commit it")
    for line in [*found[:SHOWN], *([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])]:
        print(line, file=sys.stderr)
    if differs and not found:
        SCORE.write_text(json.dumps({**counts, "seconds": seconds}, indent=1) + "\n", encoding="utf-8")
        print(f"{SCORE.relative_to(ROOT)} written")
    return 1 if found else 0


def sound_alarms(path: Path, count: int) -> int:
    """Run the unchanged document over fresh seeds and count what fails."""
    document = read(path)
    parts = []
    with tqdm(total=count, disable=None, bar_format=BAR, leave=False) as bar:
        for part in false_alarms(document, count):
            parts.append(part)
            bar.update(part.runs)
    messages = [m for part in parts for m in part.messages]
    runs = sum(p.runs for p in parts)
    each, worlds = (1000 * sum(seconds) / runs for seconds in ([p.seconds for p in parts], [p.building for p in parts]))
    for message in messages[:SHOWN]:
        print(message, file=sys.stderr)
    print(
        f"{len(messages)} false alarms in {runs} display-runs; {each:.1f} ms each, and {worlds:.1f} ms for the worlds"
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
        help="run the unchanged document over fresh seeds, N displays (default 10000)",
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
