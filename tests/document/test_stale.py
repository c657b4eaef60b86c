"""No stale number reaches the page: sources edited while a build runs, results and figures changed by hand."""

import os
import re
import shutil
from pathlib import Path

import pytest

EXPERIMENT, RECORD = "pycode/experiments/line.py", "pycode.experiments.line.measure.json"
FIGURE = "circle.perimeters.pdf"


def slope(document):
    """The slope on the page."""
    return re.search(r"lines of slope (\S+?)\.? ", document.text())[1]


def build_with_an_edit_meanwhile(document, gate, *edit):
    """A build that stands at the gate while a source is edited; gives how it ended."""
    process = document.start()
    gate.wait()
    document.edit(*edit)
    gate.open()
    return document.end(process)


@pytest.mark.parametrize("lazily", [False, True], ids=["module", "imported module"])
def test_edit_while_its_module_runs_is_not_lost(small, gate, lazily):
    """With the lazy import, what is computed is the new source's, where the old one stood as the build began."""
    before = small.pdf.read_bytes()
    (small.folder / "pycode/steep.py").write_text('"""A number."""\n\nSLOPE = 0.75\n', encoding="utf-8")
    value = "SLOPE" if lazily else "0.75"
    load = "\n    from pycode.steep import SLOPE\n" if lazily else "\n"
    small.edit(EXPERIMENT, '    return {"slope": 0.5}', f'    {gate.statement}{load}\n    return {{"slope": {value}}}')
    edit = ("pycode/steep.py" if lazily else EXPERIMENT, "0.75", "0.25")
    run = build_with_an_edit_meanwhile(small, gate, *edit)
    if run.status:
        assert "changed while" in run.last, run.said
        assert small.pdf.read_bytes() == before
    else:
        assert slope(small) == "0.25"
    small.complete()
    assert slope(small) == "0.25"
    small.edit(edit[0], "0.25", "0.75")  # no result of the new source was kept under the old one's name
    small.complete()
    assert slope(small) == "0.75"
    small.edit(edit[0], "0.75", "0.25")
    small.complete()
    assert slope(small) == "0.25"


@pytest.mark.parametrize(
    ("name", "words"),
    [("sections/line.tex", ["lines of", "LINES of", "Lines of"]), (EXPERIMENT, ["0.5", "0.6", "0.7"])],
    ids=["text", "module"],
)
def test_edit_that_leaves_size_and_time_is_seen(small, monkeypatch, name, words):
    """As of a file that is saved twice in one second, of which a build saw the first."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    small.edit(name, *words[:2])
    small.complete()
    path = small.folder / name
    before = path.stat()
    small.edit(name, *words[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    small.complete()
    assert words[2] in small.text()


def test_edit_of_the_text_while_python_runs_is_not_lost(small, gate):
    small.edit(EXPERIMENT, "    return", f"    {gate.statement}\n    return")
    before = small.pdf.read_bytes()
    run = build_with_an_edit_meanwhile(small, gate, "sections/line.tex", "is about", "treats of")
    if run.status:
        assert small.pdf.read_bytes() == before
    small.complete()
    assert "treats of lines" in small.text()
    assert small.build().said.startswith("main.pdf is up to date")


def edit_text(document):
    document.edit("sections/line.tex", "is about", "treats of")


def remove_build(document):
    shutil.rmtree(document.build_folder)


@pytest.mark.parametrize("meanwhile", [lambda document: None, edit_text, remove_build], ids=["alone", "text", "build"])
def test_number_edited_in_a_record_does_not_reach_the_page(small, meanwhile):
    record = small.results / "values" / RECORD
    text = record.read_text(encoding="utf-8")
    assert text.count("0.5") == 1
    record.write_text(text.replace("0.5", "0.7"), encoding="utf-8")
    meanwhile(small)
    small.complete()
    assert slope(small) == "0.5"
    assert record.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "harm", [lambda text: text.replace("0.5", "0.7"), lambda text: text[: len(text) // 2], lambda text: ""]
)
@pytest.mark.parametrize("names", ["main.pytxmcr", "*"])
def test_harm_to_what_was_kept_as_printed_does_not_reach_the_page(small, harm, names):
    before, kept = small.pdf.read_bytes(), [*(small.results / "printed").rglob(names)]
    assert kept
    for path in filter(Path.is_file, kept):
        path.write_text(harm(path.read_text(encoding="utf-8")), encoding="utf-8")
    remove_build(small)
    assert small.complete() == before


@pytest.mark.parametrize("meanwhile", [lambda document: None, edit_text, remove_build], ids=["alone", "text", "build"])
def test_another_file_in_a_figures_place_does_not_reach_the_page(small, meanwhile):
    before, figure = small.pdf.read_bytes(), small.results / "figures" / FIGURE
    own = figure.read_bytes()
    shutil.copyfile(small.pdf, figure)
    meanwhile(small)
    published = small.complete()
    assert figure.read_bytes() == own
    small.mend()
    assert small.complete() == before
    assert (published == before) == (meanwhile is not edit_text)


def test_figure_replaced_while_the_build_runs_does_not_reach_the_page(small, gate):
    """The line's session waits while the other has drawn the figure."""
    figure = small.results / "figures" / FIGURE
    own, other = figure.read_bytes(), small.pdf.read_bytes()
    small.edit("pycode/checks/line.py", "    return", f"    {gate.statement}\n    return")
    process = small.start()
    gate.wait()
    figure.write_bytes(other)
    gate.open()
    run = small.end(process)
    published = small.pdf.read_bytes()
    shutil.rmtree(small.build_folder)
    assert published == (other if run.status else small.complete()), run.said
    assert small.complete() != other
    assert figure.read_bytes() == own


@pytest.mark.parametrize("content", [b"", b"%PDF-1.5\n", b"another document"])
def test_published_document_that_was_changed_is_replaced(small, content):
    before = small.pdf.read_bytes()
    small.pdf.write_bytes(content)
    assert small.complete() == before
