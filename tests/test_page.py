"""What the document gets for each macro, and what it says when it asks for something wrong."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pycode import benchmarks, page

ROOT = Path(__file__).resolve().parents[1]


def replace(path, old, new):
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def record(tmp_path):
    return json.loads((tmp_path / "build/sessions/main.json").read_text(encoding="utf-8"))


def test_result_prints_a_measured_number(pytex):
    assert page.result("circle.sides") == r"\ensuremath{12\,345}"
    assert page.result("circle.perimeter", ".6f") == r"\ensuremath{6.283185}"


def test_result_prints_the_value_of_a_check(pytex):
    assert page.result("line.slope_exact") == r"\ensuremath{0.5}"


def test_result_undoes_the_backslash_that_latex_needs_for_percent(pytex):
    assert page.result("line.slope", r".0\%") == r"\ensuremath{50\,\%}"


@pytest.fixture
def measured(pytex, tmp_path):
    """A benchmark of the small package that was measured; its module."""
    module = tmp_path / "benchmarks/loop.py"
    module.parent.mkdir()
    module.write_text("from pycode import shapes\n", encoding="utf-8")
    numbers = {"speedup": 1.7354, "images": 3500, "machine_system": "Linux"}
    benchmarks.keep("loop", numbers | {"hash": benchmarks.sources_hash("loop")})
    return module


def test_benchmark_prints_a_number_and_stands(measured):
    assert page.if_benchmark("loop") == r"\benchmarkstands"
    assert page.benchmark("loop.speedup", ".1f") == r"\ensuremath{1.7}"
    assert page.benchmark("loop.images") == r"\ensuremath{3\,500}"
    assert not page.session().numbers  # build/results.json is for what the build computed


def test_benchmark_of_other_sources_prints_nothing(measured, package, restart):
    replace(package / "shapes.py", "import math", "import math  # as before")
    restart()
    assert page.if_benchmark("loop") == r"\benchmarkfalls"
    assert page.benchmark("loop.speedup") == ""


@pytest.mark.parametrize("name", ["speed", "machine_system"])
def test_benchmark_without_such_a_number_is_told(measured, name):
    message = rf"loop.{name}: benchmarks/results.json has no such number; make bench BENCH=loop measures it"
    with pytest.raises(ValueError, match=message):
        page.benchmark(f"loop.{name}")


def test_check_gives_the_cells_of_its_row(pytex):
    assert page.check("line.slope_exact") == (
        r"\checkresult{$0.5$}{$0.5$}{no rounding: \ensuremath{\frac12} is a binary fraction}"
        r"{line.\allowbreak{}slope\_\allowbreak{}exact}"
    )


def test_completed_session_leaves_its_numbers_and_files(pytex, tmp_path):
    page.result("circle.gap")
    page.check("line.slope_exact")
    page.excerpt("pycode.shapes.perimeter")
    page.end()
    gap = page.results.measured("circle")["gap"]
    numbers = {"circle.gap": gap, "line.slope_exact": 0.5}
    excerpt = "build/code/pycode.shapes.perimeter.tex"
    sha256 = subprocess.run(["sha256sum", tmp_path / excerpt], capture_output=True, check=True, text=True).stdout[:64]
    assert record(tmp_path) == {"numbers": numbers, "files": {excerpt: sha256}}


def test_progress_names_each_call_before_it_runs(pytex, tmp_path):
    pytex.before()
    pytex.instance = "8"
    pytex.before()
    assert (tmp_path / "build/sessions/progress").read_text(encoding="utf-8") == "main 7\nmain 8\n"


def test_figure_is_drawn_once_and_again_when_its_data_or_height_change(pytex, package, restart, tmp_path):
    path = tmp_path / "results/figures/circle.perimeters.pdf"
    latex = page.figure("circle.perimeters", 4)
    name = "results/figures/circle.perimeters.pdf"
    assert latex == rf"\built{{{name}}}{{\includegraphics{{{name}}}}}"
    first = path.stat().st_mtime_ns
    page.figure("circle.perimeters", 4)
    assert path.stat().st_mtime_ns == first
    page.figure("circle.perimeters", 5)
    second = path.stat().st_mtime_ns
    assert second != first
    replace(package / "experiments/circle.py", "range(3, 20)", "range(3, 30)")
    restart()
    page.figure("circle.perimeters", 5)
    assert path.stat().st_mtime_ns != second


def test_excerpt_is_the_source_without_its_docstring(pytex, tmp_path):
    assert page.excerpt("pycode.shapes.perimeter").startswith(r"\built{build/code/pycode.shapes.perimeter.tex}{\input{")
    latex = (tmp_path / "build/code/pycode.shapes.perimeter.tex").read_text(encoding="utf-8")
    assert "Perimeter of the regular" not in latex
    assert r"\ensuremath{\pi}" in latex
    assert r"\excerptplace{pycode/shapes.py:6}" in latex


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: page.result("gap"), "'gap': a key is <group>.<name>"),
        (lambda: page.result("circle.gap-2"), "'circle.gap-2': a key is <group>.<name>"),
        (
            lambda: page.result("nope.gap"),
            r"nope.gap: neither measure\(\) in pycode/experiments/nope.py nor a check has this name",
        ),
        (
            lambda: page.result("circle.nope"),
            r"circle.nope: neither measure\(\) in pycode/experiments/circle.py nor a check has",
        ),
        (lambda: page.result("circle.n"), "circle.n: is a list; a single number can be printed"),
        (lambda: page.result_text("circle.n"), r"circle.n: is a list; \\resulttext prints a text, \\result a number"),
        (lambda: page.result_text("circle.nope"), "circle.nope: is a NoneType"),
        (lambda: page.result_text("nope.a"), "nope.a: there is no pycode/experiments/nope.py"),
        (lambda: page.result("line.slope", "d"), "line.slope: Unknown format code 'd'"),
        (lambda: page.if_benchmark("nope"), r"there is no benchmarks/nope\.py"),
        (lambda: page.check("nope.a"), "nope.a: there is no pycode/checks/nope.py"),
        (lambda: page.check("line.nope"), "line.nope: pycode/checks/line.py has no function nope"),
        (lambda: page.figure("nope.a", 4), "figure nope.a: there is no pycode/figures/nope.py"),
        (lambda: page.figure("line.a", 4), "figure line.a: there is no pycode/figures/line.py"),
        (lambda: page.excerpt("pycode.nope.f"), "pycode.nope.f: there is no pycode/nope.py"),
        (lambda: page.excerpt("pycode.shapes.f"), "pycode.shapes.f: pycode/shapes.py has no function f"),
    ],
)
def test_wrong_name_is_answered_with_that_name(pytex, call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_result_that_is_a_text_is_printed_as_such(pytex, monkeypatch):
    monkeypatch.setattr(page, "_measured", cache(lambda group: {"source": "the files of MY_DIR"}))
    assert page.result_text("circle.source") == r"the files of MY\_DIR"


def test_figure_without_its_function_is_named(pytex, package):
    (package / "figures/circle.py").write_text('"""Nothing."""\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"figure circle.perimeters: .*circle.py has no function perimeters"):
        page.figure("circle.perimeters", 4)


def test_check_stands_in_one_table_only(pytex):
    page.check("line.slope_exact")
    with pytest.raises(ValueError, match=r"line.slope_exact: stands in a table of checks already"):
        page.check("line.slope_exact")


@pytest.mark.parametrize("call", [page.check, page.result])
def test_failing_check_is_told_with_value_demand_and_reason(pytex, package, call):
    replace(package / "checks/line.py", "Check(0.5, ", "Check(0.6, ")
    with pytest.raises(page.CheckError) as caught:
        call("line.slope_exact")
    assert str(caught.value) == (
        "check failed: line.slope_exact: measured 0.6, must be = 0.5 ± 0 "
        "(no rounding: ½ is a binary fraction); see pycode/checks/line.py"
    )


def test_check_that_is_not_a_number_fails(pytex, package):
    replace(package / "checks/line.py", "Check(0.5, ", 'Check(float("nan"), ')
    with pytest.raises(page.CheckError, match=r"line.slope_exact: measured nan"):
        page.check("line.slope_exact")


def test_check_that_returns_something_else_is_named(pytex, package):
    replace(package / "checks/line.py", "return Check(", "return tuple, (")
    with pytest.raises(ValueError, match=r"line.slope_exact: returns a tuple; a check returns a pycode.check.Check"):
        page.check("line.slope_exact")


def test_check_that_is_infinite_fails(pytex, package):
    replace(
        package / "checks/line.py", "Check(0.5, 0.5, 0.0, ", "Check(float('-inf'), 0.5, 0.0, relation='<=', because="
    )
    with pytest.raises(page.CheckError, match=r"line.slope_exact: measured -inf"):
        page.check("line.slope_exact")


def test_reason_that_the_page_cannot_print_is_named(pytex, package):
    replace(package / "checks/line.py", "no rounding", "中 rounding")
    with pytest.raises(ValueError, match=r"line.slope_exact: no LaTeX for '中' \(U\+4E2D\)"):
        page.check("line.slope_exact")


def test_one_key_with_two_values_is_refused(pytex):
    page.session().note("a.b", 1.0)
    page.session().note("a.b", 1.0)
    with pytest.raises(ValueError, match=r"a.b: printed as 1.0 and as 2.0; give the two different names"):
        page.session().note("a.b", 2.0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    return 0\n" * 12, "13 lines without the docstring; an excerpt has at most 12"),
        (f"    return {'1' * 101}\n", "a line has more than 100 characters, which the page does not hold"),
    ],
)
def test_excerpt_that_does_not_fit_the_page_is_refused(pytex, package, body, message):
    (package / "shapes.py").write_text(f"def perimeter():\n{body}", encoding="utf-8")
    with pytest.raises(ValueError, match=f"pycode.shapes.perimeter: {message}"):
        page.excerpt("pycode.shapes.perimeter")


def test_call_without_a_session_is_an_error(package, monkeypatch):
    monkeypatch.setattr(page, "_session", None)
    with pytest.raises(RuntimeError, match=r"begin\(pytex\) comes first"):
        page.result("line.slope")


def test_error_leaves_its_reason_and_the_line_of_our_code(pytex, package, tmp_path, capsys):
    replace(package / "checks/line.py", "Check(0.5, ", "Check(1 / 0, ")
    try:
        page.check("line.slope_exact")
    except ZeroDivisionError:
        sys.excepthook(*sys.exc_info())
    where = "pycode/checks/line.py:8, slope_exact"
    assert record(tmp_path) == {"error": f"ZeroDivisionError: division by zero (in {where})", "instance": "7"}
    assert "Traceback" in capsys.readouterr().err


def test_failed_check_leaves_its_message(pytex, package, tmp_path, capsys):
    replace(package / "checks/line.py", "Check(0.5, ", "Check(0.6, ")
    try:
        page.check("line.slope_exact")
    except page.CheckError:
        sys.excepthook(*sys.exc_info())
    assert record(tmp_path)["error"].startswith("check failed: line.slope_exact: measured 0.6, must be = 0.5 ± 0")
    assert "(in " not in record(tmp_path)["error"]


def test_session_of_a_build_that_was_killed_ends(tmp_path):
    build = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    code = (
        "import time; from types import SimpleNamespace; from pycode import page; "
        "page.begin(SimpleNamespace(session='a', instance='0')); print('begun', flush=True); time.sleep(100)"
    )
    environment = os.environ | {"BUILD_PROCESS": str(build.pid)}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as session:
        try:
            assert session.stdout.readline() == "begun\n"
            assert session.poll() is None
            build.kill()
            build.wait()
            assert session.wait(20) == 1
        finally:
            session.kill()
