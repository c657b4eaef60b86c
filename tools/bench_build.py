r"""How long a build takes beside the document without Python: make bench-build CASES="text display" TIMES=5

All is measured in a copy of this folder, in turns, so that a busy minute hits ours and the flat document alike. The
table says for each case the median, the range and the level that it must not pass; build/bench-build.json holds all.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "bench-build.json")
PASS, COLD = "flat: one pass", "flat: cold"
MAKE = ["make", "--no-print-directory", "pdf"]
PATIENCE = 300.0  # seconds that make watch gets for a rebuild


class BenchError(Exception):
    """A measurement cannot be made; the message says why."""


class Edit(NamedTuple):
    """Texts of which one stands in a file; an edit puts another in its place."""

    file: str
    texts: tuple[str, ...]

    def content(self, folder: Path, turn: int) -> str:
        """The file's content with the text of a turn; the first text is that of the sources."""
        content = (folder / self.file).read_text(encoding="utf-8")
        standing = [text for text in self.texts if content.count(text) == 1]
        if len(standing) != 1:
            raise BenchError(
                f"{self.file}: {self.texts[0]!r} must stand in it once; mend EDITS in {Path(__file__).name}"
            )
        return content.replace(standing[0], self.texts[(turn + 1) % len(self.texts)])


# Each turn brings a text that is new to the kept results, so five turns need six texts.
_LOG, _SQUARE = r"\log\frac{\sigma_p}{\sigma_q}", r"\frac{\sigma_q^2+(\mu_q-\mu_p)^2}{2\sigma_p^2}"
_SUMS = (
    f"{_LOG}+{_SQUARE}-\\frac12", f"{_SQUARE}+{_LOG}-\\frac12", f"{_LOG}-\\frac12+{_SQUARE}",
    f"{_SQUARE}-\\frac12+{_LOG}", f"-\\frac12+{_LOG}+{_SQUARE}", f"-\\frac12+{_SQUARE}+{_LOG}",
)  # fmt: skip
EDITS = {
    "text": Edit("sections/vae.tex", tuple(f"{word} the model's framework." for word in
                 ("Draw", "Sketch", "Trace", "Show", "Give", "Paint"))),
    "line": Edit("sections/vae.tex", ("is the input of the decoder", "is the\ninput of the decoder")),
    "display": Edit("sections/vae.tex", tuple(f"&= {terms}. && \\why{{cancel" for terms in _SUMS)),
    "watch": Edit("sections/vae.tex", tuple(f"which is what one would {verb} to make small:" for verb in
                  ("like", "wish", "want", "love", "prefer", "choose"))),
    "style": Edit("pycode/figures/kl.py", tuple(f"capsize=1.{digit}" for digit in "567890")),
}  # fmt: skip


class Took(NamedTuple):
    """Seconds on the clock, seconds of processors, and how many processors others kept busy meanwhile."""

    wall: float
    cpu: float
    others: float = 0.0


class Level(NamedTuple):
    """Seconds that a case may take: a part of a flat measurement and a constant; of processors or on the clock."""

    flat: str
    times: float
    more: float
    what: str = "wall"

    def seconds(self, medians: dict[str, float]) -> float:
        """The level, from the medians of the same run."""
        return self.times * medians[self.flat] + self.more if self.flat else self.more


LEVELS = {
    "nothing": Level("", 0, 0.3),
    "text": Level(PASS, 1.6, 0.3),
    "line": Level(PASS, 1.6, 0.3),
    "display": Level(PASS, 1.6, 2.3),
    "results": Level(COLD, 1.5, 0),
    "cold": Level("", 0, 200, "cpu"),
    "watch": Level(PASS, 1.6, 0.3),
}
NAMES = {
    "nothing": "nothing changed",
    "text": "text edit outside a display",
    "line": "the same, which moves lines",
    "display": "edit of one display",
    "style": "edit of a plot's style",
    "results": "build/ removed, results kept",
    "cold": "cold, everything computed",
    "watch": "make watch: from saving to main.pdf",
}


def busy() -> float:
    """Processor seconds that all processes have used, this machine's; 0 where it cannot be read."""
    try:
        fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    except OSError:
        return 0.0
    user, nice, system, _, _, irq, softirq, *_ = map(int, fields)
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def environment() -> dict[str, str]:
    """The user's, without what the make that runs this has put into it."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def timed(command: list[str], folder: Path) -> Took:
    """Run a command that must succeed."""
    before, all_before, start = resource.getrusage(resource.RUSAGE_CHILDREN), busy(), time.monotonic()
    run = subprocess.run(
        command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        last = (run.stdout + run.stderr).decode(errors="replace").strip().splitlines()[-3:]
        raise BenchError(f"{' '.join(command)} failed: " + " | ".join(last))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall, cpu, max(0.0, busy() - all_before - cpu) / wall)


def write(path: Path, content: str) -> None:
    """Save a file as an editor does."""
    path.write_text(content, encoding="utf-8")


class Bench:
    """A copy of the working folder and the flat document beside it."""

    def __init__(self, source: Path, scratch: Path) -> None:
        self.ours, self.flat, self.cold = scratch / "ours", scratch / "flat", scratch / "cold"
        self.sums: list[str] = []  # of main.pdf as the copy first built it, then after each cold build
        shutil.copytree(source, self.ours, ignore=LEFT_OUT, symlinks=True)
        (self.ours / ".venv").symlink_to((source / ".venv").resolve())

    def prepare(self) -> None:
        """Bring the copy up to date and make its flat document, with which a pass changes nothing more."""
        timed(["make", "--no-print-directory", "flat"], self.ours)
        self.sums.append(hashlib.sha256((self.ours / "main.pdf").read_bytes()).hexdigest())
        shutil.copytree(self.ours / "build" / "flat", self.flat)
        for _ in range(3):
            self.flat_pass(0)

    def flat_pass(self, turn: int) -> Took:
        """One pass of pdflatex over the flat document."""
        return timed(["pdflatex", "-interaction=batchmode", "-halt-on-error", "main.tex"], self.flat)

    def flat_cold(self, turn: int) -> Took:
        """The flat document without what earlier passes have left."""
        shutil.rmtree(self.cold, ignore_errors=True)
        shutil.copytree(self.ours / "build" / "flat" if not self.flat.is_dir() else self.flat, self.cold)
        for path in self.cold.glob("main.*"):
            if path.suffix != ".tex":
                path.unlink()
        return timed(["latexmk", "-norc", "-pdf", "-silent", "main.tex"], self.cold)

    def case(self, name: str, turn: int) -> Took:
        """Measure a case once; before it the document is complete."""
        if name == "watch":
            return self.watch(turn)
        if name == "cold":  # the sources as they are, whose PDF is known
            for edit in EDITS.values():
                write(self.ours / edit.file, edit.content(self.ours, -1))
        else:
            timed(MAKE, self.ours)
        if name in EDITS:
            write(self.ours / EDITS[name].file, EDITS[name].content(self.ours, turn))
        for gone in {"results": ["build"], "cold": ["build", "results"]}.get(name, []):
            shutil.rmtree(self.ours / gone)
            (self.ours / "main.pdf").unlink(missing_ok=True)
        took = timed(MAKE, self.ours)
        if name == "cold":
            self.sums.append(hashlib.sha256((self.ours / "main.pdf").read_bytes()).hexdigest())
        return took

    def watch(self, turn: int) -> Took:
        """From saving a file to the new main.pdf, with make watch running."""
        timed(MAKE, self.ours)
        log = self.ours.parent / "watch.log"
        with open(log, "wb") as output:
            watching = subprocess.Popen(
                ["make", "--no-print-directory", "watch"], cwd=self.ours, env=environment(), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            time.sleep(3)  # it looks at the sources first
            pdf, edit = self.ours / "main.pdf", EDITS["watch"]
            known, content = pdf.stat().st_ino, edit.content(self.ours, turn)
            write(self.ours / edit.file, content)
            start = time.monotonic()
            while pdf.stat().st_ino == known:
                if watching.poll() is not None or time.monotonic() - start > PATIENCE:
                    raise BenchError(f"make watch did not rebuild: {log.read_text(errors='replace')[-300:]}")
                time.sleep(0.01)
            wall = time.monotonic() - start
            time.sleep(0.5)  # it says what it has done
        finally:
            os.killpg(watching.pid, signal.SIGINT)
            watching.wait()
        return Took(wall, 0.0)


def measure(bench: Bench, cases: list[str], times: int, tell: Callable[[str], None]) -> dict[str, list[Took]]:
    """All cases in turns, the flat document's first in each turn."""
    found: dict[str, list[Took]] = {PASS: [], COLD: []}
    for turn in range(times):
        for name in [PASS, COLD, *cases]:
            action = {PASS: bench.flat_pass, COLD: bench.flat_cold}.get(name)
            took = action(turn) if action else bench.case(name, turn)
            found.setdefault(name, []).append(took)
            tell(f"{turn + 1} of {times}: {NAMES.get(name, name)}: {took.wall:.2f} s")
    return found


def table(found: dict[str, list[Took]]) -> list[str]:
    """A line for each case: median, range, level and whether it is reached."""
    walls = {name: [took.wall for took in all_] for name, all_ in found.items()}
    medians = {name: statistics.median(all_) for name, all_ in walls.items()}
    lines = [f"{'case':36} {'median':>8} {'min - max':>17} {'level':>8}"]
    for name in found:
        level = LEVELS.get(name)
        seconds = [took.cpu for took in found[name]] if level and level.what == "cpu" else walls[name]
        unit, middle = "CPU-s" if level and level.what == "cpu" else "s", statistics.median(seconds)
        line = f"{NAMES.get(name, name):36} {middle:8.2f} {f'{min(seconds):.2f} - {max(seconds):.2f}':>17}"
        if level:
            allowed = level.seconds(medians)
            line += f" {allowed:8.2f} {unit} {'ok' if middle <= allowed else 'missed'}"
        lines.append(line)
    for took in found.get("cold", []):
        used = took.cpu / took.wall
        lines.append(f"  cold: {took.wall:.1f} s, {used:.2f} cores used, {took.others:.2f} by others")
    return lines


def same(sums: list[str]) -> list[str]:
    """How many cold builds gave another PDF than the build before them all, in which kept results were used."""
    first, *cold = sums
    return [f"  cold: {sum(each != first for each in cold)} of {len(cold)} PDFs differ"] if cold else []


def machine() -> str:
    """Processors, those that are free to us, and the load."""
    load = " ".join(f"{each:.2f}" for each in os.getloadavg())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {cores} for us, load {load}, Python {platform.python_version()}"
    )


def arguments(given: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("cases", nargs="*", help=f"some of {', '.join(NAMES)}; all by default")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="turns (default: 5)")
    asked = parser.parse_args(given)
    if unknown := [case for case in asked.cases if case not in NAMES]:
        parser.error(f"no case {unknown[0]!r}; there are {', '.join(NAMES)}")
    if asked.times < 1:
        parser.error(f"--times {asked.times}: at least 1")
    asked.cases = [name for name in NAMES if name in (asked.cases or NAMES)]
    return asked


def main(given: list[str]) -> int:
    """Measure and print; a level that is missed is no error."""
    asked, source = arguments(given), Path.cwd()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-build-") as scratch:
        try:
            bench = Bench(source, Path(scratch))
            print("A copy is built first", flush=True)
            bench.prepare()
            found = measure(bench, asked.cases, asked.times, lambda line: print(line, flush=True))
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
    lines = [*table(found), *same(bench.sums), machine()]
    print("", *lines, sep="\n")
    record = {
        "machine": machine(),
        "table": lines,
        "seconds": {name: [t._asdict() for t in all_] for name, all_ in found.items()},
    }
    (source / "build").mkdir(exist_ok=True)
    write(source / "build" / "bench-build.json", json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
