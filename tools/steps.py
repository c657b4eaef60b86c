"""What the build says on its way: a line for each step with its time, and how far long work has come."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def tell(name: str, seconds: float, remark: str = "") -> None:
    """Print a finished step."""
    print(f"{name:<9}{seconds:7.1f} s  {remark}".rstrip(), flush=True)


@contextmanager
def bar(long_work: Path) -> Iterator["Bar"]:
    """A bar on a terminal, and nothing elsewhere; ``long_work`` is where pycode.progress leaves its state."""
    if not sys.stderr.isatty():
        yield Bar(None, long_work)
        return
    from tqdm import tqdm

    width = min(100, shutil.get_terminal_size().columns - 1)
    form = "Python |{bar:25}| {n}/{total} {elapsed}{postfix}"
    with tqdm(total=1, leave=False, ncols=width, nrows=20, bar_format=form) as shown:
        yield Bar(shown, long_work)


class Bar:
    """Moves the bar of a tqdm, or nothing."""

    def __init__(self, shown: Any, long_work: Path) -> None:
        self.shown, self.long_work, self.due = shown, long_work, 0.0

    def move(self, done: int, total: int, running: list[str]) -> None:
        """Show that so many are done and what is running, at most ten times a second."""
        if self.shown is None or time.monotonic() < self.due:
            return
        self.due = time.monotonic() + 0.1
        self.shown.n, self.shown.total = done, total
        self.shown.set_postfix_str("; ".join([*far(self.long_work), *running])[:60])


def far(folder: Path) -> list[str]:
    """How far the work has come that pycode.progress tells of, as in ``VAE, seed 1: 62 %``; one entry a process."""
    said = []
    for path in sorted(folder.glob("*.json")):
        try:
            work = json.loads(path.read_text(encoding="utf-8"))
            said.append(f"{work['name']}: {100 * work['done'] // work['total']} %")
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError):
            continue  # it was removed just now
    return said
