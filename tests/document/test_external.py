"""Files of the user's that a module reads: the build sees the variable, their names and their contents."""

import json

import pytest

MODULE = '''"""A line."""

import os
from pathlib import Path

EXTERNAL = "OWN_FILES/*.dat"


def measure() -> dict[str, object]:
    """Slope of a line: the sum of the numbers in the user's files, or 0.5."""
    folder = os.environ.get("OWN_FILES")
    if not folder:
        return {"slope": 0.5}
    if not Path(folder).is_dir():
        raise ValueError(f"there is no folder {folder}")
    return {"slope": sum(float(path.read_text()) for path in Path(folder).glob("*.dat"))}
'''


@pytest.fixture
def folder(small, tmp_path):
    """The user's folder, beside the small document that reads it; one file in it."""
    (small.folder / "pycode/experiments/line.py").write_text(MODULE, encoding="utf-8")
    there = tmp_path / "own 'files'"
    there.mkdir()
    (there / "a.dat").write_text("0.25", encoding="utf-8")
    (there / "notes.txt").write_text("not read", encoding="utf-8")
    return there


def slope(document, **environment):
    """What is printed after a complete build, and whether the sessions ran."""
    stamp = document.build_folder / "pythontex.json"
    before = stamp.stat().st_mtime_ns if stamp.is_file() else 0
    run = document.build(**environment)
    assert run.status == 0, run.said
    results = json.loads((document.build_folder / "results.json").read_text(encoding="utf-8"))
    assert f"lines of slope {results['line.slope']:.4g}" in document.text()
    return results["line.slope"], stamp.stat().st_mtime_ns != before


def test_build_follows_the_variable_and_the_files_in_its_folder(small, folder):
    own = {"OWN_FILES": str(folder)}
    assert slope(small, **own) == (0.25, True)
    (folder / "b.dat").write_text("0.5", encoding="utf-8")
    assert slope(small, **own) == (0.75, True)
    (folder / "notes.txt").write_text("changed", encoding="utf-8")
    (folder / "b.dat").touch()
    assert slope(small, **own) == (0.75, False)
    (folder / "b.dat").write_text("1.5", encoding="utf-8")
    assert slope(small, **own) == (1.75, True)
    assert slope(small, OWN_FILES="") == (0.5, True)
    assert str(folder) not in (small.build_folder / "main.fdb_latexmk").read_text(encoding="utf-8")
    before = small.pdf.read_bytes()
    run = small.build(OWN_FILES=f"{folder}/no")  # another run than one without a folder, whose result is kept
    assert run.status == 1
    assert f"sections/line.tex:4: ValueError: there is no folder {folder}/no" in run.said
    assert small.pdf.read_bytes() == before
