r"""TeX tokens with their places, and the expansion of \newcommand macros. Nothing else of TeX is done here."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

TOKEN = re.compile(r"(?P<comment>%[^\n]*\n?)|(?P<space>\s+)|\\[a-zA-Z]+|\\[^a-zA-Z]|[0-9]+(?:\.[0-9]+)?|.", re.DOTALL)
EXPANSION, TOKENS, NESTING = 20_000, 3000, 100  # most tokens that macros add, most in a line, most open brackets


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
        spaced = False
        for match in TOKEN.finditer(self.text, start, len(self.text) if stop is None else stop):
            if match.lastgroup is not None:
                spaced = True
            else:
                text = match.group()
                if text[0] == "\\" and text[1:].isspace():
                    text = "\\ "
                yield Raw(text, *self.place(match.start()), spaced), match.end()
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
    r"""A \\newcommand: how many arguments it takes, its body, the default of the first; ``obstacle``: why it is not read."""

    arguments: int
    body: tuple[Raw, ...] = ()
    default: tuple[Raw, ...] | None = None
    obstacle: str = ""


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
        if macro.obstacle:
            raise ReadError("name", f"{token.text} {macro.obstacle}", token)
        arguments = [] if macro.default is None else [_popped_optional(stack, token) or list(macro.default)]
        while len(arguments) < macro.arguments:
            arguments.append(_popped(stack, token))
        body = _filled(macro.body, arguments, token)
        stack += reversed(body)
        budget -= len(body) + 1
        if budget < 0:
            raise ReadError("size", f"{token.text} expands without end; a macro must not lead to itself", token)
    return result


def _popped(stack: list[Raw], call: Raw) -> list[Raw]:
    """The next argument of a macro, taken off a stack whose top is its end."""
    argument: list[Raw] = []
    depth = 0
    while stack:
        token = stack.pop()
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth < 0:
            break
        argument.append(token)
        if depth == 0:
            return argument if len(argument) == 1 else argument[1:-1]
    raise ReadError("syntax", f"an argument of {call.text} is missing or not closed", call)


def _popped_optional(stack: list[Raw], call: Raw) -> list[Raw] | None:
    """The next argument in [], if there is one."""
    if not stack or stack[-1].text != "[":
        return None
    found, i = optional(stack[::-1], 0)
    del stack[len(stack) - i :]
    return found


def _filled(body: Sequence[Raw], arguments: Sequence[Sequence[Raw]], call: Raw) -> list[Raw]:
    """The body of a macro with its arguments, at the place of the call."""
    filled: list[Raw] = []
    i = 0
    while i < len(body):
        piece, digits = body[i], body[i + 1].text if i + 1 < len(body) else ""
        if piece.text == "#" and digits[:1].isdigit():
            number, rest = int(digits[0]), digits[1:]
            if not 1 <= number <= len(arguments):
                raise ReadError("syntax", f"{call.text} uses #{number} but takes {len(arguments)} arguments", call)
            filled += [*arguments[number - 1], *([Raw(rest, call.line, call.column)] if rest else ())]
            i += 2
        else:
            filled.append(Raw(piece.text, call.line, call.column, piece.spaced))
            i += 1
    return filled


def split_rows(tokens: list[Raw], separator: str) -> list[list[Raw]]:
    r"""The tokens between separators outside braces; a * and an optional [..] after \\\\ are dropped."""
    parts: list[list[Raw]] = [[]]
    depth = 0
    i = 0
    while i < len(tokens):
        text = tokens[i].text
        depth += {"{": 1, "}": -1}.get(text, 0)
        if text == separator and depth == 0:
            parts.append([])
            after = [t.text for t in tokens[i + 1 : i + 3] if not t.spaced]
            if separator == "\\\\" and after[:1] == ["*"]:
                i, after = i + 1, after[1:]
            if separator == "\\\\" and after[:1] == ["["]:
                i = optional(tokens, i + 1)[1] - 1
        else:
            parts[-1].append(tokens[i])
        i += 1
    return parts
