"""The document and the code name the same things; this needs no TeX."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECTIONS = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "sections").glob("*.tex"))}
TEXT = "\n".join(SECTIONS.values())
MODULES = sorted((ROOT / "pycode").rglob("*.py"))
LABEL = re.compile(r"\b(?:eq|thm|lem|cor|alg|fig|sec):[a-z-]+\b")


def public_functions(folder: str) -> set[str]:
    """Keys <group>.<name> of the public functions that the modules of a folder define."""
    keys = set()
    for path in sorted((ROOT / "pycode" / folder).glob("[a-z]*.py")):
        module = importlib.import_module(f"pycode.{folder}.{path.stem}")
        functions = inspect.getmembers(module, inspect.isfunction)
        keys |= {f"{path.stem}.{n}" for n, f in functions if f.__module__ == module.__name__ and not n.startswith("_")}
    return keys


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_places_named_in_the_code_are_labels_of_the_document(path):
    labels = set(re.findall(r"\\label\{([^}]*)\}|\\begin\{algorithm\}\{.*\}\{(.*)\}", TEXT))
    assert set(LABEL.findall(path.read_text(encoding="utf-8"))) <= {name for pair in labels for name in pair}


def test_every_check_is_printed_once_and_every_printed_check_exists():
    printed = re.findall(r"\\runcheck\{([^}]*)\}", TEXT)
    assert len(printed) == len(set(printed))
    assert set(printed) == public_functions("checks")


def test_every_figure_is_shown_and_every_shown_figure_exists():
    shown = set(re.findall(r"\\pyfigure\{([^}]*)\}", TEXT))
    assert shown == public_functions("figures")


def test_every_figure_shows_an_experiment_of_its_name_that_measures():
    groups = {path.stem for path in (ROOT / "pycode" / "figures").glob("[a-z]*.py")}
    assert {f"{group}.measure" for group in groups} <= public_functions("experiments")


def test_files_named_in_the_text_exist():
    named = re.findall(r"\\texttt\{((?:pycode|tests)/[\w/\\]+\.py)\}", TEXT.replace(r"group.py", "kl.py"))
    named = [name.replace(r"\_", "_").replace("test_group", "test_kl") for name in named]
    assert named
    assert all((ROOT / name).is_file() for name in named)


def test_every_name_in_the_notation_table_is_in_the_code():
    table = re.search(r"\\label\{sec:notation\}(.*?)\\endgroup", TEXT, re.DOTALL)
    assert table is not None
    code = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    names = [name.replace(r"\_", "_") for name in re.findall(r"\\texttt\{([^}]*)\}", table[1])]
    assert len(names) > 20
    missing = [name for name in names if not re.search(rf"\b{re.escape(name.split('.')[-1])}\b", code)]
    assert missing == []


@pytest.mark.parametrize("path", SECTIONS, ids=lambda path: path.name)
def test_displays_say_what_they_hold(path):
    bare = r"\\begin\{(?:align|equation|gather|multline|eqnarray|flalign|displaymath)\*?\}|(?<!\\)\\\[|\$\$"
    assert re.findall(bare, SECTIONS[path]) == []
