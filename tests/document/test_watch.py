"""make watch: a save is built, an error is told once and leaves the document, Ctrl-C ends it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.document.conftest import MARK

SECTION, CHECKS = "sections/line.tex", "pycode/checks/line.py"
SECONDS = 120  # for a rebuild on a busy machine


class Watch:
    """latexmk -pvc in a document's folder, as make watch starts it."""

    def __init__(self, document):
        self.document, self.log = document, document.folder.parent / "watch.log"
        environment = os.environ | {MARK: f"{os.getpid()} {document.folder}"}
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                ["latexmk", "-norc", "-r", "latexmkrc", "-pvc", "-view=none"], cwd=document.folder, env=environment,
                start_new_session=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, what):
        end = time.monotonic() + SECONDS
        while not what():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def replaced(self, action):
        """Whether main.pdf is replaced after an action; its text then."""
        before = self.document.pdf.stat().st_ino
        action()
        self.wait(lambda: self.document.pdf.stat().st_ino != before)
        return self.document.text()

    def stop(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=20)


@pytest.fixture
def watch(small):
    watching = Watch(small)
    watching.wait(lambda: "up to date" in watching.said() or "pages" in watching.said())
    return watching


faults = pytest.mark.parametrize(
    ("name", "good", "bad", "cause"),
    [
        (SECTION, "2(z-\\mu_q)(\\mu_q", "3(z-\\mu_q)(\\mu_q", f"{SECTION}:11: relation: the sides differ"),
        (SECTION, "lines of slope", "lines of \\slope", f"{SECTION}:4: Undefined control sequence."),
        ("refs.bib", "title =", "title", 'expecting an "="---line 3 of file refs.bib'),
        (SECTION, "ref{sec:line}", "ref{sec:none}", f"{SECTION}:4: LaTeX Warning: Reference `sec:none'"),
    ],
    ids=["Python", "TeX", "bibtex", "hole"],
)


@faults
def test_save_is_built_and_an_error_is_told_once_until_it_is_mended(watch, name, good, bad, cause):
    document = watch.document
    assert "That is everything." in watch.replaced(
        lambda: document.edit(SECTION, "That is all.", "That is everything.")
    )
    before = document.pdf.read_bytes()
    document.edit(name, good, bad)
    watch.wait(lambda: cause in watch.said())
    time.sleep(6)  # another try takes half of that
    assert watch.said().count(cause) == 1, watch.said()
    assert cause in "\n".join(watch.said().splitlines()[-3:]), watch.said()
    assert document.pdf.read_bytes() == before
    document.edit(name, bad, good)
    assert "That is mended." in watch.replaced(lambda: document.edit(SECTION, "That is everything.", "That is mended."))
    assert watch.said().count(cause) == 1
    watch.stop()


@faults
def test_error_is_told_again_when_watching_has_ended(watch, name, good, bad, cause):
    document = watch.document
    first = document.pdf.read_bytes()
    document.edit(name, good, bad)
    watch.wait(lambda: cause in watch.said())
    watch.stop()
    for _ in range(2):
        document.refuse(cause)
    document.mend()
    assert document.complete() == first


def test_interrupt_ends_it_and_leaves_a_folder_that_builds(watch):
    document = watch.document
    watch.stop()
    assert document.processes() == []
    assert "up to date" in document.build().said


def test_waiting_costs_little(watch):
    def used():
        fields = Path(f"/proc/{watch.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    time.sleep(2)
    before = used()
    time.sleep(3)
    assert used() - before < 0.6
    watch.stop()
