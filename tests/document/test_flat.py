"""The document as one .tex without Python: it builds in an empty folder, and its pages are the original's."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.document.conftest import Document, Run, make_small

ROOT = Path(__file__).resolve().parents[2]


def make_flat(folder: Path) -> Run:
    """Run the tool in a document's folder."""
    done = subprocess.run([sys.executable, "tools/flat.py"], cwd=folder, capture_output=True, encoding="utf-8")
    return Run(done.returncode, done.stdout + done.stderr)


def typeset(folder: Path, home: Path) -> str:
    """Run plain pdflatex three times, as on a machine that has nothing of ours; what the last run said."""
    program = shutil.which("pdflatex")
    assert program is not None
    environment = {"PATH": os.path.dirname(program), "HOME": str(home), "max_print_line": "1000"}
    command = [program, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "main"]
    for _ in range(3):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="latin-1")
        assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def images(pdf: Path, folder: Path) -> list[bytes]:
    """Each page as pixels."""
    folder.mkdir()
    subprocess.run(["pdftoppm", "-r", "100", str(pdf), str(folder / "page")], check=True)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def compare(document: Document, tmp_path: Path) -> str:
    """Build the zip's content in an empty folder, demand the same pages, return the text of the one file."""
    with zipfile.ZipFile(document.build_folder / "flat.zip") as archive:
        archive.extractall(tmp_path / "flat")
    for path in (document.build_folder / "flat").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "flat" / path.relative_to(document.build_folder / "flat")).read_bytes()
    said = typeset(tmp_path / "flat", tmp_path)
    assert not re.search(r"undefined|multiply.defined|Rerun|No file", said)
    original, flat = images(document.pdf, tmp_path / "a"), images(tmp_path / "flat/main.pdf", tmp_path / "b")
    assert len(original) == len(flat)
    assert [number for number, pair in enumerate(zip(original, flat, strict=True), 1) if pair[0] != pair[1]] == []
    text = (tmp_path / "flat/main.tex").read_text(encoding="utf-8")
    code = re.sub(r"(?<!\\)%.*", "", text)
    assert not re.search(r"\\py\b|\{pythontex\}|\\input\b|\\include\b|\\bibliography\b|\\write18|\\result|build/", code)
    return text


@pytest.fixture
def made(small: Document) -> Document:
    """The small document with its flat source."""
    assert make_flat(small.folder).status == 0
    return small


def test_pages_of_the_small_document_are_the_same(made, tmp_path):
    text = compare(made, tmp_path)
    assert "The polygon has $12\\,345$ sides" in text
    assert "\\includegraphics{figures/circle-perimeters.pdf}" in text


def test_pages_of_the_homework_are_the_same(real, tmp_path):
    document, run = real
    assert run.status == 0, run.said
    done = make_flat(ROOT)
    assert done.status == 0, done.said
    compare(document, tmp_path)


def test_a_wrong_number_makes_another_page(made, tmp_path):
    """The comparison of pages can fail."""
    folder = made.build_folder / "flat"
    text = (folder / "main.tex").read_text(encoding="utf-8")
    (folder / "main.tex").write_text(text.replace("$12\\,345$ sides and", "$12\\,346$ sides and"), encoding="utf-8")
    typeset(folder, tmp_path)
    assert images(made.pdf, tmp_path / "a") != images(folder / "main.pdf", tmp_path / "b")


def test_bytes_depend_neither_on_the_folder_nor_on_times(made, tmp_path):
    other = tmp_path / "elsewhere"
    shutil.copytree(made.folder, other, symlinks=True)
    shutil.rmtree(other / "build/flat")
    (other / "build/flat.zip").unlink()
    assert make_flat(other).status == 0
    assert (other / "build/flat.zip").read_bytes() == (made.build_folder / "flat.zip").read_bytes()


def test_figure_that_is_no_longer_shown_does_not_stay(made):
    stray = made.build_folder / "flat/figures/old.pdf"
    stray.write_bytes(b"")
    assert make_flat(made.folder).status == 0
    assert not stray.exists()


@pytest.mark.parametrize(("name", "message"), [
    ("sections/line.tex", "sections/line.tex has changed since main.pdf was built; type: make pdf"),
    ("pycode/experiments/line.py", "pycode/experiments/line.py has changed since main.pdf was built; type: make pdf"),
    ("main.pdf", "main.pdf is not what was built last; type: make pdf"),
    ("refs.bib", "refs.bib has changed since main.pdf was built; type: make pdf"),
])  # fmt: skip
def test_document_that_is_not_up_to_date_is_refused_in_one_line(made, name, message):
    before = (made.build_folder / "flat.zip").read_bytes()
    with open(made.folder / name, "ab") as file:
        file.write(b"\n")
    assert make_flat(made.folder) == (1, f"{message}\n")
    assert (made.build_folder / "flat.zip").read_bytes() == before


def test_document_that_was_never_built_is_refused(tex, tmp_path):
    document = make_small(tmp_path / "new")
    assert make_flat(document.folder) == (1, "main.pdf is not built; type: make pdf\n")


def test_touched_file_is_no_change(made):
    os.utime(made.folder / "sections/line.tex")
    assert make_flat(made.folder).status == 0


@pytest.fixture
def flat(monkeypatch, tmp_path):
    """The module, with what Python printed in the last build given by hand."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import flat

    printed = {
        'page.result("a.n","d")': r"\ensuremath{36}",
        'page.result("a.n","")': r"\ensuremath{36}",
        'page.if_benchmark("a")': r"\benchmarkstands",
        'page.if_benchmark("b")': r"\benchmarkfalls",
        'page.benchmark("a.x",".1f")': r"\ensuremath{1.5}",
    }
    monkeypatch.setattr(flat, "printed", lambda base: dict(printed))
    monkeypatch.chdir(tmp_path)
    return flat


@pytest.mark.parametrize(("text", "expected"), [
    (r"of \result[d]{a.n} images", "of $36$ images"),
    (r"$D=\result[d]{a.n}$ and \result{a.n}.", "$D=36$ and $36$."),
    (r"$x_{\result{a.n}}$", "$x_{36}$"),
    (r"$a \text{ of \result{a.n} and $b=\result{a.n}$} \result{a.n}$", r"$a \text{ of $36$ and $b=36$} 36$"),
    (r"\$\result{a.n}", r"\$$36$"),
    ("% \\result{b.n} $\n\\result{a.n}", "% \\result{b.n} $\n$36$"),
    (r"50\% of \result{a.n}", r"50\% of $36$"),
    (r"\begin{unchecked}[why]x&=\result{a.n}\end{unchecked}\result{a.n}",
     r"\sourceline{1}\begin{unchecked}[why]x&=\ensuremath{36}\end{unchecked}$36$"),
    (r"A \ifbenchmark{a}{at \benchmark[.1f]{a.x} times. }{}B", "A at $1.5$ times. B"),
    (r"A \ifbenchmark{b}{at \benchmark[.1f]{b.x} times. }{no {time}. }B", "A no {time}. B"),
    ("\n\n\\begin{checked}{vae}\\label{a}", "\n\n\\sourceline{3}\\begin{checked}{vae}\\label{a}"),
])  # fmt: skip
def test_numbers_are_written_as_one_would_write_them(flat, text, expected):
    owner = flat.Text(Path("build/main"))
    assert flat.Reader(owner, Path("a.tex"), text).flat() == expected


@pytest.mark.parametrize(("text", "message"), [
    ("\n\\result{a.m}", 'a.tex:2: the last build did not print page.result("a.m","")'),
    ("\\result {a.n}", "a.tex:1: \\result has no argument in braces at once after it"),
    ("\\pyfigure{a.f}{3}", "a.tex:1: the last build did not draw a.f"),
    ("\\result{a.n", "a.tex:1: a brace is not closed"),
])  # fmt: skip
def test_what_cannot_be_made_flat_is_told_with_its_place(flat, text, message):
    owner = flat.Text(Path("build/main"))
    with pytest.raises(flat.FlatError) as error:
        flat.Reader(owner, Path("a.tex"), text).flat()
    assert str(error.value) == message


def test_call_that_is_not_found_in_the_text_is_told(flat):
    Path("main.tex").write_text("\\begin{document}\\result{a.n}\\end{document}", encoding="utf-8")
    with pytest.raises(flat.FlatError, match=r"not found in the text: page\.benchmark"):
        flat.flatten(Path("build/main"))
