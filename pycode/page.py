r"""What the document calls: numbers, checks, figures and excerpts. Only page, displays and latex know LaTeX.

preamble/python.tex defines the macros; each calls one function here and typesets what it returns.
A session leaves build/sessions/<name>.json: the numbers it printed and the files it made, or why it stopped.
"""

import ast
import hashlib
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from pycode import benchmarks, results
from pycode.check import Check
from pycode.displays import DisplayError
from pycode.displays import proofread as proofread
from pycode.latex import demand, highlighted, measurement, number, text
from pycode.results import Result, WriteError
from pycode.witness import go_on_in_a_child

EXCERPT_LINES = 12


class CheckError(Exception):
    """A check of the document did not meet its demand."""


class Session:
    """What one PythonTeX session has printed so far."""

    def __init__(self, pytex: Any) -> None:
        self.pytex = pytex
        self.numbers: dict[str, float] = {}
        self.files: dict[str, str] = {}  # their digests when they were verified: what comes after is not ours
        self.checked: set[str] = set()
        self.file = _sessions() / f"{pytex.session}.json"

    def record(self, **content: Any) -> None:
        """Write the session's file; the build takes a session without one for dead."""
        results.write_atomically(self.file, json.dumps(content, indent=1))

    def note(self, key: str, value: float) -> None:
        """Remember a printed number; one key has one value."""
        if self.numbers.setdefault(key, value) != value:
            raise ValueError(f"{key}: printed as {self.numbers[key]!r} and as {value!r}; give the two different names")

    def progress(self) -> None:
        """Tell the build which call is running."""
        path = _sessions() / "progress"
        with results.writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{self.pytex.session} {self.pytex.instance}\n")

    def fail(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Leave the reason why the session stops, with the innermost line of our own code."""
        sys.__excepthook__(kind, error, trace)
        if isinstance(error, DisplayError):  # its places are its own
            self.record(error=str(error))
            return
        message = str(error) if isinstance(error, CheckError | WriteError) else f"{kind.__name__}: {error}"
        if isinstance(error, SyntaxError) and error.filename:  # its own text has no folder
            message = f"{kind.__name__}: {error.msg} in {os.path.relpath(error.filename, results.ROOT)}:{error.lineno}"
        own = [f for f in traceback.extract_tb(trace) if Path(f.filename).is_relative_to(results.PACKAGE)]
        inner = [f for f in own if Path(f.filename).name not in ("page.py", "displays.py", "results.py")]
        if inner and not isinstance(error, WriteError):
            message += f" (in {os.path.relpath(inner[-1].filename, results.ROOT)}:{inner[-1].lineno}, {inner[-1].name})"
        self.record(error=message, instance=self.pytex.instance)


def _sessions() -> Path:
    return results.BUILD / "sessions"


_session: Session | None = None


def session() -> Session:
    """The running session."""
    if _session is None:
        raise RuntimeError("pycode.page is called by the document; begin(pytex) comes first")
    return _session


def begin(pytex: Any) -> None:
    """Open the session: called by PythonTeX before the document's first call in it."""
    global _session
    _session = Session(pytex)
    if build := os.environ.get("BUILD_PROCESS"):
        go_on_in_a_child(int(build), _session.file)
    pytex.before = _session.progress
    sys.excepthook = _session.fail


def end() -> None:
    """Close the session with its completion mark."""
    files = dict(sorted(session().files.items()))
    session().record(numbers=session().numbers, files=files)


def _split(key: str) -> tuple[str, str]:
    group, dot, name = key.partition(".")
    if not (dot and group.isidentifier() and name.isidentifier()):
        raise ValueError(f"'{key}': a key is <group>.<name>")
    return group, name


def _require(module: str, what: str) -> None:
    if results.source_file(module) is None:
        raise ValueError(f"{what}: there is no {module.replace('.', '/')}.py")


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Put the key before the message of a number or a text that cannot be printed."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


@cache
def _measurement(group: str) -> bytes:
    return results.measurement(group).text()


@cache
def _measured(group: str) -> dict[str, Any]:
    return dict(json.loads(_measurement(group)))


def run_check(key: str) -> Check:
    """What the check ``<group>.<name>`` found."""
    return Check(**check_result(key).get())


def check_result(key: str) -> Result:
    """The fields of the `Check` that the check ``<group>.<name>`` returns."""
    group, name = _split(key)
    module = f"pycode.checks.{group}"
    _require(module, key)

    def compute() -> dict[str, Any]:
        function = getattr(import_module(module), name, None)
        if not callable(function):
            raise ValueError(f"{key}: pycode/checks/{group}.py has no function {name}")
        found = function()
        if not isinstance(found, Check):
            raise ValueError(f"{key}: returns a {type(found).__name__}; a check returns a pycode.check.Check")
        return asdict(found)

    return Result(module, name, compute)


@cache
def checks(group: str) -> frozenset[str]:
    """Names of the functions in ``pycode.checks.<group>``."""
    source = results.source_file(f"pycode.checks.{group}")
    return frozenset(re.findall(r"^def (\w+)", source.read_text(encoding="utf-8"), re.MULTILINE) if source else ())


def result(key: str, spec: str = "") -> str:
    r"""Number of ``pycode.experiments.<group>.measure()``, or value of a check, as LaTeX."""
    group, name = _split(key)
    if results.source_file(f"pycode.experiments.{group}") and name in _measured(group):
        value = _measured(group)[name]
    elif name in checks(group):
        value = _passed(key).value
    else:
        raise ValueError(f"{key}: neither measure() in pycode/experiments/{group}.py nor a check has this name")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key}: is a {type(value).__name__}; a single number can be printed")
    session().note(key, value)
    return _printed(key, value, spec)


def result_text(key: str) -> str:
    """Text that ``pycode.experiments.<group>.measure()`` returns under a name, as LaTeX."""
    group, name = _split(key)
    _require(f"pycode.experiments.{group}", key)
    value = _measured(group).get(name)
    if not isinstance(value, str):
        raise ValueError(f"{key}: is a {type(value).__name__}; \\resulttext prints a text, \\result a number")
    with _named(key):
        return text(value)


def if_benchmark(group: str) -> str:
    """Whether the numbers that ``make bench`` measured for a group are those of the present sources."""
    return r"\benchmarkstands" if benchmarks.stands(group) else r"\benchmarkfalls"


def benchmark(key: str, spec: str = "") -> str:
    r"""Number of benchmarks/results.json as LaTeX; nothing when it is of other sources, whose text is left out."""
    group, _ = _split(key)
    if not benchmarks.stands(group):
        return ""
    value = benchmarks.record().get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key}: {benchmarks.FILE} has no such number; make bench BENCH={group} measures it")
    return _printed(key, value, spec)


def _printed(key: str, value: float, spec: str) -> str:
    with _named(key):
        return rf"\ensuremath{{{number(value, spec.replace(chr(92), ''))}}}"


def _passed(key: str) -> Check:
    check = run_check(key)
    if not check.passed:
        within = f"{check.reference:.10g} ± {check.tolerance:.10g}"
        raise CheckError(
            f"check failed: {key}: measured {check.value:.10g}, must be {check.relation} {within} "
            f"({check.because}); see pycode/checks/{key.partition('.')[0]}.py"
        )
    return check


def check(key: str) -> str:
    """Cells of a row of checks; raises ``CheckError`` when the demand is not met."""
    if key in session().checked:
        raise ValueError(f"{key}: stands in a table of checks already")
    found = _passed(key)
    session().checked.add(key)
    session().note(key, found.value)
    name = text(key).replace(".", r".\allowbreak{}").replace(r"\_", r"\_\allowbreak{}")
    with _named(key):
        return rf"\checkresult{{${measurement(found)}$}}{{${demand(found)}$}}{{{text(found.because)}}}{{{name}}}"


def _built(command: str, path: Path) -> str:
    name = os.path.relpath(path, results.ROOT)
    session().files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return rf"\built{{{name}}}{{\{command}{{{name}}}}}"


def figure(key: str, height_cm: float) -> str:
    """Figure that ``pycode.figures.<group>.<name>`` draws, at the page's width."""
    drawing = figure_result(key, height_cm)
    drawing.get()
    return _built("includegraphics", drawing.files[0])


def figure_result(key: str, height_cm: float) -> Result:
    """A figure's file in results/figures/, which belongs to its sources, data, style and height."""
    group, name = _split(key)
    module = f"pycode.figures.{group}"
    _require(module, f"figure {key}")
    _require(f"pycode.experiments.{group}", f"figure {key}")
    path = results.RESULTS / "figures" / f"{key}.pdf"
    style_file = Path(__file__).with_name("style.py")
    inputs = [str(height_cm), _measurement(group).decode(), style_file.read_text(encoding="utf-8")]

    def compute() -> None:
        from pycode import style

        draw: Callable[..., None] | None = getattr(import_module(module), name, None)
        if draw is None:
            raise ValueError(f"figure {key}: pycode/figures/{group}.py has no function {name}")
        try:
            style.save(lambda canvas: draw(canvas, _measured(group)), path, height_cm)
        except style.EmptyFigureError:
            raise ValueError(f"figure {key}: pycode/figures/{group}.py draws nothing") from None

    return Result(module, name, compute, [path], inputs)


def excerpt(name: str) -> str:
    """Source of a function without its docstring, highlighted in black and bold."""
    code, place = excerpt_result(name)
    path = results.BUILD / "code" / f"{name}.tex"
    results.write_atomically(path, rf"{code.get()}\excerptplace{{{text(place)}}}" + "\n")
    return _built("input", path)


def excerpt_result(name: str) -> tuple[Result, str]:
    """The highlighted lines of a function, and its place in the sources."""
    module, _, function = name.rpartition(".")
    _require(module, name)
    source = results.source_file(module)
    assert source is not None
    lines, place = _without_docstring(source, function, name)
    if len(lines) > EXCERPT_LINES:
        raise ValueError(f"{name}: {len(lines)} lines without the docstring; an excerpt has at most {EXCERPT_LINES}")
    if max(map(len, lines)) > 100:
        raise ValueError(f"{name}: a line has more than 100 characters, which the page does not hold")
    code = Result("pycode.latex", name, lambda: highlighted(lines), inputs=lines)
    return code, f"{os.path.relpath(source, results.ROOT)}:{place}"


def _without_docstring(source: Path, function: str, name: str) -> tuple[list[str], int]:
    content = source.read_text(encoding="utf-8")
    for node in ast.parse(content).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            lines = dict(enumerate(content.split("\n")[node.lineno - 1 : node.end_lineno], node.lineno))
            if ast.get_docstring(node) is not None:
                documentation = node.body[0]
                for line in range(documentation.lineno, (documentation.end_lineno or documentation.lineno) + 1):
                    del lines[line]
            return list(lines.values()), node.lineno
    raise ValueError(f"{name}: {os.path.relpath(source, results.ROOT)} has no function {function}")
