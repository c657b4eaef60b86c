r"""TeX tokens with their places, how arguments and rows are cut out of them, and what is said of a place."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

TOKEN = re.compile(r"(?P<comment>%[^\n]*\n?)|(?P<space>\s+)|\\[a-zA-Z]+|\\[^a-zA-Z]|[0-9]+(?:\.[0-9]+)?|.", re.DOTALL)
TOKENS, NESTING = 3000, 100  # most tokens in a display, most open brackets
UNEQUAL = "exact"  # kind of what only the exact arithmetic refuses
REMOVED = {rf"\{name}" for name in "label tag intertext shortintertext hphantom vphantom phantom".split()}


class Raw(NamedTuple):
    """A TeX token and its place; a token from a macro stands where the macro was called."""

    text: str
    line: int
    column: int
    spaced: bool = False  # whether white space came before


def short(text: str, most: int = 240) -> str:
    """A text as one line that can be printed, its middle left out when it is long."""
    line = "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
    return line if len(line) <= most else f"{line[: most // 2]} … {line[-most // 2 :]}"


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
        cut = max(0, self.column - 100)
        text = "".join(c if c.isprintable() else " " for c in self.text[cut : cut + 160]).rstrip()
        return f"{self}\n  {text}\n  {' ' * (self.column - 1 - cut)}^" if text else str(self)


class ReadError(Exception):
    """A place that cannot be read: kind, message and the token there."""

    def __init__(self, kind: str, message: str, at: Raw) -> None:
        super().__init__(short(message))
        self.kind, self.at = kind, at


class Text:
    """A text and the places in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def tokens(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[Raw, int]]:
        """Tokens from an offset on without comments and white space, each with the offset after it."""
        spaced, (line, _) = False, self.place(start)
        begins, ends = self.starts[line - 1], self._end(line)
        for match in TOKEN.finditer(self.text, start, len(self.text) if stop is None else stop):
            if match.lastgroup is not None:
                spaced = True
                continue
            text, (offset, after) = match.group(), match.span()
            while offset >= ends:
                line += 1
                begins, ends = ends, self._end(line)
            if text[0] == "\\" and text[1:].isspace():
                text = "\\ "
            yield Raw(text, line, offset - begins + 1, spaced), after
            spaced = False

    def _end(self, line: int) -> int:
        """Where the next line starts."""
        return self.starts[line] if line < len(self.starts) else len(self.text) + 1

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


def tokenize(text: str) -> list[Raw]:
    """TeX tokens of a text, comments and white space left out."""
    return [token for token, _ in Text(text).tokens()]


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


def optional(tokens: Sequence[Raw], start: int) -> tuple[list[Raw] | None, int]:
    """The tokens of an argument in [], None without one, and the index after it."""
    if start < len(tokens) and tokens[start].text == "[":
        for i in range(start, len(tokens)):
            if tokens[i].text == "]":
                return list(tokens[start + 1 : i]), i + 1
        raise ReadError("syntax", "this [ is never closed", tokens[start])
    return None, start


def text_of(tokens: Sequence[Raw]) -> str:
    """The tokens as text, white space as one blank."""
    return "".join((" " if t.spaced and i else "") + t.text for i, t in enumerate(tokens))


def split_rows(tokens: list[Raw], separator: str) -> list[list[Raw]]:
    r"""The tokens between separators outside braces; a * and an optional [..] after \\\\ are dropped."""
    parts: list[list[Raw]] = [[]]
    depth = i = 0
    while i < len(tokens):
        text = tokens[i].text
        if text == "{":
            depth += 1
        elif text == "}":
            depth -= 1
        if text != separator or depth:
            parts[-1].append(tokens[i])
        else:
            parts.append([])
            after = [t.text for t in tokens[i + 1 : i + 3] if not t.spaced] if separator == "\\\\" else []
            if after[:1] == ["*"]:
                i, after = i + 1, after[1:]
            if after[:1] == ["["]:
                i = optional(tokens, i + 1)[1] - 1
        i += 1
    return parts


def without(tokens: list[Raw]) -> list[Raw]:
    """The tokens without labels, tags and running text between lines."""
    result, i = [], 0
    while i < len(tokens):
        if tokens[i].text in REMOVED:
            i = group(tokens, i + 1)[1]
        else:
            if tokens[i].text not in ("\\notag", "\\nonumber"):
                result.append(tokens[i])
            i += 1
    return result


def after_fi(text: Text, position: int) -> int:
    r"""After the \\fi that ends an \\iffalse: what stands before it is not typeset."""
    depth = 1
    for found in re.compile(r"%[^\n]*|\\(if[a-zA-Z@]*|fi)(?![a-zA-Z@])").finditer(text.text, position):
        if (found[1] and not found[1].startswith("iff")) or found[1] == "iffalse":
            depth += -1 if found[1] == "fi" else 1
        if depth == 0:
            return found.end()
    return len(text.text)


def end_of(text: Text, position: int, environment: str, at: Raw) -> tuple[int, int]:
    r"""Offsets of the \\end of an environment, and after it."""
    found = re.compile(rf"\\end\s*\{{\s*{re.escape(environment)}\s*\}}").search(text.text, position)
    if not found:
        raise ReadError("syntax", f"\\begin{{{environment}}} has no \\end{{{environment}}}", at)
    return found.start(), found.end()
