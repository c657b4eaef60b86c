r"""Notes on decision processes, for the worlds ``mdp``: means over states and actions, sets, sums over an episode."""

import re

from pycode.proofread.notes.letters import letter_at
from pycode.proofread.notes.remarks import DOTS
from pycode.proofread.notes.wording import CLOSED, EXPECT, OPENED, closing, make, parts, shown, term
from pycode.proofread.tex import Raw, group

SETS = {"S": r"\mathcal{S}", "A": r"\mathcal{A}", "R": r"\mathcal{R}"}
OF_ACTIONS = {r"\pi", r"\pi_\theta"}
VISITED = {r"\mu", r"\mu(s)"}
RETURNS = {"G", "R"}  # nothing of them comes after the end
AFTER = {"|", "\\mid", ")", "]", "\\}"}  # what may follow a sum over all times
SUMMED = re.compile(
    r"\\sum_\{(?P<index>[a-z])=0\}\^\{\\infty\}(?P<factor>\\gamma\^\{(?P=index)\})?R_\{(?P<time>\w(?:\+\w)+)\}"
)
LISTED = {
    False: re.compile(r"R_\{t\+1\}\+R_\{t\+2\}\+(?:R_\{t\+3\}\+)?"),
    True: re.compile(r"R_\{t\+1\}\+\\gammaR_\{t\+2\}\+\\gamma\^\{2\}R_\{t\+3\}\+"),
}
LONGEST = 60  # tokens of such a sum


def episodes(tokens: list[Raw], discounted: bool) -> list[Raw]:
    """Tokens in the language of the world, which may have a discount."""
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        at, text = tokens[i], tokens[i].text
        if text in (EXPECT, "E") and (found := _expectation(tokens, i, discounted)):
            result += found[0]
            i = found[1]
        elif text == "\\in" and i + 1 < len(tokens) and tokens[i + 1].text in SETS:
            result += [at, *make(SETS[tokens[i + 1].text], tokens[i + 1])]
            i += 2
        elif text == "\\int" and (found := _integral(tokens, i, discounted)):
            result += found[0]
            i = found[1]
        elif text == "\\sum" and (after := _episode(tokens, i)):
            result += [at, *make("_{t=0}^{T-1}", at)]
            i = after
        elif text == "\\sum" and tokens[i + 1 : i + 2] and tokens[i + 1].text == "_":
            limits, after = group(tokens, i + 2)
            result += [*tokens[i : i + 2], at._replace(text="{"), *_everywhere(limits), at._replace(text="}")]
            i = after
        else:
            result.append(at)
            i += 1
    return result


def _expectation(tokens: list[Raw], i: int, discounted: bool) -> tuple[list[Raw], int] | None:
    """A mean over letters with their distributions, as one mean inside of another."""
    below, after = group(tokens, i + 2) if tokens[i + 1 : i + 2] and tokens[i + 1].text == "_" else ([], i + 1)
    at = tokens[i]
    if after < len(tokens) and tokens[after].text in ("(", "[", "\\{"):
        end = closing(tokens, after) + 1
        inner = [
            tokens[after],
            *episodes(_returned(tokens[after + 1 : end - 1], discounted), discounted),
            tokens[end - 1],
        ]
    elif below and (end := term(tokens, after)) > after:
        inner = [*make("[", at), *episodes(_returned(tokens[after:end], discounted), discounted), *make("]", at)]
    else:
        return None
    drawn = [parts(part, ("\\sim",))[0] for part in parts(below, (",",))[0]] if below else []
    if any(not part for d in drawn for part in d):
        return None
    last = shown(drawn[-1][1]) if drawn and len(drawn[-1]) == 2 else ""
    if any(d[0][0].text in ("S", "A", "\\tau") for d in drawn) or (len(drawn[0:1]) and len(drawn[0]) < 2 and last):
        if not {shown(d[1]) for d in drawn if len(d) == 2} <= OF_ACTIONS | VISITED:
            return None
        return [at._replace(text=EXPECT), *make(r"_{\pi}", at), *inner], end
    if any(len(d) != 2 for d in drawn) or not drawn:
        return [at._replace(text=EXPECT), *tokens[i + 1 : after], *inner], end
    state = next((shown(d[0]) for d in drawn if d[0][0].text in ("s", "x")), "s")
    for letter, chance in reversed(drawn):
        name = shown(letter)
        density = _with_letter(chance, name, state)
        about = [at._replace(text="_"), at._replace(text="{"), *make(name + r"\sim", at), *density]
        inner = [*make("[", at), at._replace(text=EXPECT), *about, at._replace(text="}"), *inner, *make("]", at)]
    return inner, end


def _returned(tokens: list[Raw], discounted: bool) -> list[Raw]:
    r"""What a mean is of: G_t for the sum of all rewards after t, G_0 for that after 0 beside a condition on S_0."""
    conditions = parts(tokens, ("|", "\\mid"))[0][1:]
    started = any(_written(part[:5]) == "S_{0}" for given in conditions for part in parts(given, (",",))[0])
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        time, after = _rewards(tokens, i, discounted)
        if time == "t" or (time and started):
            result += make(f"G_{time}", tokens[i])
            i = after
        else:
            result.append(tokens[i])
            i += 1
    return result


def _rewards(tokens: list[Raw], i: int, discounted: bool) -> tuple[str, int]:
    """The time after which all rewards, discounted or not, are summed at i, and the index after the sum."""
    for end in range(i + 1, min(len(tokens), i + LONGEST) + 1):
        following = tokens[end].text if end < len(tokens) else "|"
        if tokens[i].text == "\\sum" and following in AFTER | {"+", "-"} and tokens[end - 1].text == "}":
            found = SUMMED.fullmatch(_written(tokens[i:end]))
            if not found or bool(found["factor"]) != discounted:
                break
            index, times = found["index"], sorted(found["time"].split("+"))
            return next((t for t in "0t" if times == sorted({"1", index, t} - {"0"}) and t != index), ""), end
        if tokens[i].text == "R" and tokens[end - 1].text in DOTS:
            before = tokens[i - 1].text if i else "("
            found = LISTED[discounted].fullmatch(_written(tokens[i : end - 1]))
            return ("t" if found and before in ("(", "[", "\\{") and following in AFTER else ""), end
    return "", i


def _written(tokens: list[Raw]) -> str:
    """Tokens with their braces, without signs of products."""
    return "".join(t.text for t in tokens if t.text != "\\cdot")


def _everywhere(limits: list[Raw]) -> list[Raw]:
    """Limits without the names of sets: to others the states are all of them, the terminal one included."""
    result: list[Raw] = []
    for token in limits:
        if result and result[-1].text == "\\in" and token.text in (*SETS, *SETS.values()):
            result.pop()
        else:
            result.append(token)
    return result


def _with_letter(chance: list[Raw], letter: str, state: str) -> list[Raw]:
    """A distribution with the letter that it is one of."""
    if any(t.text == "(" for t in chance):
        return [part for t in chance for part in (make(letter, t) if t.text == "\\cdot" else [t])]
    given = f"({letter}\\mid {state})" if shown(chance) in OF_ACTIONS else f"({letter})"
    return [*chance, *make(given, chance[-1])]


def _episode(tokens: list[Raw], i: int) -> int:
    """The index after the limits of a sum over t to T or ∞ of something with a return, which is 0 from T on; else 0."""
    if [t.text for t in tokens[i + 1 : i + 3]] != ["_", "{"]:
        return 0
    low, after = group(tokens, i + 2)
    if shown(low) != "t=0" or after >= len(tokens) or tokens[after].text != "^":
        return 0
    high, after = group(tokens, after + 1)
    if shown(high) not in ("T", "\\infty"):
        return 0
    depth = 0
    for j in range(after, term(tokens, after)):
        depth += (tokens[j].text in OPENED) - (tokens[j].text in CLOSED)
        if depth == 0 and letter_at(tokens, j)[0] in RETURNS and tokens[j + 1 : j + 2] and tokens[j + 1].text == "_":
            return after
    return 0


def _integral(tokens: list[Raw], i: int, discounted: bool) -> tuple[list[Raw], int] | None:
    """An integral over states or actions as the sum that it is where they are finite."""
    after = i + 1
    if after < len(tokens) and tokens[after].text == "_":
        after = group(tokens, after + 1)[1]
    open_integrals = depth = 0
    for j in range(after, len(tokens)):
        text = tokens[j].text
        depth += (text in OPENED) - (text in CLOSED)
        if depth < 0:
            return None
        open_integrals += text == "\\int"
        letter, end = letter_at(tokens, j + 1) if text == "d" and j + 1 < len(tokens) else ("", 0)
        if letter and letter[0] in "sax":
            if not open_integrals:
                at = tokens[i]
                return [
                    *make(r"(\sum_{" + letter + "}", at),
                    *episodes(tokens[after:j], discounted),
                    *make(")", at),
                ], end
            open_integrals -= 1
    return None
