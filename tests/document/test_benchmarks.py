"""Numbers that make bench measured stand in the document while what was measured does, and leave it then."""

import json
import subprocess
import sys

import pytest

TEXT = r"""\section{Line}\label{sec:line}
\pysession{lines}
Loops\ifbenchmark{loop}{ are \benchmark[.1f]{loop.speedup} times as fast}{ differ}."""
HASH = "from pycode import benchmarks; print(benchmarks.sources_hash('loop'))"


@pytest.fixture
def measured(small):
    """The small document with a benchmark, whose number stands in a sentence."""
    folder = small.folder / "benchmarks"
    folder.mkdir()
    (folder / "loop.py").write_text("from pycode import shapes\n", encoding="utf-8")
    command = [sys.executable, "-c", HASH]
    found = subprocess.run(command, cwd=small.folder, capture_output=True, check=True, encoding="utf-8").stdout.strip()
    numbers = {"loop.hash": found, "loop.speedup": 1.7354}
    (folder / "results.json").write_text(json.dumps(numbers), encoding="utf-8")
    small.edit("sections/line.tex", TEXT[: TEXT.index("\nLoops")], TEXT)
    return small


def test_number_is_printed_and_leaves_with_what_was_measured(measured):
    run = measured.build()
    assert run.status == 0, run.said
    assert "Loops are 1.7 times as fast." in measured.text()
    measured.edit("benchmarks/results.json", "1.7354", "1.8354")
    assert measured.build().status == 0
    assert "Loops are 1.8 times as fast." in measured.text()
    measured.edit("benchmarks/loop.py", "shapes\n", "shapes  # faster\n")
    assert measured.build().status == 0
    assert "Loops differ." in measured.text()


def test_number_outside_of_its_condition_is_an_error(measured):
    measured.edit("sections/line.tex", r"\ifbenchmark{loop}", r"\ifbenchmark{other}")
    run = measured.build()
    assert run.status != 0
    assert r"Write \benchmark within \ifbenchmark{loop}" in run.said
