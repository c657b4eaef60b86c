"""Numbers of make bench stand as long as all that was measured does, and groups do not touch each other's."""

import json

import pytest

from pycode import benchmarks

LOOP = '''"""A loop."""

from benchmarks.plain import loop
from pycode import shapes


def measure(bar):
    """Nothing."""
    return {}
'''


@pytest.fixture
def folder(package, tmp_path):
    """Folder benchmarks beside the small package: a group that imports a plain loop and a module of pycode."""
    there = tmp_path / "benchmarks"
    (there / "plain").mkdir(parents=True)
    for name, text in {"__init__": "", "loop": LOOP, "other": LOOP, "helper": "", "plain/__init__": ""}.items():
        (there / f"{name}.py").write_text(text, encoding="utf-8")
    (there / "plain/loop.py").write_text('"""Plain."""\n', encoding="utf-8")
    (tmp_path / "requirements.lock").write_text("torch==1\n", encoding="utf-8")
    benchmarks.keep("loop", {"speedup": 2.5, "hash": benchmarks.sources_hash("loop")})
    return there


def test_nothing_stands_before_it_was_measured(package, tmp_path, folder):
    assert not benchmarks.stands("other")
    (folder / "results.json").unlink()
    assert benchmarks.record() == {}
    assert not benchmarks.stands("loop")


@pytest.mark.parametrize(
    ("changed", "stands"),
    [
        ("benchmarks/loop.py", False),
        ("benchmarks/plain/loop.py", False),
        ("pycode/shapes.py", False),
        ("requirements.lock", False),
        ("benchmarks/other.py", True),
        ("benchmarks/helper.py", True),
        ("pycode/experiments/line.py", True),
    ],
)
def test_numbers_stand_while_what_was_measured_does(folder, restart, tmp_path, changed, stands):
    assert benchmarks.stands("loop")
    path = tmp_path / changed
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    restart()
    assert benchmarks.stands("loop") is stands


def test_numbers_of_another_group_survive_and_old_ones_of_this_go(folder):
    benchmarks.keep("other", {"speedup": 3.0})
    benchmarks.keep("loop", {"rate": 4.0})
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert content == benchmarks.record() == {"loop.rate": 4.0, "other.speedup": 3.0}


def test_groups_are_the_modules_that_measure(folder):
    assert benchmarks.groups() == ["loop", "other"]


def test_a_group_that_does_not_exist_is_named(folder):
    with pytest.raises(ValueError, match=r"there is no benchmarks/nope\.py"):
        benchmarks.stands("nope")


@pytest.mark.parametrize("content", ["{", "", "[1, 2]", "null"])
def test_a_damaged_file_is_named_with_the_way_out(folder, content):
    (folder / "results.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"benchmarks/results\.json: .*; restore it: git checkout"):
        benchmarks.stands("loop")
