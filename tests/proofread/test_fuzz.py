r"""Random text: whatever stands in a file, the checker answers within bounds, and nothing passes that was not run.

Each test counts its cases in ``CASES``; the last test adds them up. Inputs are drawn from fixed seeds.
"""

import random
import re
import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from pycode.proofread.document import Document, check_all, read
from pycode.proofread.worlds import NAMES, build

ROOT = Path(__file__).parents[2]
SECTIONS = [ROOT / "sections" / f"{name}.tex" for name in ("vae", "policy-gradient", "appendix")]
CORPUS = sorted((Path(__file__).parent / "corpus").rglob("*.tex"))
SECONDS, MEGABYTES = 1.0, 300  # of processor time for a case, of memory for all of them
CASES: dict[str, int] = {}

DISPLAY = re.compile(r"\\begin\{(checked|defining)\}(?:\[[^]]*\])?\{([\w-]+)\}(.*?)\\end\{\1\}", re.DOTALL)
REAL = [found.groups() for path in (*SECTIONS, *CORPUS) for found in DISPLAY.finditer(path.read_text("utf-8"))]
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+|[^\s%]", re.DOTALL)
SIGNS = r"""
    + - = ( ) [ ] { } \frac \sum \prod \int ^ _ , ; | \mid 0 1 2 12 0.5 \log \exp e \nabla \partial d \mathrm \mathbb{E}
    \Pr \to \infty \underbrace \text{so} \qquad & && \\ \\[2pt] \le \ge \propto := \sim D_{\mathrm{KL}} \| \in
    \mathcal{S} \left( \right) ' ^2 ^\prime _{s} _{k=0}^{\infty} \det \top \mathcal{N} \sqrt \binom \max \min \lfloor
    \rfloor \lvert \rvert \{ \} \mathbf{1} . ! @ \unknown \cdot / \odot \label{a} \tag{1} \hspace{1em} \cdots \pm \lim
    ² π $ # ~"""


def memory():
    """The most that this process ever took, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module", autouse=True)
def bounded_memory():
    """All cases together take little, beside what the tests before them took."""
    before = memory()
    yield
    assert memory() - before < MEGABYTES


def settled(count):
    """The same examples in every run; no shrinking, which would take minutes: a failure shows its text."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )


def vocabulary(name):
    v = build(name, 0).vocabulary
    return [*v.variables, *v.constants, *v.functions, *v.randoms, *v.policies, *v.parameters]


WORDS = {name: vocabulary(name) for name in NAMES}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file to write to; parser and worlds are built before the clock runs."""
    path = tmp_path_factory.mktemp("fuzz") / "a.tex"
    for name in NAMES:
        path.write_text(f"\\begin{{checked}}{{{name}}} 1 = 1 \\end{{checked}}")
        check_all(read(path))
    return path


def sound(file: Path, text: str | bytes, test: str, cases: int = 1) -> Document:
    """The document, after what must be true of any text."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    start = time.process_time()
    document = read(file)
    verdicts = check_all(document)
    assert time.process_time() - start < SECONDS * cases
    assert len(verdicts) == len(document.displays)
    for verdict in verdicts:
        assert all(m.kind != "internal" for m in verdict.messages), verdict.messages
        assert (verdict.status == "holds") == (not verdict.messages)
        assert verdict.environment != "checked" or verdict.status != "holds" or verdict.relations > 0
    for message in (*document.messages, *(m for v in verdicts for m in v.messages)):
        assert message.message
        assert "\n" not in str(message)
        assert all(len(line) < 600 for line in message.shown().split("\n"))
        assert 1 <= message.line <= len(document.lines.get(message.file, [""])), message
    CASES[test] = CASES.get(test, 0) + cases
    return document


def displays(bodies, environment="checked"):
    return "".join(f"\\begin{{{environment}}}{{{world}}}\n{body}\n\\end{{{environment}}}\n" for world, body in bodies)


def in_a_world(world):
    tokens = st.sampled_from(WORDS[world]) | st.sampled_from(SIGNS.split())
    return st.tuples(st.just(world), st.lists(tokens, min_size=1, max_size=12).map(" ".join))


@settled(240)
@given(st.lists(st.sampled_from(list(NAMES)).flatmap(in_a_world), min_size=20, max_size=20))
def test_random_tokens(file, bodies):
    assert len(sound(file, displays(bodies), "tokens", 20).displays) == 20


@settled(60)
@given(st.lists(st.sampled_from(list(NAMES)).flatmap(in_a_world), min_size=10, max_size=10), st.booleans())
def test_random_tokens_in_definitions_and_models(file, bodies, model):
    sound(file, displays(bodies, "model" if model else "defining"), "tokens of definitions", 10)


def mutated(draw: random.Random, tokens: list[str]) -> str:
    """Tokens with one to three places changed: dropped, doubled, or taken from elsewhere."""
    tokens = [*tokens]
    for _ in range(draw.choice((1, 1, 2, 3))):
        i, j = (draw.randrange(len(tokens) + 1) for _ in range(2))
        other = TOKEN.findall(draw.choice(REAL)[2]) or ["1"]
        start = draw.randrange(len(other))
        part = other[start : start + draw.randrange(1, 6)]
        tokens[i : i + draw.randrange(3)] = draw.choice(([], part, tokens[j : j + 4], [draw.choice(SIGNS.split())]))
    return " ".join(tokens)


@settled(120)
@given(st.integers(0, 2**32))
def test_mutated_displays(file, seed):
    """Rows of real displays: at most three of one, so that a case is small."""
    draw, bodies = random.Random(seed), []
    for _ in range(50):
        _, world, body = draw.choice(REAL)
        rows = body.split("\\\\")
        start = draw.randrange(len(rows))
        tokens = TOKEN.findall("\\\\".join(rows[start : start + draw.randrange(1, 4)]))
        bodies.append((world if draw.random() < 0.95 else draw.choice(list(NAMES)), mutated(draw, tokens)))
    sound(file, displays(bodies), "mutations", 50)


LEAVES = ["<number>", "<constant>", "<constant>", "<any>"]
FORMULAS = (
    r"""
    <e>+<e> | <e>-<e> | <e> <e> | <e>/<e> | <e>\cdot <e> | (<e>)(<e>) | <call> | <call> | <call> | <random>
    \frac{<e>}{<e>} | \bigl(<e>\bigr)^{<power>} | <sum><limits> <e> | <sum><limits> <e> | \int <e>\,d <real>
    \nabla<parameter> <e> | \frac{\partial}{\partial <any>}<e> | \frac{\partial^2 <e>}{\partial <any>^2}
    \frac{\partial^{0.5}}{\partial <any>^3}<e> | \log(<e>) | \exp(<e>) | \det(<e>) | \operatorname{tr}(<e>) | \log <e>
    \mathbb{E}<about>[<e><given>] | \mathbb{E}<about>[<random>+<e><given>] | \underbrace{<e>}_{<e>}
    D_{\mathrm{KL}}(<call>\parallel <call>) | \sqrt{<e>} | \binom{<e>}{<e>} | \lfloor <e>\rfloor | \lvert <e>\rvert
    \mathbf 1\{<e>=<e>\} | \max_{<letter>} <e> | \min_{<real>} <e> | e^{<e>} | \Pr(T><e>\mid S_0=<state>)
    \Pr(S_t=<e>\mid <random>=<e>)
""".strip()
    .replace("\n", "|")
    .split("|")
)
CHOICES = {
    "power": r"2 -1 \top 0 9999999 -1000000 1/2 k <e>".split(),
    "sum": [r"\sum", r"\sum", r"\prod"],
    "limits": r"""_{<letter>} _{<letter>=0}^{\infty} _{<letter>=1}^{D} _{<letter>=0}^{T-1} _{<letter>\ge<e>}
        _{<letter><<e>} _{<letter>=0}^{<e>} _{<letter>,<letter>} _{<letter>=5}^{10^9}
        _{<letter>=<e>}^{\infty}""".split(),
    "parameter": ["", r"_\theta", r"_\phi"],
    "about": ["", *r"_\pi _{\pi'} _{<real>\sim<call>} _{<call>} _{\epsilon\sim\mathcal{N}(0,1)} _{<e>}".split()],
    "given": ["", "", *r"\mid{}S_t=<state> \mid{}S_0=s \mid<random>=<e>".split()],
}


class Writer:
    """Formulas that are nearly well formed: functions with arguments of the right sort, sums with limits, and so on."""

    def __init__(self, draw: random.Random, world: str) -> None:
        self.draw, self.v = draw, build(world, 0).vocabulary

    def letter(self, sort: str) -> str:
        fitting = [n for n, s in self.v.variables.items() if s == sort.rstrip("+")]
        return self.draw.choice(fitting if fitting and self.draw.random() < 0.9 else list(self.v.variables))

    def constant(self) -> str:
        name = self.draw.choice(list(self.v.constants))
        sort = self.draw.choice(self.v.constants[name])
        index = self.draw.choice((self.letter(sort), "1", "0", "99", "j+1", "-1", "0.5"))
        base, _, sub = name.partition("_")
        return name if not sort else f"{base}_{{{sub},{index}}}" if sub else f"{name}_{{{index}}}"

    def called(self, depth: int) -> str:
        name = self.draw.choice(list(self.v.functions) or ["f"])
        signature = self.draw.choice(self.v.functions.get(name, ("real",)))
        written = []
        for sort in re.split(r"[,;|]", signature):
            if sort == "data":
                written.append("x")
            elif sort in (*self.v.parameters, *self.v.policies):
                written.append(sort)
            elif sort in ("real", "integer") and self.draw.random() < 0.5:
                written.append(self.formula(depth - 1))
            else:
                written.append(
                    self.letter(sort) + self.draw.choice(("", "", "+1", "+100") if sort == "integer" else ("",))
                )
        marks = [*re.findall(r"[,;|]", signature), ")"]
        return f"{name}(" + "".join(w + m.replace("|", "\\mid ") for w, m in zip(written, marks, strict=True))

    def part(self, kind: str, depth: int) -> str:
        two, randoms = self.draw.choice, [*self.v.randoms] or ["S"]
        match kind:
            case "e":
                return self.formula(depth - 1)
            case "call":
                return self.called(min(depth, 1))
            case "number":
                return two(r"0 1 2 10 0.5 999999999999 \pi e \infty".split())
            case "constant":
                return self.constant()
            case "any":
                return two([*self.v.variables, *self.v.constants])
            case "letter":
                return self.letter(two(("state", "action", "reward", "integer", "dimension", "sample")))
            case "random":
                return two(randoms) + two(("", "_t", "_{t+1}", "_0", "_k", "_{t+2}"))
            case "real" | "state":
                return self.letter(kind)
        return self.filled(two(CHOICES[kind]), depth)

    def filled(self, template: str, depth: int) -> str:
        return re.sub(r"<(\w+)>", lambda found: self.part(found[1], depth), template)

    def formula(self, depth: int) -> str:
        return self.filled(self.draw.choice(FORMULAS if depth > 0 else LEAVES), depth)

    def chain(self) -> str:
        left = self.formula(self.draw.randrange(1, 4))
        right = self.draw.choice((left, "0", self.formula(self.draw.randrange(1, 4))))
        if self.draw.random() < 0.15:
            letter = self.draw.choice(list(self.v.variables))
            name = self.draw.choice(("g", "h", "v_\\pi", f"g({letter})", f"w({letter},{letter})"))
            return f"{name} := {left}, \\qquad {name} = {right}"
        return left + self.draw.choice(("=", "=", "=", "\\le ", "\\ge ", "\\propto ")) + right


@settled(100)
@given(st.integers(0, 2**32))
def test_formulas_of_the_vocabulary(file, seed):
    draw = random.Random(seed)
    worlds = [draw.choice(list(NAMES)) for _ in range(50)]
    sound(file, displays((w, Writer(draw, w).chain()) for w in worlds), "formulas", 50)


@settled(60)
@given(st.integers(0, 2**32))
def test_displays_cut_off(file, seed):
    """Real displays that end too early, at any character."""
    draw, bodies = random.Random(seed), []
    for _ in range(50):
        _, world, body = draw.choice(REAL)
        end = body.rfind("\\\\", 0, draw.randrange(len(body) + 1))  # the rows before are real ones; two of them are run
        start = max(body.rfind("\\\\", 0, max(end, 0)), 0)
        cut = (
            draw.randrange(start, len(body) + 1) if draw.random() < 0.5 else min(len(body), start + draw.randrange(80))
        )
        bodies.append((world, re.sub(r"%.*|\\$", "", body[start:cut])))
    sound(file, displays(bodies), "displays cut off", 50)


@settled(120)
@given(st.sampled_from(SECTIONS), st.floats(0, 1))
def test_files_cut_off(file, path, share):
    """Real files that end too early: what is cut is told, and no more displays are seen than are there."""
    text = path.read_text("utf-8")
    text = text[: int(share * len(text))]
    file.write_text(text, "utf-8")
    document = read(file)
    begun = len(re.findall(r"^[^%\n]*\\begin\{(checked|defining|model|unchecked)\}", text, re.MULTILINE))
    ended = len(re.findall(r"\\end\{(checked|defining|model|unchecked)\}", text))
    assert len(document.displays) == ended
    assert bool(document.messages) or begun == ended
    CASES["files cut off"] = CASES.get("files cut off", 0) + 1


@settled(700)
@given(st.binary(max_size=300))
@example(b"\xff\xfe\\begin{checked}{mdp}1=1\\end{checked}")
@example(b"\\begin{checked}{mdp}\x001=1\\end{checked}")
def test_random_bytes(file, content):
    assert not sound(file, content, "bytes").displays


PIECES = r"""\begin{checked} {mdp} \end{checked} \begin{align} \end{align} \[ \] $ $$ { } [ ]
    \newcommand \renewcommand
    \providecommand \DeclareMathOperator \newenvironment \def \let {\x} \x {\y} \y #1 #2 [1] [2] [9] 1=1 = 1 % \\ & &&
    \label {a} \tag \intertext \input {a} {b} \verb| | \begin{verbatim} \end{verbatim} \begin{comment} \end{comment}
    \text \begin \end
    \begin{unchecked} \end{unchecked} \begin{model} \end{model} \\[ \end{document} \q é""".split()


@settled(200)
@given(st.lists(st.lists(st.sampled_from([*PIECES, "\n", "\n\n"]), max_size=25).map("".join), min_size=8, max_size=8))
def test_random_texts_and_macros(file, texts):
    for text in texts:
        sound(file, text, "texts")


@settled(40)
@given(
    st.lists(
        st.lists(st.sampled_from(r"\a \b \c {\a} #1 #2 1 + { } \frac \sqrt".split()), max_size=7),
        min_size=3,
        max_size=3,
    )
)
def test_random_macros(file, bodies):
    """Macros that call each other and themselves, some without end."""
    macros = "".join(
        f"\\newcommand{{\\{n}}}[{k}]{{{' '.join(b)}}}\n" for k, (n, b) in enumerate(zip("abc", bodies, strict=True))
    )
    sound(file, macros + displays([("mdp", f"\\{n}{{1}}{{2}} = 1") for n in "abc"]), "macros", 3)


def test_enough_cases():
    """After the tests above, when all of them were run."""
    if len(CASES) == 9:
        assert sum(CASES.values()) >= 20_000, CASES
