"""The PDF carries the sources of what it shows, and each caption names the file that drew the figure."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIGURES = [
    (path.stem, figure)
    for path in sorted((ROOT / "sections").glob("*.tex"))
    for figure in re.findall(r"\\begin\{figure\}.*?\\end\{figure\}", path.read_text(encoding="utf-8"), re.DOTALL)
]


def attached(pdf: Path, folder: Path) -> dict[str, bytes]:
    """Attachments of a PDF by name, as a reader gets them."""
    folder.mkdir()
    done = subprocess.run(["pdfdetach", "-saveall", "-o", str(folder), str(pdf)], check=True, capture_output=True)
    assert done.stderr == b""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def imported(name: str, root: Path) -> set[Path]:
    """Files of pycode that a module imports, by Python's own reading of it."""
    found, waiting = set(), [name]
    while waiting:
        base = root.joinpath(*waiting.pop().split("."))
        path = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
        if path is None or path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return {path for path in found if path.is_relative_to(root / "pycode")}


def dotted(path: Path, root: Path) -> str:
    return str(path.relative_to(root)).replace("/", ".")


def test_attachments_are_the_files(small_built, tmp_path):
    document, run = small_built
    assert run.status == 0, run.said
    found = attached(document.pdf, tmp_path / "saved")
    used = {"figures.circle", "checks.circle", "checks.line", "experiments.circle", "experiments.line", "shapes"}
    assert {f"pycode.{name}.py" for name in used} <= set(found)
    assert not [name for name in found if "page" in name or "proofread" in name]
    paths = {dotted(path, document.folder): path for path in document.folder.rglob("*.py")}
    for name, content in found.items():
        assert content == paths[name].read_bytes()


def test_attachments_carry_no_time_of_their_own(small, tmp_path):
    """Other file times, the same bytes: compared after a cold build."""
    before = small.pdf.read_bytes()
    for path in (small.folder / "pycode").rglob("*.py"):
        shutil.copyfile(path, tmp_path / "copy")
        shutil.copyfile(tmp_path / "copy", path)
    shutil.rmtree(small.build_folder)
    small.pdf.unlink()
    assert small.build().status == 0
    assert small.pdf.read_bytes() == before


def test_edited_module_is_attached_anew(small, tmp_path):
    with open(small.folder / "pycode/experiments/line.py", "a", encoding="utf-8") as module:
        module.write("# a remark\n")
    assert small.build().status == 0
    found = attached(small.pdf, tmp_path / "saved")
    assert found["pycode.experiments.line.py"].endswith(b"# a remark\n")


def test_deleted_list_of_attachments_comes_back(small):
    before = small.pdf.read_bytes()
    (small.build_folder / "attachments.tex").unlink()
    assert small.build().status == 0
    assert small.pdf.read_bytes() == before


def test_caption_without_a_figure_stops_the_build(small):
    small.edit("sections/circle.tex", r"\pyfigure{circle.perimeters}{4}", "")
    run = small.build()
    assert run.status != 0
    assert "No figure of Python's and no drawing stands before \\drawnby" in run.said


def test_homework_carries_all_that_its_figures_checks_and_numbers_import(real, tmp_path):
    document, run = real
    assert run.status == 0, run.said
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sections").glob("*.tex"))
    groups = set(re.findall(r"\\(?:pyfigure|runcheck|result|resulttext)(?:\[[^]]*\])?\{(\w+)\.", text))
    names = [f"pycode.{kind}.{group}" for kind in ("figures", "checks", "experiments") for group in groups]
    needed = {path for name in names for path in imported(name, ROOT)}
    drawings = {f"figures.{path.name}" for path in (ROOT / "figures").glob("*.tex")}
    found = attached(document.pdf, tmp_path / "saved")
    assert {dotted(path, ROOT) for path in needed if path.stat().st_size} | drawings <= set(found)
    paths = {dotted(path, ROOT): path for path in [*(ROOT / "pycode").rglob("*.py"), *(ROOT / "figures").iterdir()]}
    assert all(content == paths[name].read_bytes() for name, content in found.items())


@pytest.mark.parametrize(("section", "figure"), FIGURES)
def test_every_caption_names_what_drew_its_figure(section, figure):
    assert len(re.findall(r"\\drawnby\}", figure)) == figure.count(r"\caption{") == 1
    assert r"\pyfigure{" in figure or r"\drawing{\input{" in figure
    assert "Drawn by" not in figure


def test_printed_names_are_those_of_the_figures(real):
    document, _ = real
    scripts = []
    for _, figure in FIGURES:
        scripts += [f"pycode/figures/{group}.py" for group in re.findall(r"\\pyfigure\{(\w+)\.", figure)]
        scripts += [f"{name}.tex" for name in re.findall(r"\\drawing\{\\input\{([^}]*)\}", figure)]
    printed = document.text().replace("- ", "-")
    assert sorted(re.findall(r"Drawn by (\S+)\.(?=\s)", printed)) == sorted(scripts)
    assert all((ROOT / name).is_file() for name in scripts)
