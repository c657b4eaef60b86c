"""What the document asks of Python, as pdflatex has written it for PythonTeX."""

import re
from pathlib import Path
from typing import NamedTuple


class Call(NamedTuple):
    """One piece of code in the document."""

    session: str
    instance: str
    file: str
    line: str
    code: str


def read_calls(code_file: Path) -> list[Call]:
    """Calls in their order, without those of every session's start and end."""
    body = code_file.read_text(encoding="utf-8", errors="replace").partition("=>PYTHONTEX:SETTINGS#")[0]
    calls = []
    for chunk in body.split("=>PYTHONTEX#")[1:]:
        head, whole, code = chunk.partition("#\n")
        if not whole:  # pdflatex stopped while it wrote this one
            continue
        family, session, _, instance, *_, file, line = head.split("#")
        if not family.startswith("CC:"):
            calls.append(Call(session, instance, file, line, code.strip()))
    return calls


def without_places(code: str) -> str:
    """Text of the code file without the lines on which the calls stand."""
    return re.sub(r"^(=>PYTHONTEX#.*#)[^#\n]*#\d+#$", r"\1", code, flags=re.MULTILINE)


def place(call: Call, base: Path) -> str:
    """File and line of a call; PythonTeX writes a name without its folder, and none for the main file."""
    name = call.file or f"{base.name}.tex"
    for line in base.with_suffix(".fls").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("INPUT ") and line.endswith(f"/{name}") and not line.startswith("INPUT /"):
            return f"{line.removeprefix('INPUT ').removeprefix('./')}:{call.line}"
    return f"{name}:{call.line}"
