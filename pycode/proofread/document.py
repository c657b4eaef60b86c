r"""A document's displays, what the verdict of each depends on, and the verdicts. Reading needs neither numpy nor lark.

A file without \documentclass is a part: it is read with the notation of the document around it, or of this project.
"""

import hashlib
import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pycode.proofread import subjects
from pycode.proofread.source import BYTES, ENVIRONMENTS, Display, Message, Reader
from pycode.proofread.tokens import FONT, SIZE, SPACE
from pycode.results import sources

END = "¶"  # of a line
DEFINED = r" (?:: =|\\coloneqq|\\doteq) "
PACKAGE = Path(__file__).parent
NOTATION = Path("preamble/notation.tex")


@dataclass(frozen=True)
class Exact:
    """What the exact arithmetic found in a display: of its = signs, how many were decided."""

    equalities: int = 0
    decided: int = 0
    log2_error: int = 0  # bound for the chance that the worst of the decided ones is false
    degree: int = 0  # largest
    undecided: tuple[tuple[int, str], ...] = ()  # line and reason


@dataclass(frozen=True)
class Verdict:
    """What a run of a display found; ``worst``: largest relative difference, ``worlds``: number of instances."""

    file: str
    line: int
    label: str
    environment: str
    world: str
    relations: int = 0  # signs in the display
    compared: int = 0  # of them, those whose two sides were compared; the others name something new or state the model
    worlds: int = 0
    worst: float = 0.0
    status: str = "holds"  # holds, fails or error
    messages: tuple[Message, ...] = ()
    exact: Exact = Exact()
    reason: str = ""  # of an unchecked display, or why a bound is crude

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints; ``worst`` is 1 where no two finite numbers could be compared."""
        content = asdict(self)
        content["exact"] = {name: getattr(self.exact, name) for name in ("equalities", "decided", "log2_error")}
        content["worst"] = self.worst if math.isfinite(self.worst) and self.status != "error" else 1.0
        content["messages"] = [{"line": m.line, "kind": m.kind, "message": m.message} for m in self.messages]
        return content


@dataclass(frozen=True)
class Document:
    """Displays in the order of the text; ``messages`` say what is wrong outside of them."""

    folder: Path
    displays: tuple[Display, ...]
    messages: tuple[Message, ...]
    lines: dict[str, list[str]] = field(repr=False)
    skipped: int = 0  # displays of notes that state no relation

    def before(self, display: Display) -> list[Display]:
        """Earlier displays of the same world that define something."""
        place = display.file, display.ordinal
        position = next(i for i, d in enumerate(self.displays) if (d.file, d.ordinal) == place)
        found = [d for d in self.displays[:position] if d.world == display.world and defines(d)]
        return [d for d in found if d.error is None and d.environment in ("checked", "defining")]

    def key(self, display: Display, seed: int = 0) -> str:
        """Hash of all that a verdict depends on: text, definitions that it may use, the checker, the seed."""
        texts, seen = [display.source], _plain(display)
        for earlier in reversed(self.before(display)):
            if any(f" {name} " in seen for name in defines(earlier)):
                texts.append(earlier.source)
                seen += _plain(earlier)
        return _hash(*texts, str(seed), checker_hash(display.world))


def _plain(display: Display) -> str:
    """The tokens of a display, each between blanks, without what one writes in several ways: braces, sizes, bold."""
    skipped = SPACE | SIZE | FONT | {"{", "}"}
    rows = (" ".join(t.text for t in row.tokens if t.text not in skipped) for row in display.rows)
    return "".join(f" {row} {END}" for row in rows)


def defines(display: Display) -> tuple[str, ...]:
    """Letters of the names that a display defines, without their primes, subscripts and arguments."""
    found = []
    for left in re.split(DEFINED, _plain(display))[:-1]:
        head = re.split(rf" (?:\\qquad|\\quad|&|{END})(?= )", left)[-1]
        found.append(re.split(r" (?:[_^'(]|\\prime)", head)[0].strip())
    return tuple(found)


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@cache
def checker_hash(*worlds: str) -> str:
    """Hash of the sources that decide about displays of these worlds; not those that read notes or plant errors."""
    modules = ["pycode.proofread.check", *(subjects.module(world) for world in worlds if world in subjects.NAMES)]
    paths = {path for module in modules for path in sources(module) if path.parent.name != "notes"}
    return _hash(*(path.read_text(encoding="utf-8") for path in sorted(paths)))


def text_hash(document: Document) -> str:
    """Hash of what is executed, whatever the line numbers."""
    return _hash(*(d.source for d in document.displays))


def read(*paths: Path) -> Document:
    """Read files and what they input; the first one's folder is the document's."""
    roots = [_root(path.resolve()) for path in paths]
    reader = Reader(roots[0][0], roots[0][0])
    for path, (root, notation) in zip(paths, roots, strict=True):
        reader.root, reader.ended = root, False
        if notation is not None and notation.is_file():
            reader.read(notation)
        reader.read(path.resolve())
    return Document(reader.folder, tuple(reader.displays), tuple(reader.messages), reader.lines)


def _root(path: Path) -> tuple[Path, Path | None]:
    """Folder of the document that a file belongs to, and the notation that a part of one is read with."""
    with suppress(OSError), path.open("rb") as opened:
        if re.search(rb"^[ \t]*\\documentclass\b", opened.read(BYTES), re.MULTILINE):
            return path.parent, None
    above = next((p for p in path.parents if (p / NOTATION).is_file()), None)
    return (above, above / NOTATION) if above else (path.parent, PACKAGE.parent.parent / NOTATION)


def runner(document: Document, seed: int = 0) -> Callable[[Display], Verdict]:
    """A function that runs a display with the definitions before it; loads what it needs at its first call."""

    @cache
    def checker() -> Any:
        from pycode.proofread.check import Checker

        return Checker(document, seed)

    return lambda display: checker().run(display)


def check_all(document: Document, seed: int = 0) -> list[Verdict]:
    """Run every display."""
    return [*map(runner(document, seed), document.displays)]


__all__ = ["ENVIRONMENTS", "Display", "Document", "Message", "Verdict", "check_all", "read", "runner", "text_hash"]
