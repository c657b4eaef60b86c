"""Reads .tex files: follows \\input, collects \\newcommand, cuts out the displays. Nothing in them is executed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ENVIRONMENTS = ("checked", "defining", "model", "unchecked")
BARE = {"align", "alignat", "flalign", "equation", "gather", "multline", "eqnarray", "displaymath", "math", "dmath"}
OPAQUE = {"verbatim", "Verbatim", "lstlisting", "comment", "filecontents", "tikzpicture", "pythontexcustomcode"}
TOKEN = re.compile(r"(?P<comment>%[^\n]*\n?)|(?P<space>\s+)|\\[a-zA-Z]+|\\[^a-zA-Z]|\d+(?:\.\d+)?|.", re.DOTALL)
FILES, BYTES, EXPANSION, TOKENS, NESTING = 200, 4_000_000, 20_000, 3000, 100


class Raw(NamedTuple):
    """A TeX token and its place; a token from a macro stands where the macro was called."""

    text: str
    line: int
    column: int
    spaced: bool = False  # whether white space came before


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


class ReadError(Exception):
    """A place that cannot be read: kind, message and the token there."""

    def __init__(self, kind: str, message: str, at: Raw) -> None:
        super().__init__(message)
        self.kind, self.at = kind, at


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


def tokenize(text: str) -> list[Raw]:
    """TeX tokens of a text, comments and white space left out."""
    tokens, line, start, spaced = [], 1, 0, False
    for match in TOKEN.finditer(text):
        piece = match.group()
        if match.lastgroup == "comment" or match.lastgroup == "space":
            spaced = True
        else:
            tokens.append(Raw(piece, line, match.start() - start + 1, spaced))
            spaced = False
        if "\n" in piece:
            line += piece.count("\n")
            start = match.start() + piece.rindex("\n") + 1
    return tokens


def group(tokens: Sequence[Raw], start: int) -> tuple[list[Raw], int]:
    """The tokens of the argument at ``start`` without its braces, and the index after it."""
    if start >= len(tokens):
        raise ReadError("syntax", "an argument is missing at the end", tokens[-1])
    if tokens[start].text != "{":
        return [tokens[start]], start + 1
    depth = 0
    for i in range(start, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[i].text, 0)
        if depth == 0:
            return list(tokens[start + 1 : i]), i + 1
    raise ReadError("syntax", "this { is never closed", tokens[start])


def _optional(tokens: Sequence[Raw], start: int) -> tuple[list[Raw] | None, int]:
    if start < len(tokens) and tokens[start].text == "[":
        for i in range(start, len(tokens)):
            if tokens[i].text == "]":
                return list(tokens[start + 1 : i]), i + 1
        raise ReadError("syntax", "this [ is never closed", tokens[start])
    return None, start


def text_of(tokens: Sequence[Raw]) -> str:
    """The tokens as text, white space as one blank."""
    return "".join((" " if t.spaced and i else "") + t.text for i, t in enumerate(tokens))


class Macro(NamedTuple):
    """Number of arguments and body of a \\newcommand."""

    arguments: int
    body: tuple[Raw, ...]


def expand(tokens: Sequence[Raw], macros: Mapping[str, Macro]) -> list[Raw]:
    """The tokens with every macro replaced, at the place of its call."""
    result: list[Raw] = []
    stack = list(reversed(tokens))
    budget = EXPANSION + 10 * len(tokens)
    while stack:
        token = stack.pop()
        macro = macros.get(token.text)
        if macro is None:
            result.append(token)
            continue
        arguments = []
        for _ in range(macro.arguments):
            if not stack:
                raise ReadError("syntax", f"{token.text} takes {macro.arguments} arguments", token)
            head = list(reversed(stack[-TOKENS:]))
            argument, used = group(head, 0)
            del stack[len(stack) - used :]
            arguments.append(argument)
        body: list[Raw] = []
        i = 0
        while i < len(macro.body):
            piece = macro.body[i]
            if piece.text == "#" and i + 1 < len(macro.body) and macro.body[i + 1].text.isdigit():
                number, rest = int(macro.body[i + 1].text[0]), macro.body[i + 1].text[1:]
                if not 1 <= number <= macro.arguments:
                    raise ReadError(
                        "syntax", f"{token.text} uses #{number} but takes {macro.arguments} arguments", token
                    )
                body += arguments[number - 1] + ([Raw(rest, token.line, token.column)] if rest else [])
                i += 2
            else:
                body.append(Raw(piece.text, token.line, token.column, piece.spaced))
                i += 1
        stack += reversed(body)
        budget -= len(body) + 1
        if budget < 0:
            raise ReadError("syntax", f"{token.text} expands without end", token)
    return result


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

    def complain(self, file: str, kind: str, message: str, at: Raw) -> Message:
        """Note what is wrong at a token."""
        lines = self.lines.get(file, [])
        text = lines[at.line - 1] if 0 < at.line <= len(lines) else ""
        found = Message(file, at.line, kind, message, at.column, text)
        self.messages.append(found)
        return found

    def name(self, path: Path) -> str:
        """A path as it is printed, relative to the document's folder."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)

    def read(self, path: Path) -> None:
        """Read one file and what it inputs."""
        file = self.name(path)
        start = Raw("", 1, 1)
        if len(self.lines) >= FILES:
            self.complain(file, "input", f"more than {FILES} files; is this one document?", start)
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
        tokens = tokenize(text)
        try:
            self._scan(file, tokens)
        except ReadError as error:
            self.complain(file, error.kind, str(error), error.at)
        self.stack.pop()

    def _scan(self, file: str, tokens: list[Raw]) -> None:
        i, ordinal, inline = 0, 0, False
        while i < len(tokens) and not self.ended:
            token, text = tokens[i], tokens[i].text
            i += 1
            if text in ("\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareMathOperator"):
                i = self._define(tokens, i, text)
            elif text in ("\\newenvironment", "\\renewenvironment"):
                i = group(tokens, i)[1]
                while i < len(tokens) and tokens[i].text == "[":
                    i = _optional(tokens, i)[1]
                i = group(tokens, group(tokens, i)[1])[1]
            elif text in ("\\input", "\\include") and i < len(tokens) and tokens[i].text == "{":
                argument, i = group(tokens, i)
                self._input(file, text_of(argument), token)
            elif text == "\\begin":
                name, after = group(tokens, i)
                environment = text_of(name)
                if environment in ENVIRONMENTS:
                    ordinal += 1
                    i = self._display(file, tokens, i - 1, after, environment, ordinal)
                elif environment.rstrip("*") in BARE:
                    self._bare(file, f"\\begin{{{environment}}}", token)
                    i = after
                else:
                    i = _end(tokens, after, environment, token)[1] if environment in OPAQUE else after
            elif text == "\\end" and text_of(group(tokens, i)[0]) in ENVIRONMENTS:
                raise ReadError("syntax", f"\\end{{{text_of(group(tokens, i)[0])}}} without its \\begin", token)
            elif text == "\\end" and text_of(group(tokens, i)[0]) == "document":
                self.ended = True
            elif text == "\\[":
                self._bare(file, "\\[", token)
            elif text == "$":
                double = not inline and i < len(tokens) and tokens[i].text == "$" and not tokens[i].spaced
                if double:
                    self._bare(file, "$$", token)
                    i = next(
                        (j + 2 for j in range(i + 1, len(tokens) - 1) if tokens[j].text == tokens[j + 1].text == "$"),
                        len(tokens),
                    )
                else:
                    inline = not inline

    def _bare(self, file: str, what: str, at: Raw) -> None:
        self.complain(
            file,
            "bare",
            f"{what} is not executed; use \\begin{{checked}}{{world}}, defining, model, or unchecked[reason]",
            at,
        )

    def _define(self, tokens: list[Raw], i: int, command: str) -> int:
        if i < len(tokens) and tokens[i].text == "*":
            i += 1
        name, i = group(tokens, i)
        count, i = _optional(tokens, i)
        default, i = _optional(tokens, i)
        body, i = group(tokens, i)
        if command == "\\DeclareMathOperator":
            body = tokenize("\\operatorname{") + body + tokenize("}")
        if default is None and name and (command != "\\providecommand" or name[0].text not in self.macros):
            number = text_of(count or [])
            self.macros[name[0].text] = Macro(int(number) if number.isdigit() else 0, tuple(body))
        return i

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

    def _display(self, file: str, tokens: list[Raw], begin: int, i: int, environment: str, ordinal: int) -> int:
        start = tokens[begin]
        body, after = _end(tokens, i, environment, start)
        labels = [text_of(group(body, j + 1)[0]) for j, t in enumerate(body[:-1]) if t.text == "\\label"]
        option, world, rows, error = "", "", (), None
        try:
            given, j = _optional(body, 0)
            option = text_of(given or [])
            if environment != "unchecked":
                if j >= len(body) or body[j].text != "{":
                    raise ReadError("world", f"name the world: \\begin{{{environment}}}{{mdp}}", start)
                argument, j = group(body, j)
                world = text_of(argument)
            rows = tuple(self._rows(body[j:], read=environment != "unchecked"))
        except ReadError as problem:
            error = self.complain(file, problem.kind, str(problem), problem.at)
            self.messages.pop()  # it is the display's own
        self.displays.append(Display(file, start.line, environment, world, option, tuple(labels), rows, ordinal, error))
        return after

    def _rows(self, body: list[Raw], read: bool) -> Iterator[Row]:
        for row in _split(body, "\\\\"):
            cells = _split(row, "&")
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


def _end(tokens: list[Raw], start: int, environment: str, at: Raw) -> tuple[list[Raw], int]:
    """The tokens up to the \\end of the environment, and the index after it."""
    for i in range(start, len(tokens)):
        if tokens[i].text == "\\end":
            name, after = group(tokens, i + 1)
            if text_of(name) == environment:
                return tokens[start:i], after
        elif tokens[i].text == "\\begin" and text_of(group(tokens, i + 1)[0]) in ENVIRONMENTS:
            break
    raise ReadError("syntax", f"\\begin{{{environment}}} has no \\end{{{environment}}}", at)


def _split(tokens: list[Raw], separator: str) -> list[list[Raw]]:
    """The tokens between separators outside braces; an optional [..] after \\\\ is dropped."""
    parts: list[list[Raw]] = [[]]
    depth = 0
    i = 0
    while i < len(tokens):
        text = tokens[i].text
        depth += {"{": 1, "}": -1}.get(text, 0)
        if text == separator and depth == 0:
            parts.append([])
            if separator == "\\\\" and i + 1 < len(tokens) and tokens[i + 1].text == "[" and not tokens[i + 1].spaced:
                i = _optional(tokens, i + 1)[1] - 1
        else:
            parts[-1].append(tokens[i])
        i += 1
    return parts


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
