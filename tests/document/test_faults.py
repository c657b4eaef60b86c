"""What the build does when something is wrong: each test provokes one fault in a copy of the small document."""

import fcntl
import json
import math
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

FIXTURE = Path(__file__).parent / "fixture"
DIED = 'sections/line.tex:6: session lines died without a message in page.check("line.slope_exact")'
FAILED = "sections/line.tex:6: check failed: line.slope_exact: measured 0.6, must be = 0.5 ± 0"


def break_check(document, statement):
    """Put a statement before the last one of the check line.slope_exact."""
    document.edit("pycode/checks/line.py", "    return Check(", f"    {statement}\n    return Check(")


def assert_fails(document, *messages):
    """A build stops with the messages, and the published document stays as it was."""
    before = document.pdf.read_bytes()
    run = document.build()
    assert run.status == 1
    for message in messages:
        assert message in run.said
    assert document.pdf.read_bytes() == before
    return run


def assert_completes(document, **environment):
    run = document.build(**environment)
    assert run.status == 0, run.said


def wait_for(condition, seconds=20.0):
    """Wait until the condition holds, and return whether it does."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def is_free(file):
    """Whether no process holds the lock on an open file."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_first_build_is_complete_and_quiet(small_built):
    document, run = small_built
    assert (run.status, run.said.strip()) == (0, "main.pdf: 2 pages")
    assert "There are 2 checks on circles and 1 on lines, 1 of them in part 2." in document.text()
    assert (document.build_folder / "figures" / "circle.perimeters.pdf").is_file()


def test_all_that_is_generated_lies_in_build(small_built):
    document, _ = small_built
    made = {str(path.relative_to(document.folder)) for path in document.folder.iterdir()}
    assert made == {".venv", "build", "main.pdf", "main.tex", "latexmkrc", "refs.bib", "requirements.lock",
                    "preamble", "pycode", "sections", "tools"}  # fmt: skip
    assert {p.name for p in document.folder.rglob("*") if ".pytx" in p.name} == {
        p.name for p in document.build_folder.iterdir() if ".pytx" in p.name
    }


def test_results_hold_every_printed_number_in_full_precision(small_built):
    document, _ = small_built
    results = json.loads((document.build_folder / "results.json").read_text(encoding="utf-8"))
    perimeter = 2 * 12345 * math.sin(math.pi / 12345)
    assert results == {
        "circle.sides": 12345,
        "circle.perimeter": perimeter,
        "circle.perimeter_below": perimeter,
        "circle.gap": 2 * math.pi - perimeter,
        "circle.gap_small": 2 * math.pi - perimeter,
        "line.slope": 0.5,
        "line.slope_exact": 0.5,
    }
    assert f"{perimeter:.6f}" in document.text()


def test_touched_files_run_nothing(small):
    for path in [
        *small.folder.glob("*/*.tex"),
        *(small.folder / "pycode").rglob("*.py"),
        *small.build_folder.iterdir(),
    ]:
        path.touch()
    before = {path: path.stat().st_mtime_ns for path in [small.pdf, *small.build_folder.rglob("*.*")]}
    run = small.build()
    assert run.status == 0
    assert "main.pdf is up to date" in run.said
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_clean_builds_are_identical_in_every_byte(small_built, tmp_path):
    document, _ = small_built
    other = type(document)(tmp_path / "elsewhere")
    keep_out = shutil.ignore_patterns("build", "results", "main.pdf", "__pycache__")
    shutil.copytree(document.folder, other.folder, symlinks=True, ignore=keep_out)
    assert_completes(other, TZ="Pacific/Auckland", PYTHONHASHSEED="7", LC_ALL="C", SOURCE_DATE_EPOCH="1")
    assert other.pdf.read_bytes() == document.pdf.read_bytes()


def test_failing_check_stops_every_build_until_it_is_repaired(small):
    small.edit("pycode/checks/line.py", "Check(0.5, ", "Check(0.6, ")
    assert_fails(small, FAILED, "no rounding", "pycode/checks/line.py")
    assert_fails(small, FAILED)  # the same again, nothing changed
    small.edit("sections/line.tex", "is about lines", "treats lines")
    assert_fails(small, FAILED)
    small.edit("pycode/checks/line.py", "Check(0.6, ", "Check(0.5, ")
    assert_completes(small)
    assert "treats lines" in small.text()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import os; os.kill(os.getpid(), 9)", DIED),
        ("raise SystemExit(2)", DIED),
        ("1 / 0", "sections/line.tex:6: ZeroDivisionError: division by zero (in pycode/checks/line.py:8, slope_exact)"),
    ],
)
def test_session_that_dies_stops_the_build(small, statement, message):
    break_check(small, statement)
    assert_fails(small, message)
    assert json.loads((small.build_folder / "results.json").read_text())["line.slope"] == 0.5  # the complete build's


def test_session_that_dies_without_an_error_is_reported_again(small):
    break_check(small, "import os; os._exit(0)")
    for _ in range(2):
        assert_fails(small, DIED)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("line.tex", "line.slope_exact", "line.no", ":6: ValueError: line.no: pycode/checks/line.py has no function"),
        ("line.tex", "line.slope_exact", "nope.line", ":6: ValueError: nope.line: there is no pycode/checks/nope.py"),
        (
            "circle.tex",
            "{circle.perimeters}{4}",
            "{nope.a}{4}",
            ":11: ValueError: figure nope.a: there is no pycode/figures/nope.py",
        ),
    ],
)
def test_what_the_code_does_not_have_is_named(small, file, old, new, message):
    small.edit(f"sections/{file}", old, new)
    assert_fails(small, f"sections/{file}{message}")


def test_undefined_reference_is_not_published(small):
    small.edit("sections/line.tex", "is about", r"and \ref{nix} are about")
    assert_fails(small, "main.pdf is not replaced", "`nix'", "on page 2")
    assert_fails(small, "main.pdf is not replaced", "`nix'")


def test_error_of_latex_is_told_with_its_place(small):
    small.edit("sections/line.tex", "is about", r"is \foo about")
    for _ in range(2):
        run = assert_fails(small, "sections/line.tex:4: Undefined control sequence.\nl.4 Section")
        assert len(run.said.strip().split("\n")) <= 3
    small.edit("sections/line.tex", r"\foo ", "")
    assert_completes(small)


def test_deleted_figure_is_drawn_again(small):
    before = small.pdf.read_bytes()
    (small.build_folder / "figures" / "circle.perimeters.pdf").unlink()
    assert_completes(small)
    assert (small.build_folder / "figures" / "circle.perimeters.pdf").is_file()
    assert small.pdf.read_bytes() == before


def test_placeholder_of_a_missing_figure_is_not_published(small):
    small.edit("sections/line.tex", "is about", r"\built{results/figures/none.pdf}{shows it} is about")
    assert_fails(small, "Missing file results/figures/none.pdf", "page 2")


def test_edited_module_reruns_on_one_thread_and_stale_results_vanish(small):
    for name in ("experiments", "checks"):
        small.edit(f"pycode/{name}/circle.py", "12345", "23456")
    small.edit(
        "pycode/checks/line.py", "Check(0.5, 0.5, ", 'Check(float(__import__("os").environ["OMP_NUM_THREADS"]), 1, '
    )
    small.edit("sections/circle.tex", r"\result{circle.gap}.", "small.")
    assert_completes(small, OMP_NUM_THREADS="4")
    assert re.search(r"polygon has 23,?\s?456 sides", small.text())
    results = json.loads((small.build_folder / "results.json").read_text(encoding="utf-8"))
    assert results["circle.sides"] == 23456
    assert results["line.slope_exact"] == 1
    assert "circle.gap" not in results


def test_interrupted_python_ends_with_its_sessions_and_continues(small):
    started = small.build_folder / "started"
    break_check(small, f"lock = open({str(started)!r}, 'w'); import fcntl, time; fcntl.flock(lock, 2); time.sleep(100)")
    before = small.pdf.read_bytes()
    process = small.start()
    assert wait_for(started.is_file)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=10)
    assert (process.returncode, "Stopped; make pdf continues here." in said) == (130, True)
    assert small.pdf.read_bytes() == before
    with open(started) as lock:  # a session that still lived would hold it
        assert wait_for(lambda: is_free(lock), 5)
    shutil.copy2(FIXTURE / "pycode/checks/line.py", small.folder / "pycode/checks")
    assert_completes(small)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_stopped_pdflatex_leaves_nothing_half_written(small, number, status):
    loop = r"\newwrite\mark\immediate\openout\mark=started.tmp \loop\iftrue\repeat "
    small.edit("sections/line.tex", r"\begin{checks}", loop + r"\begin{checks}")
    before = small.pdf.read_bytes()
    process = small.start()
    assert wait_for((small.build_folder / "started.tmp").is_file)
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=10)
    assert process.returncode == status
    assert ("Stopped; make pdf continues here." in said) == (number == signal.SIGINT)
    assert small.pdf.read_bytes() == before
    small.edit("sections/line.tex", loop, "")
    assert_completes(small)
    assert small.pdf.read_bytes() == before


def test_second_build_at_the_same_time_is_refused(small):
    started = small.build_folder / "started"
    break_check(small, f"open({str(started)!r}, 'w'); import time; time.sleep(100)")
    process = small.start()
    assert wait_for(started.is_file)
    second = small.build()
    assert (second.status, second.said) == (1, "Another build is running in this folder; wait for it\n")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=10)
    shutil.copy2(FIXTURE / "pycode/checks/line.py", small.folder / "pycode/checks")
    assert_completes(small)


def test_python_of_the_user_does_not_reach_the_sessions(small):
    replace = {"PYTHONHOME": "/nonexistent", "PYTHONPATH": str(small.folder / "sections")}
    (small.folder / "sections" / "json.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    shutil.rmtree(small.build_folder)
    assert_completes(small, **replace)
