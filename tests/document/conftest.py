"""Documents to build: a small one in folders of its own, for faults, and the real one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = Path(__file__).parent / "fixture"
CHAIN = ["latexmkrc", "requirements.lock", "tools", "pycode/proofread"]
CHAIN += [f"preamble/{name}.tex" for name in ("python", "checks", "displays")]
CHAIN += [
    f"pycode/{name}.py"
    for name in ("__init__", "ahead", "benchmarks", "check", "displays", "latex", "page", "results", "style")
]


class Run(NamedTuple):
    """How a build ended and what it said."""

    status: int
    said: str


class Document:
    """A document in a folder, with the commands that a reader would type."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pdf = folder / "main.pdf"
        self.build_folder = folder / "build"

    def start(self, **environment: str) -> subprocess.Popen[str]:
        """A build in a process group of its own."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["latexmk"], cwd=self.folder, env=os.environ | environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip

    def build(self, **environment: str) -> Run:
        """Run latexmk to its end."""
        process = self.start(**environment)
        said, _ = process.communicate(timeout=300)
        return Run(process.returncode, said)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a source file that must be there."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def text(self) -> str:
        """Words of the published pages, one space between two."""
        command = ["pdftotext", "-layout", str(self.pdf), "-"]
        return " ".join(subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.split())


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
    folder = tmp_path / "Übung 2, fertig"
    shutil.copytree(small_built[0].folder, folder, symlinks=True)
    return Document(folder)


@pytest.fixture(scope="session")
def real(tex: None) -> tuple[Document, Run]:
    """The homework itself, built in its own folder."""
    document = Document(ROOT)
    return document, document.build()
