"""What runs again after an edit: content decides, not time stamps."""

import json
import math
import re
import shutil
import sys
from pathlib import Path

import pytest

TEXT, SHAPES = "sections/line.tex", "pycode/shapes.py"
CIRCLE = {f"pycode.{name}.json" for name in ("experiments.circle.measure", "checks.circle.perimeter_below",
                                             "checks.circle.gap_small")}  # fmt: skip
FIGURE = {"pycode.figures.circle.perimeters.json", "circle.perimeters.pdf"}
LINE_EXPERIMENT, LINE_CHECK = {"pycode.experiments.line.measure.json"}, {"pycode.checks.line.slope_exact.json"}
EDITS = {  # what is edited, and which of the results are written again
    "text": ((TEXT, "is about", "treats of"), set()),
    "order of the text": (("main.tex", "\\section*{Checks}\n\\listofchecks", ""), set()),
    "style of plots": (("pycode/style.py", '"#0072B2"', '"#0072B3"'), FIGURE),
    "figure": (("pycode/figures/circle.py", '"o"', '"x"'), FIGURE),
    "height of a figure": (("sections/circle.tex", "perimeters}{4}", "perimeters}{5}"), FIGURE),
    "check": (("pycode/checks/line.py", "no rounding", "no rounding at all"), LINE_CHECK),
    "experiment without dependents": (("pycode/experiments/line.py", "0.5", "0.25"), LINE_EXPERIMENT),
    "experiment": (("pycode/experiments/circle.py", "range(3, 20)", "range(3, 21)"), CIRCLE | FIGURE),
    "comment in an imported module": ((SHAPES, "# each side", "# every side"), CIRCLE),
}


def written(document, before):
    """Names of the results that are others now than before, those of displays and of printed code left out."""
    now = document.kept()
    changed = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    return {name for name in changed if not re.match(r"pycode\.(proofread|latex)\.", name)}


def of_displays(document):
    """Records of the displays' verdicts."""
    return {name: state for name, state in document.kept().items() if name.startswith("pycode.proofread.")}


@pytest.mark.parametrize("edit", EDITS)
def test_edit_runs_what_depends_on_it_and_nothing_else(small, edit):
    change, expected = EDITS[edit]
    first, kept, verdicts = small.pdf.read_bytes(), small.kept(), of_displays(small)
    small.edit(*change)
    small.complete()
    assert written(small, kept) == expected
    assert of_displays(small) == verdicts
    small.mend()
    assert small.complete() == first


def test_edit_of_a_display_runs_the_displays_alone(small):
    kept, verdicts = small.kept(), of_displays(small)
    small.edit(TEXT, r"(z-\mu_q+\mu_q-\mu_p)^2", r"((z-\mu_q)+(\mu_q-\mu_p))^2")
    small.complete()
    assert written(small, kept) == set()
    now = of_displays(small)
    assert now != verdicts
    assert {name: state for name, state in now.items() if "circle" in name} == {
        name: state for name, state in verdicts.items() if "circle" in name
    }


def test_text_edit_starts_no_session(small):
    ended = {path: path.stat().st_mtime_ns for path in (small.build_folder / "sessions").iterdir()}
    assert len(ended) > 2
    small.edit(TEXT, "is about", "treats of")
    small.complete()
    assert {path: path.stat().st_mtime_ns for path in (small.build_folder / "sessions").iterdir()} == ended
    assert "treats of lines" in small.text()


def test_removed_build_starts_no_session(small):
    first = small.pdf.read_bytes()
    shutil.rmtree(small.build_folder)
    assert small.complete() == first
    assert not small.build_folder.joinpath("sessions").exists()
    small.edit("pycode/experiments/line.py", "0.5", "0.75")  # also when its numbers are no longer those of the sources
    shutil.rmtree(small.build_folder)
    small.complete()
    assert "slope 0.75" in small.text()


def test_touched_files_run_nothing(small):
    for path in small.folder.rglob("*"):
        if not path.is_symlink():
            path.touch()
    before = {path: path.stat().st_mtime_ns for path in [small.pdf, *small.results.rglob("*.*")]}
    before |= {path: path.stat().st_mtime_ns for path in small.build_folder.rglob("*.*")}
    for _ in range(2):
        run = small.build()
        assert run.status == 0
        assert re.fullmatch(r"main\.pdf is up to date, sha256 [0-9a-f]{64}\n", run.said)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_changed_lock_file_runs_all(small):
    first, kept, verdicts = small.pdf.read_bytes(), small.kept(), of_displays(small)
    small.edit("requirements.lock", "numpy", "# another\nnumpy")
    assert small.complete() == first
    assert written(small, kept) == {name for name in kept if not re.match(r"pycode\.(proofread|latex)\.", name)}
    assert all(of_displays(small)[name] != state for name, state in verdicts.items())


def test_changed_version_of_python_runs_all(small):
    """A .venv with a copy of the interpreter; one more byte and a line beside it then make it another version."""
    first, kept, venv = small.pdf.read_bytes(), small.kept(), small.folder / ".venv"
    venv.unlink()
    real = Path(sys.prefix)
    packages = next(real.glob("lib/python3.*/site-packages"))
    own = venv / packages.relative_to(real)
    own.mkdir(parents=True)
    (venv / "bin").mkdir()
    shutil.copy2(real / "pyvenv.cfg", venv)
    python = venv / "bin/python"
    shutil.copy2((real / "bin/python").resolve(), python)
    (own / "packages.pth").write_text(f"{packages}\n", encoding="utf-8")
    assert small.complete() == first
    assert written(small, kept) == set()
    with open(python, "ab") as file:
        file.write(b"\n")
    (own / "version.pth").write_text("import sys; sys.version = sys.version.replace('.', '.9', 1)\n", encoding="utf-8")
    assert small.complete() == first
    assert written(small, kept) == {name for name in kept if not re.match(r"pycode\.(proofread|latex)\.", name)}


def test_deleted_result_or_figure_comes_back(small):
    first = small.pdf.read_bytes()
    for path in [*small.results.glob("values/*.json"), *small.results.glob("figures/*.pdf"), small.pdf]:
        kept = small.kept()
        path.unlink()
        assert small.complete() == first, path.name
        assert path.is_file()
        left_alone = kept.keys() - {path.name} - (FIGURE if path.name in FIGURE else set())
        assert {name: small.kept()[name] for name in left_alone} == {name: kept[name] for name in left_alone}


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["deleted", "cut in half", "emptied"])
def test_harm_to_any_generated_file_is_mended(small, harm):
    first = small.pdf.read_bytes()
    made = [
        path.relative_to(small.folder) for name in ("build", "results") for path in (small.folder / name).rglob("*.*")
    ]
    for path in filter(Path.is_file, (small.folder / name for name in [*made, "main.pdf"])):
        if harm == "deleted":
            path.unlink()
        else:
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 2] if harm == "cut in half" else b"")
        small.edit(TEXT, "is about", "treats of")
        run = small.build()
        if run.status:  # once, and with the cause
            assert re.search("main.(aux|blg)", run.last), f"{path}: {run.said}"
            assert small.pdf.read_bytes() == first
            small.complete()
        assert "treats of lines" in small.text(), path
        small.mend()
        assert small.complete() == first, path


def test_all_that_is_generated_lies_in_three_places(small_built):
    document, _ = small_built
    made = {str(path.relative_to(document.folder)) for path in document.folder.iterdir()}
    assert made == {".venv", "build", "results", "main.pdf", "main.synctex.gz", "main.tex", "latexmkrc", "refs.bib",
                    "requirements.lock", "preamble", "pycode", "sections", "tools"}  # fmt: skip
    assert {p.parent for p in document.folder.rglob("*") if ".pytx" in p.name} == {
        document.build_folder,
        document.results / "printed",
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


def test_edited_module_reruns_on_one_thread_and_stale_results_vanish(small):
    for name in ("experiments", "checks"):
        small.edit(f"pycode/{name}/circle.py", "12345", "23456")
    small.edit(
        "pycode/checks/line.py", "Check(0.5, 0.5, ", 'Check(float(__import__("os").environ["OMP_NUM_THREADS"]), 1, '
    )
    small.edit("sections/circle.tex", r"\result{circle.gap}.", "small.")
    small.complete(OMP_NUM_THREADS="4")
    assert re.search(r"polygon has 23,?\s?456 sides", small.text())
    results = json.loads((small.build_folder / "results.json").read_text(encoding="utf-8"))
    assert results["circle.sides"] == 23456
    assert results["line.slope_exact"] == 1
    assert "circle.gap" not in results
