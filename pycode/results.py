r"""Results of pycode's zero-argument functions: kept on disk, verified, reused while their sources stand.

A result belongs to the text of every pycode module that its own module imports, directly or not, to the lock file, to
Python's version, and to the user's files that such a module names; when one of them changes it is computed again.
All of it stands in results/: values/ holds a record of each result, with a digest of itself and of the files that its
computation wrote (figures/), so that what was edited or damaged is computed again; checkpoints/ holds trainings.
Of several processes that need a result at the same time one computes it, the others wait.
"""

import errno
import fcntl
import hashlib
import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = Path(__file__).parent
ROOT = PACKAGE.parent
BUILD = ROOT / "build"
RESULTS = ROOT / "results"
DECLARED = re.compile(r"^EXTERNAL\b.*", re.MULTILINE)
DECLARATION = re.compile(r'EXTERNAL = "(\w+)/([^/"]+)"( *#.*)?')
# Import statements wherever they stand, in strings too: one too many does no harm. Names may go on in brackets.
IMPORT = re.compile(r"import\b[ \t]*(\((?:[^()#]|#[^\n]*)*\)|[^\n;#]*)")
FROM = re.compile(r"\bfrom[ \t]*([\w.]+)[ \t]*$")
RECORD = b'{"digest": "%s", '
DIGITS = 64  # of a digest


class WriteError(Exception):
    """A file cannot be written; the message names it and says what to do."""


@cache
def source_file(module: str) -> Path | None:
    """File of a dotted module name inside pycode or benchmarks, or None for anything else."""
    if module.partition(".")[0] not in (PACKAGE.name, "benchmarks"):
        return None
    base = PACKAGE.parent.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _content(path: Path) -> bytes:
    """A source as it was when this process looked first."""
    return path.read_bytes()


@cache
def _imports(path: Path) -> frozenset[str]:
    """Dotted names that a file imports anywhere in it, lazily or not, and perhaps some more."""
    names: set[str] = set()
    text = _content(path).decode().replace("\\\n", " ")
    for found in IMPORT.finditer(text):
        listed = re.findall(r"[\w.]+", re.sub(r"#[^\n]*", "", found[1]))
        before = FROM.search(text[text.rfind("\n", 0, found.start()) + 1 : found.start()])
        module = before[1] if before else ""
        if module.startswith("."):
            raise ValueError(f"{path}: from {module} import; write the module's whole name: results follow imports")
        names.update([module, *(f"{module}.{name}" for name in listed)] if module else listed)
    return frozenset(names)


@cache
def sources(module: str) -> tuple[Path, ...]:
    """Files of pycode and benchmarks that a module consists of: its own and all that it imports, sorted."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = source_file(name)
        if path is not None and name not in found:
            found[name] = path
            waiting.extend(_imports(path))
    return tuple(sorted(set(found.values())))


def _externals(path: Path) -> tuple[tuple[str, str], ...]:
    found = []
    for line in DECLARED.findall(_content(path).decode()):
        form = DECLARATION.fullmatch(line)
        if form is None:
            raise ValueError(
                f'{path}: {line}; write EXTERNAL = "VARIABLE/pattern of the files in the folder that it names"'
            )
        found.append((form[1], form[2]))
    return tuple(found)


def external(*modules: Path) -> dict[str, str]:
    """State of the user's files that modules read, as a short name for each environment variable that is set.

    Such a module says so at its top level: ``EXTERNAL = "VARIABLE/pattern"``, a variable that holds a folder and the
    pattern of the names of the files in it. Their names and contents are the state; an empty variable counts as none.
    Raises ValueError for a declaration of another form.
    """
    states = {}
    for variable, pattern in sorted({each for module in modules for each in _externals(module)}):
        if folder := os.environ.get(variable):
            files = sorted(path for path in Path(folder).glob(pattern) if path.is_file())
            states[f"{variable}/{pattern}"] = _digest_text(variable, *map(_state, files))
    return states


def _state(path: Path) -> str:
    """Name and content of a file, or why it cannot be read: that is told by the one who needs it."""
    try:
        known = path.stat()
        return f"{path.name} {_digest_unchanged(path, known.st_size, known.st_mtime_ns)}"
    except OSError as error:
        return f"{path.name} {error.strerror}"


@cache
def _digest_unchanged(path: Path, size: int, time: int) -> str:
    return _digest((path, path.read_bytes()))


def code_digest(*modules: str) -> str:
    """Short name of the text of modules, of all that they import of pycode, and of the lock file."""
    lock = ROOT / "requirements.lock"
    files = {path: _content(path) for module in modules for path in sources(module)}
    if lock.is_file():
        files[lock] = lock.read_bytes()
    return _digest(*sorted(files.items(), key=lambda item: (item[0] == lock, item[0])))


def _digest(*files: tuple[Path, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in files:
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _digest_text(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest() if texts else ""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line what to do when ``path`` cannot be written; raises WriteError for OSError."""
    try:
        yield
    except OSError as error:
        name = os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = "free some space on its disk" if full else f"make {os.path.dirname(name) or 'its folder'}/ writable"
        raise WriteError(f"{name} cannot be written ({error.strerror or error}); {remedy}, then repeat") from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, or an interrupted run, sees the old or the new one whole; raises WriteError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def _plain(value: Any) -> Any:
    """What JSON cannot hold, as what it can: arrays as lists, numpy scalars as numbers."""
    if hasattr(value, "tolist"):  # numpy is not imported here: most sessions only read results
        return value.tolist()
    raise TypeError(f"a result holds a {type(value).__name__}; return numbers, strings, lists or arrays")


def _keep(record: Path, content: dict[str, Any]) -> Any:
    """Write a record, whose first entry is a digest of the others; returns its result as it will be read."""
    text = json.dumps(content, default=_plain)
    body = text.removeprefix("{").encode()
    write_atomically(record, RECORD % hashlib.sha256(body).hexdigest().encode() + body)
    return json.loads(text)["result"]


def _read(record: Path) -> dict[str, Any]:
    """A record; empty for one that is not there, was edited or damaged."""
    try:
        content = record.read_bytes()
    except OSError:
        return {}
    start = len(RECORD % b"") + DIGITS
    if content[:start] != RECORD % hashlib.sha256(content[start:]).hexdigest().encode():
        return {}
    return dict(json.loads(content))


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time, by a lock on a file that is there meanwhile; that of a killed process holds nobody up."""
    while True:
        with writing(lock):
            lock.parent.mkdir(parents=True, exist_ok=True)
            file = open(lock, "a")  # noqa: SIM115  closed below, where errors are those of the work
        with file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            try:
                same = os.path.samestat(os.fstat(file.fileno()), os.stat(lock))
            except FileNotFoundError:
                same = False
            if not same:
                continue  # the one before has removed this file: the lock on it no longer keeps others out
            try:
                yield
            finally:
                with suppress(OSError):
                    lock.unlink(missing_ok=True)
            return


class Result(NamedTuple):
    """A result that may have been computed: ``module.function()``; see `cached` for the rest."""

    module: str
    function: str
    compute: Callable[[], Any] | None = None
    files: Sequence[Path] = ()
    inputs: Sequence[str] = ()

    def get(self) -> Any:
        """The result, computed when it does not stand."""
        return cached(*self)

    def stands(self) -> bool:
        """Whether all stands that it comes from, so that it is only read."""
        return bool(standing(self.module, self.function, self.files, self.inputs))


def cached(
    module: str,
    function: str,
    compute: Callable[[], Any] | None = None,
    files: Sequence[Path] = (),
    inputs: Sequence[str] = (),
) -> Any:
    """Result of ``module.function()``, from its record when its sources and the files it wrote stand.

    A process that needs it while another one computes it waits and reads what that one has kept.

    ``compute`` replaces the plain call where arguments are needed, whose text is ``inputs``;
    ``files`` are the files that it writes.
    The result is what JSON holds: dictionaries, lists, numbers, strings.
    Raises WriteError where it cannot be kept.
    """
    if kept := standing(module, function, files, inputs):
        return kept["result"]
    record = _record(module, function)
    with alone(record.with_suffix(".lock")):
        if kept := standing(module, function, files, inputs):
            return kept["result"]
        key = _key(module, inputs)
        result = (compute or getattr(importlib.import_module(module), function))()
        if _edited(module) or key != _key(module, inputs):
            key = ""  # nobody knows which text this is the result of
        return _keep(record, {"key": key, "files": _written(files), "result": result})


def standing(module: str, function: str, files: Sequence[Path] = (), inputs: Sequence[str] = ()) -> dict[str, Any]:
    """The record of a result, whose entry ``result`` it is, when all stands that it comes from; else an empty one."""
    kept = _read(_record(module, function))
    if kept and kept["key"] == _key(module, inputs) and all(path.is_file() for path in files):
        return kept if kept["files"] == _written(files) else {}
    return {}


def _edited(module: str) -> bool:
    """Whether a source is no longer what it was when this process looked first."""
    try:
        return any(path.read_bytes() != _content(path) for path in sources(module))
    except OSError:
        return True


def _record(module: str, function: str) -> Path:
    return RESULTS / "values" / f"{module}.{function}.json"


def _written(files: Sequence[Path]) -> str:
    return _digest(*((path, path.read_bytes()) for path in files))


def _key(module: str, inputs: Sequence[str]) -> str:
    """Short name of all that decides a result."""
    states = external(*sources(module)).values()
    return _digest_text(code_digest(module), _digest_text(*inputs), _digest_text(*states), sys.version)


def measurement(group: str) -> Result:
    """What ``pycode.experiments.<group>.measure()`` returns."""
    return Result(f"pycode.experiments.{group}", "measure")


def measured(group: str) -> dict[str, Any]:
    """Numbers by name that ``pycode.experiments.<group>.measure()`` returns."""
    return dict(measurement(group).get())


def forget() -> None:
    """Look at the sources anew, as a new process does."""
    for function in (source_file, _content, _imports, sources):
        function.cache_clear()
