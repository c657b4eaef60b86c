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
    base = os.path.join(PACKAGE.parent, module.replace(".", os.sep))
    found = (path for path in (f"{base}.py", os.path.join(base, "__init__.py")) if os.path.isfile(path))
    return next(map(Path, found), None) if _ours(module) else None


def _ours(module: str) -> bool:
    return module.partition(".")[0] in (PACKAGE.name, "benchmarks")


@cache
def _content(path: Path) -> bytes:
    """A source as it was when this process looked first."""
    return path.read_bytes()


@cache
def _imports(path: Path) -> frozenset[str]:
    """Dotted names of ours that a file imports anywhere in it, lazily or not, and perhaps some more."""
    names: set[str] = set()
    text = _content(path).decode().replace("\\\n", " ")
    for found in IMPORT.finditer(text):
        listed = re.findall(r"[\w.]+", re.sub(r"#[^\n]*", "", found[1]))
        before = FROM.search(text[text.rfind("\n", 0, found.start()) + 1 : found.start()])
        module = before[1] if before else ""
        if module.startswith("."):
            raise ValueError(f"{path}: from {module} import; write the module's whole name: results follow imports")
        names.update([module, *(f"{module}.{name}" for name in listed)] if module else listed)
    return frozenset(filter(_ours, names))


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


@cache
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


@cache
def code_digest(*modules: str) -> str:
    """Short name of the text of modules, of all of ours that they use, and of the lock file."""
    lock = ROOT / "requirements.lock"
    files = {path: _content(path) for module in modules for path in sources(module)}
    if lock.is_file():
        files[lock] = _content(lock)
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
        if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
            remedy = "remove what has this name, or that of one of its folders, and is something else"
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
    """The result of ``module.function()``, as JSON holds it: dictionaries, lists, numbers, strings.

    ``compute`` replaces the plain call where arguments are needed, whose text is ``inputs``; ``files`` are the files
    that it writes.
    """

    module: str
    function: str
    compute: Callable[[], Any] | None = None
    files: Sequence[Path] = ()
    inputs: Sequence[str] = ()

    def get(self) -> Any:
        """The result, from its record when all stands that it comes from; else computed and kept.

        A process that needs it while another one computes it waits and reads what that one has kept.
        Raises WriteError where it cannot be kept.
        """
        return json.loads(self.text())

    def stands(self) -> bool:
        """Whether it is only read."""
        return self._kept() is not None

    def text(self) -> bytes:
        """The same as `get`, as JSON."""
        if (kept := self._kept()) is not None:
            return kept
        with alone(self._record().with_suffix(".lock")):
            if (kept := self._kept()) is not None:
                return kept
            key = self._key()
            result = (self.compute or getattr(importlib.import_module(self.module), self.function))()
            text = json.dumps(result, default=_plain).encode()
            if _edited(self.module) or key != self._key():
                key = ""  # nobody knows which text this is the result of
            content = self._head(key) + text + b"}"
            write_atomically(self._record(), RECORD % _sha256(content) + content)
            return text

    def _kept(self) -> bytes | None:
        """What is kept; None for a record that is not there, was edited or damaged, or is of something else."""
        try:
            record = self._record().read_bytes()
            head = self._head(self._key())
        except OSError:
            return None
        content = record[len(RECORD % b"") + DIGITS :]
        whole = record == RECORD % _sha256(content) + content and content.startswith(head)
        return content[len(head) : -1] if whole else None

    def _record(self) -> Path:
        return RESULTS / "values" / f"{self.module}.{self.function}.json"

    def _head(self, key: str) -> bytes:
        """What stands in a record before the result: digests of all that decides it, and of the files written."""
        files = _digest(*((path, path.read_bytes()) for path in self.files))
        return b'"key": "%s", "files": "%s", "result": ' % (key.encode(), files.encode())

    def _key(self) -> str:
        states = external(*sources(self.module)).values()
        return _digest_text(code_digest(self.module), _digest_text(*self.inputs), _digest_text(*states), sys.version)


def cached(
    module: str,
    function: str,
    compute: Callable[[], Any] | None = None,
    files: Sequence[Path] = (),
    inputs: Sequence[str] = (),
) -> Any:
    """The result of ``module.function()``, computed when it does not stand; see `Result`."""
    return Result(module, function, compute, files, inputs).get()


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _edited(module: str) -> bool:
    """Whether a source is no longer what it was when this process looked first."""
    try:
        return any(path.read_bytes() != _content(path) for path in sources(module))
    except OSError:
        return True


def measurement(group: str) -> Result:
    """What ``pycode.experiments.<group>.measure()`` returns."""
    return Result(f"pycode.experiments.{group}", "measure")


def measured(group: str) -> dict[str, Any]:
    """Numbers by name that ``pycode.experiments.<group>.measure()`` returns."""
    return dict(measurement(group).get())


def forget() -> None:
    """Look at the sources anew, as a new process does."""
    for function in (source_file, _content, _imports, _externals, sources, code_digest):
        function.cache_clear()
