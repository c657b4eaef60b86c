r"""A side written back with all its brackets is read as the same tree: in the document, the corpus, random formulas."""

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Token, Tree

from pycode.proofread.bracketed import bracketed
from pycode.proofread.check import Checker
from pycode.proofread.document import read
from pycode.proofread.grammar import GRAMMAR, parse
from pycode.proofread.lexer import Lexer
from pycode.proofread.run import Run
from pycode.proofread.tex import ReadError, tokenize
from pycode.proofread.worlds import build

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "main.tex", *sorted((Path(__file__).parent / "corpus" / "right").glob("*.tex"))]
MARKS = {"COMMA", "SEMI", "MID", "GT", "LT"}  # each has several spellings


def tree(name, text, defined=()):
    world = build(name, 0)
    words = world.vocabulary
    lexer = Lexer(words, name, dict(defined), world.data, world.states, "T" in words.randoms)
    return parse(lexer.lex([tokenize(text)])[0])


def plain(node):
    """A tree without places and spellings."""
    if isinstance(node, Token):
        return node.type if node.type in MARKS else str(node)
    return (str(node.data), *map(plain, node.children))


def again(name, found, defined=()):
    """What is read when a tree is written, and what was written."""
    text = bracketed(found, build(name, 0).vocabulary)
    return plain(tree(name, text, defined)), text


@cache
def sides():
    """Every side of the document and of the corpus: world, tree, names that were defined before."""
    found = []
    for path in FILES:
        document = read(path)
        checker = Checker(document)
        for display in document.displays:
            if display.environment not in ("checked", "defining"):
                continue
            world = build(display.world, 0)
            run = Run(display, world, dict(checker.before(display, world)))
            chains = run.chains()
            trees = [parse(side) for chain in chains for _, side in chain[run.define(chain) :]]
            defined = {n: "()" if d.parameters and d.called else "" for n, d in run.definitions.items()}
            found += [(display.world, t, defined) for t in trees]
    return found


def test_every_side_of_the_document_and_the_corpus():
    assert len(sides()) > 500
    for name, found, defined in sides():
        read_again, text = again(name, found, defined)
        assert read_again == plain(found), text


# World, as it is printed, as it is written back.
WRITTEN = [
    ("mdp", r"\sum_a\pi(a|s)q_\pi(s,a)", r"\sum_{a} \bigl(\pi(a \mid s) \cdot q_{\pi}(s, a)\bigr)"),
    ("mdp", r"\sum_{s\in\mathcal{S}}f(s)+1", r"\sum_{s \in \mathcal{S}} f(s) + 1"),
    ("mdp", r"\sum_{k=0}^\infty k n", r"\sum_{k = 0}^{\infty} (k \cdot n)"),
    ("mdp", r"q_\pi(s,a)\nabla\pi(a|s)\, n", r"q_{\pi}(s, a) \cdot \bigl(\nabla \pi(a \mid s)\bigr) \cdot n"),
    ("mdp", r"\nabla_\theta\log\pi(a|s)", r"\nabla_{\theta} \bigl(\log\bigl(\pi(a \mid s)\bigr)\bigr)"),
    ("mdp", r"\mathbb E_\pi[G_t\mid S_t=s]", r"\mathbb{E}_{\pi}[G_{t} \mid S_{t} = s]"),
    ("mdp", r"\mathbf 1\{s=s_0\}\Pr(s\to x,k,\pi)", r"\mathbf{1}\{s = s_{0}\} \cdot \Pr(s \to x, k, \pi)"),
    ("mdp", r"\max_s\Pr(T>k\mid S_0=s)", r"\max_{s} \Pr(T > k \mid S_{0} = s)"),
    ("mdp", r"J(\pi)", r"J(\pi)"),
    ("mdp", r"\min_s f(s) n", r"\min_{s} \bigl(f(s) \cdot n\bigr)"),
    ("mdp", r"n^{\lfloor k/n\rfloor}", r"n^{\lfloor \frac{k}{n} \rfloor}"),
    ("mdp", r"\binom{k}{t}-(n-k)", r"\binom{k}{t} - (n - k)"),
    ("vae", r"\log \sigma_q", r"\log(\sigma_{q})"),
    ("vae", r"-\log\frac{p(z)}{2}", r"-\log\bigl(\frac{p(z)}{2}\bigr)"),
    ("vae", r"\int p(z)f(z)\,dz", r"\int \bigl(p(z) \cdot f(z)\bigr) \,dz"),
    ("vae", r"\int_{-\infty}^\infty p(z)dz\,f(z)", r"\int_{-\infty}^{\infty} p(z) \,dz \cdot f(z)"),
    ("vae", r"\int_{\mathbb R}p(z)\,dz", r"\int_{\mathbb{R}} p(z) \,dz"),
    ("vae", r"\int^\infty p(z)\,dz", r"\int^{\infty} p(z) \,dz"),
    ("vae", r"\mathbb{E}_{z\sim p(z)}[z^2]", r"\mathbb{E}_{z \sim p(z)}[z^{2}]"),
    ("vae", r"D_{KL}(q_\theta(z|x)\|p(z))", r"D_{\mathrm{KL}}\bigl(q_{\theta}(z \mid x) \,\|\, p(z)\bigr)"),
    ("vae", r"(z^{(l)})^2\mathcal L(\theta,\phi;x)", r"\bigl(z^{(l)}\bigr)^{2} \cdot \mathcal{L}(\theta, \phi; x)"),
    ("vae", r"(z)^{(k+1)(k+1)}", r"(z)^{(k + 1) \cdot (k + 1)}"),
    ("vae", r"\frac{\partial^2}{\partial z^2}p(z)", r"\frac{\partial^{2}}{\partial z^{2}} p(z)"),
    ("vae", r"\frac{\partial p(z)}{\partial z}", r"\frac{\partial p(z)}{\partial z}"),
    ("vae", r"e^{z/2}\sqrt z\,e", r"e^{\frac{z}{2}} \cdot \sqrt{z} \cdot e"),
    ("vae", r"\underbrace{p(z)}_{p(z)+0}", r"\underbrace{p(z)}_{p(z) + 0}"),
    ("vae", r"z-(z-1)+(+z)", r"z - (z - 1) + (+z)"),
    ("gaussians", r"\mu_{q,j}^2\det\Sigma_q", r"\mu_{q,j}^{2} \cdot \det(\Sigma_{q})"),
    ("gaussians", r"(\mu_q-\mu_p)^\top\Sigma_p^{-1}", r"(\mu_{q} - \mu_{p})^{\top} \cdot \Sigma_{p}^{-1}"),
    ("gaussians", r"\mu_q\odot\sigma_q z_j", r"(\mu_{q} \odot \sigma_{q}) \cdot z_{j}"),
    ("gaussians", r"\prod_{j=1}^Dx_j\lvert D\rvert", r"\prod_{j = 1}^{D} (x_{j} \cdot \lvert D \rvert)"),
    ("gaussians", r"\frac{\partial}{\partial\mu_{q,j}}x_j", r"\frac{\partial}{\partial \mu_{q,j}} x_{j}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "printed", "wanted"), WRITTEN, ids=[row[1] for row in WRITTEN])
def test_brackets_say_what_belongs_together(name, printed, wanted):
    found = tree(name, printed)
    read_again, text = again(name, found)
    assert text == wanted
    assert read_again == plain(found)


def test_every_node_of_the_grammar_is_written():
    nodes = {*re.findall(r"-> (\w+)", GRAMMAR), *re.findall(r"^([a-z]+):", GRAMMAR, re.MULTILINE)}
    trees = [t for _, t, _ in sides()] + [tree(name, printed) for name, printed, _ in WRITTEN]
    assert nodes - {str(n.data) for t in trees for n in t.iter_subtrees()} == set()


ATOMS = r"z \mu_q 2 0.5 \pi p(z) p_\phi(x|z) q_\theta(z|x) f(z) \sigma_q z^{(l)} \mathcal{L}(\theta,\phi;x) e".split()
FORMS = r"""<>+<> | <>-<> | -<> | <>\cdot<> | (<>)(<>) | \frac{<>}{<>} | <>/<> | (<>)^{<>} | \log(<>) | \log <>
    \sum_{k=0}^{<>}<> | \prod_{l=1}^{L}(<>) | \int <>\,dz | \nabla_\theta <> | \nabla(<>) | \exp(<>) | (<>)<>
    \mathbb{E}_{q_\theta(z|x)}[<>] | \mathbb{E}_{z\sim <>}[<>] | D_{KL}(<>\|<>) | \frac{\partial}{\partial z}<> | e^{<>}
    \frac{\partial (<>)}{\partial z} | \underbrace{<>}_{<>} | \max_{z} <> | \mathbf{1}\{<>=<>\} | <>\odot <> | (<>)^\top
    \binom{<>}{<>} | f(<>) | \sqrt{<>} | \lvert <>\rvert""".replace("\n", "|").split("|")  # fmt: skip


def grown(inner):
    """Formulas made of smaller ones."""

    def filled(form, parts):
        parts = iter(parts)
        return re.sub("<>", lambda _: next(parts), form.strip())

    return st.builds(filled, st.sampled_from(FORMS), st.tuples(inner, inner))


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(st.recursive(st.sampled_from(ATOMS), grown, max_leaves=12))
def test_random_formulas(text):
    try:
        found = tree("vae", text)
    except ReadError:
        return
    read_again, shown = again("vae", found)
    assert read_again == plain(found), shown
    assert isinstance(found, Tree)
