"""What a session loads: nothing heavy where it only reads, and elsewhere what its own work needs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = Path(__file__).parent / "document" / "fixture" / "pycode"
TEXT = r"""\documentclass{article}
\begin{document}
\proofread{main.tex}
\begin{checked}{gaussians}\mu_q + \mu_q = 2 \mu_q\end{checked}
\end{document}
"""
HEAVY = ["numpy", "torch", "matplotlib", "scipy", "sklearn", "sympy", "gymnasium", "lark", "pygments", "pandas"]
HEAVY += ["multiprocessing", "sqlite3", "tqdm"]
CALLS = {
    "number": 'page.result("circle.gap")',
    "text": 'page.result("line.slope_exact")',
    "check": 'page.check("circle.gap_small")',
    "figure": 'page.figure("circle.perimeters", 4.0)',
    "displays": 'page.proofread("main.tex")',
    "excerpt": 'page.excerpt("pycode.shapes.perimeter")',
}
SESSION = """
import json, sys
from types import SimpleNamespace
from pycode import page
page.begin(SimpleNamespace(session="main", instance="0", before=None))
for call in json.loads(sys.argv[1]):
    eval(call)
page.end()
print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small project in which a session has run."""
    folder = tmp_path_factory.mktemp("lean")
    shutil.copytree(ROOT / "pycode", folder / "pycode", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(FIXTURE, folder / "pycode", dirs_exist_ok=True)
    (folder / "main.tex").write_text(TEXT, encoding="utf-8")
    loaded(folder, CALLS.values())
    return folder


def loaded(folder, calls):
    """Heavy packages that a session with these calls imports."""
    command = [sys.executable, "-c", SESSION, json.dumps(list(calls)), json.dumps(HEAVY)]
    return set(json.loads(subprocess.check_output(command, cwd=folder)))


def test_session_that_reads_loads_nothing_heavy(project):
    assert loaded(project, CALLS.values()) == set()


def test_build_removed_results_kept_loads_nothing_heavy(project):
    shutil.rmtree(project / "build")
    assert loaded(project, CALLS.values()) == set()
    assert (project / "build/code/pycode.shapes.perimeter.tex").is_file()


@pytest.mark.parametrize(
    ("gone", "call", "needed"),
    [
        ("values/pycode.experiments.circle.measure.json", "number", set()),
        ("values/pycode.checks.circle.gap_small.json", "check", set()),
        ("figures/circle.perimeters.pdf", "figure", {"matplotlib", "numpy"}),
        ("values/pycode.proofread.document.main.tex.*", "displays", {"numpy", "lark", "sqlite3"}),
        ("values/pycode.latex.pycode.shapes.perimeter.json", "excerpt", {"pygments"}),
    ],
)
def test_work_loads_what_it_needs_and_no_more(project, gone, call, needed):
    (path,) = (project / "results").glob(gone)
    path.unlink()
    assert loaded(project, [CALLS[call]]) == needed
    assert path.is_file()
