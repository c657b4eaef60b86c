r"""Reads .tex files: follows \input, collects \newcommand, cuts out the displays. Nothing in them is executed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pycode.proofread.macros import DEFINE, OTHERWISE, Macro, definition, environment_definition, expand
from pycode.proofread.tex import (
    TOKENS,
    Message,
    Raw,
    ReadError,
    Text,
    after_fi,
    end_of,
    group,
    optional,
    short,
    split_rows,
    text_of,
    without,
)
from pycode.proofread.tokens import BUILTIN, QUAD, RELATION, SPACE

__all__ = ["ENVIRONMENTS", "Display", "Message", "Reader", "Row", "excuses_zero"]
ENVIRONMENTS = ("checked", "defining", "model", "unchecked")
BARE = set(
    "xalignat xxalignat empheq numcases subnumcases "
    "align alignat flalign equation gather multline eqnarray displaymath math dmath dgroup darray IEEEeqnarray "
    "aligned alignedat gathered split multlined subequations".split()
)
OPAQUE = ("verbatim", "Verbatim", "lstlisting", "comment", "filecontents", "tikzpicture", "pythontexcustomcode")
UNREAD = "@input|import|subimport|inputfrom|includefrom|subfile|subfileinclude|InputIfFileExists"
GAP = r"(?:\s|%[^\n]*\n)*"
NOTICED = re.compile(
    rf"(?P<comment>%[^\n]*)|\\(?P<end>end){GAP}\{{(?P<ended>[^{{}}]*)\}}|\\(?P<begin>begin){GAP}\{{(?P<begun>[^{{}}]*)\}}"
    rf"|(?P<bracket>\\\[)|\\(?P<define>(?:{'|'.join(DEFINE)})\b\*?)"
    rf"|\\(?:{OTHERWISE})\b\*?\s*\{{?\s*(?P<otherwise>\\(?:[a-zA-Z@]+|.))"
    r"|\\(?P<skip>(?:re)?newenvironment\b)\*?"
    r"|\\(?P<command>align|alignat|gather|equation|eqnarray|multline|displaymath)(?![a-zA-Z@])"
    r"|\\(?P<false>iffalse)(?![a-zA-Z@])"
    rf"|\\(?:input|include)(?![a-zA-Z@]){GAP}(?:\{{(?P<file>[^{{}}]*)\}}|(?P<plain>[^\s{{}}\\%$&#]+))"
    rf"|\\(?P<unread>{UNREAD})\b"
    r"|\\(?:verb|lstinline)\*?(?P<bar>[^a-zA-Z*\s{\[])[^\n]*?(?P=bar)"
    r"|\\[a-zA-Z@]+|\\.|(?P<dollars>\$\$?)|(?P<paragraph>\n[ \t]*\n)",
    re.DOTALL,
)
HIDES = re.compile(
    rf"(?<!\\)\\\[|\$\$|\\begin\s*\{{\s*(?:{'|'.join(sorted(BARE))})\b|\\(?:input|include|{UNREAD})(?![a-zA-Z@])"
)
FILES, BYTES, DEPTH, PROBLEMS = 200, 2_000_000, 40, 100  # most \\input, bytes in all, files inside files, messages
STEPS = 400_000  # most tokens that the macros of a document may make
ADVICE = "use \\begin{checked}{world}, defining, model, or unchecked[reason]"


@dataclass(frozen=True)
class Row:
    """A line of a display: its tokens up to the reason, macros expanded, and the reason."""

    tokens: tuple[Raw, ...]
    reason: str
    line: int
    opens: bool = False  # whether something stands before its first &: a new formula


@dataclass(frozen=True)
class Display:
    """An environment of the document; ``option`` is the text in [], ``world`` the one in {}."""

    file: str
    line: int
    environment: str
    world: str
    option: str
    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    ordinal: int  # 1, 2, … within its file
    error: Message | None = None  # why its text cannot be read
    letters: str = "assignment"  # what the letters mean: a table's name, or a file
    notes: bool = False  # whether it stands in notes, where chains are cut as readers do

    @property
    def label(self) -> str:
        """The first label, or ''."""
        return self.labels[0] if self.labels else ""

    @property
    def source(self) -> str:
        """All that a verdict depends on: macros expanded, no white space, of a line's reason and & what they decide."""
        rows = (
            " ".join(t.text for t in row.tokens) + "%0" * excuses_zero(row.reason) + "%&" * row.opens
            for row in self.rows
        )
        letters = f"%{self.letters} " if self.notes else ""
        return f"{letters}{self.environment}[{self.option}]{{{self.world}}} " + "\\\\".join(rows)


def excuses_zero(reason: str) -> bool:
    """Whether the reason of a line says that a term of it is zero."""
    return bool(re.search(r"vanish|\bzero\b|= ?0", reason))


@dataclass
class Reader:
    """Reads a root file and what it inputs; fills ``displays``, ``messages`` and ``macros``.

    Files are named as seen from ``folder``; only files below ``root`` are input.
    """

    folder: Path
    root: Path
    macros: dict[str, Macro] = field(default_factory=dict)
    displays: list[Display] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    stack: list[Path] = field(default_factory=list)
    hiding: set[str] = field(default_factory=set)  # macros and environments that make a display or input a file
    ended: bool = False
    files: int = 0
    bytes: int = 0
    steps: int = 0

    def message(self, file: str, kind: str, text: str, at: Raw) -> Message:
        """What is wrong at a token."""
        lines = self.lines.get(file, [])
        shown = lines[at.line - 1] if 0 < at.line <= len(lines) else ""
        return Message(file, at.line, kind, short(text), at.column, shown)

    def complain(self, file: str, kind: str, text: str, at: Raw) -> None:
        """Note what is wrong outside of a display."""
        if len(self.messages) == PROBLEMS:
            kind, text, self.ended = "size", "there are more problems; these first", True
        if len(self.messages) <= PROBLEMS:
            self.messages.append(self.message(file, kind, text, at))

    def read(self, path: Path) -> None:
        """Read one file and what it inputs."""
        file = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)
        start = Raw("", 1, 1)
        self.files += 1
        if self.files > FILES or len(self.stack) >= DEPTH:
            self.complain(file, "input", f"more than {FILES} files, or {DEPTH} inside each other; input fewer", start)
            self.ended = True
            return
        try:
            with path.open("rb") as opened:
                content = opened.read(BYTES + 1)
            self.bytes += len(content)
            if self.bytes > BYTES:
                self.complain(file, "size", f"more than {BYTES // 1_000_000} MB of text; check it in parts", start)
                self.ended = True
                return
            if b"\0" in content:
                raise UnicodeError
            text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except OSError as error:
            self.complain(file, "input", f"cannot be read ({error.strerror})", start)
            return
        except UnicodeError:
            self.complain(file, "input", "is not UTF-8 text; save it as UTF-8", start)
            return
        self.lines[file] = text.split("\n")
        self.stack.append(path)
        try:
            self._scan(file, Text(text))
        except ReadError as error:
            self.complain(file, error.kind, str(error), error.at)
        self.stack.pop()

    def _scan(self, file: str, text: Text) -> None:
        position, ordinal, inline = 0, 0, False
        while not self.ended and (found := NOTICED.search(text.text, position)):
            position = found.end()
            if found.lastgroup in (None, "comment", "bar") and found.group() not in self.hiding:
                continue
            at = Raw(found.group(), *text.place(found.start()))
            name = (found["begun"] or found["ended"] or "").strip()
            if found["define"]:
                name, macro, end = definition(text, position, found["define"].rstrip("*"))
                if not found["define"].startswith("provide") or name not in {*self.macros, *BUILTIN}:
                    self.macros[name] = macro
                    self._hides(name, text.text[position:end])
                position = end
            elif found["otherwise"]:
                obstacle = "is not defined by \\newcommand; define it so, or write it out"
                self.macros[found["otherwise"]] = Macro(0, obstacle=obstacle)
            elif found["skip"]:
                name, end = environment_definition(text, position)
                self._hides(name, text.text[position:end])
                position = end
            elif found["file"] is not None or found["plain"]:
                self._input(file, (found["file"] or found["plain"] or "").strip(), at)
            elif found["unread"]:
                self.complain(file, "input", f"{found.group()} is not followed; use \\input", at)
            elif found["begin"] and name in ENVIRONMENTS:
                ordinal += 1
                body, position = _body(text, position, name, at)
                self._display(file, body, at, name, ordinal)
            elif found["begin"] and name.rstrip("*") in OPAQUE:
                position = end_of(text, position, name, at)[1]
            elif found["end"] and name in ENVIRONMENTS:
                raise ReadError("syntax", f"\\end{{{name}}} without its \\begin", at)
            elif found["end"] and name == "document":
                self.ended = True
            elif found["false"]:
                position = after_fi(text, position)
            elif (
                found["bracket"]
                or found["command"]
                or found["dollars"]
                or (found["begin"] and name.rstrip("*") in BARE)
            ):
                position, inline = self._bare(file, text, found, at, inline)
            elif found.group() in self.hiding or (found["begin"] and name in self.hiding):
                self.complain(file, "bare", f"{found.group()} hides a display or an \\input; write it out", at)
            elif found["paragraph"]:
                inline = False
                position -= 1  # the next paragraph may be empty too

    def _bare(self, file: str, text: Text, found: re.Match[str], at: Raw, inline: bool) -> tuple[int, bool]:
        """Refuse a display that is not run; the offset after its beginning, and whether a $ is open there."""
        position = found.end()
        if found["dollars"] == "$" or (found["dollars"] and inline):
            return position, inline ^ (found["dollars"] == "$")
        self.complain(file, "bare", f"{found.group()} is not executed; {ADVICE}", at)
        if found["dollars"]:
            end = text.text.find("$$", position)
            position = end + 2 if end >= 0 else len(text.text)
        return position, inline

    def _hides(self, name: str, body: str) -> None:
        """Note a macro or an environment whose use would be a display that is not seen."""
        (self.hiding.add if HIDES.search(body) and name not in ENVIRONMENTS else self.hiding.discard)(name)

    def _input(self, file: str, name: str, at: Raw) -> None:
        try:
            paths = [(self.root / candidate).resolve() for candidate in (name + ".tex", name)]
            path = next((p for p in paths if p.is_file()), paths[0])
        except (OSError, ValueError):
            self.complain(file, "input", f"there can be no file {name}", at)
            return
        if not path.is_relative_to(self.root):
            self.complain(file, "input", f"{name} lies outside the document's folder; copy it into the folder", at)
        elif path in self.stack:
            self.complain(file, "input", f"{name} inputs itself; remove one of the \\input", at)
        elif not path.is_file():
            self.complain(file, "input", f"there is no file {name}", at)
        else:
            self.read(path)

    def _display(self, file: str, body: list[Raw], start: Raw, environment: str, ordinal: int) -> None:
        option, world, error = "", "", None
        rows: tuple[Row, ...] = ()
        labels: list[str] = []
        try:
            labels = [text_of(group(body, j + 1)[0]) for j, t in enumerate(body[:-1]) if t.text == "\\label"]
            given, j = optional(body, 0)
            option = text_of(given or [])
            if any(t.text == "\\label" for t in given or ()):
                raise ReadError("syntax", "a label stands in the option; put it after the arguments", start)
            if environment != "unchecked":
                if j >= len(body) or body[j].text != "{":
                    raise ReadError("world", f"name the world: \\begin{{{environment}}}{{mdp}}", start)
                argument, j = group(body, j)
                world = text_of(argument)
                if not world:
                    raise ReadError("world", f"name the world: \\begin{{{environment}}}{{mdp}}", start)
            rows = tuple(self._rows(body[j:], read=environment != "unchecked"))
        except ReadError as problem:
            error = self.message(file, problem.kind, str(problem), problem.at)
        self.displays.append(Display(file, start.line, environment, world, option, tuple(labels), rows, ordinal, error))

    def _rows(self, body: list[Raw], read: bool) -> Iterator[Row]:
        count = 0
        for row in split_rows(body, "\\\\"):
            cells = split_rows(row, "&")
            formula: list[Raw] = []
            reason: list[Raw] = []
            for number, cell in enumerate(cells):
                if number >= 2 and not cells[number - 1]:
                    reason = [t for c in cells[number:] for t in c]
                    break
                if number and number % 2 == 0 and cell:  # the next pair of columns
                    formula.append(Raw("\\qquad", cell[0].line, cell[0].column))
                formula += cell
            if not read or not row:
                continue
            if self.steps > STEPS:
                raise ReadError("size", "the macros of this document expand too far; write some out", row[0])
            expanded, steps = expand(without(formula), self.macros)
            self.steps += steps
            count += len(expanded)
            if count > TOKENS:
                raise ReadError("size", f"more than {TOKENS} tokens in one display; split it", row[0])
            if reason and reason[0].text in {"+", "-", "*", "\\cdot", *RELATION}:
                raise ReadError(
                    "syntax", "what follows && is a reason and is not run; put the formula before it", reason[0]
                )
            opens = len(cells) > 1 and any(t.text not in SPACE | QUAD for t in without(cells[0]))
            yield Row(tuple(without(expanded)), text_of(reason), row[0].line, opens)


def _body(text: Text, position: int, environment: str, at: Raw) -> tuple[list[Raw], int]:
    r"""The tokens of a display, and the offset after its \end, which stands before any other display."""
    depth: list[Raw] = []
    for token, end in text.tokens(position):
        depth.append(token)
        if token.text in ("\\begin", "\\end"):
            name = re.compile(r"\s*\{([^{}]*)\}").match(text.text, end)
            if name and token.text == "\\end" and name[1].strip() == environment:
                return depth[:-1], name.end()
            if name and name[1].strip() in ENVIRONMENTS:
                break
    raise ReadError("syntax", f"\\begin{{{environment}}} has no \\end{{{environment}}}", at)
