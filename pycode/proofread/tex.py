r"""TeX tokens with their places, and the expansion of \newcommand macros. Nothing else of TeX is done here."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

TOKEN = re.compile(r"(?P<comment>%[^\n]*\n?)|(?P<space>\s+)|\\[a-zA-Z]+|\\[^a-zA-Z]|\d+(?:\.\d+)?|.", re.DOTALL)
EXPANSION, TOKENS, NESTING = 20_000, 3000, 100  # most tokens that macros add, most in a line, most open brackets


class Raw(NamedTuple):
    """A TeX token and its place; a token from a macro stands where the macro was called."""

    text: str
    line: int
    column: int
    spaced: bool = False  # whether white space came before


class ReadError(Exception):
    """A place that cannot be read: kind, message and the token there."""

    def __init__(self, kind: str, message: str, at: Raw) -> None:
        super().__init__(message)
        self.kind, self.at = kind, at


class Text:
    """A text and the places in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def tokens(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[Raw, int]]:
        """Tokens from an offset on without comments and white space, each with the offset after it."""
        spaced = False
        for match in TOKEN.finditer(self.text, start, len(self.text) if stop is None else stop):
            if match.lastgroup is not None:
                spaced = True
            else:
                yield Raw(match.group(), *self.place(match.start()), spaced), match.end()
                spaced = False

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


class Macro(NamedTuple):
    r"""Number of arguments and body of a \\newcommand."""

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


def split_rows(tokens: list[Raw], separator: str) -> list[list[Raw]]:
    r"""The tokens between separators outside braces; an optional [..] after \\\\ is dropped."""
    parts: list[list[Raw]] = [[]]
    depth = 0
    i = 0
    while i < len(tokens):
        text = tokens[i].text
        depth += {"{": 1, "}": -1}.get(text, 0)
        if text == separator and depth == 0:
            parts.append([])
            if separator == "\\\\" and i + 1 < len(tokens) and tokens[i + 1].text == "[" and not tokens[i + 1].spaced:
                i = optional(tokens, i + 1)[1] - 1
        else:
            parts[-1].append(tokens[i])
        i += 1
    return parts
