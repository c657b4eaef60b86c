"""Documents to build: a small one in folders of its own, for faults, and the real one."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = Path(__file__).parent / "fixture"
CHAIN = ["latexmkrc", "requirements.lock", "tools", "pycode/proofread"]
CHAIN += [f"preamble/{name}.tex" for name in ("python", "checks", "displays")]
CHAIN += [
    f"pycode/{name}.py"
    for name in ("__init__", "ahead", "benchmarks", "check", "displays", "latex", "page", "results", "style", "witness")
]


MARK = "DOCUMENT_UNDER_TEST"  # in the environment of every process of a build, with our number and the folder


class Gate:
    """A Python statement that tells that it is reached, then waits until ``open`` is called."""

    def __init__(self, folder: Path) -> None:
        self.reached, self.free = folder / "reached", folder / "free"
        self.statement = (
            f"import pathlib, time; pathlib.Path({str(self.reached)!r}).touch(); "
            f"[time.sleep(0.02) for _ in iter(pathlib.Path({str(self.free)!r}).exists, True)]"
        )

    def wait(self) -> None:
        """Wait until a build stands before it."""
        end = time.monotonic() + 30
        while not self.reached.exists():
            assert time.monotonic() < end, "no build has come to the gate"
            time.sleep(0.02)

    def open(self) -> None:
        """Let this build and all later ones pass."""
        self.free.touch()


class Run(NamedTuple):
    """How a build ended and what it said."""

    status: int
    said: str

    @property
    def last(self) -> str:
        """The last three lines: what a reader sees without scrolling."""
        return "\n".join(self.said.strip().split("\n")[-3:])


class Document:
    """A document in a folder, with the commands that a reader would type."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pdf = folder / "main.pdf"
        self.build_folder = folder / "build"
        self.results = folder / "results"
        self.originals: dict[Path, bytes] = {}

    def start(self, *before: str, **environment: str) -> subprocess.Popen[str]:
        """A build in a process group of its own, ``before`` its command what changes its surroundings."""
        environment |= {MARK: f"{os.getpid()} {self.folder}"}
        return subprocess.Popen(
            [*before, "latexmk"], cwd=self.folder, env=os.environ | environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip

    def build(self, *before: str, **environment: str) -> Run:
        """Run latexmk to its end."""
        return self.end(self.start(*before, **environment))

    @staticmethod
    def end(process: subprocess.Popen[str]) -> Run:
        """Wait for a build."""
        said, _ = process.communicate(timeout=1200)
        return Run(process.returncode, said)

    def complete(self, *before: str, **environment: str) -> bytes:
        """A build that must succeed; the document that it publishes."""
        run = self.build(*before, **environment)
        assert run.status == 0, run.said
        return self.pdf.read_bytes()

    def refuse(self, *causes: str, **environment: str) -> Run:
        """A build that must stop with the causes in its last lines and leave the published document as it was."""
        before = self.pdf.read_bytes()
        run = self.build(**environment)
        assert run.status == 1, run.said
        for cause in causes:
            assert cause in run.last, run.said
        assert self.pdf.read_bytes() == before
        return run

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a source file that must be there."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def write(self, name: str, text: str) -> None:
        """Give a source file another content."""
        path = self.folder / name
        self.originals.setdefault(path, path.read_bytes())
        path.write_text(text, encoding="utf-8")

    def mend(self) -> None:
        """Take all edits back."""
        for path, content in self.originals.items():
            path.write_bytes(content)

    def text(self) -> str:
        """Words of the published pages, one space between two."""
        command = ["pdftotext", "-layout", str(self.pdf), "-"]
        return " ".join(subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.split())

    def kept(self) -> dict[str, tuple[int, int]]:
        """Results on disk by name, each with what changes when it is written again."""
        found = {}
        for path in [*self.results.glob("values/*.json"), *self.results.glob("figures/*.pdf")]:
            found[path.name] = (path.stat().st_ino, path.stat().st_mtime_ns)
        return found

    def copy(self, folder: Path, *leave: str) -> "Document":
        """This document in another folder, without some of its files; programs see no difference in their times."""
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", *leave))
        return Document(folder)

    def processes(self) -> list[int]:
        """Living processes that the document's builds have started, in whatever group they are."""
        return [process for process, folder in started().items() if folder == str(self.folder)]


def started() -> dict[int, str]:
    """Living processes that this run of the tests has started for a document, with its folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            marks = [line for line in path.read_bytes().decode(errors="replace").split("\0") if line.startswith(MARK)]
        except OSError:
            continue  # it has ended, or is another user's
        for mark in marks:
            owner, _, folder = mark.removeprefix(f"{MARK}=").partition(" ")
            if owner == str(os.getpid()):
                found[int(path.parent.name)] = folder
    return found


@pytest.fixture(autouse=True)
def nothing_lives_on() -> Iterator[None]:
    """End what a failed or stopped test has left running."""
    yield
    while left := started():
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def make_small(folder: Path) -> Document:
    """The fixture document with the chain of the real one; its folder is named as some people name folders."""
    shutil.copytree(FIXTURE, folder)
    for name in CHAIN:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    (folder / ".venv").symlink_to(sys.prefix)
    return Document(folder)


@pytest.fixture(scope="session")
def tex() -> None:
    """Skip what needs TeX where there is none."""
    if shutil.which("latexmk") is None:
        pytest.skip("latexmk is not installed, so no document is built; make test installs it")


@pytest.fixture(scope="session")
def small_built(tex: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, Run]:
    """The small document, built once; tests change copies of it."""
    document = make_small(tmp_path_factory.mktemp("small") / "Übung 2, fertig")
    return document, document.build()


@pytest.fixture
def small(small_built: tuple[Document, Run], tmp_path: Path) -> Document:
    """A copy of the small document in its built state."""
    return small_built[0].copy(tmp_path / "Übung 2, fertig")


@pytest.fixture
def until() -> Callable[..., bool]:
    """Wait until a condition holds, for some seconds at most; gives whether it does."""

    def wait(condition: Callable[[], object], seconds: float = 20) -> bool:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)
        return bool(condition())

    return wait


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A place in the document's code at which a build waits until the test lets it go on."""
    return Gate(tmp_path)


@pytest.fixture(scope="session")
def real(tex: None) -> tuple[Document, Run]:
    """The homework itself, built in its own folder."""
    document = Document(ROOT)
    return document, document.build()
