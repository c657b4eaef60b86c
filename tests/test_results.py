"""The cache: what it reuses, what it computes again, what it leaves when something stops it."""

import ast
import errno
import fcntl
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pycode import results

MODULE = "pycode.experiments.circle"
ROOT = Path(__file__).resolve().parents[1]


def counter(value=1.0):
    """A function that counts its calls."""

    def compute():
        compute.calls += 1
        return value

    compute.calls = 0
    return compute


def test_second_call_reads_what_the_first_has_kept(package):
    compute = counter({"a": [1.5, 2.5]})
    assert results.cached(MODULE, "f", compute) == results.cached(MODULE, "f", compute) == {"a": [1.5, 2.5]}
    assert compute.calls == 1


def test_plain_call_is_that_of_the_named_function(package):
    assert results.cached(MODULE, "measure") == results.measured("circle")
    assert results.measured("circle")["sides"] == 12345


def test_sources_are_those_of_all_imports_direct_or_not(package):
    (package / "shapes.py").write_text("def perimeter(n):\n    from pycode.checks import line\n", encoding="utf-8")
    files = {str(path.relative_to(package)) for path in results.sources(MODULE)}
    assert {"experiments/circle.py", "shapes.py", "checks/line.py"} <= files
    assert "checks/circle.py" not in files


def test_imports_may_go_in_a_circle(package):
    (package / "shapes.py").write_text("from pycode.experiments import circle\n", encoding="utf-8")
    assert {path.name for path in results.sources("pycode.shapes")} >= {"shapes.py", "circle.py"}


@pytest.mark.parametrize("file", ["experiments/circle.py", "shapes.py"])
def test_edited_source_is_computed_again(package, restart, file):
    compute = counter()
    results.cached(MODULE, "f", compute)
    with open(package / file, "a", encoding="utf-8") as source:
        source.write("# edited\n")
    restart()
    results.cached(MODULE, "f", compute)
    assert compute.calls == 2


def test_edit_of_an_unrelated_source_changes_nothing(package, restart):
    compute = counter()
    results.cached(MODULE, "f", compute)
    (package / "checks" / "line.py").write_text("", encoding="utf-8")
    restart()
    results.cached(MODULE, "f", compute)
    assert compute.calls == 1


def test_other_versions_of_packages_are_computed_again(package, restart, tmp_path):
    compute = counter()
    for version in ("numpy==1", "numpy==2"):
        (tmp_path / "requirements.lock").write_text(version, encoding="utf-8")
        restart()
        results.cached(MODULE, "f", compute)
    assert compute.calls == 2


def test_other_arguments_are_computed_again(package):
    compute = counter()
    for inputs in (["4.5"], ["4.6"], ["4.6"], ["4", ".6"]):
        results.cached(MODULE, "f", compute, inputs=inputs)
    assert compute.calls == 3


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_text("other", encoding="utf-8")])
def test_deleted_or_changed_file_is_made_again(package, tmp_path, harm):
    path = tmp_path / "figure.pdf"

    def draw():
        draw.calls += 1
        path.write_text("drawn", encoding="utf-8")

    draw.calls = 0
    results.cached(MODULE, "draw", draw, files=[path])
    results.cached(MODULE, "draw", draw, files=[path])
    assert draw.calls == 1
    harm(path)
    results.cached(MODULE, "draw", draw, files=[path])
    assert (draw.calls, path.read_text(encoding="utf-8")) == (2, "drawn")


@pytest.mark.parametrize("content", ["", '{"key": "', "[]", "{}"])
def test_damaged_record_is_computed_again(package, content):
    compute = counter()
    results.cached(MODULE, "f", compute)
    (record,) = (results.RESULTS / "values").iterdir()
    record.write_text(content, encoding="utf-8")
    assert results.cached(MODULE, "f", compute) == 1.0
    assert compute.calls == 2


def test_arrays_become_lists_and_keep_every_bit(package):
    values = np.array([0.1, 1 / 3, 5e-324])
    kept = results.cached(MODULE, "f", lambda: {"array": values, "scalar": np.float64(0.1), "count": np.int64(3)})
    assert kept == {"array": values.tolist(), "scalar": 0.1, "count": 3}


def test_value_that_json_cannot_hold_is_named(package):
    with pytest.raises(TypeError, match="a result holds a complex; return numbers, strings, lists or arrays"):
        results.cached(MODULE, "f", lambda: {"a": 1j})
    assert list((results.RESULTS / "values").iterdir()) == []


def test_error_of_the_function_is_not_kept(package):
    def fail():
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        results.cached(MODULE, "f", fail)
    assert results.cached(MODULE, "f", counter()) == 1.0


def test_interrupted_write_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "kept.json"
    results.write_atomically(path, "old")

    def interrupt(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        results.write_atomically(path, "new")
    assert [file.name for file in path.parent.iterdir()] == ["kept.json"]
    assert path.read_text(encoding="utf-8") == "old"


def test_record_is_plain_json(package):
    results.measured("line")
    record = results.RESULTS / "values" / "pycode.experiments.line.measure.json"
    assert json.loads(record.read_text(encoding="utf-8"))["result"] == {"slope": 0.5}


@pytest.mark.parametrize("name", ["numpy", "pycode.nope", "os.path", "pycodes.check"])
def test_only_modules_of_pycode_have_a_source_file(package, name):
    assert results.source_file(name) is None


@pytest.fixture
def own_files(package, tmp_path, monkeypatch):
    """A folder of the user's, which a module of the small package reads: two files of it, and one that it does not."""
    folder = tmp_path / "own files"
    folder.mkdir()
    for name in ("a.dat", "b.dat", "c.txt"):
        (folder / name).write_text(name, encoding="utf-8")
    with open(package / "shapes.py", "a", encoding="utf-8") as source:
        source.write('EXTERNAL = "OWN_FILES/*.dat"  # why\n')
    monkeypatch.setenv("OWN_FILES", str(folder))
    return folder


def edit_in_place(path):
    """Another content of the same size; written later."""
    path.write_text("A.dat", encoding="utf-8")
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: edit_in_place(folder / "a.dat"),
        lambda folder: (folder / "b.dat").unlink(),
        lambda folder: (folder / "b.dat").rename(folder / "d.dat"),
        lambda folder: (folder / "d.dat").write_text("", encoding="utf-8"),
        lambda folder: folder.rename(folder.with_name("elsewhere")),
    ],
    ids=["content", "deleted", "renamed", "added", "folder gone"],
)
def test_changed_files_of_the_user_are_computed_again(own_files, change):
    compute = counter()
    results.cached(MODULE, "f", compute)
    change(own_files)
    results.cached(MODULE, "f", compute)
    results.cached(MODULE, "f", compute)
    assert compute.calls == 2


def test_same_files_elsewhere_and_others_beside_them_change_nothing(own_files, monkeypatch):
    compute = counter()
    results.cached(MODULE, "f", compute)
    (own_files / "c.txt").write_text("other", encoding="utf-8")
    (own_files / "sub.dat").mkdir()
    monkeypatch.setenv("OWN_FILES", str(own_files.rename(own_files.with_name("elsewhere"))))
    results.cached(MODULE, "f", compute)
    assert compute.calls == 1


def test_variable_counts_only_for_modules_that_name_it_and_only_when_set(own_files, package, monkeypatch):
    states = []
    for value in ("", None, str(own_files), f"{own_files}/no"):
        monkeypatch.delenv("OWN_FILES") if value is None else monkeypatch.setenv("OWN_FILES", value)
        states.append(results.external(*results.sources(MODULE)))
        assert results.external(*results.sources("pycode.experiments.line")) == {}
    assert states[:2] == [{}, {}]
    assert {*states[2], *states[3]} == {"OWN_FILES/*.dat"}
    assert states[2] != states[3]  # a folder that is not there is not the same as none: its error must be told


def test_file_that_cannot_be_read_is_left_to_the_one_who_needs_it(own_files, monkeypatch):
    before = results.external(*results.sources(MODULE))

    def refuse(path, size, time):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(results, "_digest_unchanged", refuse)
    assert results.external(*results.sources(MODULE)) != before


@pytest.mark.parametrize("line", ["EXTERNAL = 'A/*.dat'", 'EXTERNAL = "A"', 'EXTERNAL: str = "A/*"', "EXTERNAL = A"])
def test_declaration_of_another_form_is_refused(package, line):
    (package / "shapes.py").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r'shapes.py: EXTERNAL.*; write EXTERNAL = "VARIABLE/pattern'):
        results.cached(MODULE, "f", counter())


def slowly(started, seconds, fails=False):
    """In a process of its own: a result that takes its time, and a line in a file that it was computed."""

    def compute():
        with open(started, "a", encoding="utf-8") as file:
            file.write("started\n")
        time.sleep(seconds)
        if fails:
            raise RuntimeError("no")
        return [os.getpid()]

    results.cached(MODULE, "f", compute)


@pytest.fixture
def processes(package, tmp_path):
    """Start processes that need the same result; they are forked, so they see the small package."""
    context, started, all_ = multiprocessing.get_context("fork"), tmp_path / "started", []

    def start(count, seconds, fails=False):
        before = len(started.read_text(encoding="utf-8")) if started.exists() else 0
        new = [context.Process(target=slowly, args=(started, seconds, fails)) for _ in range(count)]
        for process in new:
            process.start()
        all_.extend(new)
        end = time.monotonic() + 10
        while not (started.exists() and len(started.read_text(encoding="utf-8")) > before) and time.monotonic() < end:
            time.sleep(0.01)
        return new

    yield start, lambda: started.read_text(encoding="utf-8").count("started")
    for process in all_:
        process.kill()
        process.join()


def test_of_processes_that_need_a_result_at_the_same_time_one_computes_it(processes):
    start, computed = processes
    running = start(3, seconds=0.3)
    compute = counter()
    assert results.cached(MODULE, "f", compute)[0] in [process.pid for process in running]
    for process in running:
        process.join(10)
    assert [process.exitcode for process in running] == [0, 0, 0]
    assert (compute.calls, computed()) == (0, 1)
    assert [path.suffix for path in (results.RESULTS / "values").iterdir()] == [".json"]


def test_killed_process_holds_nobody_up(processes):
    start, computed = processes
    (running,) = start(1, seconds=100)
    (lock,) = (results.RESULTS / "values").iterdir()
    with open(lock, "a") as file, pytest.raises(BlockingIOError):
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(running.pid, signal.SIGKILL)
    assert results.cached(MODULE, "f", counter()) == 1.0
    assert computed() == 1


def test_failing_process_leaves_the_work_to_the_next(processes):
    start, computed = processes
    start(1, seconds=0.2, fails=True)
    compute = counter()
    assert results.cached(MODULE, "f", compute) == 1.0
    assert (compute.calls, computed()) == (1, 1)


def test_locks_of_two_results_are_two(processes):
    start, _ = processes
    (running,) = start(1, seconds=100)
    assert results.cached(MODULE, "g", counter()) == 1.0
    assert running.is_alive()


def test_result_may_need_others_but_not_itself(package):
    def nested():
        return results.cached(MODULE, "g", counter(2.0))

    assert results.cached(MODULE, "f", nested) == 2.0

    def circle():
        return results.cached(MODULE, "h", circle)

    with pytest.raises((RecursionError, OSError)):  # the last: too many open files
        results.cached(MODULE, "h", circle)


FILES = [*(ROOT / "pycode").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_are_those_that_the_parser_finds_and_no_other_module_of_ours(path):
    parsed = {name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name in imported(node)}
    found = results._imports(path)
    assert {name for name in parsed if name.startswith(("pycode", "benchmarks"))} <= found
    assert {name for name in found - parsed if results.source_file(name)} == set()


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


@pytest.mark.parametrize(
    "statement",
    [
        "import pycode.shapes",
        "import os, pycode.shapes as s, sys",
        "from pycode import shapes",
        "from pycode import (shapes)",
        "from pycode import (  # one (of two)\n    check,\n    shapes as s,  # other\n)",
        "from pycode.shapes import perimeter as p; print(p)",
        "if True: from pycode import shapes",
        "x = 1; import pycode.shapes",
        "def f():\n\tfrom pycode import check, \\\n\t\tshapes",
        "from\tpycode.shapes\timport(perimeter)",
        "from pycode.shapes import *",
    ],
)
def test_no_form_of_import_is_missed(package, statement):
    path = package / "other.py"
    path.write_text(statement, encoding="utf-8")
    ast.parse(statement)
    assert package / "shapes.py" in results.sources("pycode.other")


def test_relative_import_is_refused(package):
    (package / "shapes.py").write_text("from . import check\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"shapes.py: from \. import; write the module's whole name"):
        results.cached(MODULE, "f", counter())


@pytest.mark.parametrize("change", [lambda text: text.replace("1.5", "1.6"), lambda text: text[:-4], lambda text: ""])
def test_edited_or_truncated_record_is_computed_again(package, change):
    compute = counter([1.5, 2.5])
    results.cached(MODULE, "f", compute)
    (record,) = (results.RESULTS / "values").iterdir()
    before = record.read_text(encoding="utf-8")
    record.write_text(change(before), encoding="utf-8")
    assert results.cached(MODULE, "f", compute) == [1.5, 2.5]
    assert (compute.calls, record.read_text(encoding="utf-8")) == (2, before)


def test_other_python_computes_again_and_leaves_benchmarks_alone(package, monkeypatch):
    compute = counter()
    results.cached(MODULE, "f", compute)
    code = results.code_digest(MODULE)
    monkeypatch.setattr(sys, "version", "4.0")
    results.forget()
    results.cached(MODULE, "f", compute)
    assert compute.calls == 2
    assert results.code_digest(MODULE) == code


def test_result_of_a_text_that_was_edited_meanwhile_is_not_kept(package, restart):
    def edit():
        with open(package / "shapes.py", "a", encoding="utf-8") as source:
            source.write("# edited while it runs\n")
        return 1.0

    assert results.cached(MODULE, "f", edit) == 1.0
    for _ in range(2):  # neither for the new text nor for the old one
        restart()
        assert not results.Result(MODULE, "f").stands()
        text = (package / "shapes.py").read_text(encoding="utf-8")
        (package / "shapes.py").write_text(text.replace("# edited while it runs\n", ""), encoding="utf-8")


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free some space on its disk"),
        (OSError(errno.EROFS, "Read-only file system"), "make results/values/ writable"),
    ],
)
def test_record_that_cannot_be_written_is_named_with_the_way_out(package, monkeypatch, fault, remedy):
    def refuse(path, content):
        path.write_text("half", encoding="utf-8")
        raise fault

    monkeypatch.setattr(Path, "write_bytes", refuse)
    message = rf"^results/values/{MODULE}.f.json cannot be written \({fault.strerror}\); {remedy}, then repeat$"
    with pytest.raises(results.WriteError, match=message):
        results.cached(MODULE, "f", counter())
    assert list((results.RESULTS / "values").iterdir()) == []


def test_folder_in_the_place_of_results_is_named(package):
    results.RESULTS.write_text("", encoding="utf-8")
    with pytest.raises(
        results.WriteError, match=r"^results/values/\S+ cannot be written \((Not a directory|File exists)"
    ):
        results.cached(MODULE, "f", counter())


def test_what_stands_is_read_where_nothing_can_be_written(package, monkeypatch):
    results.cached(MODULE, "f", counter())
    monkeypatch.setattr(Path, "write_bytes", None)
    monkeypatch.setattr(results, "alone", None)
    assert results.cached(MODULE, "f", counter(2.0)) == 1.0


def test_digests_of_all_modules_take_a_moment():
    code = """
import time
from pathlib import Path
from pycode import results
paths = [path for folder in ("experiments", "checks", "figures") for path in Path("pycode", folder).glob("*.py")]
start = time.process_time()
for path in paths:
    results.code_digest(f"pycode.{path.parent.name}.{path.stem}")
print(time.process_time() - start)
"""
    said = [float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)) for _ in range(3)]
    assert min(said) < 0.15  # a third of it on an idle machine
