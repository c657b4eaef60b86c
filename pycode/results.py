"""Results of pycode's zero-argument functions: kept on disk, verified, reused while their sources stand.

A result belongs to the text of every pycode module that its own module imports, directly or not, to the lock file,
and to the user's files that such a module names; when one of them changes it is computed again.
Of several processes that need it at the same time one computes it, the others wait.
"""

import ast
import fcntl
import hashlib
import importlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
ROOT = PACKAGE.parent
BUILD = ROOT / "build"
DECLARED = re.compile(r"^EXTERNAL\b.*", re.MULTILINE)
DECLARATION = re.compile(r'EXTERNAL = "(\w+)/([^/"]+)"( *#.*)?')


def source_file(module: str) -> Path | None:
    """File of a dotted module name inside pycode or benchmarks, or None for anything else."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if module.split(".")[0] in (PACKAGE.name, "benchmarks") and path.is_file():
            return path
    return None


def _imports(path: Path) -> set[str]:
    """Dotted names that a file imports anywhere in it, lazily or not."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


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
    for line in DECLARED.findall(path.read_text(encoding="utf-8")):
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
    return _digest(path)


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def code_digest(*modules: str) -> str:
    """Short name of the text of modules, of all that they import of pycode, and of the lock file."""
    lock = ROOT / "requirements.lock"
    files = sorted({path for module in modules for path in sources(module)})
    return _digest(*files, *([lock] if lock.is_file() else []))


def _digest_text(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest() if texts else ""


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader, or an interrupted run, sees the old or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _plain(value: Any) -> Any:
    """What JSON cannot hold, as what it can: arrays as lists, numpy scalars as numbers."""
    if hasattr(value, "tolist"):  # numpy is not imported here: most sessions only read results
        return value.tolist()
    raise TypeError(f"a result holds a {type(value).__name__}; return numbers, strings, lists or arrays")


def _read(record: Path) -> dict[str, Any]:
    """A record of the cache; empty for one that is not there or was damaged."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time, by a lock on a file that is there meanwhile; that of a killed process holds nobody up."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with open(lock, "a") as file:
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
                lock.unlink(missing_ok=True)
            return


def cached(
    module: str,
    function: str,
    compute: Callable[[], Any] | None = None,
    files: Sequence[Path] = (),
    inputs: Sequence[str] = (),
) -> Any:
    """Result of ``module.function()``, from the cache when its sources and the files it wrote stand.

    A process that needs it while another one computes it waits and reads what that one has kept.

    ``compute`` replaces the plain call where arguments are needed, whose text is ``inputs``;
    ``files`` are the files that it writes.
    The result is what JSON holds: dictionaries, lists, numbers, strings.
    """
    key = code_digest(module) + _digest_text(*inputs)
    key += _digest_text(*external(*sources(module)).values())
    record = BUILD / "cache" / f"{module}.{function}.json"
    if kept := _standing(record, key, files):
        return kept["result"]
    with alone(record.with_suffix(".lock")):
        if kept := _standing(record, key, files):
            return kept["result"]
        result = (compute or getattr(importlib.import_module(module), function))()
        text = json.dumps({"key": key, "files": _digest(*files), "result": result}, default=_plain)
        write_atomically(record, text)
        return json.loads(text)["result"]


def _standing(record: Path, key: str, files: Sequence[Path]) -> dict[str, Any]:
    """A record with this key whose files stand; else an empty one."""
    kept = _read(record)
    stands = kept.get("key") == key and all(path.is_file() for path in files) and kept["files"] == _digest(*files)
    return kept if stands else {}


def measured(group: str) -> dict[str, Any]:
    """Numbers by name that ``pycode.experiments.<group>.measure()`` returns."""
    return cached(f"pycode.experiments.{group}", "measure")
