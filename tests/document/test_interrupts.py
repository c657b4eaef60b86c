"""Builds that are stopped at any moment, or run side by side: what they leave is whole, and the next one succeeds."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

RUNS = 20
OTHER = ("sections/line.tex", "is about", "treats of")


@pytest.fixture
def two(small):
    """The small document and what it publishes with its own text and with another one."""
    own = small.pdf.read_bytes()
    small.edit(*OTHER)
    other = small.complete()
    small.mend()
    assert small.complete() == own != other
    return small, own, other


def rerun_all(document, number):
    """An edit after which everything is computed again."""
    document.write("requirements.lock", f"# {number}\n")


def timed(document):
    """How long a build lasts after such an edit."""
    rerun_all(document, "timed")
    start = time.monotonic()
    document.complete()
    return time.monotonic() - start


def stop_at(process, seconds, number, group=True):
    """Send a signal to a build, or to its latexmk alone, after some seconds; gives its exit status."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        (os.killpg if group else os.kill)(process.pid, number)
    said, _ = process.communicate(timeout=20)
    return process.returncode, said


def by(status, said, *numbers):
    """Whether a build ended well, or by one of the signals; a shell adds 128.

    latexmk has its own word and status for a signal that it catches before it has read our settings.
    """
    early = status == 255 and any(f"Caught a {signal.Signals(number).name} at" in said for number in numbers)
    return early or status in {0, *(-number for number in numbers), *(128 + number for number in numbers)}


@pytest.mark.slow
def test_ctrl_c_at_any_moment_does_no_harm(two, until):
    document, own, other = two
    seconds = timed(document)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    ended = []
    for number in range(RUNS):
        (document.mend, lambda: document.edit(*OTHER))[number % 2]()
        rerun_all(document, number)
        moment = moments.uniform(0, seconds)
        where = f"seed {seed}, run {number}, after {moment:.3f} s"
        status, said = stop_at(document.start(), moment, signal.SIGINT)
        assert by(status, said, signal.SIGINT), f"{where}: {status}\n{said}"
        assert until(lambda: not document.processes(), 5), f"{where}: processes are left\n{said}"
        assert document.pdf.read_bytes() in (own, other), where
        ended.append(status)
    assert ended.count(0) < RUNS  # some were stopped
    document.mend()
    assert document.complete() == own, f"seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("group", [True, False], ids=["all", "latexmk"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=["KILL", "TERM", "HUP"])
def test_build_that_is_killed_at_any_moment_does_no_harm(two, until, number, group):
    document, own, other = two
    seconds = timed(document)
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    for run in range(4):
        (document.mend, lambda: document.edit(*OTHER))[run % 2]()
        rerun_all(document, run)
        moment = moments.uniform(0, seconds)
        where = f"seed {seed}, run {run}, after {moment:.3f} s"
        status, said = stop_at(document.start(), moment, number, group)
        assert status == 1 or by(status, said, number, signal.SIGINT), f"{where}: {status}\n{said}"
        assert until(lambda: not document.processes(), 5), f"{where}: processes are left\n{said}"
        assert document.pdf.read_bytes() in (own, other), where
        assert document.complete() == (own, other)[run % 2], where


def test_ctrl_c_while_python_runs_ends_the_sessions(small, gate, until):
    before = small.pdf.read_bytes()
    small.edit("pycode/checks/line.py", "    return", f"    {gate.statement}\n    return")
    process = small.start()
    gate.wait()
    status, said = stop_at(process, 0, signal.SIGINT)
    assert (status, "Stopped; make pdf continues here." in said.splitlines()) == (130, True)
    assert until(lambda: not small.processes(), 5)
    assert small.pdf.read_bytes() == before
    small.mend()
    assert small.complete() == before


def test_text_that_was_taken_back_is_not_published(two):
    document, own, _ = two
    settings = (document.folder / "latexmkrc").read_text(encoding="utf-8")
    document.edit(*OTHER)
    document.write("latexmkrc", settings + "add_hook('after_xlatex_analysis', sub { kill 'KILL', $$; });\n")
    assert document.build().status == -signal.SIGKILL  # it has typeset the other text
    assert document.pdf.read_bytes() == own
    document.mend()
    assert document.complete() == own


@pytest.mark.parametrize("program", ["typeset.py", "publish.py"])
def test_program_of_the_build_that_is_killed_is_told(small, program):
    small.edit("sections/line.tex", "is about", "treats of")
    main = 'if __name__ == "__main__":\n'
    small.edit(f"tools/{program}", main, f"{main}    os.kill(os.getpid(), 9)\n")
    small.refuse("A program of the build was killed")


LOOP = r"\newwrite\mark\immediate\openout\mark=started.tmp \loop\iftrue\repeat \begin{checks}"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, 1), (signal.SIGINT, 130)])
def test_bibtex_that_is_killed_stops_the_build(small, tmp_path, monkeypatch, number, status):
    """And half of a list of references is not typeset."""
    before = small.pdf.read_bytes()
    bibtex = tmp_path / "bibtex"
    bibtex.write_text(
        f"#!/bin/sh\nhead -n 5 build/main.bbl.kept > build/main.bbl\nkill -{number:d} $$\n", encoding="utf-8"
    )
    bibtex.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    small.edit("refs.bib", "Dover", "Green Lion")
    run = small.build()
    assert run.status == status, run.said
    assert ("signal 9" if number == signal.SIGKILL else "Stopped") in run.last
    assert small.pdf.read_bytes() == before
    bibtex.unlink()
    small.complete()
    assert "Green Lion" in small.text()


def test_pdflatex_ends_with_a_pass_that_is_killed(small, until):
    small.edit("sections/line.tex", r"\begin{checks}", LOOP)
    process = small.start()
    assert until((small.build_folder / "started.tmp").is_file)
    commands = {number: Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8") for number in small.processes()}
    [typeset] = [number for number, command in commands.items() if "typeset.py" in command]
    os.kill(typeset, signal.SIGKILL)
    assert small.end(process).status == 1
    assert until(lambda: not small.processes(), 5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["INT", "KILL"])
def test_stopped_pdflatex_leaves_nothing_half_written(small, until, number):
    before = small.pdf.read_bytes()
    small.edit("sections/line.tex", r"\begin{checks}", LOOP)
    process = small.start()
    assert until((small.build_folder / "started.tmp").is_file)
    status, said = stop_at(process, 0, number)
    assert by(status, said, number)
    assert ("Stopped; make pdf continues here." in said) == (number == signal.SIGINT)
    assert until(lambda: not small.processes(), 5)
    assert small.pdf.read_bytes() == before
    small.mend()
    assert small.complete() == before


def test_killed_latexmk_takes_the_rest_with_it(small, gate, until):
    before = small.pdf.read_bytes()
    small.edit("pycode/checks/line.py", "    return", f"    {gate.statement}\n    return")
    process = small.start()
    gate.wait()
    assert stop_at(process, 0, signal.SIGKILL, group=False)[0] == -signal.SIGKILL
    assert until(lambda: not small.processes(), 5)
    small.mend()
    assert small.complete() == before


def test_second_build_at_the_same_time_waits_or_is_refused(small, gate):
    small.edit("pycode/checks/line.py", "    return", f"    {gate.statement}\n    return")
    small.edit(*OTHER)
    first = small.start()
    gate.wait()
    second = small.start()
    assert "nother build is running in this folder" in second.stdout.readline()
    gate.open()
    run = small.end(first)
    assert run.status == 0, run.said
    assert small.end(second).status in (0, 1)
    assert "treats of lines" in small.text()
    assert small.build().said.startswith("main.pdf is up to date")


def test_builds_that_start_together_do_not_meet(small):
    small.edit(*OTHER)
    rerun_all(small, 0)
    runs = [small.end(process) for process in [small.start() for _ in range(3)]]
    assert sorted({run.status for run in runs}) in ([0], [0, 1])
    for run in runs:
        assert "nother build is running" in run.said or "main.pdf" in run.last
    assert "treats of lines" in small.text()
    assert small.build().said.startswith("main.pdf is up to date")
