r"""How far long work has come: a bar on a terminal; elsewhere a file, which the build's own bar shows."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "build" / "progress"  # tools/run_pythontex.py reads it
SECONDS = 0.5  # between two writes, and before the first: short work leaves nothing


@contextlib.contextmanager
def bar(total: int, name: str, done: int = 0) -> Iterator[Callable[[], None]]:
    r"""Give a function to call after each of the ``total`` steps of the work ``name``, of which some may be done.

    ``with bar(epochs, "VAE on MNIST, seed 1") as step:``. On a terminal it moves a bar; elsewhere, as in a PythonTeX
    session, the state goes into ``build/progress/<process>-<start>.json``, which is removed at the end.
    Progress that cannot be written stops nothing.
    Raises ValueError for a total below 1.
    """
    if total < 1:
        raise ValueError(f"the total of {name!r} is {total}; give the number of its steps, at least 1")
    with (_on_terminal if sys.stderr.isatty() else _in_file)(total, name, done) as step:
        yield step


@contextlib.contextmanager
def _on_terminal(total: int, name: str, done: int) -> Iterator[Callable[[], None]]:
    from tqdm import tqdm

    with tqdm(total=total, desc=name, initial=done, leave=False) as shown:

        def step() -> None:
            shown.update()

        yield step


@contextlib.contextmanager
def _in_file(total: int, name: str, done: int) -> Iterator[Callable[[], None]]:
    path = FOLDER / f"{os.getpid()}-{time.monotonic_ns()}.json"
    due = time.monotonic() + SECONDS

    def step() -> None:
        nonlocal done, due
        done += 1
        if time.monotonic() >= due:
            _write(path, {"name": name, "done": done, "total": total})
            due = time.monotonic() + SECONDS

    try:
        yield step
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _write(path: Path, state: dict[str, object]) -> None:
    """Replace the file in one step: its reader never sees half of it."""
    new = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(path)
