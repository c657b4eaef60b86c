"""All that decides what the sessions print, as a table of names and digests: content alone, no time stamps."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from calls import without_places

OTHERS = ["requirements.lock", "tests/mutants/score.json"]


def digest(path: Path) -> str:
    """Content of a file as a short name; empty for a file that does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def inputs(base: Path, code_file: Path | None = None) -> dict[str, str]:
    """Everything of which a change runs the sessions again; not the lines on which the calls stand.

    ``code_file``: where the calls are read, if not where pdflatex writes them.
    """
    code_file = code_file or base.with_suffix(".pytxcode")
    code = without_places(code_file.read_text(encoding="utf-8", errors="replace"))
    modules = sorted(Path("pycode").rglob("*.py"))
    measured = sorted([*Path("benchmarks").rglob("*.py"), *Path("benchmarks").glob("*.json")])
    own = [Path(__file__).with_name(name) for name in ("attachments.py", "calls.py", "inputs.py", "run_pythontex.py")]
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    from pycode.results import external

    return {
        "code": hashlib.sha256(code.encode()).hexdigest(),
        "displays": displays(base.with_name("displays.json")) if "page.proofread(" in code else "",
        "python": sys.version,
        **{f"tools/{path.name}": digest(path) for path in own},
        **digests([*modules, *measured, *map(Path, OTHERS)]),
        **external(*map(Path.resolve, modules)),
    }


def displays(kept: Path) -> str:
    """All that the checker reads in the displays as a short name; neither their lines nor the reasons in them.

    Reading them takes a while, so the name is kept with the digests of the files that were read and of the checker's.
    """
    checker = digests(sorted(Path("pycode/proofread").rglob("*.py")))
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["checker"] == checker and found["read"] == digests([Path(name) for name in found["read"]]):
            return str(found["displays"])
    except (OSError, ValueError, TypeError, KeyError):
        pass  # none kept, or damaged: they are read
    from pycode.proofread import document

    read = document.read(Path("main.tex"))
    known = [f"{d.file} {d.ordinal} {d.environment} {read.key(d)}" for d in read.displays]
    name = hashlib.sha256("\n".join([*known, *map(str, read.messages)]).encode()).hexdigest()
    if not read.messages:  # one may be that of a file that is not there yet
        files = digests([Path(name) for name in read.lines])
        now = {name: Path(name).read_text(encoding="utf-8-sig").split("\n") for name in files}
        if now == read.lines:  # else these digests are of another text than the name
            write(kept, {"checker": checker, "read": files, "displays": name})
    return name


def digests(files: list[Path]) -> dict[str, str]:
    """Digest of each file by its name."""
    return {str(path): digest(path) for path in files}


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file in one step."""
    path.with_suffix(".new").write_text(json.dumps(content), encoding="utf-8")
    os.replace(path.with_suffix(".new"), path)


def outputs(files: list[Path]) -> dict[str, str]:
    """Digests of what a run has left, and of all records of results, so that a deleted or edited one is noticed."""
    return digests([*files, *sorted(Path("results/values").glob("*.json"))])


def stands(stamp: Path, now: dict[str, str]) -> bool:
    """Whether a complete run had these inputs and its outputs stand; an unreadable stamp counts as none."""
    try:
        done = json.loads(stamp.read_text(encoding="utf-8"))
        found = digests([Path(name) for name in done["outputs"]])
        return bool(done["inputs"] == now and done["outputs"] == found and all(found.values()))
    except (OSError, ValueError, TypeError, KeyError):
        return False
