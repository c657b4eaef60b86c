"""Runs the checker on mutants in two processes, and judges what it says."""

import faulthandler
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from types import FrameType
from typing import TypeVar

from pycode.proofread.document import Document, Verdict, defines
from pycode.proofread.mutants.plant import Mutant

PLACE = re.compile(r"[^\s:]+:\d+")
T = TypeVar("T")
PROCESSES, CHUNK = 2, 10
LIMIT = 20.0  # seconds for one mutant; the slowest display takes a twentieth of a second
# Kinds of message that need numbers; all others come from reading.
FOUND = {"relation": "evaluation", "vacuous": "evaluation", "value": "evaluation", "exact": "exact"}


class Hang(BaseException):
    """A mutant took longer than the limit; no handler of the checker may catch it."""


@dataclass(frozen=True)
class Outcome:
    """What the checker said of a mutant; ``found`` is reading, evaluation (in floats), exact, survived or crash."""

    number: int
    found: str
    message: str = ""
    line_named: bool = False  # the first message stands at the planted line
    sign_named: bool = False  # or at the sign of its relation where the line has none, or it names the line
    elsewhere: bool = False  # in another display, one that uses what the planted one defines
    decided: bool = False  # of a survivor: whether every equality of its display holds exactly


def alarm(_signal: int, _frame: FrameType | None) -> None:
    """Ends a mutant that takes too long."""
    raise Hang


def judge(document: Document, mutant: Mutant, number: int = 0) -> Outcome:
    """Run the displays that differ, and where they hold those that use their definitions: in floats, then exactly."""
    displays = list(document.displays)
    for position, display in mutant.changed:
        displays[position] = display
    changed = replace(document, displays=tuple(displays))
    for exactly in (False, True):
        verdicts = [*until_failure(changed, mutant, exactly)]
        if verdicts[-1].status != "holds":
            break
    else:
        return Outcome(number, "survived", decided=all(v.exact.decided == v.exact.equalities for v in verdicts))
    verdict = verdicts[-1]
    first = verdict.messages[0]
    if first.kind == "internal":
        return Outcome(number, "crash", str(first))
    named = (first.file, first.line) == (mutant.file, mutant.line)
    places = {f"{mutant.file}:{line}" for line in (mutant.line, *mutant.signs)}
    near = named or f"{first.file}:{first.line}" in places or bool(places & set(PLACE.findall(first.message)))
    elsewhere = verdict.line not in {d.line for _, d in mutant.changed if d.file == verdict.file}
    return Outcome(number, FOUND.get(first.kind, "reading"), str(first), named, near, elsewhere)


def until_failure(document: Document, mutant: Mutant, exactly: bool) -> Iterator[Verdict]:
    """Verdicts on displays that differ and on later ones that may use their names, up to the first that fails."""
    from pycode.proofread.check import Checker

    checker = Checker(document, exactly=exactly)
    for position, display in mutant.changed:
        users = document.displays[position + 1 :] if defines(display) else ()
        for each in (display, *(d for d in users if d.world == display.world)):
            verdict = checker.run(each)
            yield verdict
            if verdict.status != "holds":
                return


def run_chunk(document: Document, mutants: Sequence[tuple[int, Mutant]]) -> list[Outcome]:
    """Judge some mutants, each within the time limit."""
    outcomes = []
    before = signal.signal(signal.SIGALRM, alarm)
    for number, mutant in mutants:
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        try:
            outcomes.append(judge(document, mutant, number))
        except Hang:
            outcomes.append(Outcome(number, "crash", f"no verdict within {LIMIT:.0f} s"))
        except Exception as error:
            outcomes.append(Outcome(number, "crash", f"{type(error).__name__}: {error}"))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    return outcomes


def run_watched(document: Document, mutants: Sequence[tuple[int, Mutant]]) -> list[Outcome]:
    """The same in a process of its own, which ends when even the alarm is not heard."""
    faulthandler.dump_traceback_later(LIMIT * (len(mutants) + 1), exit=True)
    try:
        return run_chunk(document, mutants)
    finally:
        faulthandler.cancel_dump_traceback_later()


def spread(work: Callable[..., T], document: Document, chunks: Sequence[Sequence], processes: int) -> Iterator[T]:
    """The work on each chunk, in processes of their own; Ctrl-C is heard here alone."""
    if processes == 1:
        yield from (work(document, chunk) for chunk in chunks)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        for done in as_completed([pool.submit(work, document, chunk) for chunk in chunks]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def run(document: Document, mutants: Sequence[Mutant], processes: int = PROCESSES) -> Iterator[Outcome]:
    """Judge all mutants, in no fixed order."""
    numbered = list(enumerate(mutants))
    chunks = [numbered[i : i + CHUNK] for i in range(0, len(numbered), CHUNK)]
    for outcomes in spread(run_chunk if processes == 1 else run_watched, document, chunks, processes):
        yield from outcomes


@dataclass(frozen=True)
class Alarms:
    """Displays of the unchanged document that fail for some seed, in floats or exactly."""

    runs: int
    alarmed: int  # displays with a message
    messages: list[str]
    equalities: int
    decided: int
    seconds: float  # of processor time in the displays
    building: float  # and in their worlds


def unchanged(document: Document, seeds: Sequence[int]) -> Alarms:
    """Run the document as it is for some seeds of its instances and of its primes."""
    from pycode.proofread.check import Checker
    from pycode.proofread.worlds import build

    executed = [d for d in document.displays if d.environment in ("checked", "defining")]
    verdicts: list[tuple[int, Verdict]] = []
    seconds = building = 0.0
    for seed in seeds:
        start = time.process_time()
        build.cache_clear()
        for world in {d.world for d in executed}:
            build(world, seed)
        middle = time.process_time()
        checker = Checker(document, seed)
        verdicts += [(seed, checker.run(d)) for d in executed]
        seconds, building = seconds + time.process_time() - middle, building + middle - start
    return Alarms(
        len(verdicts),
        sum(v.status != "holds" for _, v in verdicts),
        [f"seed {seed}: {m}" for seed, v in verdicts for m in v.messages],
        sum(v.exact.equalities for _, v in verdicts),
        sum(v.exact.decided for _, v in verdicts),
        seconds,
        building,
    )


def false_alarms(document: Document, count: int, processes: int = PROCESSES) -> Iterator[Alarms]:
    """The unchanged document over fresh seeds, until ``count`` displays were run."""
    each = sum(d.environment in ("checked", "defining") for d in document.displays)
    seeds = range(1, 1 + -(-count // each))
    yield from spread(unchanged, document, [seeds[i : i + 4] for i in range(0, len(seeds), 4)], processes)
