r"""Macros of a document: how \newcommand is read, and how what it defines is expanded. Nothing else of TeX is done."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pycode.proofread.tex import Raw, ReadError, Text, group, optional, text_of, tokenize

DEFINE = ("newcommand", "renewcommand", "providecommand", "DeclareMathOperator", "DeclareRobustCommand")
OTHERWISE = r"[gex]?def|let|(?:New|Renew|Provide|Declare)DocumentCommand|DeclarePairedDelimiter"  # not read
DIGITS, EXPANSION = "0123456789", 20_000  # most tokens that macros may add to a line


class Macro(NamedTuple):
    r"""A \\newcommand: number of arguments, body, default of the first argument; ``obstacle``: why it is not read."""

    arguments: int
    body: tuple[Raw, ...] = ()
    default: tuple[Raw, ...] | None = None
    obstacle: str = ""


def expand(tokens: Sequence[Raw], macros: Mapping[str, Macro]) -> tuple[list[Raw], int]:
    """The tokens with every macro replaced, at the place of its call; how many tokens the macros made."""
    result: list[Raw] = []
    stack = list(reversed(tokens))
    steps = 0
    while stack:
        token = stack.pop()
        macro = macros.get(token.text)
        if macro is None:
            result.append(token)
            continue
        if macro.obstacle:
            raise ReadError("name", f"{token.text} {macro.obstacle}", token)
        arguments = [] if macro.default is None else [_popped_optional(stack, macro.default)]
        while len(arguments) < macro.arguments:
            arguments.append(_popped(stack, token))
        body = _filled(macro.body, arguments, token)
        stack += reversed(body)
        steps += len(body) + 1
        if steps > EXPANSION:
            raise ReadError("size", f"{token.text} expands without end; a macro must not lead to itself", token)
    return result, steps


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
            if token.text[0] in DIGITS and len(token.text) > 1:  # without braces TeX takes one digit
                stack.append(Raw(token.text[1:], token.line, token.column + 1))
                return [token._replace(text=token.text[0])]
            return argument if len(argument) == 1 else argument[1:-1]
    raise ReadError("syntax", f"an argument of {call.text} is missing or not closed", call)


def _popped_optional(stack: list[Raw], default: Sequence[Raw]) -> list[Raw]:
    """The next argument if it stands in [], else the default."""
    if not stack or stack[-1].text != "[":
        return list(default)
    found, i = optional(stack[::-1], 0)
    del stack[len(stack) - i :]
    return found or []


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


def definition(text: Text, position: int, command: str) -> tuple[str, Macro, int]:
    r"""Name and macro of a \\newcommand whose arguments begin at a position, and the offset after it."""
    tokens, ends = _argument_tokens(text, position, 2)
    name, i = group(tokens, 0)
    count, i = optional(tokens, i)
    default, i = optional(tokens, i)
    body, i = group(tokens, i)
    if command == "DeclareMathOperator":
        body = [*tokenize("\\operatorname{"), *body, *tokenize("}")]
    number = text_of(count or [])
    arguments = int(number) if number in tuple("123456789") else 0
    return text_of(name), Macro(arguments, tuple(body), None if default is None else tuple(default)), ends[i - 1]


def environment_definition(text: Text, position: int) -> tuple[str, int]:
    r"""Name of the environment whose \\newenvironment begins at a position, and the offset after it."""
    tokens, ends = _argument_tokens(text, position, 3)
    name, i = group(tokens, 0)
    while i < len(tokens) and tokens[i].text == "[":
        i = optional(tokens, i)[1]
    i = group(tokens, group(tokens, i)[1])[1]
    return text_of(name), ends[i - 1]


def _argument_tokens(text: Text, position: int, count: int) -> tuple[list[Raw], list[int]]:
    """Tokens from a position up to the end of ``count`` arguments, and the offset after each."""
    tokens, ends, depth = [], [], 0
    for token, end in text.tokens(position):
        tokens.append(token)
        ends.append(end)
        if token.text == "{":
            depth += 1
        elif token.text == "}" or len(tokens) == 1:
            depth -= token.text == "}"
            count -= depth == 0
            if count <= 0 or depth < 0:
                break
    if not tokens:
        raise ReadError("syntax", "a definition without arguments", Raw("", *text.place(position)))
    return tokens, ends
