r"""Notes on densities, for the worlds ``vae`` and ``gaussians``: means, divergences, entropies, integrals, the bound.

q is the density of the latent letter, its first argument: ``q(\theta)`` makes that θ. p is told by its arguments, as in
``p(x)``, ``p_\theta(x,z)``, ``p(\mathcal{D}\mid\theta)``. Without arguments q is q_θ(z|x), and p the second Gaussian.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pycode.proofread.notes.roles import (
    DECODER,
    ENCODER,
    NOISES,
    PARAMETERS,
    Call,
    P,
    Q,
    Roles,
    call_at,
    is_letter,
    name_at,
)
from pycode.proofread.notes.wording import ELBO, EXPECT, KL, ROW, closing, make, parts, shown, term
from pycode.proofread.tex import Raw, ReadError, group

BOUND = r"\mathcal{L}(\theta,\phi;x)"
KLS = {KL, "D_KL", "D_" + KL, r"\mathbb{D}_" + KL, r"\mathcal{D}_" + KL, r"\mathbb{D}"}
ENTROPY = {"H", r"\mathcal{H}", r"\mathbb{H}", "S", r"\mathrm{H}"}
FREE = {"f", "g", "h", "r", "F", r"\ell", r"\mathcal{L}", "L"}  # names of a function of the latent letter, nothing more
NOISE = {r"p(\epsilon)", r"p(\varepsilon)"}
EVERYWHERE = (r"\mathbb{R}", r"\mathcal{Z}", r"\Omega")


@dataclass
class Densities(Roles):
    """Reads the tokens of one display."""

    function: str = ""
    drawn: dict[str, dict[str, list[Raw]]] = field(default_factory=dict)  # letter of an expectation → its densities
    meant: dict[str, tuple[str, ...]] = field(default_factory=dict)  # a density here → how the notes write it

    def read(self, tokens: list[Raw]) -> list[Raw]:
        """Tokens in the language of the world."""
        result: list[Raw] = []
        i = 0
        while i < len(tokens):
            found, i = self._next(tokens, i)
            result += found
        return result

    def _next(self, tokens: list[Raw], i: int) -> tuple[list[Raw], int]:
        at, text = tokens[i], tokens[i].text
        named, after = name_at(tokens, i)
        bracket = tokens[after].text if after < len(tokens) else ""
        end = closing(tokens, after) if bracket in ("(", "[", "\\{") else 0
        inside = tokens[after + 1 : end] if end else []
        if text in (EXPECT, "E") and end:
            return self._expectation(tokens, i, after, end)
        if text in (EXPECT, "E") and after > i + 1 and (end := term(tokens, after)) > after:  # without brackets
            inside = [*make("[", at), *tokens[after:end], *make("]", at)]
            return self._expectation([*tokens[i:after], *inside], 0, after - i, len(inside) + after - i - 1)[0], end
        if text == "\\langle":
            return self._angles(tokens, i)
        if (named in KLS or (named in ("D", r"\mathcal{D}") and any(t.text == "\\|" for t in inside))) and end:
            return self._divergence(inside, at), end + 1
        if text == KL or named in KLS:
            raise ReadError("syntax", "a divergence without its densities; write KL(q\\|p)", at)
        if named in (r"\mu_q", r"\sigma_q") and (found_at := self._of_data(tokens, after)):
            return tokens[i : found_at[0]], found_at[1]
        if text in ENTROPY and end and after == i + 1:
            return self._entropy(inside, at), end + 1
        if (found := call_at(tokens, i)) is not None:
            return self._density_call(found, at), found.after
        if text in ENCODER | DECODER and not end and (bare := self._bare(tokens[i:after])):
            return make(bare, at), after
        if self._is_bound(named, inside if end else None):
            return make(BOUND, at), end + 1 if end else after
        if end and after == i + 1 and text in FREE and self._is_free(inside):
            if self.function not in ("", text):
                raise ReadError("name", f"two functions, {self.function} and {text}; this world has one", at)
            self.function = text
            return [*make("f", at), tokens[after], *self.read(inside), tokens[end]], end + 1
        if text == "\\mathcal{N}" and end:
            return self._normal(tokens, i, end), end + 1
        if text in ("\\int", "\\sum"):
            return self._integral(tokens, i)
        if text == "|" and self.world == "gaussians" and tokens[i + 1 : i + 2] and "\\Sigma" in tokens[i + 1].text:
            stop = next((j for j in range(i + 1, len(tokens)) if tokens[j].text == "|"), 0)
            if stop:
                inner = [*make("\\lvert", at), *tokens[i + 1 : stop], *make("\\rvert", tokens[stop])]
                return inner, stop + 1
        follows = tokens[i + 1].text if i + 1 < len(tokens) else ROW
        if self.world == "gaussians" and text in self.dimensions and not (follows.isalpha() or follows[0] in "\\_^"):
            return make("D", at), i + 1
        if is_letter(text):  # its subscript is a part of it
            return tokens[i:after], after
        return [at], i + 1

    def _of_data(self, tokens: list[Raw], after: int) -> tuple[int, int] | None:
        """Where the data stand in brackets, as in σ²(x): a mean or width of q is one of the data anyway."""
        start = group(tokens, after + 1)[1] if tokens[after : after + 1] and tokens[after].text == "^" else after
        if start >= len(tokens) or tokens[start].text != "(":
            return None
        end = closing(tokens, start)
        return (start, end + 1) if shown(tokens[start + 1 : end]) in self.data else None

    # Densities

    def _density_call(self, call: "Call", at: Raw) -> list[Raw]:
        second = "u" in (*call.sides[0], *call.sides[1])  # another latent letter, such as z'
        before, behind = ([{"u": "z"}.get(n, n) if second else n for n in side] for side in call.sides)
        names = [*before, *behind]
        own, usual = ("q", "q_\\theta") if call.base in ENCODER else ("p", "p_\\phi")
        if call.name not in (call.base, f"{call.base}_*", call.base + usual[1:]):
            raise ReadError("name", f"{call.name} is not called {usual} here; say so in a file for --letters", at)
        if own == "q":
            if names[0] != "z":
                raise ReadError("name", f"{call.base} is the density of {self.latent} here, not of {names[0]}", at)
            if self.world == "gaussians" and len(names) == 1:
                return _made(self.roles[call.base], second, at)
            self._means(Q, [n for n in names[1:] if n not in PARAMETERS], at)
            return _made(Q, second, at)
        if self.world == "gaussians" and names == ["z"]:
            return _made(self.roles[call.base], second, at)
        shape, outside = "", []
        for part in (before, behind):
            outside += [n for n in part if n in self.context]
            known = [n for n in part if n in self.data]
            if (known and set(known) != self.data) or not {*part} <= {"z", *self.data, *self.context, *PARAMETERS}:
                wanted = " and ".join(sorted(self.data))
                raise ReadError("name", f"this density is neither of z nor of {wanted}, given the other", at)
            shape += "x" * bool(known) + "z" * ("z" in part) + "|"
        forms = {"z||": P, "x||": r"p_{\phi}(x)", "xz||": r"p_{\phi}(x,z)", "x|z|": r"p_{\phi}(x\mid z)"}
        forms |= {"z|x|": r"p_{\phi}(z\mid x)"}
        if shape + "|" not in forms and shape not in forms:
            raise ReadError("name", "this density has no meaning in a model of x and z", at)
        found = forms.get(shape + "|") or forms[shape]
        self._means(found, outside, at)
        return _made(found, second, at)

    def _means(self, density: str, written: Sequence[str], at: Raw) -> None:
        """Refuse one density that is written with different conditions."""
        if self.meant.setdefault(density, tuple(written)) != tuple(written):
            raise ReadError("name", "the same density with other conditions before; this world has one of them", at)

    def _bare(self, tokens: Sequence[Raw]) -> str:
        """The density that a name without arguments stands for, or ''."""
        name = shown(tokens)
        base, _, number = name.partition("_")
        if self.world == "gaussians" and base in (r"\mathcal{N}", "p", "q", "P", "Q") and number in ("1", "2"):
            return self.roles[number]
        if self.world == "gaussians" and name in self.roles:
            return self.roles[name]
        return Q if name in ENCODER or name == "q_\\theta" else ""

    def _density(self, tokens: list[Raw]) -> list[Raw]:
        bare = r"\mathcal{N}(0,1)" if shown(tokens) in NOISE else self._bare(tokens)
        return make(bare, tokens[0]) if bare else self.read(tokens)

    def _normal(self, tokens: list[Raw], i: int, end: int) -> list[Raw]:
        given, between = parts(tokens[i + 2 : end], (",", ";", "|"))
        result = tokens[i : i + 2]
        for part, sign in zip(given, [*between, ""], strict=True):
            unit = self.scalar and shown(part) == "I"
            result += make("1", part[0]) if unit else self.read(part)
            if sign:
                first = len(given) == 3 and part is given[0]
                result += make(";" if first else ",", tokens[i])
        return [*result, tokens[end]]

    # What is made of densities

    def _expectation(self, tokens: list[Raw], i: int, start: int, end: int) -> tuple[list[Raw], int]:
        at, body = tokens[i], tokens[start + 1 : end]
        if start == i + 1:
            return [*make(EXPECT, at), tokens[start], *self.read(body), tokens[end]], end + 1
        below = group(tokens, i + 2)[0]
        two = parts(below, ("\\sim",))[0]
        letter = shown(two[0]) if len(two) == 2 else shown(below)[2:-1] if shown(below) in NOISE else ""
        if not letter and len(self.drawn.get(shown(below), {})) == 1:
            letter, density = shown(below), next(iter(self.drawn[shown(below)].values()))
        elif not letter and is_letter(shown(below)) and not self._bare(below):
            raise ReadError("syntax", f"say over which density the mean over {shown(below)} is taken", at)
        else:
            density = self._density(two[-1])
        bare = bool(self._bare(two[-1]))
        called = letter if is_letter(letter) else "z"
        if self.world == "gaussians" and called not in {"z", *NOISES}:
            bare = True
        if self.world == "gaussians" and bare and not any(t.text == "z" for t in body):
            called = letter or next((t.text for t in body if t.text in ("X", "x", "Y", "y")), "z")
            body = [t._replace(text="z") if t.text == called else t for t in body]
            called = "z"
        self.drawn.setdefault(called, {})[shown(density)] = density
        about = [at._replace(text="_"), at._replace(text="{"), *make(called + r"\sim", at), *density]
        return [
            *(at._replace(text=EXPECT), *about, at._replace(text="}")),
            *(tokens[start]._replace(text="["), *self.read(body), tokens[end]._replace(text="]")),
        ], end + 1

    def _angles(self, tokens: list[Raw], i: int) -> tuple[list[Raw], int]:
        """⟨f⟩_q as the expectation that it is."""
        end = closing(tokens, i)
        if end + 1 >= len(tokens) or tokens[end + 1].text != "_":
            raise ReadError(
                "syntax", "an average in angle brackets needs its density, as in \\langle f\\rangle_q", tokens[i]
            )
        after = group(tokens, end + 2)[1]
        at = tokens[i]
        whole = [
            at._replace(text=EXPECT),
            *tokens[end + 1 : after],
            *make("[", at),
            *tokens[i + 1 : end],
            *make("]", at),
        ]
        return self.read(whole), after

    def _divergence(self, inside: list[Raw], at: Raw) -> list[Raw]:
        two = parts(inside, ("\\|",))[0]
        for sign in ("|", ","):
            two = two if len(two) == 2 else parts(inside, (sign,))[0]
        if len(two) != 2 or not all(two):
            raise ReadError("syntax", "a divergence has two densities with \\| between them", at)
        q, p = (self._density(part) for part in two)
        return [*make("\\mathrm{KL}(", at), *q, *make(r"\|", at), *p, *make(")", at)]

    def _entropy(self, inside: list[Raw], at: Raw) -> list[Raw]:
        """-E_q[log q], or -E_q[log p] for two densities."""
        two = [self._density(part) for part in parts(inside, (",",))[0]]
        below = [*make("_", at), at._replace(text="{"), *two[0], at._replace(text="}")]
        return [*make("(-", at), *make(EXPECT, at), *below, *make(r"[\log", at), *two[-1], *make("])", at)]

    def _is_bound(self, named: str, inside: list[Raw] | None) -> bool:
        """Whether this is the evidence lower bound: by its name, or by its arguments."""
        base, _, low = named.partition("_")
        if base not in (ELBO, r"\mathcal{L}", "L") or (low and low not in (ELBO, r"\theta,\phi", r"\phi,\theta")):
            return False
        known = {*self.data, "x", *PARAMETERS, "q", "Q", "p", "q_\\theta", "p_\\phi"}
        if inside is None:
            return ELBO in (base, low)
        given = {shown(p) for p in parts(inside, (",", ";", "|"))[0]}
        whole = ELBO in (base, low) or low or given & ENCODER or len(given & PARAMETERS) > 1 or "q_\\theta" in given
        return bool(whole) and given <= known  # \mathcal{L}(\theta) could be a likelihood, or a loss

    def _is_free(self, inside: list[Raw]) -> bool:
        return any(t.text in ("z", r"\epsilon", r"\varepsilon", "\\mu") for t in inside)

    def _integral(self, tokens: list[Raw], i: int) -> tuple[list[Raw], int]:
        """∫ with its differential where that was left out, and a sum over the latent letter as an integral."""
        at, after, letter = tokens[i], i + 1, ""
        if after < len(tokens) and tokens[after].text == "_":
            inside, behind = group(tokens, after + 1)
            letter = shown(inside)
            if at.text == "\\int" and letter.startswith(EVERYWHERE):
                after, letter = behind, ""
            elif letter == "z":
                after = behind
            elif at.text == "\\sum" and letter == r"z\in\mathcal{Z}":
                after, letter = behind, "z"
        follows = tokens[after].text if after < len(tokens) else ""
        if at.text == "\\sum" and (letter != "z" or follows == "^"):
            return [at], i + 1
        if at.text == "\\int" and follows == "d" and _differential(tokens, after):  # \int dz f
            letter, after = tokens[after + 1].text, after + 2
        else:
            there = any(_differential(tokens, k) for k in range(after, term(tokens, after)))
            if at.text == "\\int" and (letter != "z" or there):
                return [*make("\\int", at)], after
        stop = term(tokens, after)
        return [*make("\\int", at), *self.read(tokens[after:stop]), *make(f"d {letter}", at)], stop


def _made(density: str, second: bool, at: Raw) -> list[Raw]:
    """Tokens of a density, of z or of the second latent letter u."""
    return [t._replace(text="u") if second and t.text == "z" else t for t in make(density, at)]


def _differential(tokens: Sequence[Raw], i: int) -> bool:
    return tokens[i].text == "d" and i + 1 < len(tokens) and is_letter(tokens[i + 1].text)
