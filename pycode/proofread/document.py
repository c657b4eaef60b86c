r"""A document's displays, what the verdict of each depends on, and the verdicts. Reading needs neither numpy nor lark.

A file without \documentclass is a part: it is read with the notation of the document around it, or of this project.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pycode.proofread.source import ENVIRONMENTS, Display, Message, Reader

PACKAGE = Path(__file__).parent
NOTATION = Path("preamble/notation.tex")


@dataclass(frozen=True)
class Verdict:
    """What a run of a display found; ``worst``: largest relative difference, ``worlds``: number of instances."""

    file: str
    line: int
    label: str
    environment: str
    world: str
    relations: int = 0
    worlds: int = 0
    worst: float = 0.0
    status: str = "holds"  # holds, fails or error
    messages: tuple[Message, ...] = ()
    reason: str = ""  # of an unchecked display, or why a bound is crude

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints."""
        content = asdict(self)
        content["messages"] = [{"line": m.line, "kind": m.kind, "message": m.message} for m in self.messages]
        return content


@dataclass(frozen=True)
class Document:
    """Displays in the order of the text; ``messages`` say what is wrong outside of them."""

    folder: Path
    displays: tuple[Display, ...]
    messages: tuple[Message, ...]
    lines: dict[str, list[str]] = field(repr=False)

    def before(self, display: Display) -> list[Display]:
        """Earlier displays of the same world that define something."""
        place = display.file, display.ordinal
        position = next(i for i, d in enumerate(self.displays) if (d.file, d.ordinal) == place)
        found = [d for d in self.displays[:position] if d.world == display.world and defines(d)]
        return [d for d in found if d.error is None and d.environment in ("checked", "defining")]

    def key(self, display: Display, seed: int = 0) -> str:
        """Hash of all that a verdict depends on: text, definitions that it may use, the checker, the seed."""
        texts = [display.source]
        for earlier in reversed(self.before(display)):
            if any(name in text for name in defines(earlier) for text in texts):
                texts.append(earlier.source)
        return _hash(*texts, str(seed), checker_hash())


def defines(display: Display) -> tuple[str, ...]:
    """First tokens of the names that a display defines."""
    found = []
    for row in display.rows:
        texts = [t.text for t in row.tokens]
        for i in range(len(texts) - 1):
            if (texts[i] == ":" and texts[i + 1] == "=") or texts[i] == "\\coloneqq":
                start = max((j + 1 for j in range(i) if texts[j] in ("\\qquad", "\\quad", "&")), default=0)
                found.append(" ".join(texts[start : start + 3]).split(" (")[0])
    return tuple(found)


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@cache
def checker_hash() -> str:
    """Hash of the checker's own sources."""
    return _hash(*(p.read_text(encoding="utf-8") for p in sorted(PACKAGE.rglob("*.py"))))


def text_hash(document: Document) -> str:
    """Hash of what is executed, whatever the line numbers."""
    return _hash(*(d.source for d in document.displays))


def read(*paths: Path) -> Document:
    """Read files and what they input."""
    path = paths[0].resolve()
    whole = path.is_file() and b"\\documentclass" in path.read_bytes()
    folder = path.parent
    notation = folder / NOTATION
    if not whole:
        above = [p for p in (folder, *folder.parents) if (p / NOTATION).is_file()]
        folder = above[0] if above else folder
        notation = (above[0] if above else PACKAGE.parent.parent) / NOTATION
    reader = Reader(folder)
    if not whole and notation.is_file():
        reader.read(notation)
    for each in paths:
        reader.ended = False
        reader.read(each.resolve())
    return Document(folder, tuple(reader.displays), tuple(reader.messages), reader.lines)


def runner(document: Document, seed: int = 0) -> Callable[[Display], Verdict]:
    """A function that runs a display with the definitions that come before it; loads what it needs at its first call."""

    @cache
    def checker() -> Any:
        from pycode.proofread.check import Checker

        return Checker(document, seed)

    return lambda display: checker().run(display)


def check_all(document: Document, seed: int = 0) -> list[Verdict]:
    """Run every display."""
    return [*map(runner(document, seed), document.displays)]


__all__ = ["ENVIRONMENTS", "Display", "Document", "Message", "Verdict", "check_all", "read", "runner", "text_hash"]
