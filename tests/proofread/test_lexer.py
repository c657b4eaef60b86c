"""What a letter is comes from the vocabulary, before anything is parsed; all spellings of a name are one name."""

import pytest

from pycode.proofread.lexer import Lexer
from pycode.proofread.tex import ReadError, tokenize
from pycode.proofread.worlds import build


def lexed(world, *lines, **defined):
    built = build(world, 0)
    randoms = "T" in built.vocabulary.randoms
    lexer = Lexer(built.vocabulary, world, defined, built.data, built.states, randoms)
    return [t for line in lexer.lex([tokenize(text) for text in lines]) for t in line]


def shown(world, *lines, **defined):
    return " ".join(
        t.type if t.name in ("", t.raw.text) else f"{t.type}:{t.name}" for t in lexed(world, *lines, **defined)
    )


def names(world, text):
    return [t.name for t in lexed(world, text)]


@pytest.mark.parametrize(
    ("world", "text", "types"),
    [
        ("vae", "p(z)", "FUNC LPAR VARIABLE RPAR"),
        ("vae", "f(z)", "FUNC LPAR VARIABLE RPAR"),
        ("vae", r"\bigl(z\bigr)", "LPAR VARIABLE RPAR"),
        ("vae", "x", "DATA"),
        ("vae", r"\mu_q z", "CONST VARIABLE"),
        ("vae", r"\mu_q(x)", "FUNC LPAR DATA RPAR"),
        ("vae", r"\mu_q(z+1)", "CONST LPAR VARIABLE PLUS NUMBER RPAR"),
        ("vae", r"\pi", "NUMBER"),
        ("mdp", r"\pi(a\mid s)", "FUNC LPAR VARIABLE MID VARIABLE RPAR"),
        ("mdp", r"\mathbb{E}_\pi[G_t]", "EXPECT SUB POLICY RSUB LBRACK RANDOM SUB VARIABLE RSUB RBRACK"),
        ("mdp", r"s_0", "STATE"),
        ("vae", "e^z", "EULER CARET LB VARIABLE RB"),
        ("vae", r"\log z", "OPERATOR VARIABLE"),
        ("vae", r"\log(z)", "OPCALL LPAR VARIABLE RPAR"),
        ("vae", r"\int z\,dz", "INT VARIABLE DIFF"),
        ("vae", r"\int z\,\mathrm{d}z", "INT VARIABLE DIFF"),
        ("vae", r"\int z\,\mathrm d z", "INT VARIABLE DIFF"),
        ("gaussians", r"\mu_q^\top", "CONST TRANSPOSE"),
        ("vae", r"\text{so } z \mbox{b}", "VARIABLE"),
        ("vae", r"z\,\; z\!~\displaystyle", "VARIABLE VARIABLE"),
        ("vae", r"\left.z\right)", None),
        ("vae", r"\frac12", "FRAC LB NUMBER RB LB NUMBER RB"),
        ("vae", r"\frac1{23}", "FRAC LB NUMBER RB LB NUMBER RB"),
        ("vae", "{z}{{2}}", "VARIABLE NUMBER"),
    ],
)
def test_types_by_vocabulary(world, text, types):
    if types is None:
        with pytest.raises(ReadError):
            lexed(world, text)
    else:
        assert " ".join(t.type for t in lexed(world, text)) == types


def test_a_defined_name_is_called_or_not():
    assert [t.type for t in lexed("mdp", "g(s) h", g="()", h="")] == ["FUNC", "LPAR", "VARIABLE", "RPAR", "CONST"]


@pytest.mark.parametrize(
    ("world", "spellings"),
    [
        ("mdp", [r"v_{\pi'}(s)", r"v_{\pi^\prime}(s)", r"v_{\pi^{\prime}}(s)", r"v_{{\pi}'}(s)"]),
        ("mdp", ["s'", r"s^\prime", r"s^{\prime}", r"{s}'"]),
        ("mdp", ["s''", r"s^{\prime\prime}", r"s'^\prime"]),
        ("mdp", [r"q_\pi(s,a)", r"q_{\pi}(s,a)", r"q_{ \pi }(s,a)", r"\mathnormal{q}_\pi(s,a)", r"q_{{\pi}}(s,a)"]),
        ("vae", [r"\mu_q", r"\mu_{q}", r"{\mu}_q", r"\boldsymbol{\mu}_q", r"\bm\mu_q", r"\mu_{\mathbf{q}}"]),
        ("gaussians", [r"\sigma_{q,j}^2", r"\sigma^2_{q,j}", r"\sigma_{q, j}^{2}"]),
        ("vae", [r"\mathcal{N}(z;0,1)", r"\mathcal N(z;0,1)", r"\mathcal{N}\left(z;0,1\right)"]),
        ("vae", [r"D_{\mathrm{KL}}(p(z)\|p(z))", r"D_\mathrm{KL}(p(z)\parallel p(z))", r"\mathrm{KL}(p(z)||p(z))",
                 r"\operatorname{KL}(p(z)\,\|\,p(z))", r"D_{KL}(p(z)\Vert p(z))", r"D_{\text{KL}}(p(z)\|p(z))"]),
        ("vae", [r"\mathbb{E}_{z\sim p(z)}[z]", r"\mathbb E_{z\sim p(z)}[z]", r"E_{z\sim p(z)}[z]",
                 r"\mathrm{E}_{z\sim p(z)}[z]"]),
    ],
)  # fmt: skip
def test_spellings_of_one_name(world, spellings):
    if world == "gaussians":  # the square may stand before the index: the same parts in another order
        assert {tuple(sorted(names(world, s))) for s in spellings[:1] + spellings[2:]} == {
            tuple(sorted(names(world, spellings[0])))
        }
        return
    silent = ("DBAR", "EXPECT", "KL")  # whose name is not looked at
    found = [[(t.type, "" if t.type in silent else t.name) for t in lexed(world, s)] for s in spellings]
    assert all(f == found[0] for f in found)


def test_subscripts_of_vectors_and_draws():
    assert shown("gaussians", r"\mu_{q,j}") == r"CONST:\mu_q SUB:{ VARIABLE RSUB:}"
    assert [t.type for t in lexed("vae", "z^{(l)}")] == ["CONST", "SUB", "VARIABLE", "RSUB"]
    assert [t.type for t in lexed("vae", "z^2")] == ["VARIABLE", "CARET", "LB", "NUMBER", "RB"]


@pytest.mark.parametrize("bar", ["|", r"\mid", r"\vert"])
def test_bars_inside_a_function_mean_given(bar):
    assert [t.type for t in lexed("mdp", f"\\pi(a{bar} s)")].count("MID") == 1
    assert [t.type for t in lexed("mdp", rf"\mathbb{{E}}_\pi[G_t{bar} S_t=s]")].count("MID") == 1


def test_other_bars_are_absolute_values():
    assert [t.type for t in lexed("vae", "|z|+2|z-1|")][:4] == ["LABS", "VARIABLE", "RABS", "PLUS"]
    assert [t.type for t in lexed("vae", r"\lvert z\rvert")] == ["LABS", "VARIABLE", "RABS"]
    assert "DBAR" in [t.type for t in lexed("vae", r"D_{\mathrm{KL}}(p(z)||p(z))")]


def test_brackets_may_close_in_a_later_line():
    assert [t.type for t in lexed("vae", r"\bigl(z", r"+1\bigr)")] == ["LPAR", "VARIABLE", "PLUS", "NUMBER", "RPAR"]


@pytest.mark.parametrize(
    ("world", "text", "kind", "message"),
    [
        ("vae", r"\foo", "name", r"unknown macro \foo; define it with \newcommand"),
        ("vae", "y", "name", "unknown name y in the world vae"),
        ("mdp", r"v_\pi'(s)", "name", r"write v_{\pi'} if the subscript has the prime"),
        ("mdp", r"v'_\pi(s)", "name", r"write v_{\pi'} if the subscript has the prime"),
        ("vae", r"p + 1", "syntax", "without its arguments"),
        ("vae", r"(z", "syntax", "( is never closed"),
        ("vae", r"z)", "syntax", "closes nothing that is open"),
        ("vae", r"(z]", "syntax", "does not fit the bracket"),
        ("vae", "z}", "syntax", "this } closes nothing"),
        ("vae", "{z", "syntax", "this { is never closed"),
        ("vae", "2 3", "syntax", r"two numbers side by side; write \cdot"),
        ("vae", "z^10", "syntax", "only 1 is raised or lowered here"),
        ("vae", r"\sqrt[3]{z}", "syntax", "as a power"),
        ("vae", r"1+\cdots+n", "syntax", r"write a \sum"),
        ("vae", r"1\dots", "syntax", r"write a \sum"),
        ("vae", r"z\approx 1", "syntax", "unchecked[reason]"),
        ("vae", r"\lim z", "syntax", "unchecked[reason]"),
        ("vae", r"z\pm 1", "syntax", "two lines"),
        ("vae", r"\begin{aligned}", "syntax", "no environment inside a display"),
        ("vae", r"\int 1\,dx", "sort", "x is not a real variable"),
        ("vae", r"\int 1\,d", "name", "unknown name d"),
        ("vae", r"\int 1\mathrm{d}", "name", "unknown"),
        ("vae", r"\frac", "syntax", "argument is missing"),
        ("vae", "(z)^", "syntax", "^ without an exponent"),
        ("vae", "_z", "name", "a subscript after nothing"),
        ("vae", "²", "name", "unknown name ²"),
        ("vae", "１", "name", "unknown name １"),
        ("vae", "(" * 101 + ")" * 101, "size", "brackets 100 deep"),
        ("vae", r"\sqrt{" * 101 + "1" + "}" * 101, "size", "deep"),
    ],
)  # fmt: skip
def test_what_is_refused(world, text, kind, message):
    with pytest.raises(ReadError) as error:
        lexed(world, text)
    assert (error.value.kind, message in str(error.value)) == (kind, True), str(error.value)
