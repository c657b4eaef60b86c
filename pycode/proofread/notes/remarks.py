r"""What stands in the rows of notes beside their formulas: reasons, labels, ranges of letters, words for names."""

import re
from collections.abc import Sequence

from pycode.proofread.notes.presentation import ARROWS, BLANK, RELATIONS, levels
from pycode.proofread.spelling import script, words
from pycode.proofread.tex import Raw, ReadError, group, text_of
from pycode.proofread.tokens import BIG, EXPECTATION, OPERATOR, QUAD, SIZE, SPACE

SIGNS = {"+", "-", "*", "/", "\\cdot", "\\times", "\\odot", "\\pm"}
STOPS = {",", ".", ";", "，", "。", "；", "、"}
BEFORE_OPERAND = {*SIGNS, *RELATIONS, ":", "(", "[", "\\{", *BIG, *(o for o in OPERATOR if "{" not in o)}
# Words that are no names, though they stand alone; those that introduce a formula; those that make it depend on more.
PROSE = set(
    "for where with and by since because if when as using or from let so thus then hence at on in to is has of see eq "
    "note recall by via def definition assume therefore but while given".split()
)
STATES = set("where with and let or so thus hence then therefore but while namely".split())
CONDITIONS = set("if when whenever unless assuming provided otherwise else".split())
DOTS = {"\\dots", "\\ldots", "\\cdots", "\\dotsc", "\\dotsb", "\\dotsm"}


def formula(tokens: Sequence[Raw], depth: int = 0) -> tuple[list[Raw], str]:
    """A row's formula, and the remarks in it; ``depth``: brackets open before it."""
    result: list[Raw] = []
    said: list[str] = []
    i = 0
    while i < len(tokens):
        at = tokens[i]
        if at.text in ("_", "^") and i + 1 < len(tokens):
            end = script(tokens, i + 1)[1]
            result += tokens[i:end]
            i = end
            continue
        end = _remark(tokens, i, result, depth)
        if at.text == "\\text" and (not end or _hides(tokens, i, result)):
            end = group(tokens, i + 1)[1]
            hidden = _hides(tokens, i, result)  # for the lexer to refuse
            result += [at if hidden else at._replace(text="\\mathrm"), *tokens[i + 1 : end]]
            i = end
            continue
        if not end:
            depth += at.text in ("(", "[", "{", "\\{", "\\lbrace")
            depth -= at.text in (")", "]", "}", "\\}", "\\rbrace")
            result.append(at)
            i += 1
            continue
        while at.text in ("(", "[") and result and result[-1].text in SIZE:  # \Big(
            result.pop()
        phrase = spoken(tokens[i:end])
        first = next(iter(re.findall(r"[a-z]+", phrase.lower())), "")
        if first in CONDITIONS:
            raise ReadError("syntax", f"this is said under a condition in words: {phrase}; state it without", at)
        following = next((t.text for t in tokens[end:] if t.text not in BLANK), "")
        if not any(c.isalnum() for c in phrase) and set(phrase) <= STOPS | {" "}:
            result += [at._replace(text=c) for c in phrase if c != " "]
        elif depth == 0 and first not in STATES and at.text != "\\therefore":
            said.append(phrase)
            if following not in {":", *RELATIONS, *SIGNS} and _begun(result) and _last(result) not in BEFORE_OPERAND:
                said.append(spoken(tokens[end:]))
                break
        elif depth == 0 and following:
            result.append(at._replace(text="\\qquad"))
        i = end
    return _trimmed(result), " ".join(said)


def _hides(tokens: Sequence[Raw], i: int, before: Sequence[Raw]) -> bool:
    """Whether the text at i is a formula; a number in brackets behind a blank is none."""
    inside = group(tokens, i + 1)[0]
    number = len(inside) > 1 and inside[0].text in ("(", "[") and before and before[-1].text in SPACE | QUAD
    return not words(inside) and not number


def _last(tokens: Sequence[Raw]) -> str:
    """The last token that is no blank."""
    return next((t.text for t in reversed(tokens) if t.text not in BLANK), "")


def _begun(tokens: Sequence[Raw]) -> bool:
    return any(t.text not in BLANK for t in tokens)


def spoken(tokens: Sequence[Raw]) -> str:
    """Tokens as words."""
    return text_of([t for t in tokens if t.text not in ("{", "}", "\\text", "~", "\\mathrm", *BLANK)]).strip()


def _remark(tokens: Sequence[Raw], i: int, before: Sequence[Raw], depth: int) -> int:
    """Index after the remark that begins at i, 0 if there is none."""
    text = tokens[i].text
    if text in ("\\because", "\\therefore", "\\forall") and depth == 0:
        return _quantified(tokens, i) if text == "\\forall" else i + 1
    if text == "\\text":
        inside, end = group(tokens, i + 1)
        return 0 if _names(tokens, inside, end, before, depth) else end
    upright = text in ("\\mathrm", "\\textrm", "\\mathsf", "\\mathit", "\\mathnormal") and depth == 0
    if upright and tokens[i + 1 : i + 2] and tokens[i + 1].text == "{" and _last(before) not in BEFORE_OPERAND:
        inside, end = group(tokens, i + 1)
        shown = [t.text for t in inside]
        apart = "~" in shown or "\\ " in shown or any(t.spaced for t in inside[1:])
        return end if apart and sum(t.isalpha() for t in shown) > 2 else 0
    if text in ("(", "[") and depth == 0 and (end := _closing(tokens, i)):
        inside = [t for t in tokens[i + 1 : end - 1] if t.text not in BLANK]
        shown = [t.text for t in inside]
        numbered = len(shown) in (2, 3) and shown[0].isdigit() and set(shown[1:]) == {"*"}
        aside = bool(before) and before[-1].text in QUAD and len(shown) == 1 and shown[0].isdigit()
        if numbered or aside:
            return end
        if shown[:1] == ["\\because"] or (shown[:1] == ["\\text"] and _aside(tokens[i], before, inside)):
            return end
    return 0


def _quantified(tokens: Sequence[Raw], i: int) -> int:
    r"""Index after a remark that begins with \forall: letters with sets or ranges, no relation of its own."""
    for at in range(i + 1, len(tokens)):
        text = tokens[at].text
        rest = [t.text for t in tokens[at + 1 :] if t.text not in BLANK]
        ranged = any(t.endswith("dots") or t == "\\{" for t in rest) or (rest[:1] and rest[0].isdigit())
        if text in RELATIONS and (any(t in "([" for t in rest) or (text == "=" and not ranged)):
            raise ReadError("syntax", "a relation after \\forall; write it on its own", tokens[at])
    return len(tokens)


def _aside(bracket: Raw, before: Sequence[Raw], inside: Sequence[Raw]) -> bool:
    """Whether a bracket that begins with words is a remark, not an argument or a factor."""
    said, end = group(inside, 1)
    before = [t for t in before if t.text not in SIZE]
    apart = bool(before) and (before[-1].text in SPACE | QUAD or bracket.spaced or before[-1].text in (")", "]"))
    factor = len(inside) > end and inside[end].text in SIGNS | {"(", "["}
    return _begun(before) and apart and not (_word(said) and (factor or before[-1].text not in SPACE | QUAD))


def _word(inside: Sequence[Raw]) -> bool:
    shown = "".join(t.text for t in inside)
    return shown.isascii() and shown.isalpha() and shown.lower() not in PROSE and not any(t.spaced for t in inside)


def _names(tokens: Sequence[Raw], inside: Sequence[Raw], end: int, before: Sequence[Raw], depth: int) -> bool:
    """Whether a text is a name, or words that stand for one, and no remark."""
    previous = next((t.text for t in reversed(before) if t.text not in BLANK - QUAD), "")
    following = next((t.text for t in tokens[end:] if t.text not in BLANK), "")
    operand = (
        previous in BEFORE_OPERAND or _after_scripts(before) or (depth > 0 and previous in (",", ";", "|", "\\mid"))
    )
    if _word(inside):
        start = not previous or previous in QUAD
        if not start and before[-1].text not in SPACE:  # 2\text{cost}
            return True
        return operand or following in ("(", "[", "_", "^") or (start and following in RELATIONS)
    if previous in RELATIONS and not following:
        return True
    first = "".join(t.text for t in inside[:1])
    begins = re.findall(r"[a-z]+", text_of(inside).lower())[:1]
    return operand and first.isalpha() and first.isascii() and not {*begins} & PROSE


def _after_scripts(before: Sequence[Raw]) -> bool:
    r"""Whether what stands before is a \sum or a mean with its scripts: a term must follow."""
    i = len(before)
    while i and before[i - 1].text == "}":
        depth = 0
        while i:
            i -= 1
            depth += {"}": 1, "{": -1}.get(before[i].text, 0)
            if depth == 0:
                break
        if not i or before[i - 1].text not in ("_", "^"):
            return False
        i -= 1
    return 0 < i < len(before) and before[i - 1].text in {*BIG, *EXPECTATION}


def _closing(tokens: Sequence[Raw], i: int) -> int:
    """Index after the bracket that closes the one at i, 0 if none does."""
    return next((i + j for j, (_, depth) in enumerate(levels(tokens[i:]), 1) if depth == 0), 0)


def _trimmed(tokens: Sequence[Raw]) -> list[Raw]:
    """Tokens without blanks at their ends."""
    solid = [i for i, t in enumerate(tokens) if t.text not in SPACE | QUAD]
    return list(tokens[solid[0] : solid[-1] + 1]) if solid else []


def stopped(tokens: Sequence[Raw]) -> tuple[list[Raw], bool]:
    r"""Tokens without a stop at their end, and whether there was one; the . of a \right. stays."""
    found, ended = _trimmed(tokens), False
    while found and found[-1].text in STOPS and not (len(found) > 1 and found[-2].text in SIZE):
        found, ended = _trimmed(found[:-1]), True
    return found, ended


def comment(cell: Sequence[Raw]) -> bool:
    """Whether a cell behind the formula is a comment."""
    shown = [t.text for t in cell if t.text not in BLANK - {"\\scriptstyle"}]
    if not shown or shown[0] in RELATIONS | SIGNS | {":"}:
        return False
    if shown[0] == "\\text" and not words(group(cell, [t.text for t in cell].index("\\text") + 1)[0]):
        return True
    kept, said = formula(cell)
    return shown[0] in ("\\scriptstyle", "\\because", "\\forall") or bool(
        said and not any(related(t, d) for t, d in levels(kept))
    )


def stated(tokens: Sequence[Raw], depth: int) -> tuple[list[Raw], str]:
    r"""A row without the blanks inside its formulas, and without segments that only give the range of a letter."""
    segments: list[list[Raw]] = [[]]
    quads: list[Raw] = []
    for token, level in levels(tokens, depth):
        if level == 0 and token.text in QUAD:
            segments.append([])
            quads.append(token)
        else:
            segments[-1].append(token)
    result, said = segments[0], []
    for quad, segment in zip(quads, segments[1:], strict=True):
        shown = [t.text for t in segment if t.text not in BLANK]
        if not shown:
            continue
        if _range(shown, segment):
            said.append(text_of(segment))
        elif shown[0] in RELATIONS | SIGNS or not _begun(result):
            result = result + segment
        else:
            result = [*result, quad, *segment]
    return result, " ".join(said)


def _range(shown: Sequence[str], segment: Sequence[Raw]) -> bool:
    """Whether a segment says which values a letter takes."""
    if "\\in" in shown and not any(related(t, d) for t, d in levels(segment)):
        return set(shown[: shown.index("\\in")]) <= {",", "'", "_", "^", "{", "}", "\\prime"} | {
            t for t in shown if len(t) == 1 or t.startswith("\\")
        }
    return "," in shown and bool(DOTS & {*shown}) and shown[1:2] == ["="]


def related(token: Raw, level: int) -> bool:
    """Whether a token is a relation outside of brackets."""
    return level == 0 and token.text in RELATIONS


def elided(tokens: Sequence[Raw]) -> list[Raw]:
    r"""Tokens without a side that is only dots: A = \dots = C says A = C."""
    solid = [i for i, t in enumerate(tokens) if t.text not in BLANK]
    dropped: set[int] = set()
    for before, i, after in zip(solid, solid[1:], [*solid[2:], None], strict=False):
        ends = after is None or tokens[after].text in RELATIONS
        if tokens[i].text in DOTS and tokens[before].text == "=" and ends:
            dropped |= {before, i}
    return [t for i, t in enumerate(tokens) if i not in dropped]


def arrowless(tokens: Sequence[Raw]) -> tuple[list[Raw], bool]:
    """A row without the arrow that it begins with, and whether there was one: a new formula follows."""
    found = _trimmed(tokens)
    return (_trimmed(found[1:]), True) if found and found[0].text in ARROWS else (found, False)
