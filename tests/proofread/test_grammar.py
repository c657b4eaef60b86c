"""What binds what, what is refused and with which advice, and how the lines of a display become chains."""

import pytest
from lark import Tree

from pycode.proofread.grammar import DEEPEST, parse, split
from pycode.proofread.lexer import Lexer
from pycode.proofread.tex import ReadError, tokenize
from pycode.proofread.worlds import build


def lexed(world, *lines):
    built = build(world, 0)
    lexer = Lexer(built.vocabulary, world, {}, built.data, built.states, "T" in built.vocabulary.randoms)
    return lexer.lex([tokenize(line) for line in lines])


def written(tree):
    """A tree as text, a pair of brackets for each of its inner nodes."""
    if not isinstance(tree, Tree):
        return str(tree)
    inside = [written(c) for c in tree.children]
    return (
        inside[0]
        if len(inside) == 1 and tree.data in ("number", "variable", "constant")
        else f"{tree.data}({' '.join(inside)})"
    )


def parsed(text, world="gaussians"):
    return written(parse(lexed(world, text)[0]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\sum_k k + 1", r"\bigl(\sum_k k\bigr) + 1"),
        (r"\sum_k k D + 1", r"\bigl(\sum_k (k D)\bigr) + 1"),
        (r"D\sum_k k\sum_j j", r"D\bigl(\sum_k (k (\sum_j j))\bigr)"),
        (r"\prod_{j=1}^{D} j \cdot D", r"\prod_{j=1}^{D}(j \cdot D)"),
        (r"\nabla f(z) p(z)", r"(\nabla f(z)) p(z)"),
        (r"p(z)\nabla f(z) D", r"p(z)(\nabla f(z)) D"),
        (r"\nabla\log p(z)", r"\nabla(\log(p(z)))"),
        (r"\nabla\sum_k k", r"\nabla(\sum_k k)"),
        (r"D\log p(z)", r"D\log(p(z))"),
        (r"\log\frac{D}{2} - D", r"\log\bigl(\frac{D}{2}\bigr) - D"),
        (r"\log D^2", r"\log(D^2)"),
        (r"\log(D) k", r"(\log(D)) k"),
        (r"-D k + 1", r"-(D k) + 1"),
        (r"D - k - 1", r"(D - k) - 1"),
        (r"D k/2", r"(D k)/2"),
        (r"\int p(z) + f(z)\,dz", None),
        (r"\int p(z) f(z)\,dz D", r"\Bigl(\int (p(z) f(z))\,dz\Bigr) D"),
        (r"\mathbb{E}_{p(z)}[z]^2", r"\bigl(\mathbb{E}_{p(z)}[z]\bigr)^2"),
        (r"e^{-z} z", r"(e^{(-z)}) z"),
        (r"2\pi D", r"(2 \cdot \pi) D"),
        (r"\tfrac12 D", r"\frac{1}{2} D"),
        (r"\max_j j + 1", r"(\max_j j) + 1"),
    ],
)
def test_what_binds_what(one, other):
    if other is None:
        with pytest.raises(ReadError, match="bracket the integrand"):
            parsed(one)
    else:
        assert parsed(one) == parsed(other)


@pytest.mark.parametrize(
    ("world", "text", "message"),
    [
        ("vae", r"1/2\sigma_q", "after a quotient a/b is ambiguous; write \\frac or brackets"),
        ("vae", r"\log p(x)\int p(z)\,dz", "without"),
        ("vae", r"\log p_\phi(x)\int p(z)\,dz", "after a function without brackets is ambiguous"),
        ("vae", r"\log z z", "after a function without brackets is ambiguous"),
        ("vae", r"z^2^2", "an exponent here is ambiguous"),
        ("vae", r"z+", "the formula ends after +"),
        ("vae", r"+*z", "does not fit here"),
        ("vae", r"()", "does not fit here"),
        ("vae", r"z,z", "a comma inside a formula"),
        ("vae", r"(z=1)", "a relation inside brackets"),
        ("vae", r"z\mid z", "this bar belongs to nothing"),
        ("mdp", r"\pi'", "a policy without its arguments"),
        ("mdp", r"\mathcal{S}", "a set can only stand after"),
        ("mdp", r"\sum a", "does not fit here"),
        ("vae", r"\frac{}{2}", "does not fit here"),
        ("vae", "+".join(["1"] * (DEEPEST + 2)), "levels or terms; split this side"),
    ],
)
def test_what_is_refused_and_what_to_write_instead(world, text, message):
    with pytest.raises(ReadError) as error:
        parsed(text, world)
    assert message in str(error.value)


def test_an_error_stands_at_its_token():
    with pytest.raises(ReadError) as error:
        parse(lexed("vae", "z", "1 / 2 z")[1])
    assert (error.value.at.text, error.value.at.column) == ("z", 7)


def test_long_sides_within_bounds():
    assert parsed("+".join(["1"] * (DEEPEST - 2))).count("add") == DEEPEST - 3


def chains(world, *lines):
    """Chains as text: a list of sides and signs for each."""
    return [
        "".join(
            (sign.name if sign else "") + "".join(t.name for t in side if t.type not in ("SUB", "RSUB"))
            for sign, side in chain
        )
        for chain in split(lexed(world, *lines))
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["z = 1"], ["z=1"]),
        (["z = 1", "= 2", r"\le 3"], ["z=1=2<=3"]),
        (["z", "= 1"], ["z=1"]),
        (["z = 1", "+ 2", "- 3"], ["z=1+2-3"]),
        (["z = 1 +", "2"], ["z=1+2"]),
        (["z = ", "2"], ["z=2"]),
        (["z = (1", "+ 2)"], ["z=(1+2)"]),
        (["z = 1,", "u = 2."], ["z=1", "u=2"]),
        (["z = 1;", "u = 2"], ["z=1", "u=2"]),
        ([r"z = 1, \qquad u = 2"], ["z=1", "u=2"]),
        ([r"\quad z = 1", r"\qquad = 2 \quad"], ["z=1=2"]),
        (["z = 1", r"\cdot 2"], ["z=1\\cdot2"]),
        ([r"\int z", r"dz = 1"], ["\\intzz=1"]),
        (["z := 1"], ["z:=1"]),
        ([r"z \coloneqq 1"], ["z:=1"]),
        ([r"z \propto u \ge 1 \leq 2"], ["z∝u>=1<=2"]),
    ],
)
def test_lines_make_chains(lines, expected):
    assert chains("vae", *lines) == expected


def test_a_full_stop_ends_a_line_only():
    with pytest.raises(ReadError, match="a full stop inside"):
        chains("vae", "z = 1. + 2")
