r"""Displays of notes in the language of the checker: other letters and looser spelling, rewritten token by token.

``wording`` makes the spelling uniform, ``letters`` renames, ``densities`` and ``episodes`` fill in what notes leave
out. Every token keeps its place, so messages point at the notes as they stand. Our own displays do not come here.
"""

from dataclasses import replace

from pycode.proofread.lexer import Lexer
from pycode.proofread.notes.densities import BOUND, Densities
from pycode.proofread.notes.episodes import episodes
from pycode.proofread.notes.letters import letter_at, load
from pycode.proofread.notes.wording import (
    CLOSED,
    OPENED,
    ROW,
    closing,
    logarithms,
    loose,
    make,
    parts,
    plain,
    rows,
    shown,
)
from pycode.proofread.source import Display, Row
from pycode.proofread.tex import Raw, ReadError, group
from pycode.proofread.tokens import QUAD, RELATION
from pycode.proofread.worlds import World

NAMING = {":=", "=:", "\\equiv", "\\coloneqq", "\\doteq"}


def translated(display: Display, world: World) -> Display:
    """A display of notes as the lexer reads it; what it defines on the right of a sign is defined before its rows."""
    if not display.notes:
        return display
    joined: list[Raw] = []
    for number, row in enumerate(display.rows):
        joined += [Raw(ROW, row.line, 1)] * bool(number) + [*row.tokens]
    tokens = logarithms(plain(joined))
    densities = Densities(world.name) if world.name in ("vae", "gaussians") else None
    if densities:
        tokens = densities.look(tokens)
    try:
        letters = load(display.letters, world.name)
    except ValueError as error:
        raise ReadError("letters", str(error), Raw("", display.line, 1)) from None
    tokens = letters.read(tokens, world.name)
    tokens = _gradients(tokens, world.vocabulary.parameters)
    tokens = densities.read(tokens) if densities else episodes(tokens, world.name == "mdp-discounted")
    tokens = _labels(tokens)
    found = [*rows(tokens)]
    if len(found) != len(display.rows):
        raise ReadError("syntax", "a row ends inside of an argument or a script", Raw("", display.line, 1))
    named: list[list[Raw]] = []
    lexer = Lexer(world.vocabulary, world.name, {}, world.data, world.states, "T" in world.vocabulary.randoms)
    kept, last = [], list[Raw]()
    for tokens_of in found:
        new, last = _named(tokens_of, last, lexer, named)
        kept.append(new)
    same = [replace(row, tokens=tuple(loose(new))) for row, new in zip(display.rows, kept, strict=True)]
    more = [Row(tuple(loose([*new, new[-1]._replace(text=",")])), "", new[0].line, True) for new in named]
    return replace(display, rows=(*more, *same))


def _gradients(tokens: list[Raw], parameters: tuple[str, ...]) -> list[Raw]:
    r"""``\frac{\partial X}{\partial\theta}`` as the gradient that it is; ``\nabla_{\theta,\phi}`` as that in all."""
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        at = tokens[i]
        texts = [t.text for t in tokens[i : i + 3]]
        if at.text in ("\\frac", "\\tfrac", "\\dfrac") and texts[2:] == ["\\partial"]:
            top, middle = group(tokens, i + 1)
            bottom, after = group(tokens, middle)
            if shown(bottom[:1]) == "\\partial" and shown(bottom[1:]) in parameters:
                nabla = [at._replace(text=t) for t in ("\\nabla", "_", "{", shown(bottom[1:]), "}")]
                body = _gradients(top[1:], parameters)
                whole = [*make("(", at), *nabla, *make("(", at), *body, *make("))", at)]
                result += whole if body else nabla
                i = after
                continue
        if at.text == "\\nabla" and texts[1:2] == ["_"]:
            inside, after = group(tokens, i + 2)
            if len(parts(inside, (",",))[0]) > 1:
                result.append(at)
                i = after
                continue
        result.append(at)
        i += 1
    return result


def _labels(tokens: list[Raw]) -> list[Raw]:
    """Underbraces without the labels that only name them; one that ends in a sign is no unit."""
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        if tokens[i].text != "\\underbrace":
            result.append(tokens[i])
            i += 1
            continue
        inside, after = group(tokens, i + 1)
        label, behind = list[Raw](), after
        if after < len(tokens) and tokens[after].text == "_":
            label, behind = group(tokens, after + 1)
        mark = tokens[i]._replace(text="{")
        if inside and inside[-1].text in ("+", "-", "\\cdot"):
            result += _labels(inside)
        else:
            result += [tokens[i], mark, *_labels(inside), mark._replace(text="}")]
            result += tokens[after:behind] if _says(label) else []
        i = behind
    return result


def _says(label: list[Raw]) -> bool:
    """Whether a label is a formula: the bound, or what has a relation, a number or arguments in it."""
    texts = [t.text for t in label]
    if len(label) == 3 and texts[0] == "(":
        return False
    return any(t in RELATION or t.isdigit() or t == "(" for t in texts)


def _named(row: list[Raw], before: list[Raw], lexer: Lexer, named: list[list[Raw]]) -> tuple[list[Raw], list[Raw]]:
    """A row with := where a name is defined on its left; and its last side.

    A new name on the right is defined by a row of its own, which is added to ``named``.
    """
    result: list[Raw] = []
    last, number = before, -1
    for sign, side in _sides(row):
        mark = "".join(t.text for t in sign)
        number = 0 if mark in QUAD else number + 1
        content = [t for t in side if t.text not in (",", ".", ";")]
        if mark in NAMING:
            new = number == 1 and _new(last, lexer)
            minus = [t.text for t in content[:1]] == ["-"]
            if not new and last and _new(content[minus:], lexer):
                body = [*make("-(", sign[0]), *last, *make(")", sign[0])] if minus else last
                named.append([*content[minus:], *make(":=", sign[0]), *body])
                result += side[len(content) :]
                continue
            sign = make(":=" if new else "=", sign[0])
        result += [*sign, *side]
        last = content or last
    return result, last


def _sides(row: list[Raw]) -> list[tuple[list[Raw], list[Raw]]]:
    """The signs and quads of a row outside of brackets, each with the side after it; the first side has none."""
    found: list[tuple[list[Raw], list[Raw]]] = [([], [])]
    depth = i = 0
    while i < len(row):
        texts = [t.text for t in row[i : i + 2]]
        depth += (texts[0] in OPENED) - (texts[0] in CLOSED)
        length = (
            2 if "".join(texts) in (":=", "=:") and len(texts) == 2 else int(texts[0] in {*RELATION, *QUAD, "\\equiv"})
        )
        if depth == 0 and length:
            found.append((row[i : i + length], []))
            i += length
        else:
            found[-1][1].append(row[i])
            i += 1
    return found


def _new(side: list[Raw], lexer: Lexer) -> bool:
    """Whether a side is a name, with letters in brackets or without, that the world does not have."""
    if not side or not (side[0].text[-1].isalpha() or side[0].text[-1] == "}") or side[0].text in OPENED:
        return False
    if shown(side) == BOUND.replace("{", "").replace("}", ""):
        return False
    after = letter_at(side, 0)[1]
    while after + 1 < len(side) and side[after].text in ("_", "^"):
        after = group(side, after + 1)[1]
    ends = after == len(side) or (side[after].text == "(" and closing(side, after) == len(side) - 1)
    return ends and not lexer.kind(lexer.name(loose(side), 0)[0])
