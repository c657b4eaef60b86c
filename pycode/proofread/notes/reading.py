r"""Other people's notes: every displayed formula of .tex and .md files, its rows cut into chains as a reader would."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from pycode.proofread.document import Document
from pycode.proofread.macros import DEFINE, EXPANSION, definition, expand
from pycode.proofread.notes.markdown import as_tex
from pycode.proofread.notes.presentation import BLANK, RELATIONS, TRIPLES, inner_relation, levels, open_brackets, plain
from pycode.proofread.notes.remarks import SIGNS, arrowless, comment, elided, formula, related, spoken, stated, stopped
from pycode.proofread.source import BARE, STEPS, Display, Message, Reader, Row
from pycode.proofread.spelling import differential
from pycode.proofread.tex import TOKENS, Raw, ReadError, Text, group, split_rows, text_of

MARKDOWN = (".md", ".markdown", ".rmd", ".qmd", ".mdx")
INLINE = re.compile(r"(?:[^$\\\n]|\\[\s\S]|\n(?![ \t]*\n))*+\$(?!\$)")
CLOSED = {"$$": r"\$\$", "\\[": r"\\\]"}
INNER = "a relation inside of brackets, of cases or of a remark; write it on its own"
DISPLAYS = 2000  # most of them, in all files
DEFINES = re.compile(rf"%[^\n]*|\\(?P<define>(?:{'|'.join(DEFINE)})\b\*?)|\\(?:[a-zA-Z]+|.)", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A row of a display: formula, remarks, whether a left side begins or its first column is empty, its final stop."""

    tokens: tuple[Raw, ...]
    reason: str
    line: int
    begins: bool
    hangs: bool
    ended: bool


def read_notes(paths: Sequence[Path], world: str, letters: str = "assignment") -> Document:
    """Displays of files and what they input, all of one world; those that state no relation are counted only."""
    first = paths[0].resolve().parent
    reader = Notes(first, first, world=world, letters=letters)
    for path in paths:
        reader.root, reader.ended = path.resolve().parent, False
        reader.read(path.resolve())
    displays = reader.joined()
    stating = [d for d in displays if d.error or not d.notes or states(d)]
    return Document(first, tuple(stating), tuple(reader.messages), reader.lines, skipped=len(displays) - len(stating))


def states(display: Display) -> bool:
    """Whether a display has a relation between formulas, not only between words."""
    sides = _outer_sides(display)
    return len(sides) > 1 and not all(map(_in_words, sides))


def _outer_sides(display: Display) -> list[list[Raw]]:
    """What stands between the relations outside of brackets."""
    depth = 0
    sides: list[list[Raw]] = [[]]
    for row in display.rows:
        for token, level in levels(row.tokens, depth):
            if related(token, level):
                sides.append([])
            else:
                sides[-1].append(token)
        depth = open_brackets(row.tokens, depth)
    return sides


def _in_words(side: Sequence[Raw]) -> bool:
    """Whether a side is made of words of three letters or more that are no abbreviations, and signs between them."""
    i, found = 0, False
    while i < len(side):
        if side[i].text == "\\mathrm" and i + 1 < len(side):
            inside, i = group(side, i + 1)
            word = "".join(x.text for x in inside if x.text not in BLANK)
            if not (len(word) > 2 and word.isalpha() and not word.isupper()):
                return False
            found = True
        elif side[i].text in {*BLANK, "+", "-"}:
            i += 1
        else:
            return False
    return found


@dataclass
class Notes(Reader):
    """Reads every display instead of refusing those that are not in an environment of this project."""

    world: str = ""
    letters: str = "assignment"
    found: dict[int, list[Line]] = field(default_factory=dict)  # lines of each display, by its place in ``displays``
    inner: dict[int, Message] = field(default_factory=dict)  # for the case that no relation stands outside of brackets

    def _scan(self, file: str, text: Text) -> None:
        markdown = Path(file).suffix.lower() in MARKDOWN
        super()._scan(file, Text(as_tex(text.text, markdown)))

    def _bare(self, file: str, text: Text, found: re.Match[str], at: Raw, inline: bool) -> tuple[int, bool]:
        """Read a display; the offset after it."""
        start, opening = found.end(), found.group()
        if found["dollars"] == "$":
            closing = INLINE.match(text.text, start)
            if not closing:
                return start, False
            stop, end = closing.end() - 1, closing.end()
            if not any(f"\\begin{{{name}" in closing.group() for name in BARE):
                self._define(text, start, stop)
                return end, False
        elif found["begin"] and (name := found["begun"].strip()).rstrip("*") in ("subequations", "dgroup"):
            return start, False
        elif found["begin"]:
            stop, end = _closed(text.text, start, name)
            start = found.start()
            stop = end if stop >= 0 else -1
        else:
            pattern = CLOSED.get(opening) or rf"\\end{re.escape(opening[1:])}(?![a-zA-Z])"
            comments = "" if Path(file).suffix.lower() in MARKDOWN else r"|%[^\n]*"
            edges = re.compile(rf"(?P<end>{pattern})|\\[\s\S]{comments}").finditer(text.text, start)
            stop, end = next((m.span() for m in edges if m["end"]), (-1, -1))
        if stop < 0:
            raise ReadError("syntax", f"{opening} is never closed", at)
        self._formula(file, text, start, stop, at)
        return end, False

    def _formula(self, file: str, text: Text, start: int, stop: int, at: Raw) -> None:
        """Note the display between two offsets."""
        if len(self.displays) == DISPLAYS:
            self.complain(file, "size", f"more than {DISPLAYS} displays; check the notes in parts", at)
            self.ended = True
            return
        labels: tuple[str, ...] = ()
        lines: list[Line] = []
        error = None
        try:
            tokens = self._tokens(text, start, stop, at)
            labels = tuple(text_of(group(tokens, j + 1)[0]) for j, t in enumerate(tokens[:-1]) if t.text == "\\label")
            lines = list(_lines(tokens))
            if sign := inner_relation(tokens):
                self.inner[len(self.displays)] = self.message(file, "syntax", INNER, sign)
        except ReadError as problem:
            error = self.message(file, problem.kind, str(problem), problem.at if problem.at.line else at)
        self.found[len(self.displays)] = lines
        self.displays.append(
            Display(file, at.line, "checked", self.world, "", labels, (), 0, error, self.letters, notes=True)
        )

    def _tokens(self, text: Text, start: int, stop: int, at: Raw) -> list[Raw]:
        """Tokens of a display, macros expanded; it may define some itself."""
        stretches = self._define(text, start, stop)
        found = islice((t for begin, end in stretches for t, _ in text.tokens(begin, end)), TOKENS + 1)
        if self.steps > STEPS:
            raise ReadError("size", "the macros of this document expand too far; write some out", at)
        self.steps += EXPANSION  # what it takes at most, should it fail
        expanded, steps = expand(list(found), self.macros)
        self.steps += steps - EXPANSION
        if len(expanded) > TOKENS:
            raise ReadError("size", f"more than {TOKENS} tokens in one display; split it", at)
        return expanded

    def _define(self, text: Text, start: int, stop: int) -> list[tuple[int, int]]:
        """Note the macros that a formula defines; offsets of what stands between the definitions."""
        stretches = []
        for found in DEFINES.finditer(text.text, start, stop):
            if found["define"] and found.start() >= start:
                stretches.append((start, found.start()))
                name, macro, start = definition(text, found.end(), found["define"].rstrip("*"))
                self.macros[name] = macro
        return [*stretches, (start, max(start, stop))]

    def joined(self) -> list[Display]:
        """Displays with their rows; one that begins with a relation goes on with the one before it."""
        result: list[Display] = []
        gathered: list[list[Line]] = []
        inner: list[Message | None] = []
        for number, display in enumerate(self.displays):
            lines = self.found.get(number)
            before = result[-1] if result and gathered[-1] else None
            if lines and before and before.file == display.file and _relates(lines[0].tokens) and not before.error:
                gathered[-1] += lines
                inner[-1] = inner[-1] or self.inner.get(number)
                result[-1] = replace(before, labels=before.labels + display.labels)
            else:
                result.append(display)
                gathered.append(lines or [])
                inner.append(self.inner.get(number))
        count: dict[str, int] = {}
        for number, (display, lines) in enumerate(zip(result, gathered, strict=True)):
            count[display.file] = count.get(display.file, 0) + 1
            rows = tuple(chained(lines)) if display.notes else display.rows
            result[number] = display = replace(display, rows=rows, ordinal=count[display.file])
            if inner[number] and not (display.error or states(display) or all(map(_in_words, _outer_sides(display)))):
                result[number] = replace(display, error=inner[number])
        return result


def _closed(text: str, start: int, name: str) -> tuple[int, int]:
    r"""Offsets of the \end of an environment, and after it; -1 without one."""
    depth = 1
    for found in re.compile(rf"\\(begin|end)\s*\{{\s*{re.escape(name)}\s*\}}|%[^\n]*|\\[^be]").finditer(text, start):
        if found[1]:
            depth += 1 if found[1] == "begin" else -1
            if depth == 0:
                return found.start(), found.end()
    return -1, -1


def _lines(tokens: Sequence[Raw]) -> Iterator[Line]:
    """Rows of a display that hold more than words."""
    names = ["".join(x.text for x in group(tokens, i + 1)[0]) for i, t in enumerate(tokens[:-1]) if t.text == "\\begin"]
    triple = any(name.rstrip("*") in TRIPLES for name in names)
    hanging = bool({"multline", "multlined"} & {name.rstrip("*") for name in names})
    depth, begun = 0, False
    for row in split_rows(plain(tokens, alone=True), "\\\\"):
        cells, reason = split_rows(row, "&"), ""
        written: list[Raw] = []
        for number, cell in enumerate(cells):
            if number >= 2 + triple and comment(cell):
                reason = spoken([t for c in cells[number:] for t in c])
                break
            first = next((t.text for t in cell if t.text not in BLANK), "")
            pair = number >= 2 and (number % 2 == 0 or not cells[number - 1]) and not triple
            if pair and first and first not in {":", *RELATIONS, *SIGNS}:
                written.append(Raw("\\qquad", cell[0].line, cell[0].column))
            written += cell
        found, said = formula(written, depth)
        found, arrow = arrowless(found)
        found, aside = stated(elided(found), depth)
        depth, ended = max(0, open_brackets(found, depth)), False
        if depth == 0:
            found, ended = stopped(found)
        if found:
            hangs = (hanging and begun) or (len(cells) > 1 and all(t.text in BLANK for t in cells[0]))
            said = " ".join(filter(None, (said, aside, reason)))
            yield Line(tuple(found), said, found[0].line, arrow or _left_side(cells), hangs, ended)
            begun = True


def _relates(tokens: Sequence[Raw]) -> bool:
    """Whether a row begins with a relation."""
    return tokens[0].text in RELATIONS or [t.text for t in tokens[:2]] == [":", "="]


def _left_side(cells: Sequence[Sequence[Raw]]) -> bool:
    """Whether a formula stands in the first column, and its relation in the second."""
    first, second = ([t.text for t in c if t.text not in BLANK] for c in [*cells, [], []][:2])
    return (
        bool(first and second)
        and first[0] not in RELATIONS
        and second[0] in {":", *RELATIONS}
        and first[-1] not in SIGNS
    )


def chained(lines: Sequence[Line]) -> Iterator[Row]:
    """Rows that begin with a relation or a new left side; what goes on with the row before is put behind it."""
    rows: list[Line] = []
    depth = integrals = 0  # brackets that are open, integrals that wait for their differential
    for number, line in enumerate(lines):
        tokens, relates = line.tokens, _relates(line.tokens)
        last = rows[-1].tokens[-1].text if rows else ""
        if relates and last == tokens[0].text:  # A = \\ = B
            tokens, relates = tokens[1:], False
        following = number + 1 < len(lines) and _relates(lines[number + 1].tokens)
        open_ = depth > 0 or last in SIGNS | RELATIONS
        if rows and not relates and (open_ or _goes_on(rows, line, following, integrals > 0)):
            reason = f"{rows[-1].reason} {line.reason}".strip()
            rows[-1] = replace(rows[-1], tokens=(*rows[-1].tokens, *tokens), reason=reason, ended=line.ended)
        else:
            rows.append(replace(line, tokens=tokens, begins=not relates))
            integrals = 0
        depth = max(0, open_brackets(tokens, depth))
        integrals += sum(t.text == "\\int" for t in tokens)
        integrals -= _differentials(tokens) if integrals else 0
    for row in rows:
        yield Row(row.tokens, row.reason, row.line, row.begins)


def _goes_on(rows: Sequence[Line], line: Line, following: bool, integral: bool) -> bool:
    """Whether a row that begins with no relation goes on with the one before; ``following``: the next one does."""
    if line.begins or rows[-1].ended:
        return False
    if line.tokens[0].text in SIGNS or (integral and differential(list(line.tokens[:5]), 0)):
        return True
    if any(related(t, d) for t, d in levels(line.tokens)):
        return False
    return (integral and (not following or _differentials(line.tokens) > 0)) or (
        line.hangs and not (following and rows[0].hangs)
    )


def _differentials(tokens: Sequence[Raw]) -> int:
    return sum(differential(list(tokens[i : i + 5]), 0) > 0 for i in range(len(tokens)))
