"""What the build does when something is wrong: each test plants faults in a copy of the small document."""

import json
import re
import time

import pytest

LINE, CIRCLE = "pycode/checks/line.py", "pycode/experiments/circle.py"
CHECK = 'page.check("line.slope_exact")'
DIED = f"sections/line.tex:6: session lines died in {CHECK}:"
NO_MEMORY = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); "
NULL_POINTER = "import ctypes; allocate = ctypes.CDLL(None).malloc; allocate.restype = ctypes.c_void_p; "
FIGURE = "results/figures/circle.perimeters.pdf"


def in_check(statement):
    """Put a statement before the last one of the check line.slope_exact."""
    return LINE, "    return Check(", f"    {statement}\n    return Check("


def in_experiment(statement):
    """Put a statement before the only one of the experiment circle."""
    return CIRCLE, "    sides = 12345", f"    {statement}\n    sides = 12345"


def in_figure(statement):
    """Put a statement before the first one of the figure circle.perimeters."""
    return "pycode/figures/circle.py", "    axes = figure", f"    {statement}\n    axes = figure"


def in_text(addition):
    """Put something into the text about lines."""
    return "sections/line.tex", "is about", f"is {addition} about"


FAULTS = {  # what is planted, and what the last lines say
    "failing check": (
        (LINE, "Check(0.5, ", "Check(0.6, "),
        "sections/line.tex:6: check failed: line.slope_exact: measured 0.6, must be = 0.5 ± 0 (no rounding: "
        "½ is a binary fraction); see pycode/checks/line.py",
    ),
    "wrong display": (
        ("sections/line.tex", r"2(z-\mu_q)(\mu_q-\mu_p)", r"3(z-\mu_q)(\mu_q-\mu_p)"),
        "sections/line.tex:11: relation: the sides differ",
    ),
    "exception": (
        in_check("1 / 0"),
        "sections/line.tex:6: ZeroDivisionError: division by zero (in pycode/checks/line.py:8, slope_exact)",
    ),
    "exception in an experiment": (
        in_experiment("1 / 0"),
        "sections/circle.tex:4: ZeroDivisionError: division by zero (in pycode/experiments/circle.py:10, measure)",
    ),
    "error of syntax": (in_check("0 = 1"), "sections/line.tex:6: SyntaxError: cannot assign to literal"),
    "missing module": (
        in_check("import nowhere"),
        "sections/line.tex:6: ModuleNotFoundError: No module named 'nowhere'",
    ),
    "sys.exit(2)": (in_check("import sys; sys.exit(2)"), f"{DIED} ended by its own code with status 2"),
    "os._exit(3)": (in_check("import os; os._exit(3)"), f"{DIED} ended by its own code with status 3"),
    "os._exit(0)": (in_check("import os; os._exit(0)"), f"{DIED} ended by its own code with status 0"),
    "kill -9": (in_check("import os; os.kill(os.getpid(), 9)"), f"{DIED} Killed (signal 9, as when memory runs out)"),
    "kill -9 in an experiment": (
        in_experiment("import os; os.kill(os.getpid(), 9)"),
        'sections/circle.tex:4: session circles died in page.result("circle.sides", ""): Killed',
    ),
    "out of memory": (in_check(f"{NO_MEMORY}bytearray(2**31)"), "sections/line.tex:6: MemoryError"),
    "out of memory, without Python's notice": (
        in_check(f"{NO_MEMORY}{NULL_POINTER}ctypes.memset(allocate(2**31), 1, 2**31)"),
        f"{DIED} Segmentation fault",
    ),
    "segmentation fault": (in_check("import ctypes; ctypes.string_at(0)"), f"{DIED} Segmentation fault (signal 11)"),
    "figure that raises": (
        in_figure("raise ValueError('no colours')"),
        "sections/circle.tex:11: ValueError: no colours (in pycode/figures/circle.py:8, perimeters)",
    ),
    "figure that draws nothing": (
        in_figure("return"),
        "sections/circle.tex:11: ValueError: figure circle.perimeters: pycode/figures/circle.py draws nothing",
    ),
    "missing figure": (in_text(r"\built{results/figures/no.pdf}{}"), "Missing file results/figures/no.pdf"),
    "unknown check": (
        ("sections/line.tex", "line.slope_exact", "line.no"),
        "sections/line.tex:6: ValueError: line.no: pycode/checks/line.py has no function no",
    ),
    "check of an unknown module": (
        ("sections/line.tex", "line.slope_exact", "no.line"),
        "sections/line.tex:6: ValueError: no.line: there is no pycode/checks/no.py",
    ),
    "figure of an unknown module": (
        ("sections/circle.tex", "{circle.perimeters}{4}", "{no.a}{4}"),
        "sections/circle.tex:11: ValueError: figure no.a: there is no pycode/figures/no.py",
    ),
    "undefined reference": (in_text(r"\ref{no}"), "Reference `no' on page 2 undefined"),
    "undefined citation": (in_text(r"\cite{no}"), "Citation `no' on page 2 undefined"),
    "error of LaTeX": (in_text(r"\foo"), "sections/line.tex:4: Undefined control sequence.\nl.4 Section"),
    "missing section": (in_text(r"\input{sections/no}"), "sections/no.tex' not found"),
    "label of two places": (in_text(r"\label{sec:line}"), "Label `sec:line' multiply defined"),
    "brace left open": (in_text("{"), "end occurred inside a group"),
    "entry of refs.bib that TeX cannot set": (
        ("refs.bib", "{Elements}", "{Ele & ments}"),
        "an entry of the bibliography, as in build/main.bbl:",
    ),
    "entry cut short in refs.bib": (("refs.bib", "{1956},\n}", "{1956"), "of file refs.bib"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_stops_every_build_until_it_is_mended(small, fault):
    change, cause = FAULTS[fault]
    before = small.pdf.read_bytes()
    small.edit(*change)
    for _ in range(2):  # the same again, nothing changed
        small.refuse(cause)
    assert json.loads((small.build_folder / "results.json").read_text())["line.slope"] == 0.5  # the complete build's
    small.mend()
    assert small.complete() == before


def test_figure_deleted_while_the_build_runs_is_not_published_as_a_hole(small):
    before, figure = small.pdf.read_bytes(), small.folder / FIGURE
    small.edit(*in_text("all"))
    process = small.start()
    while process.poll() is None:
        figure.unlink(missing_ok=True)
        time.sleep(0.002)
    run = small.end(process)
    assert run.status == 1, run.said
    assert "circle.perimeters" in run.last, run.said
    assert small.pdf.read_bytes() == before
    small.complete()
    small.mend()
    assert small.complete() == before


def test_fault_outlasts_an_edit_of_the_text(small):
    change, cause = FAULTS["failing check"]
    small.edit(*change)
    small.refuse(cause)
    small.edit("sections/line.tex", "is about lines", "treats lines")
    small.refuse(cause)
    small.edit(LINE, "Check(0.6, ", "Check(0.5, ")
    small.complete()
    assert "treats lines" in small.text()


def test_fault_is_found_where_nothing_was_built_before(small_built, tmp_path):
    change, cause = FAULTS["kill -9"]
    fresh = small_built[0].copy(tmp_path / "new", "build", "results", "main.*")
    (fresh.folder / "main.tex").write_bytes((small_built[0].folder / "main.tex").read_bytes())
    fresh.edit(*change)
    for _ in range(2):
        run = fresh.build()
        assert (run.status, cause in run.last, fresh.pdf.exists()) == (1, True, False)
    fresh.mend()
    assert fresh.complete() == small_built[0].pdf.read_bytes()


def test_first_build_is_complete_and_quiet(small_built):
    document, run = small_built
    assert run.status == 0, run.said
    assert re.fullmatch(r"main\.pdf: 2 pages, [\d.]+ s.*, sha256 [0-9a-f]{64}", run.said.strip().split("\n")[-1])
    assert "There are 2 checks on circles and 1 on lines, 1 of them in part 2." in document.text()


def test_error_of_latex_is_all_that_is_said_of_it(small):
    small.edit(*in_text(r"\foo"))
    said = [line for line in small.refuse().said.strip().split("\n") if not re.match(r"(Python|pdflatex) +\d", line)]
    assert len(said) <= 3


def test_python_of_the_user_does_not_reach_the_sessions(small):
    replace = {"PYTHONHOME": "/nonexistent", "PYTHONPATH": str(small.folder / "sections")}
    (small.folder / "sections" / "json.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    small.write("requirements.lock", "# everything runs again\n")
    small.complete(**replace)


def test_failure_that_only_latexmk_knows_is_told(small):
    (small.folder / "main.tex").unlink()
    run = small.build()
    assert run.status != 0
    assert "Could not find file 'main.tex'" in run.last
