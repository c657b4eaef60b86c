"""Fields that a style of BibTeX does not print."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
needs_tex = pytest.mark.skipif(shutil.which("bibtex") is None, reason="BibTeX is not installed; make test installs it")
BIB = r"""% a comment with field = {x}, other = {y}
@string{mit = "MIT Press, where = Cambridge"}
@book{bell1957, author = {Bell, {E.}},
  Title = "An {Introduction}, with a = sign, and b = {two}",
  publisher = mit,
  yeer = 1957 ,adress={There}
}
@Article{a:b, note={x, inner = {1}}, year = 2000}
"""


@pytest.fixture
def references(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import references

    return references


def test_fields_are_those_of_the_outermost_braces(references):
    found = [(field.line, field.reference, field.name) for field in references.fields(BIB)]
    assert found == [
        (3, "bell1957", "author"), (4, "bell1957", "Title"), (5, "bell1957", "publisher"), (6, "bell1957", "yeer"),
        (6, "bell1957", "adress"), (8, "a:b", "note"), (8, "a:b", "year"),
    ]  # fmt: skip


def test_style_declares_what_it_reads(references):
    assert references.declared("% ENTRY { no }\nENTRY\n  { Author % and so on\n    year }\n  {}\n  { label }") == {
        "author", "year", "crossref",
    }  # fmt: skip
    with pytest.raises(ValueError, match="ENTRY"):
        references.declared("READ")


def test_only_unknown_fields_are_told(references, tmp_path):
    (tmp_path / "refs.bib").write_text(BIB, encoding="utf-8")
    (tmp_path / "own.bst").write_text("ENTRY { author title publisher year note } {} {}", encoding="utf-8")
    said = references.unknown_fields(tmp_path / "refs.bib", tmp_path / "own.bst")
    assert [line.partition("refs.bib:")[2] for line in said] == [
        "6: bell1957 has a field yeer, which own does not print",
        "6: bell1957 has a field adress, which own does not print",
    ]


def test_document_without_references_has_no_holes(references, tmp_path):
    (tmp_path / "main.aux").write_text("\\relax", encoding="utf-8")
    assert references.holes(tmp_path / "main.aux") == references.holes(tmp_path / "none.aux") == []


@needs_tex
def test_misspelling_of_any_of_our_fields_is_found(references, tmp_path):
    """Each field of each reference of the homework, with two letters swapped; untouched there is none."""
    [bst] = references.find(["abbrvnat.bst"])
    text = (ROOT / "refs.bib").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert references.unknown_fields(ROOT / "refs.bib", bst) == []
    found = list(references.fields(text))
    assert len(found) >= 4 * text.count("@")
    for field in found:
        name = field.name[1] + field.name[0] + field.name[2:]
        changed = [*lines[: field.line - 1], lines[field.line - 1].replace(field.name, name, 1), *lines[field.line :]]
        (tmp_path / "refs.bib").write_text("\n".join(changed), encoding="utf-8")
        (said,) = references.unknown_fields(tmp_path / "refs.bib", bst)
        where = f"refs.bib:{field.line}: {field.reference}"
        assert said.endswith(f"{where} has a field {name}, which abbrvnat does not print")


@needs_tex
def test_bibtex_itself_says_nothing_of_a_misspelt_field(references, tmp_path):
    """The reason for the check: with an optional field misspelt the reference is printed without it, in silence."""
    book = "@book{a, title={T}, author={A B}, publisher={P}, year=2000, volum=17}"
    (tmp_path / "refs.bib").write_text(book, encoding="utf-8")
    (tmp_path / "main.aux").write_text("\\bibstyle{abbrvnat}\\bibdata{refs}\\citation{a}".replace("}\\", "}\n\\"))
    run = subprocess.run(["bibtex", "main"], cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert run.returncode == 0
    assert "17" not in (tmp_path / "main.bbl").read_text(encoding="utf-8")
    assert "Warning" not in run.stdout
