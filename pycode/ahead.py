"""The results that a document asks for, computed before its sessions run: side by side, on all cores that are ours.

The sessions then only read. What fails here is left to them: they name the place in the document.
Where all results stand nothing heavy is imported and no process started.
"""

import os
import re
import signal
import sys
import threading
import time
from ast import literal_eval
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pycode import displays, page, results
from pycode.results import Result

CALL = re.compile(r'page\.(\w+)\("([^"]*)"(?:, *([\d.]+))?')
EXPERIMENT, DISPLAYS, CHECK, FIGURE, EXCERPT = range(5)  # in this order they are begun
SECONDS = 0.1  # between two ticks
Tick = Callable[[int, int, list[str]], None]


@dataclass(eq=False)
class Unit:
    """Work for one process: results that do not stand."""

    name: str
    kind: int
    results: list[Callable[[], Result]]
    modules: list[str]  # whose experiments must be there before
    after: list["Unit"] = field(default_factory=list)
    urgency: int = 0
    failed: bool = False

    def sources(self) -> set[Path]:
        """Files that the work depends on."""
        return {path for module in self.modules for path in results.sources(module)}


def compute(codes: Sequence[str], log: Path, tick: Tick, least: int = 1) -> list[tuple[str, float]]:
    """Compute what the calls ``codes`` need and what does not stand; returns its names with their seconds.

    Fewer than ``least`` pieces of work are left to the sessions.

    ``tick(done, total, running)`` is called every SECONDS and whenever something ends; what the work prints goes to
    the end of ``log``. Its processes end with this one, however that ends, and at once when it is interrupted.
    """
    units = missing(codes)
    return list(_run(units, log, tick)) if len(units) >= least else []


def missing(codes: Sequence[str]) -> list[Unit]:
    """What must be computed for the calls of a document, the most urgent first."""
    found: dict[str, Unit] = {}
    known: dict[str, bool] = {}
    for code in dict.fromkeys(codes):
        with suppress(Exception):  # a call that makes no sense: its session says why
            for unit in _needed(code, known):
                found.setdefault(unit.name, unit)
    units = list(found.values())
    sources = {unit.name: unit.sources() for unit in units}
    for unit in units:
        own = sources[unit.name]
        unit.urgency = max(unit.urgency, len(own))
        for other in units:
            if other.kind == EXPERIMENT and results.source_file(other.modules[0]) in own and other is not unit:
                if unit.kind != EXPERIMENT:
                    unit.after.append(other)
                elif sources[other.name] < own:  # not where two import each other
                    unit.after.append(other)
                    other.urgency = max(other.urgency, len(own))
    return sorted(units, key=lambda unit: (unit.kind, -unit.urgency, unit.name))


def _needed(code: str, known: dict[str, bool]) -> Iterator[Unit]:
    """Work for one call of the document; ``known``: whether the measurements of a group stand."""
    call = CALL.match(code)
    if call is None:
        return
    macro, key, height = call.groups()
    if macro == "proofread":
        yield from _displays(key)
    elif macro == "excerpt":
        excerpt, _ = page.excerpt_result(key)
        if not excerpt.stands():
            yield Unit(f"excerpt {key}", EXCERPT, [lambda: excerpt], [])
    elif macro in ("result", "result_text", "check", "figure"):
        yield from _of_group(macro, key, height, known)


def _of_group(macro: str, key: str, height: str, known: dict[str, bool]) -> Iterator[Unit]:
    """Work for a number, a text, a check or a figure: ``<group>.<name>``."""
    group, _, name = key.partition(".")
    experiment = results.measurement(group)
    if macro != "check" and results.source_file(experiment.module):
        if group not in known:
            known[group] = experiment.stands()
        if not known[group]:
            yield Unit(f"experiment {group}", EXPERIMENT, [lambda: experiment], [experiment.module])
    if macro == "figure":
        drawing = partial(page.figure_result, key, literal_eval(height))
        if not (known[group] and drawing().stands()):
            yield Unit(f"figure {key}", FIGURE, [drawing], [f"pycode.figures.{group}", experiment.module])
    elif macro == "check" or (macro == "result" and name in page.checks(group)):
        check = page.check_result(key)
        if not check.stands():
            yield Unit(f"check {key}", CHECK, [lambda: check], [check.module])


def _displays(file: str) -> Iterator[Unit]:
    """Work for the displays of a file and world; those of one world use the same instances."""
    missing: dict[str, list[Callable[[], Result]]] = {}
    for display in displays.document().displays:
        result = partial(displays.verdict_result, display)
        if display.file == file and not result().stands():
            missing.setdefault(display.world, []).append(result)
    for world, found in missing.items():
        yield Unit(f"displays of {file} ({world})", DISPLAYS, found, [], urgency=len(found))
    settings = displays.settings_result()
    if not settings.stands():
        yield Unit("settings of the displays", DISPLAYS, [lambda: settings], [])


class Worker:
    """A process that works off units until nobody listens any more."""

    def __init__(self, units: Sequence[Unit], log: Path, alive: tuple[Any, Any]) -> None:
        from multiprocessing import get_context

        context = get_context("fork")  # what the units hold cannot be sent
        self.pipe, other = context.Pipe()
        self.unit: Unit | None = None
        self.started = 0.0
        self.process = context.Process(target=_work, args=(units, log, alive, self.pipe, other), daemon=True)
        self.process.start()
        other.close()

    def begin(self, number: int, unit: Unit) -> None:
        """Let it work on a unit."""
        self.unit, self.started = unit, time.monotonic()
        self.pipe.send(number)

    def end(self) -> tuple[str, float] | None:
        """Take the answer: name and seconds of what succeeded; None, and marked in the unit, for what did not."""
        assert self.unit is not None
        unit, self.unit = self.unit, None
        try:
            unit.failed = not self.pipe.recv()
        except (EOFError, OSError):  # it died
            unit.failed = True
            self.stop()
        return None if unit.failed else (unit.name, time.monotonic() - self.started)

    def stop(self) -> None:
        """End it at once; what it was writing goes with it."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        for half in results.RESULTS.glob(f"*/.*.{self.process.pid}"):
            with suppress(OSError):
                half.unlink()


def _work(units: Sequence[Unit], log: Path, alive: tuple[Any, Any], unused: Any, pipe: Any) -> None:
    """What a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    unused.close()
    alive[1].close()
    threading.Thread(target=_end_with, args=(alive[0],), daemon=True).start()
    output = open(log, "a", encoding="utf-8", buffering=1)  # noqa: SIM115  open as long as the process lives
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    sys.stdout = sys.stderr = output
    os.environ["OMP_NUM_THREADS"] = "1"
    while True:
        try:
            unit = units[pipe.recv()]
        except EOFError:
            return
        pipe.send(_succeeds(unit))


def _end_with(alive: Any) -> None:
    """End this process when the other end of a pipe is closed: nobody waits for it any more."""
    with suppress(EOFError, OSError):
        alive.recv()
    os._exit(1)


def _succeeds(unit: Unit) -> bool:
    """Whether all results of a unit are there now."""
    succeeded = True
    for result in unit.results:
        try:
            result().get()
        except BaseException as error:
            print(f"{unit.name}: {type(error).__name__}: {error}")
            succeeded = False
    return succeeded


def _run(units: list[Unit], log: Path, tick: Tick) -> Iterator[tuple[str, float]]:
    """Work off all units; yields name and seconds of those that succeeded."""
    from multiprocessing import Pipe, connection

    alive = Pipe(duplex=False)
    workers: list[Worker] = []
    waiting = dict(enumerate(units))
    ended: set[Unit] = set()
    sys.stdout.flush()
    sys.stderr.flush()
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        while len(ended) < len(units):
            workers = [worker for worker in workers if worker.process.is_alive() or worker.unit]
            for number, unit in list(waiting.items()):
                if any(other.failed for other in unit.after):
                    unit.failed = True
                    ended.add(waiting.pop(number))
                elif ended.issuperset(unit.after):
                    free = next((worker for worker in workers if worker.unit is None), None)
                    if free is None and len(workers) < len(os.sched_getaffinity(0)):
                        workers.append(free := Worker(units, log, alive))
                    if free is None:
                        break
                    free.begin(number, waiting.pop(number))
            busy = {worker.pipe: worker for worker in workers if worker.unit}
            tick(len(ended), len(units), [worker.unit.name for worker in busy.values() if worker.unit])
            for pipe in connection.wait(list(busy), SECONDS):
                worker = busy[pipe]  # type: ignore[index]
                assert worker.unit is not None
                ended.add(worker.unit)
                if done := worker.end():
                    yield done
        tick(len(ended), len(units), [])
    finally:
        for worker in workers:
            worker.stop()
        for end in alive:
            end.close()
