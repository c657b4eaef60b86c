"""Plants single errors in the printed displays: each mutant is a display's tokens with one edit."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from pycode.proofread.document import NOTATION, Document, read
from pycode.proofread.mutants.anatomy import BREAK, SPACE, Anatomy, Edit
from pycode.proofread.mutants.errors import FAMILIES, Family
from pycode.proofread.mutants.tiny import tiny
from pycode.proofread.source import Display, Row
from pycode.proofread.tex import Raw, tokenize
from pycode.proofread.worlds import NAMES

QUOTA = {"term doubled": 2, "factor doubled": 2, "exponent": 2, "sign": 3, "relation": 2}  # mutants of a kind in a row
OTHERS, MACRO = 5, 3  # of any other kind; in a macro
TINY = {"tiny factor": 2, "tiny term": 1, "tiny probability": 1}  # in a display; of the other tiny ones all
CONTEXT = 5  # tokens shown on both sides of an edit, more where that is not unique
NEWCOMMAND = re.compile(r"(\\newcommand\{(\\\w+)\}(?:\[\d\])?\{)")


@dataclass(frozen=True)
class Mutant:
    """A document with one error; a list names it by display, kind and ``shown``, whatever the line numbers."""

    name: str  # of the display: its label, or world and first tokens; of a macro itself
    kind: str
    shown: str  # what became what
    file: str
    line: int
    signs: tuple[int, ...]  # lines of the relation signs beside it, if its own has none
    changed: tuple[tuple[int, Display], ...]  # displays that differ, by their position in the document

    @property
    def identity(self) -> str:
        """What the reviewed list calls it."""
        return f"{self.name} # {self.kind} # {self.shown}"

    @property
    def tiny(self) -> bool:
        """Whether the error may be too small for floating point."""
        return self.kind.startswith("tiny ")


def plant(
    display: Display, position: int, everything: bool = False, families: Sequence[Family] = FAMILIES
) -> list[Mutant]:
    """Mutants of one display, distinct in their tokens; of each kind a few in a row, chosen by their hash."""
    world = import_module(f"pycode.proofread.worlds.{NAMES[display.world]}")
    text = Anatomy(display, world.vocabulary(display.world), frozenset(getattr(world, "DATA", ())))
    seen = {_plain(text.texts)}
    groups: dict[tuple[str, int], list[tuple[str, list[Edit], list[Raw]]]] = defaultdict(list)
    for family in families:
        for kind, edits in family(text):
            edited = apply(text.tokens, edits)
            texts = [t.text for t in edited]
            plain = _plain(texts)
            if plain not in seen and texts.count(BREAK) == text.texts.count(BREAK):
                seen.add(plain)
                group = groups[kind, text.tokens[_place(text, edits)].line]
                group.append((hashlib.sha256(plain.encode()).hexdigest(), edits, edited))
    chosen = [
        (kind, *one)
        for (kind, _), group in groups.items()
        for one in sorted(group, key=lambda g: g[0])[: None if everything else QUOTA.get(kind, OTHERS)]
    ]
    chosen.sort(key=lambda c: (c[2][0][0], c[0], c[1]))
    shown = contexts(text, [(kind, edits) for kind, _, edits, _ in chosen])
    name, found = name_of(display), []
    for (kind, _, edits, edited), difference in zip(chosen, shown, strict=True):
        at = _place(text, edits)
        changed = ((position, replace(display, rows=_rows(display, edited))),)
        found.append(Mutant(name, kind, difference, display.file, text.tokens[at].line, text.signs(at), changed))
    return found


def plant_all(document: Document, everything: bool = False) -> list[Mutant]:
    """Mutants of every display that is executed."""
    executed = [(i, d) for i, d in enumerate(document.displays) if d.environment in ("checked", "defining")]
    return [m for i, d in executed if d.error is None for m in plant(d, i, everything)]


def plant_tiny(document: Document, undecided: Mapping[str, Collection[int]]) -> list[Mutant]:
    """A few mutants of each display that only the exact arithmetic may see; its undecided lines are left out."""
    found: list[Mutant] = []
    for i, display in enumerate(document.displays):
        if display.error is None and display.environment in ("checked", "defining"):
            family = partial(tiny, undecided=undecided.get(display.file, ()))
            planted = plant(display, i, True, (family,))
            for kind in dict.fromkeys(m.kind for m in planted):
                of_kind = sorted((m for m in planted if m.kind == kind), key=lambda m: _hash(m.identity))
                found += of_kind[: TINY.get(kind)]
    return found


def plant_macros(document: Document, main: Path) -> Iterator[Mutant]:
    """Mutants of the macros of the notation file: the document is read again with each."""
    file = NOTATION.as_posix()
    lines = document.lines.get(file, [])
    for number, line in enumerate(lines, 1):
        if (head := NEWCOMMAND.match(line)) is None:
            continue
        tokens = [t._replace(line=number) for t in tokenize(line[head.end() :].split("%")[0].rstrip()[:-1])]
        rows = (Row(tokens=tuple(tokens), reason="", line=number),)
        display = Display(file, number, "checked", "vae", "", (head[2],), rows, 1)
        planted = sorted(plant(display, 0), key=lambda m: (m.kind != "arguments swapped", _hash(m.shown)))
        for mutant in planted[:MACRO]:
            body = joined([t.text for t in mutant.changed[0][1].rows[0].tokens])
            again = reread(document, main, file, [*lines[: number - 1], f"{head[1]}{body}}}", *lines[number:]])
            changed = [
                (i, new)
                for i, (old, new) in enumerate(zip(document.displays, again.displays, strict=True))
                if (old.source, old.error) != (new.source, new.error)
            ]
            if changed:
                yield replace(mutant, kind="macro", shown=f"{mutant.kind}: {mutant.shown}", changed=tuple(changed))


def reread(document: Document, main: Path, file: str, lines: Sequence[str]) -> Document:
    """The document with other lines in one of its files."""
    with TemporaryDirectory() as folder:
        for name, content in {**document.lines, file: list(lines)}.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(content), encoding="utf-8")
        return read(Path(folder) / main.name)


def name_of(display: Display) -> str:
    """Label of a display, else its world and first tokens."""
    return display.label or f"{display.world}: {joined([t.text for t in display.rows[0].tokens[:12]])}"


def apply(tokens: Sequence[Raw], edits: Sequence[Edit]) -> list[Raw]:
    """The tokens with the edits made; new tokens stand at the place of the edit."""
    result: list[Raw] = []
    at = 0
    for start, end, new in sorted(edits, key=lambda e: e[0]):
        place = tokens[min(start, len(tokens) - 1)]
        if start == end and start and tokens[start - 1].text != BREAK:
            place = tokens[start - 1]
        result += [*tokens[at:start], *(place._replace(text=t) for t in new if t)]
        at = end
    return [*result, *tokens[at:]]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(texts: Sequence[str]) -> str:
    return " ".join(t for t in texts if t not in SPACE or t in ("\\quad", "\\qquad"))


def _place(text: Anatomy, edits: Sequence[Edit]) -> int:
    start, end, _ = edits[0]
    behind = start == end and start and text.texts[start - 1] != BREAK
    return min(start - 1 if behind else start, len(text.tokens) - 1)


def _rows(display: Display, tokens: Sequence[Raw]) -> tuple[Row, ...]:
    rows: list[list[Raw]] = [[]]
    for token in tokens:
        if token.text == BREAK:
            rows.append([])
        else:
            rows[-1].append(token)
    return tuple(replace(row, tokens=tuple(new)) for row, new in zip(display.rows, rows, strict=True))


def contexts(text: Anatomy, found: Sequence[tuple[str, list[Edit]]]) -> list[str]:
    """What each edit did, with as much around it as tells it from the others of its display."""
    width = [CONTEXT] * len(found)
    while True:
        shown = [(kind, _shown(text, edits, w)) for (kind, edits), w in zip(found, width, strict=True)]
        same = [i for i, s in enumerate(shown) if shown.count(s) > 1 and width[i] <= len(text.texts)]
        if not same:
            return [s for _, s in shown]
        for i in same:
            width[i] *= 2


def _shown(text: Anatomy, edits: Sequence[Edit], width: int) -> str:
    start, end = min(e[0] for e in edits), max(e[1] for e in edits)
    before, left, right = (
        text.texts[start:end],
        text.texts[max(0, start - width) : start],
        text.texts[end : end + width],
    )
    if before:
        inside = [(a - start, b - start, new) for a, b, new in edits]
        after = [t.text for t in apply(text.tokens[start:end], inside)]
    else:
        after = [t for e in edits for t in e[2]]
    return f"{joined(left)} ⟦{joined(before)} → {joined(after)}⟧ {joined(right)}".strip()


def joined(texts: Sequence[str]) -> str:
    """Tokens as TeX, with blanks where they are needed."""
    result = ""
    for text in texts:
        word = re.search(r"\\[a-zA-Z]+$", result)
        result += (" " if word and text[:1].isalpha() else "") + text
    return result
