r"""Reads .tex files: follows \input, collects \newcommand, cuts out the displays. Nothing in them is executed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pycode.proofread.tex import (
    TOKENS,
    Macro,
    Raw,
    ReadError,
    Text,
    expand,
    group,
    optional,
    split_rows,
    text_of,
    tokenize,
)

ENVIRONMENTS = ("checked", "defining", "model", "unchecked")
BARE = ("align", "alignat", "flalign", "equation", "gather", "multline", "eqnarray", "displaymath", "math", "dmath")
OPAQUE = ("verbatim", "Verbatim", "lstlisting", "comment", "filecontents", "tikzpicture", "pythontexcustomcode")
DEFINE = ("newcommand", "renewcommand", "providecommand", "DeclareMathOperator")
NOTICED = re.compile(
    r"(?P<comment>%[^\n]*)|\\(?P<end>end)\s*\{(?P<ended>[^{}]*)\}|\\(?P<begin>begin)\s*\{(?P<begun>[^{}]*)\}"
    rf"|(?P<bracket>\\\[)|\\(?P<define>(?:{'|'.join(DEFINE)})\b\*?)|\\(?P<skip>(?:re)?newenvironment\b)"
    r"|\\(?P<input>input|include)\s*\{(?P<file>[^{}]*)\}"
    r"|\\[a-zA-Z]+|\\.|(?P<dollars>\$\$?)",
    re.DOTALL,
)
FILES, BYTES, DEPTH = 200, 4_000_000, 40


@dataclass(frozen=True)
class Message:
    """What is wrong, where: ``line`` and ``column`` count from 1, ``text`` is the line."""

    file: str
    line: int
    kind: str
    message: str
    column: int = 1
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.message}"

    def shown(self) -> str:
        """The message, the line and a caret under the place."""
        text = self.text.replace("\t", " ").rstrip()
        cut = max(0, self.column - 100)
        return f"{self}\n  {text[cut : cut + 160]}\n  {' ' * (self.column - 1 - cut)}^" if text else str(self)


@dataclass(frozen=True)
class Row:
    """A line of a display: its tokens up to the reason, macros expanded, and the reason."""

    tokens: tuple[Raw, ...]
    reason: str
    line: int


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

    @property
    def label(self) -> str:
        """The first label, or ''."""
        return self.labels[0] if self.labels else ""

    @property
    def source(self) -> str:
        """What is executed: macros expanded, no reasons, no white space."""
        rows = "\\\\".join(
            " ".join(t.text for t in row.tokens) + ("%0" if excuses_zero(row.reason) else "") for row in self.rows
        )
        return f"{self.environment}[{self.option}]{{{self.world}}} {rows}"


def excuses_zero(reason: str) -> bool:
    """Whether the reason of a line says that a term of it is zero."""
    return bool(re.search(r"vanish|\bzero\b|= ?0", reason))


@dataclass
class Reader:
    """Reads a root file and what it inputs; fills ``displays``, ``messages`` and ``macros``."""

    folder: Path
    macros: dict[str, Macro] = field(default_factory=dict)
    displays: list[Display] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    stack: list[Path] = field(default_factory=list)
    ended: bool = False

    def message(self, file: str, kind: str, text: str, at: Raw) -> Message:
        """What is wrong at a token."""
        lines = self.lines.get(file, [])
        return Message(file, at.line, kind, text, at.column, lines[at.line - 1] if 0 < at.line <= len(lines) else "")

    def complain(self, file: str, kind: str, text: str, at: Raw) -> None:
        """Note what is wrong outside of a display."""
        self.messages.append(self.message(file, kind, text, at))

    def read(self, path: Path) -> None:
        """Read one file and what it inputs."""
        file = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)
        start = Raw("", 1, 1)
        if len(self.lines) >= FILES or len(self.stack) >= DEPTH:
            self.complain(file, "input", "too many files; is this one document?", start)
            return
        try:
            content = path.read_bytes()
            if len(content) > BYTES or b"\0" in content:
                raise UnicodeError
            text = content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
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
            at = Raw(found.group(), *text.place(found.start()))
            name = (found["begun"] or found["ended"] or "").strip()
            if found["define"]:
                position = self._define(text, position, found["define"].rstrip("*"))
            elif found["skip"]:
                position = _skip(text, position)
            elif found["input"]:
                self._input(file, found["file"].strip(), at)
            elif found["begin"] and name in ENVIRONMENTS:
                ordinal += 1
                body, position = _body(text, position, name, at)
                self._display(file, body, at, name, ordinal)
            elif found["begin"] and name in OPAQUE:
                position = _end(text, position, name, at)[1]
            elif found["end"] and name in ENVIRONMENTS:
                raise ReadError("syntax", f"\\end{{{name}}} without its \\begin", at)
            elif found["end"] and name == "document":
                self.ended = True
            elif (
                found["bracket"]
                or (found["begin"] and name.rstrip("*") in BARE)
                or (found["dollars"] == "$$" and not inline)
            ):
                advice = "use \\begin{checked}{world}, defining, model, or unchecked[reason]"
                self.complain(file, "bare", f"{found.group()} is not executed; {advice}", at)
                if found["dollars"]:
                    position = text.text.find("$$", position) + 2 or len(text.text)
            elif found["dollars"] == "$":
                inline = not inline

    def _define(self, text: Text, position: int, command: str) -> int:
        tokens, ends = _argument_tokens(text, position, 2)
        name, i = group(tokens, 0)
        count, i = optional(tokens, i)
        default, i = optional(tokens, i)
        body, i = group(tokens, i)
        if command == "DeclareMathOperator":
            body = [*tokenize("\\operatorname{"), *body, *tokenize("}")]
        if default is None and name and (command != "providecommand" or name[0].text not in self.macros):
            number = text_of(count or [])
            self.macros[name[0].text] = Macro(int(number) if number.isdigit() else 0, tuple(body))
        return ends[i - 1]

    def _input(self, file: str, name: str, at: Raw) -> None:
        path = (self.folder / (name if Path(name).suffix else name + ".tex")).resolve()
        if not path.is_relative_to(self.folder):
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
            if environment != "unchecked":
                if j >= len(body) or body[j].text != "{":
                    raise ReadError("world", f"name the world: \\begin{{{environment}}}{{mdp}}", start)
                argument, j = group(body, j)
                world = text_of(argument)
            rows = tuple(self._rows(body[j:], read=environment != "unchecked"))
        except ReadError as problem:
            error = self.message(file, problem.kind, str(problem), problem.at)
        self.displays.append(Display(file, start.line, environment, world, option, tuple(labels), rows, ordinal, error))

    def _rows(self, body: list[Raw], read: bool) -> Iterator[Row]:
        for row in split_rows(body, "\\\\"):
            cells = split_rows(row, "&")
            formula: list[Raw] = []
            reason: list[Raw] = []
            for number, cell in enumerate(cells):
                if number >= 2 and not cells[number - 1]:
                    reason = [t for c in cells[number:] for t in c]
                    break
                formula += cell
            if not read or not row:
                continue
            expanded = expand(_without(formula), self.macros)
            if len(expanded) > TOKENS:
                raise ReadError("size", f"a line of {len(expanded)} tokens; split it (at most {TOKENS})", row[0])
            yield Row(tuple(_without(expanded)), text_of(reason), row[0].line)


def _argument_tokens(text: Text, position: int, count: int) -> tuple[list[Raw], list[int]]:
    """Tokens from a position up to the end of ``count`` arguments, and the offset after each."""
    tokens, ends, depth = [], [], 0
    for token, end in text.tokens(position):
        tokens.append(token)
        ends.append(end)
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        count -= depth == 0 and (token.text == "}" or (len(tokens) == 1))
        if count <= 0 or depth < 0:
            break
    if not tokens:
        raise ReadError("syntax", "a definition without arguments", Raw("", *text.place(position)))
    return tokens, ends


def _skip(text: Text, position: int) -> int:
    """After the definition of an environment."""
    tokens, ends = _argument_tokens(text, position, 3)
    i = group(tokens, 0)[1]
    while i < len(tokens) and tokens[i].text == "[":
        i = optional(tokens, i)[1]
    i = group(tokens, group(tokens, i)[1])[1]
    return ends[i - 1]


def _end(text: Text, position: int, environment: str, at: Raw) -> tuple[int, int]:
    r"""Offsets of the \\end of an environment, and after it."""
    found = re.compile(rf"\\end\s*\{{\s*{re.escape(environment)}\s*\}}").search(text.text, position)
    if not found:
        raise ReadError("syntax", f"\\begin{{{environment}}} has no \\end{{{environment}}}", at)
    return found.start(), found.end()


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


def _without(tokens: list[Raw]) -> list[Raw]:
    """The tokens without labels, tags and running text between lines."""
    result, i = [], 0
    while i < len(tokens):
        if tokens[i].text in (
            "\\label",
            "\\tag",
            "\\intertext",
            "\\shortintertext",
            "\\hphantom",
            "\\vphantom",
            "\\phantom",
        ):
            i = group(tokens, i + 1)[1]
        else:
            if tokens[i].text not in ("\\notag", "\\nonumber"):
                result.append(tokens[i])
            i += 1
    return result
