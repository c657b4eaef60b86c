"""One spelling for each name: what stands at a place of the text, however it is written."""

import re
from collections.abc import Iterator, Sequence

from pycode.proofread.tex import Raw, group
from pycode.proofread.tokens import ACCENT, FONT, SIZE, SPACE, TEXT


def canonical(tokens: Sequence[Raw]) -> str:
    """Tokens of a subscript in one spelling: no braces, no spaces, no bold."""
    shown = "".join(t.text for t in tokens if t.text not in SPACE and t.text not in FONT - {"\\mathrm"})
    shown = re.sub(r"\\(mathrm|text|operatorname)\{?(\w+)\}?", r"\\\1{\2}", shown)
    shown = re.sub(r"\^\{?((?:\\prime)+)\}?", lambda m: "'" * m.group(1).count("\\prime"), shown)
    return (
        shown
        if "\\mathrm{" in shown or "\\text{" in shown or "\\operatorname{" in shown
        else shown.replace("{", "").replace("}", "")
    )


def base_name(tokens: Sequence[Raw], i: int) -> tuple[str, int]:
    """The name at i without primes and subscript, and the index after it."""
    text = tokens[i].text
    if text in FONT | TEXT or text in ACCENT:
        inside, after = group(tokens, i + 1)
        shown = canonical(inside)
        if text in FONT - {"\\mathrm", "\\mathsf"} and shown != "1":
            return shown, after
        if text in ("\\mathbf", "\\mathrm") and (len(shown) == 1 or shown.startswith("\\")) and shown not in "1ET":
            return shown, after
        return f"{text}{{{shown}}}", after
    return text, i + 1


def script(tokens: Sequence[Raw], i: int) -> tuple[list[Raw], int]:
    r"""What is raised or lowered at i, with or without braces as in _\\mathrm{KL}, and the index after it."""
    inside, after = group(tokens, i)
    if after < len(tokens) and tokens[i].text in FONT | TEXT and tokens[after].text == "{":
        after = group(tokens, after)[1]
        inside = list(tokens[i:after])
    return inside, after


def subscript_first(tokens: list[Raw], i: int) -> None:
    """Put a superscript at i behind the subscript that follows it: x^2_q is x_q^2."""
    if i + 1 < len(tokens) and tokens[i].text == "^":
        raised, after = group(tokens, i + 1)
        if after + 1 < len(tokens) and tokens[after].text == "_" and any(t.text != "\\prime" for t in raised):
            end = script(tokens, after + 1)[1]
            tokens[i:end] = [*tokens[after:end], *tokens[i:after]]


def words(tokens: Sequence[Raw]) -> bool:
    """Whether running text is words or punctuation, not a formula: no digits and no $ without letters around them."""
    inside, letters, figures = False, False, False
    for token in tokens:
        inside ^= token.text == "$"
        figures |= token.text == "$" or token.text[0].isdigit() or token.text in ("^", "_", "+", "=", "\\(")
        letters |= not inside and len(token.text) == 1 and token.text.isalpha()
    return letters or not figures


def with_primes(tokens: Sequence[Raw], i: int, name: str) -> tuple[str, int]:
    """A name with the primes at i, and the index after them."""
    while i < len(tokens):
        if tokens[i].text == "'":
            name, i = name + "'", i + 1
        elif tokens[i].text == "^" and i + 1 < len(tokens):
            inside, after = group(tokens, i + 1)
            if not inside or any(t.text != "\\prime" for t in inside):
                break
            name, i = name + "'" * len(inside), after
        else:
            break
    return name, i


def at_comma(tokens: list[Raw]) -> tuple[list[Raw], list[Raw]]:
    """What stands before the first comma, and what after it."""
    for i, token in enumerate(tokens):
        if token.text == ",":
            return tokens[:i], tokens[i + 1 :]
    return tokens, []


def opens(tokens: Sequence[Raw], i: int) -> bool:
    """Whether an opening bracket stands at i."""
    while i < len(tokens) and (tokens[i].text in SPACE or tokens[i].text in SIZE):
        i += 1
    return i < len(tokens) and tokens[i].text in ("(", "[", "\\{")


def is_kl(tokens: list[Raw], i: int) -> bool:
    """Whether the command at i has the argument KL."""
    return "".join(t.text for t in tokens[i + 1 : i + 5]).startswith("{KL}")


def differential(tokens: list[Raw], i: int) -> int:
    """Index of the letter when a differential, d or an upright d, begins at i; else 0."""
    texts = [t.text for t in tokens[i : i + 4]]
    shown = next((d for d in (["d"], ["\\mathrm", "d"], ["\\mathrm", "{", "d", "}"]) if texts[: len(d)] == d), None)
    return i + len(shown) if shown and i + len(shown) < len(tokens) else 0


def heads(tokens: Sequence[Raw]) -> Iterator[list[Raw]]:
    """Left sides of the definitions in a line."""
    start = 0
    for i, token in enumerate(tokens):
        if token.text in ("\\qquad", "\\quad", "&"):
            start = i + 1
        elif i > start and (
            token.text in ("\\coloneqq", "\\doteq") or [t.text for t in tokens[i : i + 2]] == [":", "="]
        ):
            yield list(tokens[start:i])


def defined(name: str, after: int, head: Sequence[Raw]) -> tuple[str, str]:
    """Name on the left of a definition, which ends before ``after``, with "()" when letters in brackets follow."""
    if after + 1 < len(head) and head[after].text == "^":
        inside, end = group(head, after + 1)
        if len(inside) == 1 and inside[0].text.isalpha():
            name, after = f"{name}^{inside[0].text}", end
    rest = [t.text for t in head[after:] if t.text not in ("\\,", "\\bigl", "\\left")]
    return name, "()" if rest[:1] == ["("] else ""
