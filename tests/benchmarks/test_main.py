"""What make bench does: measures the groups that are named, writes them down with the machine, and says what is old."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.__main__ import main
from benchmarks.machine import describe
from pycode import benchmarks


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two groups, "one" and "two", that measure at once; where their numbers are written."""
    path = tmp_path / "benchmarks" / "results.json"
    monkeypatch.setattr(benchmarks.results, "ROOT", tmp_path)
    monkeypatch.setattr(benchmarks, "groups", lambda: ["one", "two"])
    monkeypatch.setattr(benchmarks, "sources_hash", lambda group: f"hash of {group}")
    for group, speedup in {"one": 1.5, "two": 2.5}.items():
        module = ModuleType(f"benchmarks.{group}")
        module.__dict__["measure"] = lambda bar, speedup=speedup: {"speedup": speedup, "repeats": 7}
        monkeypatch.setitem(sys.modules, f"benchmarks.{group}", module)
    return path


def test_all_groups_or_one_are_measured_and_written_with_hash_and_machine(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["two"]) == 0
    written = json.loads(file.read_text(encoding="utf-8"))
    assert {key for key in written if not key.startswith("two.machine_")} == {"two.speedup", "two.repeats", "two.hash"}
    assert written["two.speedup"] == 2.5
    assert written["two.hash"] == "hash of two"
    assert {f"two.machine_{name}" for name in describe()} <= set(written)
    assert "two.speedup: 2.5\ntwo.repeats: 7\n" in capsys.readouterr().out
    assert main([]) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["one.speedup"] == 1.5


def test_unknown_group_is_named_with_the_known_ones(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["three"]) == 1
    assert capsys.readouterr().err == "there is no benchmark three; give one, two\n"
    assert not file.exists()


def test_check_measures_nothing_and_names_what_is_of_other_sources(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main([])
    assert main(["--check"]) == 0
    monkeypatch.setattr(benchmarks, "sources_hash", lambda group: {"one": "hash of one"}.get(group, "other"))
    written = file.read_bytes()
    capsys.readouterr()
    assert main(["--check"]) == 1
    assert capsys.readouterr().out == (
        "benchmarks/results.json: two was measured on other sources; type: make bench BENCH=two\n"
    )
    assert main(["one", "--check"]) == 0
    assert file.read_bytes() == written


def test_machine_says_what_a_reader_needs_to_know() -> None:
    found = describe()
    assert set(found) == {"processor", "instructions", "cores", "torch", "python", "system", "date"}
    assert all(found.values())
