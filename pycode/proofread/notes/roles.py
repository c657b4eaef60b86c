r"""Who is who in notes on densities: the latent letter, the data, and the Gaussian that a bare name stands for."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from pycode.proofread.notes.letters import letter_at
from pycode.proofread.notes.wording import KL, closing, parts, shown
from pycode.proofread.tex import Raw, group

Q, P = r"q_{\theta}(z\mid x)", "p(z)"
ENCODER, DECODER = {"q", "Q"}, {"p", "P"}
VECTORS = {r"\Sigma", r"\sum", r"\top", "T", r"\operatorname{diag}", r"\mathrm{diag}"}
NOISES = {r"\epsilon", r"\varepsilon", "u"}
SCALES = {r"\mu", r"\sigma", r"\Sigma", r"\mathcal{N}"}
PARAMETERS = {r"\theta", r"\phi", r"\varphi", r"\lambda"}


class Call(NamedTuple):
    """A density with its arguments, the signs between them, and the index after it."""

    base: str
    name: str
    given: list[list[Raw]]
    between: list[str]
    after: int

    @property
    def sides(self) -> tuple[list[str], list[str]]:
        """Arguments before the bar or semicolon, and after it."""
        bar = next((i for i, sign in enumerate(self.between, 1) if sign != ","), len(self.given))
        names = [shown(g) for g in self.given]
        return names[:bar], names[bar:]


def call_at(tokens: list[Raw], i: int) -> Call | None:
    """The density that is called at i."""
    base = tokens[i].text
    if base not in ENCODER | DECODER:
        return None
    name, after = name_at(tokens, i)
    if after >= len(tokens) or tokens[after].text not in ("(", "["):
        return None
    end = closing(tokens, after)
    given, between = parts(tokens[after + 1 : end], (",", ";", "|"))
    return Call(base, name, given, between, end + 1) if all(given) else None


def name_at(tokens: list[Raw], i: int) -> tuple[str, int]:
    """A letter with its subscript, and the index after it."""
    base, after = letter_at(tokens, i)
    if after + 1 < len(tokens) and tokens[after].text == "_":
        inside, after = group(tokens, after + 1)
        return f"{base}_{shown(inside)}", after
    return base, after


def is_letter(name: str) -> bool:
    """Whether this is one letter, Greek and calligraphic ones included."""
    return (name[:1].isalpha() and len(name) == 1) or (name[:1] == "\\" and (name[-1].isalpha() or name[-1] == "}"))


@dataclass
class Roles:
    """What the letters of one display are; ``roles``: the Gaussian that a bare name stands for."""

    world: str
    latent: str = "z"
    data: set[str] = field(default_factory=lambda: {"x"})
    context: set[str] = field(default_factory=set)
    roles: dict[str, str] = field(default_factory=dict)
    scalar: bool = True  # whether nothing shows more than one dimension
    dimensions: set[str] = field(default_factory=set)  # letters that can be the number of dimensions

    def look(self, tokens: list[Raw]) -> list[Raw]:
        """Find who is who; the latent letter is then called z."""
        calls = [found for i in range(len(tokens)) if (found := call_at(tokens, i))]
        firsts = [c.sides[0][0] for c in calls if c.base in ENCODER]
        firsts += [c.sides[0][0] for c in calls if c.base == "P" and len(c.given) == 1]
        firsts += [
            after.text for d, after in pairwise(tokens) if not firsts and d.text == "d" and is_letter(after.text)
        ]
        if not calls and not firsts and self.world == "gaussians":
            firsts = [t.text for t in tokens if t.text in ("z", "X", "x")]
        if firsts and "z" not in firsts and is_letter(firsts[0]) and firsts[0] not in NOISES:
            self.latent = firsts[0]
        before = {n for c in calls if c.base in DECODER for n in c.sides[0]}
        behind = {n for c in calls if c.base in DECODER for n in c.sides[1]}
        known = {self.latent, self.latent + "'", *PARAMETERS}
        others = (before | behind) - known
        own = {n for n in before - known if is_letter(n)}
        self.context = {n for n in behind - before - known if own and is_letter(n)}
        self.data = others - self.context or {"x"}
        counted = {t.text for t, sign in pairwise(tokens) if sign.text == "="}
        self.dimensions = set("dknJ") - counted
        self._pair(tokens)
        numbered = self._numbered(tokens) if self.world == "gaussians" else tokens
        self.scalar = self.world == "vae" or not VECTORS & {t.text for t in tokens}
        result: list[Raw] = []
        for token in numbered:
            if token.text == "'" and result and result[-1].text == "z":
                result[-1] = result[-1]._replace(text="u")
            else:
                result.append(token._replace(text="z") if token.text == self.latent else token)
        return result

    def _numbered(self, tokens: list[Raw]) -> list[Raw]:
        """Gaussians that are numbered 0 and 1 as 1 and 2, and those of P and Q by small letters."""
        places = [i + 3 for i in self._scales(tokens)]
        marks = {tokens[i].text for i in places}
        if "0" in marks and marks & {"1", "2"} == {"1"}:
            new = {"0": "1", "1": "2"}
        elif "P" in marks or "Q" in marks:
            new = {"P": "p", "Q": "q"}
        else:
            return tokens
        return [t._replace(text=new.get(t.text, t.text)) if i in places else t for i, t in enumerate(tokens)]

    def _scales(self, tokens: list[Raw]) -> list[int]:
        r"""Where a mean, a width or a covariance with a subscript stands, or an \\mathcal{N} with one."""
        return [i for i, t in enumerate(tokens[:-4]) if t.text in SCALES and tokens[i + 1].text == "_"]

    def _pair(self, tokens: list[Raw]) -> None:
        """Which Gaussian the bare names in a divergence stand for: the one with such a subscript, or by their order."""
        self.roles = {"1": Q, "2": P, "q": Q, "Q": P, "p": P, "P": Q}
        indices = {shown(group(tokens, i + 2)[0]) for i in self._scales(tokens)}
        for i, token in enumerate(tokens):
            if token.text == KL or token.text.endswith("D}") or token.text == "D":
                start = next((j for j in range(i, min(i + 6, len(tokens))) if tokens[j].text in ("(", "[")), 0)
                two = parts(tokens[start + 1 : closing(tokens, start)], ("\\|", "|", ","))[0] if start else []
                names = [shown(part).partition("(")[0] for part in two]
                if (
                    len(names) == 2
                    and indices & {"0", "1", "2"}
                    and set(names) <= {"q", "p", "Q", "P"}
                    and not indices & set(names)
                ):
                    self.roles |= {names[0]: Q, names[1]: P}
        if indices & {"P", "Q"}:
            self.roles |= {"P": P, "Q": Q}
