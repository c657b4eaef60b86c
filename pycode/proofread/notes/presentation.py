r"""Tokens of other people's displays without what changes only their looks: colours, boxes, sizes, environments."""

from collections.abc import Iterator, Sequence

from pycode.proofread.spelling import script, words
from pycode.proofread.tex import NESTING, REMOVED, Raw, ReadError, group, optional
from pycode.proofread.tokens import ACCENT, BIG, DIGITS, EXPECTATION, FONT, QUAD, RELATION, SIZE, SPACE, TEXT

BLANK = SPACE | QUAD | SIZE
DROPPED = set(
    r"\nonumber \notag \large \Large \LARGE \huge \Huge \normalsize \rm \bf \it \hline \qedhere \qed \blacksquare "
    r"\allowdisplaybreaks \displaybreak \relax \centering \noindent \hfill \mathstrut".split()
)
SMALL = set(r"\scriptstyle \scriptscriptstyle \small \footnotesize \scriptsize \tiny".split())  # begin a comment
WITH_ARGUMENT = REMOVED | set(
    r"\color \vspace \cite \eqref \ref \footnote \hypertarget \cssId \class \pagecolor".split()
)
UNWRAPPED = set(
    r"\boxed \fbox \mathop \mathrel \mathbin \mathord \mathopen \mathclose \mathinner \mathpunct \mathclap \mathllap "
    r"\mathrlap \smash \ensuremath \bbox".split()
)
COLOURED = {r"\textcolor", r"\colorbox"}
TEXTS = {*TEXT, *r"\textbf \textsf \textsl \textsc \texttt \hbox \mbox \textmd".split()}
FRACTION = set(r"\frac \tfrac \dfrac \cfrac \binom \tbinom \dbinom".split())
ARGUMENTS = {**dict.fromkeys(FRACTION, 2), **dict.fromkeys([*FONT, *ACCENT, r"\sqrt", r"\substack", r"\vec"], 1)}
STACKED = {r"\stackrel", r"\overset", r"\underset"}
LONG = {r"\xlongequal", r"\xequal"}
DEFINED = {"def", "def.", "\\Delta", "\\triangle", "d"}
ROWS = {r"\cr", r"\newline", r"\tabularnewline"}
WRAPPERS = set(
    "align alignat flalign xalignat xxalignat equation gather multline eqnarray displaymath math dmath aligned "
    "alignedat gathered split multlined IEEEeqnarray array darray".split()
)
WITH_COLUMNS = set("alignat xalignat xxalignat alignedat array darray IEEEeqnarray".split())
TRIPLES = set("eqnarray array darray IEEEeqnarray".split())  # a column for the relation alone
ARROWS = set(r"\implies \Rightarrow \Longrightarrow \iff \Leftrightarrow \Longleftrightarrow \therefore".split())
FURTHER = r"\approx \simeq \cong \equiv \triangleq \eqqcolon \ne \neq < > \lt \gt \ll \gg \lesssim \gtrsim"
RELATIONS = {*RELATION, *FURTHER.split(), *ARROWS - {r"\therefore"}}
RARE = (
    r"\not \leqq \geqq \asymp \eqsim \approxeq \doteqdot \coloneq \defeq \eqdef \Leftarrow \impliedby ≤ ≥ ≠ ≈ ≡ ∝ ≜ ≔ ∼"
)
SYSTEMS = {"aligned", "alignedat", "gathered", "split"}


def plain(tokens: Sequence[Raw], depth: int = 0, alone: bool = False) -> list[Raw]:
    """The tokens that have a meaning; rows of wrapped environments become rows of the display.

    ``alone``: nothing stands beside the tokens, so that a brace to the left of their rows only holds these together.
    """
    if depth > NESTING:
        raise ReadError("size", f"braces {NESTING} deep; split the display", tokens[0] if tokens else Raw("", 0, 1))
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        at = tokens[i]
        text = at.text
        starred = i + 1 + (i + 1 < len(tokens) and tokens[i + 1].text == "*")
        if text in DROPPED:
            i += 1
        elif text in SMALL:
            result.append(at._replace(text="\\scriptstyle"))
            i += 1
        elif text in ROWS:
            result.append(at._replace(text="\\\\"))
            i += 1
        elif text in (r"\hspace", r"\hskip"):
            result.append(at._replace(text="\\quad"))
            i = group(tokens, starred)[1]
        elif text in WITH_ARGUMENT:
            i = group(tokens, optional(tokens, starred)[1])[1]
        elif text in UNWRAPPED or text in COLOURED:
            i = group(tokens, i + 1)[1] if text in COLOURED else optional(tokens, i + 1)[1]
            inside, i = group(tokens, i)
            result += plain(inside, depth + 1)
        elif text in LONG:
            result.append(at._replace(text="="))
            i = group(tokens, optional(tokens, i + 1)[1])[1]
        elif text in STACKED:
            found, i = _stacked(tokens, i, depth)
            result += found
        elif text in (r"\underbrace", r"\overbrace"):
            found, i = _brace(tokens, i, depth)
            result += found
        elif text == "\\begin":
            found, i = _environment(tokens, i, depth, result, alone)
            result += found
        elif (
            text == "\\left" and alone and (end := _system(tokens, i)) and not (_solid(result) or _solid(tokens[end:]))
        ):
            found, _ = _environment(tokens, i + 2, depth, [], False)
            result += found
            i = end
        elif text in TEXTS:
            inside, i = group(tokens, i + 1)
            result += [at._replace(text="\\text"), *_braced(inside, at)]
        elif text in ARGUMENTS:
            result.append(at._replace(text="\\frac" if text == "\\cfrac" else text))
            given, i = optional(tokens, i + 1) if text == "\\sqrt" else (None, starred)
            result += [] if given is None else [*_braced(given, at, "[]")]
            found, i = _arguments(tokens, i, ARGUMENTS[text], depth)
            result += found
        elif text in ("^", "_") and i + 1 < len(tokens) and tokens[i + 1].text == "{":
            inside, i = group(tokens, i + 1)
            result += [at, *_braced(plain(inside, depth + 1), at)]
        elif text == "{":
            inside, i = group(tokens, i)
            inside = plain(inside, depth + 1)
            result += inside if _apart(inside) else _braced(inside, at)
        else:
            result.append(at)
            i += 1
    return result


def _apart(tokens: Sequence[Raw]) -> bool:
    """Whether a group holds more than a part of a formula; its braces mean nothing."""
    signs = {"&", "\\\\", "\\text", *RELATIONS}
    leads = any(t.text in ("+", "-") for t in tokens[:1])
    return leads or open_brackets(tokens) != 0 or any(d == 0 and t.text in signs for t, d in levels(tokens))


def _braced(tokens: Sequence[Raw], at: Raw, pair: str = "{}") -> list[Raw]:
    return [at._replace(text=pair[0], spaced=False), *tokens, at._replace(text=pair[1], spaced=False)]


def _arguments(tokens: Sequence[Raw], i: int, count: int, depth: int) -> tuple[list[Raw], int]:
    """Arguments at i, each in braces; without braces TeX takes one token, and one digit of a number."""
    result: list[Raw] = []
    rest = list(tokens[i : i + 1])
    while count and rest:
        first = rest[0]
        if first.text[0] in DIGITS and len(first.text) > 1:
            inside, rest = [first._replace(text=first.text[0])], [first._replace(text=first.text[1:])]
        elif first.text in ARGUMENTS or first.text in TEXTS:  # \mathbf\mathcal{S}
            end = group(tokens, i + 1)[1]
            inside, rest, i = list(tokens[i:end]), list(tokens[end : end + 1]), end
        else:
            inside, i = group(tokens, i) if first is tokens[i] else ([first], i + 1)
            rest = list(tokens[i : i + 1])
        result += _braced(plain(inside, depth + 1), first)
        count -= 1
    if rest and (i >= len(tokens) or rest[0] is not tokens[i]):
        return [*result, rest[0]], i + 1
    return result, i


def relation(tokens: Sequence[Raw]) -> bool:
    """Whether tokens are a relation sign and nothing else."""
    shown = [t.text for t in tokens if t.text not in BLANK]
    return shown in ([":", "="], ["=", ":"]) or (len(shown) == 1 and shown[0] in RELATIONS)


def _stacked(tokens: Sequence[Raw], i: int, depth: int) -> tuple[list[Raw], int]:
    """A relation without what stands above or below it; what stands below a sum or a mean is its subscript."""
    over, after = group(tokens, i + 1)
    inside, after = group(tokens, after)
    below = plain(inside, depth + 1)
    if relation(below):
        said = "".join(t.text for t in over if t.text not in ("{", "}", *BLANK, *TEXTS, *FONT))
        return [tokens[i]._replace(text="\\triangleq")] if below[0].text == "=" and said in DEFINED else below, after
    shown = "".join(t.text for t in below)
    if tokens[i].text == "\\underset" and (shown in {*BIG, *EXPECTATION} or shown.startswith("\\operatorname")):
        return [*below, tokens[i]._replace(text="_"), *_braced(plain(over, depth + 1), tokens[i])], after
    return [tokens[i]], i + 1  # for the lexer to refuse


def _brace(tokens: Sequence[Raw], i: int, depth: int) -> tuple[list[Raw], int]:
    r"""An \underbrace with the formula below it; without one it is left out where it is no complete formula."""
    at = tokens[i]
    inside, after = group(tokens, i + 1)
    content = plain(inside, depth + 1)
    label: list[Raw] = []
    if after < len(tokens) and tokens[after].text in ("_", "^"):
        label, end = group(tokens, after + 1)
        if tokens[after + 1].text in {*TEXTS, *FONT, *ACCENT} and end < len(tokens) and tokens[end].text == "{":
            end = group(tokens, end)[1]  # _\text{…}
            label = list(tokens[after + 1 : end])
        label, after = plain(label, depth + 1), end
    if names_nothing(label):
        shown = [t.text for t in content if t.text not in BLANK]
        whole = shown and shown[-1] not in ("+", "-", "=", "\\cdot", "\\times") and not open_brackets(content)
        return [at._replace(text="\\underbrace"), *_braced(content, at)] if whole else content, after
    return [at._replace(text="\\underbrace"), *_braced(content, at), at._replace(text="_"), *_braced(label, at)], after


def names_nothing(label: Sequence[Raw]) -> bool:
    """Whether a label is words or a mark such as (a) or ②, not a formula."""
    shown = [t.text for t in label if t.text not in BLANK]
    if not shown or shown[0] == "\\text":
        return True
    if shown[0] in FONT and shown[1:2] == ["{"] and shown[-1] == "}":
        word = "".join(shown[2:-1])
        return word.isalpha() and len(word) > 1 and not word.isupper()
    marked = len(shown) in (3, 4) and shown[0] in ("(", "[") and shown[-1] in (")", "]")
    return marked or all(not t.isascii() for t in shown) or shown[0] in ("\\textcircled", "\\circledast", "\\star")


def open_brackets(tokens: Sequence[Raw], depth: int = 0) -> int:
    """How many brackets are open after the tokens."""
    return [depth, *(level for _, level in levels(tokens, depth))][-1]


def levels(tokens: Sequence[Raw], depth: int = 0) -> Iterator[tuple[Raw, int]]:
    """Each token with the number of brackets and braces that are open after it."""
    for token in tokens:
        depth += token.text in ("(", "[", "{", "\\{", "\\lbrace")
        depth -= token.text in (")", "]", "}", "\\}", "\\rbrace")
        yield token, depth


def _solid(tokens: Sequence[Raw]) -> bool:
    """Whether more than blanks, stops and labels stands here."""
    return any(t.text not in {*BLANK, ",", ".", ";"} for t in plain(tokens))


def _system(tokens: Sequence[Raw], i: int) -> int:
    r"""Index after the \right. of the brace to the left of aligned rows that is opened at i, 0 if there is none."""
    if [t.text for t in tokens[i + 1 : i + 3]] not in ([brace, "\\begin"] for brace in ("\\{", "\\lbrace")):
        return 0
    name, _, _, after = _extent(tokens, i + 2)
    return after + 2 if name in SYSTEMS and [t.text for t in tokens[after : after + 2]] == ["\\right", "."] else 0


def inner_relation(tokens: Sequence[Raw]) -> Raw | None:
    """The first relation sign of a display, wherever it stands but in scripts, limits, labels and words."""
    i = 0
    while i < len(tokens):
        text, start = tokens[i].text, i
        if text in {*RELATIONS, *RARE.split()}:
            return tokens[i]
        i += 1
        if text in ("_", "^") and i < len(tokens):
            i = script(tokens, i)[1]
        elif text in STACKED:
            i = group(tokens, i)[1]
        elif text in WITH_ARGUMENT:
            i = group(tokens, optional(tokens, i + (i < len(tokens) and tokens[i].text == "*"))[1])[1]
        elif text in TEXTS:
            inside, after = group(tokens, i)
            i = after if words(inside) else i
        assert i > start
    return None


def _extent(tokens: Sequence[Raw], i: int) -> tuple[str, int, int, int]:
    r"""Name of the environment that begins at i; the index after its name, of its \end, and after that."""
    at = tokens[i]
    argument, start = group(tokens, i + 1)
    name = "".join(t.text for t in argument)
    nested, end = 1, start
    while end < len(tokens) and nested:
        nested += {"\\begin": 1, "\\end": -1}.get(tokens[end].text, 0)
        end += 1
    if nested or end + 2 > len(tokens):
        raise ReadError("syntax", f"\\begin{{{name}}} has no \\end{{{name}}}", at)
    closing, after = group(tokens, end)
    if [t.text for t in closing] != [t.text for t in argument]:
        raise ReadError("syntax", f"\\begin{{{name}}} has no \\end{{{name}}}", at)
    return name, start, end - 1, after


def _environment(
    tokens: Sequence[Raw], i: int, depth: int, before: Sequence[Raw], alone: bool
) -> tuple[list[Raw], int]:
    r"""Rows of an environment; of one that is no list of formulas only its \begin, for the lexer to refuse."""
    name, start, end, after = _extent(tokens, i)
    bare = name.rstrip("*")
    matrix = bare in ("array", "darray") and open_brackets(before) > 0
    if bare not in WRAPPERS or matrix:
        return [tokens[i]], after
    start = optional(tokens, start)[1]
    if bare in WITH_COLUMNS:
        start = group(tokens, optional(tokens, start)[1])[1]
    alone = alone and not (_solid(before) or _solid(tokens[after:]))
    return plain(tokens[start:end], depth + 1, alone), after
