"""What the PDF carries: the modules behind its figures, checks and numbers, as build/attachments.tex lists them."""

import ast
import os
import re
from collections.abc import Iterable
from pathlib import Path

from calls import Call

GROUP = re.compile(r'page\.(figure|check|result|result_text)\("(\w+)\.')
ROLE = re.compile(r"(?::\w+:)?(`{1,2})(.*?)\1")  # marks of code and of mathematics
KINDS = ("figures", "checks", "experiments")


def modules(calls: Iterable[Call]) -> list[Path]:
    """Files of all that the calls' groups consist of, in the order of their paths; an empty file says nothing."""
    from pycode import results

    called = {found.groups() for found in map(GROUP.match, (call.code for call in calls)) if found}
    names = {f"pycode.{kind}.{group}" for _, group in called for kind in KINDS}
    names |= {"pycode.style" for macro, _ in called if macro == "figure"}
    files = {path for name in names for path in results.sources(name)}
    return sorted(Path(os.path.relpath(path, results.ROOT)) for path in files if path.stat().st_size)


def description(source: str) -> str:
    """First line of a module's docstring."""
    try:
        return ROLE.sub(r"\2", (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0])
    except SyntaxError as error:  # a module that nothing has run yet
        return f"line {error.lineno} is not Python"


def line(path: Path, source: str) -> str:
    r"""A module as the argument of \attachsource: its description as a string of PDF, in hexadecimal."""
    said = f"\ufeff{path.as_posix()}: {description(source)}".encode("utf-16-be")
    return rf"\attachsource{{text/x-python}}{{<{said.hex().upper()}>}}{{{path.as_posix()}}}%"


def write(calls: Iterable[Call], target: Path) -> Path:
    """Write the list, if it is another one than stands there."""
    from pycode import results

    text = "".join(f"{line(path, (results.ROOT / path).read_text(encoding='utf-8'))}\n" for path in modules(calls))
    if not (target.is_file() and target.read_text(encoding="utf-8") == text):
        results.write_atomically(target, text)
    return target
