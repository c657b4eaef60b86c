"""Runs the checker on mutants in two processes, and judges what it says."""

import faulthandler
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from types import FrameType

from pycode.proofread.document import Document, Verdict, defines
from pycode.proofread.mutants.plant import Mutant

PROCESSES, CHUNK = 2, 10
LIMIT = 20.0  # seconds for one mutant; the slowest display takes a twentieth of a second
EVALUATION = {"relation", "vacuous", "value"}  # kinds of message that need numbers; all others come from reading


class Hang(BaseException):
    """A mutant took longer than the limit; no handler of the checker may catch it."""


@dataclass(frozen=True)
class Outcome:
    """What the checker said of a mutant; ``found`` is reading, evaluation, survived or crash."""

    number: int
    found: str
    message: str = ""
    line_named: bool = False  # the first message stands at the planted line
    sign_named: bool = False  # or, where that has no sign of its own, at the sign of its relation
    elsewhere: bool = False  # in another display, one that uses what the planted one defines


def alarm(_signal: int, _frame: FrameType | None) -> None:
    """Ends a mutant that takes too long."""
    raise Hang


def judge(document: Document, mutant: Mutant, number: int = 0) -> Outcome:
    """Run the displays that differ, and where they hold those that use their definitions."""
    displays = list(document.displays)
    for position, display in mutant.changed:
        displays[position] = display
    verdict = first_failure(replace(document, displays=tuple(displays)), mutant)
    if verdict is None:
        return Outcome(number, "survived")
    first = verdict.messages[0]
    if first.kind == "internal":
        return Outcome(number, "crash", str(first))
    named = (first.file, first.line) == (mutant.file, mutant.line)
    near = named or (first.file == mutant.file and first.line in mutant.signs)
    elsewhere = verdict.line not in {d.line for _, d in mutant.changed if d.file == verdict.file}
    return Outcome(number, "evaluation" if first.kind in EVALUATION else "reading", str(first), named, near, elsewhere)


def first_failure(document: Document, mutant: Mutant) -> Verdict | None:
    """Verdict of the first display that the error breaks."""
    from pycode.proofread.check import Checker

    checker = Checker(document)
    for position, display in mutant.changed:
        names = defines(display)
        users = (d for d in document.displays[position + 1 :] if d.world == display.world)
        for each in (display, *(d for d in users if any(name in d.source for name in names))):
            verdict = checker.run(each)
            if verdict.status != "holds":
                return verdict
    return None


def run_chunk(document: Document, mutants: Sequence[tuple[int, Mutant]]) -> list[Outcome]:
    """Judge some mutants, each within the time limit."""
    outcomes = []
    signal.signal(signal.SIGALRM, alarm)
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
    return outcomes


def run_watched(document: Document, mutants: Sequence[tuple[int, Mutant]]) -> list[Outcome]:
    """The same in a process of its own, which ends when even the alarm is not heard."""
    faulthandler.dump_traceback_later(LIMIT * (len(mutants) + 1), exit=True)
    try:
        return run_chunk(document, mutants)
    finally:
        faulthandler.cancel_dump_traceback_later()


def run(document: Document, mutants: Sequence[Mutant], processes: int = PROCESSES) -> Iterator[Outcome]:
    """Judge all mutants, in no fixed order."""
    numbered = list(enumerate(mutants))
    chunks = [numbered[i : i + CHUNK] for i in range(0, len(numbered), CHUNK)]
    if processes == 1:
        for chunk in chunks:
            yield from run_chunk(document, chunk)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run_watched, document, chunk) for chunk in chunks]):
            yield from done.result()


@dataclass(frozen=True)
class Alarms:
    """Displays of the unchanged document that fail for some seed."""

    runs: int
    messages: list[str]
    seconds: float  # of processor time


def unchanged(document: Document, seeds: Sequence[int]) -> Alarms:
    """Run the document as it is for some seeds."""
    from pycode.proofread.check import Checker
    from pycode.proofread.worlds import build

    start, runs, messages = time.process_time(), 0, []
    for seed in seeds:
        build.cache_clear()
        checker = Checker(document, seed)
        for display in document.displays:
            if display.environment in ("checked", "defining"):
                runs += 1
                try:
                    messages += [f"seed {seed}: {m}" for m in checker.run(display).messages]
                except Exception as error:
                    messages.append(f"seed {seed}: {display.file}:{display.line}: {type(error).__name__}: {error}")
    return Alarms(runs, messages, time.process_time() - start)


def false_alarms(document: Document, count: int, processes: int = PROCESSES) -> Iterator[Alarms]:
    """The unchanged document over fresh seeds, until ``count`` displays were run."""
    each = sum(d.environment in ("checked", "defining") for d in document.displays)
    seeds = range(1, 1 + -(-count // each))
    chunks = [seeds[i : i + 4] for i in range(0, len(seeds), 4)]
    if processes == 1:
        yield from (unchanged(document, chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(unchanged, document, chunk) for chunk in chunks]):
            yield done.result()
