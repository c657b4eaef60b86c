r"""Notes on decision processes, for the worlds ``mdp``: means over states and actions, sets, sums over an episode."""

from pycode.proofread.notes.letters import letter_at
from pycode.proofread.notes.wording import CLOSED, EXPECT, OPENED, closing, make, parts, shown, term
from pycode.proofread.tex import Raw, group

SETS = {"S": r"\mathcal{S}", "A": r"\mathcal{A}", "R": r"\mathcal{R}"}
OF_ACTIONS = {r"\pi", r"\pi_\theta"}
VISITED = {r"\mu", r"\mu(s)"}
RETURNS = {"G", "R"}  # nothing of them comes after the end


def episodes(tokens: list[Raw]) -> list[Raw]:
    """Tokens in the language of the world."""
    result: list[Raw] = []
    i = 0
    while i < len(tokens):
        at, text = tokens[i], tokens[i].text
        if text in (EXPECT, "E") and (found := _expectation(tokens, i)):
            result += found[0]
            i = found[1]
        elif text == "\\in" and i + 1 < len(tokens) and tokens[i + 1].text in SETS:
            result += [at, *make(SETS[tokens[i + 1].text], tokens[i + 1])]
            i += 2
        elif text == "\\int" and (found := _integral(tokens, i)):
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


def _expectation(tokens: list[Raw], i: int) -> tuple[list[Raw], int] | None:
    """A mean over letters with their distributions, as one mean inside of another."""
    below, after = group(tokens, i + 2) if tokens[i + 1 : i + 2] and tokens[i + 1].text == "_" else ([], i + 1)
    at = tokens[i]
    if after < len(tokens) and tokens[after].text in ("(", "[", "\\{"):
        end = closing(tokens, after) + 1
        inner = [tokens[after], *episodes(tokens[after + 1 : end - 1]), tokens[end - 1]]
    elif below and (end := term(tokens, after)) > after:
        inner = [*make("[", at), *episodes(tokens[after:end]), *make("]", at)]
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


def _integral(tokens: list[Raw], i: int) -> tuple[list[Raw], int] | None:
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
                return [*make(r"(\sum_{" + letter + "}", at), *episodes(tokens[after:j]), *make(")", at)], end
            open_integrals -= 1
    return None
