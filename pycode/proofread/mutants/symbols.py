"""Another letter where one stands: an index, a symbol of the same sort of the world, a density, a policy."""

from collections.abc import Iterator

from pycode.proofread.mutants.anatomy import ACCENTS, OPEN, SPACE, Anatomy, Edit
from pycode.proofread.tex import tokenize
from pycode.proofread.worlds import Vocabulary

ALIASES = {"\\varepsilon"}  # another name of \\epsilon
Planted = Iterator[tuple[str, list[Edit]]]


def letters(text: Anatomy) -> Planted:
    """Another letter: an index, or a symbol of the same sort from the world's vocabulary."""
    v = text.vocabulary
    shown = set(text.texts) | {text.name(i)[0] for i in range(len(text.texts))}
    i = 0
    while i < len(text.texts):
        if text.texts[i] in OPEN or text.texts[i] in OPEN.values() or text.texts[i] in SPACE:
            i += 1
            continue
        name, end = text.name(i)
        if name in ACCENTS or text.texts[i] in ("_", "^", "'", "\\frac"):
            i += 1
            continue
        letter = name if name in v.variables else text.texts[i]
        sort = v.variables.get(letter, "real")
        if sort != "real" and (letter == name or name not in text.known):
            same = [x for x in v.variables if v.variables[x] == sort and x != letter]
            near = [x for x in same if x in shown] + [x for x in same if x not in shown][:1]
            wrong = [x for x in ("a", "k", "s") if v.variables.get(x, sort) != sort]
            for other in [*near, *wrong[:1], *(["s_0"] if sort == "state" and "s_0" in v.constants else [])]:
                yield "index", [(i, i + len(tokenize(letter)), tokens(other))]
        elif name == "s_0":
            for other in [x for x in ("s", "x", "s'") if x in v.variables]:
                yield "index", [(i, end, tokens(other))]
        elif name not in text.data:
            kind = "expectation" if text.averages(i) else "symbol"
            others = same_sort(name, v)
            near = [x for x in others if x in shown]
            for other in [*near, *[x for x in others if x not in near][:3]]:
                yield kind, [renamed(text, i, end, other)]
        i = end if name in text.known else i + 1


def densities(text: Anatomy) -> Planted:
    """Another density, or another policy, under an expectation."""
    for i, _ in enumerate(text.texts):
        if text.name(i)[0] != "\\mathbb{E}":
            continue
        after = text.name(i)[1]
        if text.texts[after : after + 1] != ["_"]:
            if text.texts[after : after + 1] == ["["] and text.vocabulary.policies:
                yield "expectation", [(after, after, ["_", "{", "\\pi", "'", "}"])]
            continue
        end = text.argument(after + 1)
        inside = text.texts[after + 1 : end]
        if inside == ["\\pi"]:
            yield "expectation", [(after + 1, end, ["{", "\\pi", "'", "}"])]
        elif "\\sim" in inside:
            for other in (
                "\\mathcal{N}(0,1)",
                "\\mathcal{N}(\\mu_p,\\sigma_p^2)",
                "\\mathcal{N}(0,\\sigma_q^2)",
                "\\mathcal{N}(\\mu_q,1)",
            ):
                yield "expectation", [(after + 1, end, ["{", inside[1], "\\sim", *tokens(other), "}"])]
        else:
            for other in ("p(z)", "p_\\phi(z\\mid x)", "q_\\theta(z\\mid x)"):
                yield "expectation", [(after + 1, end, ["{", *tokens(other), "}"])]


def tokens(text: str) -> list[str]:
    """TeX tokens of a canonical name or a short formula."""
    name, mark, subscript = text.partition("_")
    plain = mark and not set("(,~") & set(text) and "\\mathcal" not in text
    return [t.text for t in tokenize(f"{name}_{{{subscript}}}" if plain else text)]


def renamed(text: Anatomy, i: int, end: int, other: str) -> Edit:
    """The edit that puts another name at i; an index after a comma stays."""
    new = tokens(other)
    if text.texts[end : end + 1] != [","] or text.texts[end - 2 : end - 1] != ["{"]:
        return i, end, new
    return (i, end, new[:-1]) if new[-1] == "}" else (i, end + 1, [*new, "_", "{"])


def same_sort(name: str, v: Vocabulary) -> list[str]:
    """Names that could stand where this one does."""
    if name in v.policies:
        return [x for x in v.policies if x != name and "\\theta" not in x]
    if name in v.parameters:
        return [x for x in v.parameters if x != name]
    if name in v.randoms:
        return [x for x in v.randoms if x != name]
    found: list[str] = []
    if name in v.functions:
        found = [x for x, s in v.functions.items() if x != name and set(s) & set(v.functions[name])]
    if name in v.constants:
        found += [x for x, s in v.constants.items() if x != name and set(s) & set(v.constants[name])]
    if v.variables.get(name) == "real":
        found += [x for x, s in v.variables.items() if s == "real" and x != name]
    return [x for x in dict.fromkeys(found) if "\\pi_\\theta" not in x and x not in ALIASES]
