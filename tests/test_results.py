"""The cache: what it reuses, what it computes again, what it leaves when something stops it."""

import json
import os

import numpy as np
import pytest

from pycode import results

MODULE = "pycode.experiments.circle"


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


def test_other_versions_of_packages_are_computed_again(package, tmp_path):
    compute = counter()
    for version in ("numpy==1", "numpy==2"):
        (tmp_path / "requirements.lock").write_text(version, encoding="utf-8")
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
    (record,) = (results.BUILD / "cache").iterdir()
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
    assert not (results.BUILD / "cache").exists()


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
    record = results.BUILD / "cache" / "pycode.experiments.line.measure.json"
    assert json.loads(record.read_text(encoding="utf-8"))["result"] == {"slope": 0.5}


@pytest.mark.parametrize("name", ["numpy", "pycode.nope", "os.path", "pycodes.check"])
def test_only_modules_of_pycode_have_a_source_file(package, name):
    assert results.source_file(name) is None
