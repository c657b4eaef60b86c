"""What the verdict of a display depends on: edits of a copied checker, seen by a new process."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = r"""\documentclass{article}
\begin{document}
\begin{checked}{mdp}v_\pi(s) = \sum_a \pi(a \mid s) q_\pi(s, a)\end{checked}
\begin{checked}{mdp-discounted}v_\pi(s) = \sum_a \pi(a \mid s) q_\pi(s, a)\end{checked}
\begin{checked}{vae}\log p_\theta(x) = \log p_\theta(x)\end{checked}
\begin{checked}{gaussians}\mu_q = \mu_q\end{checked}
\end{document}
"""
LOOK = """
import json, sys
from pathlib import Path
from pycode.proofread import document, subjects
from pycode.results import code_digest
read = document.read(Path("main.tex"))
assert not read.messages
heavy = {"numpy", "lark", "torch", "sympy"} & sys.modules.keys()
worlds = {f"drawn {name}": code_digest(subjects.module(name)) for name in subjects.NAMES}
print(json.dumps({d.world: read.key(d) for d in read.displays} | worlds | {"heavy": sorted(heavy)}))
"""
ALL = {"mdp", "mdp-discounted", "vae", "gaussians"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with a document and our checker, and the keys of its displays."""
    folder = tmp_path_factory.mktemp("keys")
    shutil.copytree(ROOT / "pycode", folder / "pycode", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "main.tex").write_text(TEXT, encoding="utf-8")
    (folder / "requirements.lock").write_text("numpy==1\n", encoding="utf-8")
    return folder, look(folder)


def look(folder):
    return json.loads(subprocess.check_output([sys.executable, "-c", LOOK], cwd=folder))


def changed(built, file, edit=lambda text: text + "# edited\n"):
    """Names whose key an edit changes."""
    folder, before = built
    path = folder / file
    text = path.read_text(encoding="utf-8")
    path.write_text(edit(text), encoding="utf-8")
    try:
        after = look(folder)
    finally:
        path.write_text(text, encoding="utf-8")
    return {name for name in before if before[name] != after[name]}


def test_looking_imports_nothing_heavy(built):
    assert built[1]["heavy"] == []


@pytest.mark.parametrize(
    ("file", "again"),
    [
        ("pycode/proofread/worlds/mdp.py", {"mdp", "mdp-discounted"}),
        ("pycode/proofread/worlds/process.py", {"mdp", "mdp-discounted"}),
        ("pycode/proofread/worlds/vae.py", {"vae"}),
        ("pycode/proofread/worlds/gaussians.py", {"gaussians"}),
        ("pycode/proofread/worlds/decoders.py", set()),
        ("pycode/proofread/relations.py", ALL),
        ("pycode/proofread/source.py", ALL),
        ("pycode/proofread/arithmetic/values.py", ALL),
        ("pycode/proofread/mutants/errors.py", set()),
        ("pycode/proofread/notes/letters.py", set()),
        ("pycode/proofread/__main__.py", set()),
        ("pycode/proofread/explain.py", set()),
        ("pycode/experiments/vae.py", set()),
    ],
)
def test_edit_runs_again_the_displays_that_it_concerns(built, file, again):
    assert {name for name in changed(built, file) if not name.startswith("drawn ")} == again


@pytest.mark.parametrize(
    ("file", "again"),
    [
        ("worlds/mdp.py", {"mdp", "mdp-discounted"}),
        ("worlds/decoders.py", {"decoders"}),
        ("arithmetic/values.py", {*ALL, "decoders"}),
        ("relations.py", set()),
        ("grammar.py", set()),
    ],
)
def test_edit_draws_again_the_worlds_that_it_concerns(built, file, again):
    found = changed(built, f"pycode/proofread/{file}")
    assert {name.removeprefix("drawn ") for name in found if name.startswith("drawn ")} == again


def test_edit_of_a_display_runs_it_again_alone(built):
    assert changed(built, "main.tex", lambda text: text.replace(r"\mu_q = \mu_q", r"\mu_q = +\mu_q")) == {"gaussians"}
    assert changed(built, "main.tex", lambda text: text.replace(r"\begin{document}", "Words.\n\n")) == set()
