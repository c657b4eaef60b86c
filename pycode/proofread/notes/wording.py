r"""Notes as others type them, made uniform: one token for each name, braces around every script, words as commands.

Names such as ``\mathcal{L}`` or ``\mathrm{KL}`` become one token each (``loose`` undoes that); places stay.
"""

from collections.abc import Iterator, Sequence

from pycode.proofread.spelling import words
from pycode.proofread.tex import Raw, ReadError, group, tokenize
from pycode.proofread.tokens import ACCENT, FONT, RELATION, SIZE, SPACE, TEXT

ROW = "\n"  # ends a row of the display
KL, ELBO, EXPECT = "\\mathrm{KL}", "\\mathrm{ELBO}", "\\mathbb{E}"
# Words that are names, in whatever font, with a backslash or without.
NAMED = {name: f"\\{name}" for name in ("log", "ln", "exp", "det", "Pr")}
NAMED |= {"tr": "\\operatorname{tr}", "Tr": "\\operatorname{tr}", "KL": KL, "ELBO": ELBO, "d": "d"}
BARS = {"\\vert": "|", "\\mid": "|", "\\Vert": "\\|", "\\parallel": "\\|", "\\circ": "\\odot", "\\lbrace": "\\{"}
BARS |= {"\\rightarrow": "\\to", "\\longrightarrow": "\\to", "\\triangleq": "\\coloneqq", "\\rbrace": "\\}"}
ARGUMENTS = {"\\frac": 2, "\\tfrac": 2, "\\dfrac": 2, "\\binom": 2, "\\sqrt": 1, "\\underbrace": 1}
APPLIED = {"\\log", "\\ln", "\\exp"}
OPENED = {"(": ")", "[": "]", "\\{": "\\}", "{": "}", "\\lvert": "\\rvert", "\\langle": "\\rangle"}
CLOSED = {close: start for start, close in OPENED.items()}
ENDS = {"+", "-", ROW, ",", "\\quad", "\\qquad", *RELATION, ":", "\\equiv"}  # of a term
FACTOR = {"(", "[", "\\{", "\\frac", "\\tfrac", "\\dfrac", "\\sqrt", "\\lvert"}  # begin one, as names do


def make(text: str, at: Raw) -> list[Raw]:
    """Tokens of a text, all standing where ``at`` does."""
    return [Raw(t.text, at.line, at.column) for t in tokenize(text)]


def loose(tokens: Sequence[Raw]) -> list[Raw]:
    """TeX tokens again."""
    return [part for t in tokens for part in (make(t.text, t) if len(t.text) > 1 else [t])]


def shown(tokens: Sequence[Raw]) -> str:
    """Tokens as one spelling: without braces of scripts and rows."""
    return "".join(t.text for t in tokens if t.text not in ("{", "}", ROW))


def closing(tokens: Sequence[Raw], start: int) -> int:
    """Index of the bracket that closes the one at ``start``."""
    waiting: list[str] = []
    for i in range(start, len(tokens)):
        text = tokens[i].text
        if text in OPENED:
            waiting.append(OPENED[text])
        elif text in CLOSED and waiting.pop() != text:
            raise ReadError("syntax", f"{text} does not fit the bracket that is open", tokens[i])
        if not waiting:
            return i
    raise ReadError("syntax", f"{tokens[start].text} is never closed", tokens[start])


def parts(tokens: Sequence[Raw], separators: Sequence[str]) -> tuple[list[list[Raw]], list[str]]:
    """What stands between separators outside of brackets, and these."""
    found: list[list[Raw]] = [[]]
    between: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token.text in OPENED) - (token.text in CLOSED)
        if depth == 0 and token.text in separators:
            found.append([])
            between.append(token.text)
        else:
            found[-1].append(token)
    return found, between


def term(tokens: Sequence[Raw], start: int) -> int:
    """Index after the term that begins at ``start``: Σ, and a mean without brackets, reach so far."""
    depth = 0
    for i in range(start, len(tokens)):
        text = tokens[i].text
        depth += (text in OPENED) - (text in CLOSED)
        if depth < 0 or (depth == 0 and text in ENDS and i > start):
            return i
    return len(tokens)


def factor(tokens: Sequence[Raw], i: int) -> int:
    """Index after the factor at i, a bracket, a fraction, or a name with scripts and arguments; i if there is none."""
    if i >= len(tokens):
        return i
    text = tokens[i].text
    if text in ARGUMENTS:
        end = group(tokens, i + 1)[1]
        end = group(tokens, end)[1] if ARGUMENTS[text] == 2 else end
    elif text in OPENED:
        end = closing(tokens, i) + 1
    elif text[-1].isalpha() or text[-1] == "}":
        end = i + 1
    else:
        return i
    while end < len(tokens) and tokens[end].text in ("'", "_", "^"):
        end = group(tokens, end + 1)[1] if tokens[end].text != "'" else end + 1
    named = text not in OPENED and text not in ARGUMENTS
    return closing(tokens, end) + 1 if named and end < len(tokens) and tokens[end].text in ("(", "[") else end


def logarithms(tokens: Sequence[Raw]) -> list[Raw]:
    r"""Brackets around what a logarithm is of where others know it and the grammar asks.

    ``\log 2\pi\sigma^2`` is of all three; ``\nabla\log\pi(a|s)\,Q`` and ``\log p(x)\int`` of the first factor.
    """
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        at = tokens[i]
        result.append(at)
        i += 1
        if at.text not in (r"\log", r"\ln") or i >= len(tokens) or tokens[i].text in ("(", "["):
            continue
        if tokens[i].text[0].isdigit():
            end = i
            while end < len(tokens) and (tokens[end].text[0].isdigit() or factor(tokens, end) > end):
                end = end + 1 if tokens[end].text[0].isdigit() else factor(tokens, end)
        else:
            end = factor(tokens, i)
            follows = tokens[end].text if end < len(tokens) else ROW
            score = _after_nabla(result[:-1]) and (follows in FACTOR or factor(tokens, end) > end)
            if not (score or follows in (r"\int", r"\cdot")):
                continue
        result += [at._replace(text="("), *logarithms(tokens[i:end]), at._replace(text=")")]
        i = end
    return result


def _after_nabla(before: Sequence[Raw]) -> bool:
    """Whether a gradient stands directly before."""
    texts = [t.text for t in before]
    start = next((i for i in range(len(texts) - 1, -1, -1) if texts[i] == "\\nabla"), len(texts))
    scripts = texts[start + 1 :]
    return start < len(texts) and (
        not scripts or (scripts[0] == "_" and "}" not in scripts[:-1] and scripts[-1] == "}")
    )


def plain(tokens: Sequence[Raw]) -> list[Raw]:
    """Tokens in the one spelling that is looked for later."""
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        found, i = _next(list(tokens), i, result[-1].text if result else "")
        if result and found and result[-1].text == found[0].text == "|":  # \\middle|\\middle|
            result[-1] = found.pop(0)._replace(text="\\|")
        result += found
    return result


def _next(tokens: list[Raw], i: int, before: str) -> tuple[list[Raw], int]:
    at, text = tokens[i], tokens[i].text
    if text in SPACE:
        return [], i + 1
    if text in SIZE:
        bar = tokens[i + 1].text if i + 1 < len(tokens) else ""
        if bar in ("|", "\\vert") and text in ("\\left", "\\right"):
            return [at._replace(text="\\lvert" if text == "\\left" else "\\rvert")], i + 2
        return [], i + 2 if bar == "." else i + 1
    if text in ("^", "_"):
        return _script(tokens, i)
    if text in FONT | TEXT | ACCENT | {"\\mathop"} and i + 1 < len(tokens):
        return _font(tokens, i)
    if text in ARGUMENTS:
        found, i = [at], i + 1
        for _ in range(ARGUMENTS[text]):
            first = tokens[i] if i < len(tokens) else at
            if first.text.isdigit() and len(first.text) > 1:
                tokens[i : i + 1] = [first._replace(text=c) for c in first.text]
            inside, i = group(tokens, i)
            found += [at._replace(text="{"), *plain(inside), at._replace(text="}")]
        return found, i
    if text == "{":
        inside, i = group(tokens, i)
        content = plain(inside)
        sums = len(parts(content, ("+", "-"))[0]) > 1
        if before in APPLIED and not sums:
            return [at._replace(text="("), *content, at._replace(text=")")], i
        return content, i
    if text in ("|", "\\vert", "\\mid") and i + 1 < len(tokens) and tokens[i + 1].text == text:
        return [at._replace(text="\\|")], i + 2
    if text in BARS:
        return [at._replace(text=BARS[text])], i + 1
    if len(text) == 1 and text.isalpha() and (word := _word(tokens, i)) and (text != "d" or word != "d"):
        return [at._replace(text=NAMED[word])], i + len(word)
    return [at], i + 1


def _script(tokens: list[Raw], i: int) -> tuple[list[Raw], int]:
    """A script in braces, or the primes that it is."""
    at = tokens[i]
    j = i + 1
    if j < len(tokens) and tokens[j].text in FONT | TEXT | ACCENT:
        inside, after = _font(tokens, j)
    else:
        raw, after = group(tokens, j)
        inside = plain(raw)
    if at.text == "^" and inside and all(t.text in ("\\prime", "'") for t in inside):
        return [t._replace(text="'") for t in inside], after
    return [at, at._replace(text="{"), *inside, at._replace(text="}")], after


def _font(tokens: list[Raw], i: int) -> tuple[list[Raw], int]:
    """A name in some font as one token; bold and the like mean nothing."""
    at, text = tokens[i], tokens[i].text
    j = i + 2 if tokens[i + 1].text == "*" else i + 1
    while j + 1 < len(tokens) and tokens[j].text in SPACE:
        j += 1
    inside, after = group(tokens, j)
    word = shown(inside)
    if text in FONT | TEXT and len(inside) > 1 and inside[1].text == "_":  # \\mathrm{D_{KL}}
        return plain(inside), after
    if text in TEXT and word in ("E", "D", "H") and after < len(tokens) and tokens[after].text in ("_", "(", "["):
        return [at._replace(text=EXPECT if word == "E" else word)], after
    if word in NAMED:
        return [at._replace(text=NAMED[word])], after
    if text in TEXT:
        if words(inside):
            return [], after
        return [at, *tokens[j:after]], after
    if text == "\\mathop" or (text in FONT - {"\\mathrm", "\\textrm", "\\mathsf"} and word != "1"):
        return plain(inside), after
    if text in FONT and (len(word) == 1 or word.startswith("\\")) and word not in "1T":
        return plain(inside), after
    if len(inside) > 2 and inside[0].text == "E" and inside[1].text == "_":  # \mathbb{E_\pi}
        return [at._replace(text=EXPECT), *plain(inside[1:])], after
    if word == "E":
        return [at._replace(text=EXPECT)], after
    return [at._replace(text=f"{text}{{{word}}}")], after


def _word(tokens: Sequence[Raw], i: int) -> str:
    """The name that the letters at i spell, when they stand close and nothing else does."""
    run = [tokens[i].text]
    last = tokens[i]
    for token in tokens[i + 1 : i + 8]:
        close = (token.line, token.column) == (last.line, last.column + 1)
        if not close or not (len(token.text) == 1 and token.text.isalpha()):
            break
        run.append(token.text)
        last = token
    return next((w for w in sorted(NAMED, key=len, reverse=True) if "".join(run).startswith(w) and len(w) > 1), "")


def rows(tokens: Sequence[Raw]) -> Iterator[list[Raw]]:
    """The rows that were joined."""
    row: list[Raw] = []
    for token in tokens:
        if token.text == ROW:
            yield row
            row = []
        else:
            row.append(token)
    yield row
