"""What keeps a document from being published, with a fake pdftotext."""

import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAMP = {"inputs": {"all": "calls"}, "outputs": {"main.pytxmcr": hashlib.sha256(b"answers").hexdigest()}}


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """The module, in a folder with a finished document of two pages."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import publish

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    Path("main.log").write_text("This is pdfTeX\n", encoding="utf-8")
    Path("main.pdf").write_bytes(b"new")
    Path("out.pdf").write_bytes(b"old")
    Path("main.pytxcode").write_text("calls", encoding="utf-8")
    Path("main.synctex.gz").write_bytes(gzip.compress(b"places"))
    monkeypatch.setattr(
        publish.inputs, "inputs", lambda base: {"all": base.with_suffix(".pytxcode").read_text(encoding="utf-8")}
    )
    Path("main.pytxmcr").write_text("answers", encoding="utf-8")
    publish.inputs.write(Path("pythontex.json"), STAMP)
    monkeypatch.setenv("BUILD_STARTED", str(time.time() - 60))
    say("one\\ftwo\\f")
    return publish


def say(text):
    path = Path("pdftotext")
    path.write_text(f"#!/bin/sh\nprintf '{text}'\n", encoding="utf-8")
    path.chmod(0o755)


def test_complete_document_replaces_the_old_one(publish, capsys):
    assert publish.main(Path("main"), Path("out.pdf")) == 0
    # the sum is sha256sum's of the three bytes
    assert re.fullmatch(
        r"publish +\d+\.\d s\nout\.pdf: 2 pages, 6\d\.\d s in all, "
        "sha256 11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437\n",
        capsys.readouterr().out,
    )
    assert Path("out.pdf").read_bytes() == b"new"
    assert gzip.decompress(Path("out.synctex.gz").read_bytes()) == b"places"
    kept = {path.name: path.read_text(encoding="utf-8") for path in Path("results/printed").iterdir()}
    assert kept == {"main.pytxcode": "calls", "main.pytxmcr": "answers", "pythontex.json": kept["pythontex.json"]}
    assert json.loads(kept["pythontex.json"]) == STAMP
    assert not list(Path().glob(".*"))


@pytest.mark.parametrize("text", ["one\\ftwo\\f", "?? \\f"])
def test_document_of_a_pass_that_was_not_the_last_is_neither_replaced_nor_told(publish, capsys, text):
    say(text)
    assert publish.main(Path("main"), Path("out.pdf"), wanted=lambda: False) == 0
    assert capsys.readouterr() == ("", "")
    assert Path("out.pdf").read_bytes() == b"old"
    assert not Path("results").exists()


@pytest.mark.parametrize("late", ["main.pytxcode", "pythontex.json"])
def test_document_of_sources_that_changed_meanwhile_is_refused(publish, capsys, late):
    Path(late).write_text("other calls", encoding="utf-8")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert capsys.readouterr().err == "out.pdf is not replaced: sources changed while it was built; build again\n"
    assert Path("out.pdf").read_bytes() == b"old"


def test_undefined_reference_is_told_with_the_place_of_its_use(publish, capsys):
    Path("sections").mkdir()
    text = "\\section{A}\nSee \\cref{eq:b,\n eq:a}\nand \\cite[p.~1]{b}.\n"
    Path("sections/a.tex").write_text(text.replace(",\n ", ","), encoding="utf-8")
    warnings = [
        "Reference `eq:a' on page 1 undefined on input line 3.",
        "Citation `b' on page 1 undefined on input line 3.",
    ]
    Path("main.log").write_text("".join(f"LaTeX Warning: {warning}\n" for warning in warnings), encoding="utf-8")
    say("?? \\f")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert capsys.readouterr().err == (
        "out.pdf is not replaced, the new document has holes:\n"
        f"  sections/a.tex:2: LaTeX Warning: {warnings[0]}\n  sections/a.tex:3: LaTeX Warning: {warnings[1]}\n"
    )


@pytest.mark.parametrize("name", ["results/printed/main.pytxmcr", ".out.pdf.new"])
def test_target_that_cannot_be_written_is_named_and_nothing_is_left(publish, capsys, monkeypatch, name):
    copy = shutil.copyfile

    def full(source, target):
        if str(target) != name:
            return copy(source, target)
        Path(target).write_bytes(b"ha")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(publish.shutil, "copyfile", full)
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert capsys.readouterr().err == f"out.pdf is not replaced: {name}: No space left on device\n"
    assert not list(Path().glob(".*"))
    assert Path("results/printed/pythontex.json").exists() == (name == ".out.pdf.new")  # else it counts as not kept
    assert Path("out.pdf").read_bytes() == b"old"


@pytest.mark.parametrize("line", [
    "LaTeX Warning: Reference `eq:a' on page 1 undefined on input line 7.",
    "LaTeX Warning: Citation 'b' on page 1 undefined on input line 7.",
    "LaTeX Warning: Hyper reference `c' on page 1 undefined on input line 7.",
    "LaTeX Warning: Label `d' multiply defined.",
    "Package PythonTeX Warning: Missing file build/figures/e.pdf on input line 7.",
    "(\\end occurred inside a group at level 1)",
])  # fmt: skip
def test_hole_that_the_log_reports_is_told_once(publish, capsys, line):
    Path("main.log").write_text(f"This is pdfTeX\n{line}\n{line}\n", encoding="utf-8")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert capsys.readouterr().err == f"out.pdf is not replaced, the new document has holes:\n  {line}\n"
    assert Path("out.pdf").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("font", "message"),
    [
        ("gbsnu73", "main.tex: the Chinese name has a character outside GB 2312, for which the font gbsn has no glyph"),
        ("pplr8t", "a character that the font pplr8t does not have"),
    ],
)
def test_characters_without_a_glyph_are_told_in_one_line(publish, capsys, font, message):
    line = f"Missing character: There is no \udc9d in font {font}!\n"
    Path("main.log").write_text(3 * line, encoding="utf-8", errors="surrogateescape")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert capsys.readouterr().err == f"out.pdf is not replaced, the new document has holes:\n  {message}\n"


def test_required_field_that_a_reference_lacks_is_told(publish, capsys):
    Path("main.blg").write_text("The style file: plain.bst\nWarning--empty year in a\n", encoding="utf-8")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert "Warning--empty year in a" in capsys.readouterr().err


def test_misspelt_field_of_a_reference_is_told(publish, capsys, monkeypatch):
    monkeypatch.setattr(publish.references, "find", lambda names: list(map(Path, names)))
    Path("main.aux").write_text("\\bibstyle{own}\n\\bibdata{refs}\n", encoding="utf-8")
    Path("own.bst").write_text("ENTRY { author year } {} {}\n", encoding="utf-8")
    Path("refs.bib").write_text("@book{a,\n author = {A},\n yeer = 1999}\n", encoding="utf-8")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert "refs.bib:3: a has a field yeer, which own does not print" in capsys.readouterr().err


def test_placeholder_on_a_page_is_told_with_its_page(publish, capsys):
    say("one\\fare ?? here\\f")
    assert publish.main(Path("main"), Path("out.pdf")) == 1
    assert "page 2: are ?? here" in capsys.readouterr().err
    assert Path("out.pdf").read_bytes() == b"old"
