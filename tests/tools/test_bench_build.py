"""The arithmetic of make bench-build, without TeX: edits, turns, medians, levels, what is asked for."""

import itertools
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench_build(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import bench_build

    return bench_build


def test_edits_stand_in_the_sources(bench_build):
    for edit in bench_build.EDITS.values():
        content = (ROOT / edit.file).read_text(encoding="utf-8")
        assert edit.content(ROOT, len(edit.texts) - 1) == content
        assert len({edit.content(ROOT, turn) for turn in range(5)}) == min(5, len(edit.texts))


def test_each_turn_of_a_display_is_new_and_true(bench_build):
    """The orders of three terms: all are the same sum, none is one that was built before."""
    import math

    found = set()
    for text in bench_build.EDITS["display"].texts:
        formula = text.removeprefix("&= ").partition(".")[0]
        for tex, value in (
            (r"\log\frac{\sigma_p}{\sigma_q}", "math.log(3/2)"),
            (r"\frac{\sigma_q^2+(\mu_q-\mu_p)^2}{2\sigma_p^2}", "(4+.25)/18"),
            (r"\frac12", "1/2"),
        ):
            assert formula.count(tex) == 1
            formula = formula.replace(tex, value)
        found.add(round(eval(formula, {"math": math}), 12))
    assert found == {round(math.log(3 / 2) + 4.25 / 18 - 0.5, 12)}
    assert len(set(bench_build.EDITS["display"].texts)) == 6


def test_edit_that_finds_nothing_says_where_to_mend_it(bench_build, tmp_path):
    (tmp_path / "a.tex").write_text("one two", encoding="utf-8")
    with pytest.raises(bench_build.BenchError, match=r"a\.tex: 'three' must stand in it once"):
        bench_build.Edit("a.tex", ("three", "four")).content(tmp_path, 0)


def test_cases_come_in_turns_beside_the_flat_document(bench_build):
    done = []

    class Fake:
        def flat_pass(self, turn):
            return self.case("pass", turn)

        def flat_cold(self, turn):
            return self.case("cold", turn)

        def case(self, name, turn):
            done.append((turn, name))
            return bench_build.Took(float(len(done)), 0.0)

    said = []
    found = bench_build.measure(Fake(), ["text", "display"], 2, said.append)
    assert done == list(itertools.product(range(2), ["pass", "cold", "text", "display"]))
    assert [took.wall for took in found["text"]] == [3.0, 7.0]
    assert len(said) == 8
    assert said[-1] == "2 of 2: edit of one display: 8.00 s"


def test_table_compares_medians_with_levels_of_the_same_run(bench_build):
    took = bench_build.Took
    found = {
        bench_build.PASS: [took(1.0, 1.0), took(9.0, 1.0), took(2.0, 1.0)],
        bench_build.COLD: [took(4.0, 4.0)],
        "text": [took(3.5, 1.0), took(3.4, 1.0), took(30.0, 1.0)],
        "display": [took(5.51, 1.0)],
        "results": [took(6.0, 1.0)],
        "cold": [took(110.0, 199.0, 0.25)],
        "style": [took(1.0, 1.0)],
    }
    lines = {line[:28].strip(): line.split() for line in bench_build.table(found)}
    assert lines["text edit outside a display"][-7:] == ["3.50", "3.40", "-", "30.00", "3.50", "s", "ok"]
    assert lines["edit of one display"][-3:] == ["5.50", "s", "missed"]
    assert lines["build/ removed, results kep"[:27] + "t"][-3:] == ["6.00", "s", "ok"]
    assert lines["cold, everything computed"][-3:] == ["200.00", "CPU-s", "ok"]
    assert lines["edit of a plot's style"][-1] == "1.00"
    assert "cold: 110.0 s, 1.81 cores used, 0.25 by others" in bench_build.table(found)[-1]


def test_unknown_case_is_named(bench_build, capsys):
    with pytest.raises(SystemExit):
        bench_build.arguments(["txet"])
    assert "no case 'txet'; there are nothing, text" in capsys.readouterr().err
    assert bench_build.arguments(["cold", "text", "--times", "2"]).cases == ["text", "cold"]
    assert bench_build.arguments([]).cases == list(bench_build.NAMES)
    with pytest.raises(SystemExit):
        bench_build.arguments(["--times", "0"])


def test_processor_seconds_of_children_are_counted(bench_build, tmp_path):
    work = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    took = bench_build.timed([sys.executable, "-c", work], tmp_path)
    assert 0.3 <= took.cpu < 3
    assert took.wall >= 0.3
    with pytest.raises(bench_build.BenchError, match="exit"):
        bench_build.timed([sys.executable, "-c", "raise SystemExit('exit')"], tmp_path)


def test_missed_levels_are_no_failure_and_all_numbers_are_kept(bench_build, tmp_path, monkeypatch, capsys):
    class Fake:
        sums = ("a", "a", "b", "a")

        def __init__(self, source, scratch):
            assert source == tmp_path != scratch

        def prepare(self):
            pass

        def flat_pass(self, turn):
            return bench_build.Took(1.0, 1.0)

        flat_cold = flat_pass

        def case(self, name, turn):
            return bench_build.Took(50.0, 1.0)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench_build, "Bench", Fake)
    assert bench_build.main(["text", "--times", "3"]) == 0
    said = capsys.readouterr().out
    assert "missed" in said
    assert "cold: 1 of 3 PDFs differ" in said
    kept = json.loads((tmp_path / "build" / "bench-build.json").read_text(encoding="utf-8"))
    assert [took["wall"] for took in kept["seconds"]["text"]] == [50.0] * 3
