"""What is handed in: one zip that a stranger unpacks, reads, and builds from."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.document.conftest import Document, Run, make_small

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = {".git", ".venv", "build", "results", "__pycache__", "main.synctex.gz", "submission.zip"}


def submit(folder: Path) -> Run:
    """Run the tool in a document's folder."""
    done = subprocess.run([sys.executable, "tools/submission.py"], cwd=folder, capture_output=True, encoding="utf-8")
    return Run(done.returncode, done.stdout + done.stderr)


def names(folder: Path) -> set[str]:
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        return set(archive.namelist())


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8").stdout


@pytest.fixture
def kept(small: Document) -> Document:
    """The small document in git."""
    shutil.copyfile(ROOT / ".gitignore", small.folder / ".gitignore")
    git(small.folder, "init")
    git(small.folder, "add", ".")
    git(small.folder, "commit", "-m", "all")
    return small


def test_zip_holds_the_pdf_the_flat_source_and_what_git_keeps(kept):
    run = submit(kept.folder)
    assert run.status == 0, run.said
    files = git(kept.folder, "-c", "core.quotePath=off", "ls-files").splitlines()
    flat = {"main.pdf", "flat/main.tex", "flat/figures/circle-perimeters.pdf"}
    assert names(kept.folder) == flat | {f"code/{name}" for name in files}
    assert not PRIVATE & {part for name in names(kept.folder) for part in Path(name).parts}


def test_line_names_the_size_and_the_sum(kept):
    run = submit(kept.folder)
    sha256 = subprocess.run(["sha256sum", "submission.zip"], cwd=kept.folder, capture_output=True, encoding="utf-8")
    count = len(names(kept.folder))
    size = (kept.folder / "submission.zip").stat().st_size / 1e6
    assert run.said == f"submission.zip: {count} files, {size:.1f} MB, sha256 {sha256.stdout.split()[0]}\n"


def test_code_is_that_of_the_folder_not_of_the_last_commit(kept):
    kept.edit("sections/line.tex", "That is all.", "That is nearly all.")
    assert kept.build().status == 0
    assert submit(kept.folder).status == 0
    with zipfile.ZipFile(kept.folder / "submission.zip") as archive:
        assert b"nearly" in archive.read("code/sections/line.tex")
        assert archive.read("main.pdf") == kept.pdf.read_bytes()


def test_sources_that_git_does_not_keep_yet_are_in_it_and_told(kept):
    (kept.folder / "sections/more.tex").write_text("More.\n", encoding="utf-8")
    (kept.folder / "pycode/slope.py").write_text('"""A slope."""\n\nSLOPE = 2.0\n', encoding="utf-8")
    (kept.folder / "diary.txt").write_text("private\n", encoding="utf-8")
    kept.edit("main.tex", r"\input{sections/line}", "\\input{sections/line}\n\\input{sections/more}")
    assert kept.build().status == 0
    run = submit(kept.folder)
    assert run.status == 0
    assert {"code/sections/more.tex", "code/pycode/slope.py"} <= names(kept.folder)
    assert "code/diary.txt" not in names(kept.folder)
    for name in ("sections/more.tex", "pycode/slope.py"):
        assert f"{name}: not yet in git, but the document reads it, so it is in the zip\n" in run.said
    assert "diary.txt: not in git and not read by the document, so left out\n" in run.said


def test_document_that_is_not_up_to_date_is_refused(kept):
    kept.edit("sections/line.tex", "That is all.", "That is nearly all.")
    message = "sections/line.tex has changed since main.pdf was built; type: make pdf\n"
    assert submit(kept.folder) == (1, message)
    assert not (kept.folder / "submission.zip").exists()


def test_bytes_are_the_same_in_another_folder(kept, tmp_path):
    other = tmp_path / "elsewhere"
    shutil.copytree(kept.folder, other, symlinks=True)
    for path in (other / "sections").iterdir():
        os.utime(path, (1, 1))
    assert submit(kept.folder).status == submit(other).status == 0
    assert (kept.folder / "submission.zip").read_bytes() == (other / "submission.zip").read_bytes()


def test_unpacked_code_builds_the_same_pdf(small, tmp_path):
    """Without git too: then all is taken but what is built."""
    shutil.copyfile(ROOT / ".gitignore", small.folder / ".gitignore")
    run = submit(small.folder)
    assert run.status == 0, run.said
    assert not PRIVATE & {part for name in names(small.folder) for part in Path(name).parts}
    with zipfile.ZipFile(small.folder / "submission.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    code = tmp_path / "unpacked/code"
    (code / ".venv").symlink_to(sys.prefix)
    document = Document(code)
    run = document.build()
    assert run.status == 0, run.said
    assert document.pdf.read_bytes() == (tmp_path / "unpacked/main.pdf").read_bytes()


def test_document_that_was_never_built_is_refused(tex, tmp_path):
    document = make_small(tmp_path / "new")
    assert submit(document.folder) == (1, "main.pdf is not built; type: make pdf\n")


def test_submission_of_the_homework_is_whole(real, tmp_path):
    document, run = real
    assert run.status == 0, run.said
    before = (ROOT / "submission.zip").read_bytes() if (ROOT / "submission.zip").is_file() else None
    try:
        done = submit(ROOT)
        assert done.status == 0, done.said
        found = names(ROOT)
        with zipfile.ZipFile(ROOT / "submission.zip") as archive:
            archive.extractall(tmp_path)
            assert archive.getinfo("code/.ci/run").external_attr >> 16 & 0o111
    finally:
        if before is None:
            (ROOT / "submission.zip").unlink(missing_ok=True)
        else:
            (ROOT / "submission.zip").write_bytes(before)
    for folder in ("pycode", "sections", "preamble", "tools", "figures"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.is_file() and not any(part.startswith((".", "__py")) for part in path.relative_to(ROOT).parts):
                assert (tmp_path / "code" / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    assert (tmp_path / "main.pdf").read_bytes() == document.pdf.read_bytes()
    assert not PRIVATE & {part for name in found for part in Path(name).parts}
    listed = subprocess.run(
        ["make", "-n", "PYTHON=true", "pdf"], cwd=tmp_path / "code", capture_output=True, encoding="utf-8"
    )
    assert listed.returncode == 0
    assert "latexmk" in listed.stdout
