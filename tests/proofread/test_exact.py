"""Exact verdicts: identities made by hand, displays that are false by less than floats see, and bad input."""

import math
from fractions import Fraction

import pytest

from pycode.proofread import degrees, exact
from pycode.proofread.arithmetic import modular
from pycode.proofread.arithmetic.named import UndecidedError
from pycode.proofread.arithmetic.values import Value, power, sqrt
from pycode.proofread.document import check_all, read
from pycode.proofread.exact import Relation, judge
from pycode.proofread.limits import COEFFICIENT_DIGITS, REDRAWS

ONE_DIMENSION = frozenset({"\\mu_q"})


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch):
    """Degrees are measured anew: sides that are functions have no text of their own."""
    monkeypatch.setattr(degrees, "_store", lambda: None)


def judged(left, right, sign="=", text="text", names=ONE_DIMENSION, world="gaussians"):
    """Judgement of one relation whose sides are functions of an instance."""

    def compute(instance):
        found = {}
        for key, side in ((0, left), (1, right)):
            try:
                found[key] = side(instance)
            except (exact.RedrawError, UndecidedError) as error:
                found[key] = error
        return found

    return judge(world, text, "left = right", names, compute, [Relation(0, 1, sign)])[0]


def letter(name):
    return lambda i: i.constant(name, [])


m, n, s, t = (letter(name) for name in ("\\mu_q", "\\mu_p", "\\sigma_q", "\\sigma_p"))

# Degree of left - right: the letters μ are of degree 1, the σ squares of letters, so of degree 2.
IDENTITIES = {
    "numbers": (lambda i: i.unit * 6, lambda i: i.unit + 5, 0),
    "a letter": (m, lambda i: m(i) + n(i) - n(i), 1),
    "a binomial": (lambda i: power(m(i) + n(i), 5), lambda i: (m(i) + n(i)) * power(m(i) + n(i), 4), 5),
    "a square": (lambda i: s(i) * s(i) - t(i) * t(i), lambda i: (s(i) - t(i)) * (s(i) + t(i)), 4),
    "a quotient": (
        lambda i: power(m(i), 3) / (n(i) * n(i) + 1),
        lambda i: 1 / ((1 + n(i) * n(i)) / (m(i) * m(i) * m(i))),
        5,  # 3 and 2: numerator times the other denominator
    ),
    "a quotient with two denominators": (lambda i: 1 / m(i) + 1 / n(i), lambda i: (m(i) + n(i)) / (m(i) * n(i)), 3),
    "an exponent": (lambda i: (m(i) * n(i)).exp() * m(i), lambda i: m(i) * (n(i) * m(i)).exp(), 2),
    "a root": (lambda i: sqrt(s(i) * s(i) * (t(i) * t(i))), lambda i: s(i) * t(i), 4),
    "a high power": (lambda i: power(m(i), 60), lambda i: power(m(i) * m(i), 30), 60),
}


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize("text", ["one", "two"])
def test_identities_hold_with_their_degrees_and_fail_when_they_are_changed(name, text):
    left, right, degree = IDENTITIES[name]
    found = judged(left, right, text=text)
    assert (found.verdict, found.degree) == ("holds", degree)
    for factor in (Fraction(10**12 + 1, 10**12), Fraction(10**12 - 1, 10**12), Fraction(2), Fraction(-1)):
        assert judged(left, lambda i, f=factor: right(i) * i.unit.number(f), text=text).verdict == "false"
    assert judged(left, lambda i: right(i) * (1 + 0 * m(i)), text=text).verdict == "holds"


def test_the_text_decides_the_primes(monkeypatch):
    seen = []

    def side(i):
        field = i.unit.field
        seen.append((field.primes, int(field.circle.data) if not field.points else 0))
        return m(i)

    def of(text):
        exact.drawn.cache_clear()
        seen.clear()
        assert judged(side, m, text=text).verdict == "holds"
        return list(dict.fromkeys(seen))

    first, again, other = of("a"), of("a"), of("b")
    assert first == again
    (long, _), ((short,), _) = first
    assert not {*long, short} & {p for primes, _ in other for p in primes}
    assert len(set(long)) == len(long) == 2
    assert all(2**60 <= p < 2**61 and modular.is_prime(p) for p in long)
    assert 2**30 <= short < 2**31


def test_spaces_and_comments_are_no_text(tmp_path, monkeypatch):
    texts = []

    def judge(world, text, chain, names, compute, wanted):
        texts.append((text, chain))
        return [exact.Judgement("undecided") for _ in wanted]

    monkeypatch.setattr(exact, "judge", judge)
    for i, body in enumerate(["a &= a + b - b", " a   &=   a+b-b  % why\n", "a &= a + b + b - b - b"]):
        path = tmp_path / f"{i}.tex"
        path.write_text(
            f"\\begin{{checked}}{{vae}}\n{body.replace('a', chr(92) + 'mu_q').replace('b', '2')}\n\\end{{checked}}"
        )
        check_all(read(path))
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(("degree", "draws"), [(0, 1), (1, 1), (41, 1), (41, 16), (10**6, 2)])
def test_bound_of_the_error(degree, draws):
    """Both primes: chance of a zero at the point, or of a prime that divides all; in any of the draws."""
    divisors = math.ceil(COEFFICIENT_DIGITS * math.log(10) / math.log(2**60))
    one = Fraction(max(degree, 1), 2**60) + Fraction(divisors, modular.count_of_primes(61))
    found = exact.Judgement("holds", degree=degree, draws=draws).log2_error
    assert 2.0**found == pytest.approx(float(draws * one**2), rel=1e-9)
    assert found < -50


def test_what_is_invented_is_never_false():
    sums = lambda i: (s(i) + t(i)).log()  # noqa: E731
    assert judged(sums, lambda i: (t(i) + s(i)).log()).verdict == "holds"
    twice = lambda i: (2 * s(i) + 2 * t(i)).log() - i.unit.number(Fraction(2)).log()  # noqa: E731
    found = judged(sums, twice)
    assert found.verdict == "undecided"
    assert "could be a product" in found.reason
    assert judged(lambda i: (s(i) * t(i)).log(), lambda i: s(i).log() + t(i).log()).verdict == "holds"
    assert judged(lambda i: (s(i) * t(i)).log(), lambda i: s(i).log() - t(i).log()).verdict == "false"


def test_roots_of_numbers_ask_for_other_primes():
    """17 is a square modulo one prime in two; of both primes the larger number of draws counts."""
    found = [
        judged(lambda i: sqrt(i.unit * 17) * m(i) * sqrt(i.unit * 17), lambda i: 17 * m(i), text=f"roots {k}")
        for k in range(12)
    ]
    assert [j.verdict for j in found].count("holds") >= 10
    assert {j.verdict for j in found} <= {"holds", "undecided"}
    assert max(j.draws for j in found) > 1


@pytest.mark.parametrize(
    "side", [lambda i: 1 / (m(i) - m(i)), lambda i: (m(i) - m(i)).log(), lambda i: sqrt(i.unit * -1)]
)
def test_what_no_point_has_is_undecided_after_a_bounded_number_of_draws(side):
    seen = []

    def counted(i):
        seen.append(i)
        return side(i)

    found = judged(counted, counted)
    assert found.verdict == "undecided"
    assert f"at each of {REDRAWS} random points" in found.reason
    assert len(seen) == 2 * REDRAWS


def test_what_no_instance_has_is_undecided():
    found = judged(m, m, names=frozenset({"a", "n", "x"}), world="decoders")
    assert (found.verdict, found.reason) == ("undecided", "no instance in the field has all of these names")


def test_orders_are_left_to_floats():
    for sign in ("<=", ">="):
        found = judged(m, n, sign)
        assert (found.verdict, found.reason) == ("undecided", exact.ORDER)


def test_proportional_means_one_number_for_all_entries():
    table, z = frozenset({"f"}), lambda i: i.reals("z")
    f = lambda i: i.apply("f", "real", [z(i)])  # noqa: E731
    cases = {
        "holds": [lambda i: f(i) * 7, lambda i: f(i) * m(i), lambda i: f(i) * m(i).exp(), lambda i: f(i) / 3],
        "false": [lambda i: f(i) + 1, lambda i: f(i) * z(i), lambda i: z(i), lambda i: f(i) * 0],
    }
    for verdict, sides in cases.items():
        for k, side in enumerate(sides):
            assert judged(side, f, "∝", names=table).verdict == verdict, (verdict, k)
    bells = [lambda i, c=c: (c(i) * z(i)).exp() for c in (m, n)]
    assert judged(bells[0], lambda i: bells[0](i) * m(i).exp(), "∝", names=table).verdict == "holds"
    assert judged(*bells, "∝", names=table).verdict == "false"
    assert judged(lambda i: f(i) * i.unit.number(Fraction(10**12 + 1, 10**12)), f, names=table).verdict == "false"


def test_floats_on_both_sides_decide_nothing():
    third = Value(1 / 3)
    assert judged(lambda i: third, lambda i: third * (1 + 1e-15)).verdict == "undecided"
    assert judged(lambda i: third, lambda i: third).verdict == "undecided"
    assert judged(lambda i: Value(2.0), lambda i: Value(2)).verdict == "holds"
    assert judged(lambda i: Value(2.0), lambda i: Value(3)).verdict == "false"
    assert judged(m, lambda i: third).verdict == "undecided"


def verdict(tmp_path, world, body, seed=0):
    path = tmp_path / "a.tex"
    path.write_text(f"\\begin{{checked}}{{{world}}}\n{body}\n\\end{{checked}}\n")
    return check_all(read(path), seed)[0]


TRUE = {
    "mdp": [
        r"v_\pi(s) = \sum_a \pi(a|s)\, q_\pi(s,a)",
        r"\nabla v_\pi(s) = \sum_x\sum_{k=0}^{\infty}\Pr(s\to x,k,\pi)\sum_a \nabla\pi(a|x)\, q_\pi(x,a)",
        r"\eta(s) = \mathbb{E}[T]\,\mu(s)",
        r"\nabla\pi(a|s) = \pi(a|s)\nabla\log\pi(a|s)",
    ],
    "mdp-discounted": [r"v_\pi(s) = \sum_x\sum_{k=0}^{\infty}\gamma^k\Pr(s\to x,k,\pi)\, r_\pi(x)"],
    "vae": [
        r"\log p_\phi(x) = \mathcal{L}(\theta,\phi;x) + D_{\mathrm{KL}}(q_\theta(z|x)\,\|\,p_\phi(z|x))",
        r"p_\phi(z|x) = \frac{p_\phi(x|z)\,p(z)}{p_\phi(x)}",
        r"\int z^2\,\mathcal{N}(z;\mu_q,\sigma_q^2)\,dz = \mu_q^2 + \sigma_q^2",
    ],
    "gaussians": [
        r"D_{\mathrm{KL}}(\mathcal{N}(\mu_q,\sigma_q^2)\,\|\,\mathcal{N}(\mu_p,\sigma_p^2)) "
        r"= \log\frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 + (\mu_q-\mu_p)^2}{2\sigma_p^2} - \frac12",
        r"\operatorname{tr}(\Sigma_p^{-1}\Sigma_q) = \operatorname{tr}(\Sigma_q\Sigma_p^{-1})",
    ],
    "decoders": [
        r"\operatorname{Bernoulli}(x;a) = \prod_{j=1}^{D_x}\operatorname{Bernoulli}(x_j;a_j)",
        r"\log\operatorname{Binomial}(x;n,a) = \sum_{j=1}^{D_x}\log\operatorname{Binomial}(x_j;n,a_j)",
    ],
}


@pytest.mark.parametrize(("world", "body"), [(w, b) for w, bodies in TRUE.items() for b in bodies])
def test_a_factor_next_to_1_is_false_in_every_world(tmp_path, world, body):
    right = verdict(tmp_path, world, body)
    assert (right.status, right.messages) == ("holds", ())
    assert right.exact.decided == right.exact.equalities == 1
    assert right.exact.log2_error < -50
    for digits in ("000000000001", "0000000000000001"):
        wrong = verdict(tmp_path, world, body.replace(" = ", f" = 1.{digits}\\cdot "))
        assert [(m.kind, m.line) for m in wrong.messages] == [("exact", 2)], wrong.messages


@pytest.mark.parametrize(
    ("world", "body"),
    [
        ("mdp-discounted", r"\sum_{k=0}^{200}\gamma^k = \frac{1}{1-\gamma}"),
        ("mdp", r"\mathbb{E}[T] = \sum_{k=0}^{200}\Pr(T>k|S_0=s_0)"),
        ("vae", r"\pi = 3.14159265358979"),
        ("vae", r"\log p(z) = -\frac12\log(6.283185307179586\sigma_p^2) - \frac{(z-\mu_p)^2}{2\sigma_p^2}"),
        ("vae", r"\sum_{k=0}^{60} 2^{-k} = 2"),
        ("vae", r"\mu_q + \sigma_q = 1.000000000000001\mu_q + \sigma_q"),
        ("vae", r"\int e^{-z^2/2}\,dz = \sqrt{6.283185307179586}"),
        ("mdp", r"J(\theta) = \sum_s\eta(s)\sum_a\pi(a|s)\sum_{x,r}p(x,r|s,a)\,r\cdot 0.9999999999999"),
    ],
)
def test_small_errors_that_floats_do_not_see(tmp_path, world, body):
    found = verdict(tmp_path, world, body)
    assert found.status == "fails"
    assert [(m.kind, m.line) for m in found.messages] == [("exact", 2)]


# Bad input: an error, or undecided, at the line and with a reason.
BAD = [
    ("vae", r"\frac{1}{\mu_q-\mu_q} = 1", "denominator is 0"),
    ("vae", r"z = \frac{z\,(z-z)}{z-z}", "denominator is 0"),
    ("vae", r"\mu_q = \mu_q + 0\cdot\frac{1}{(\mu_q-\mu_p)^2-\mu_q^2+2\mu_q\mu_p-\mu_p^2}", ""),
    ("vae", r"\mu_q + 0\cdot\log 0 = \mu_q", "not positive"),
    ("vae", r"\log(\mu_q-\mu_q) = \log(\mu_q-\mu_q)", "not positive"),
    ("vae", r"0^{-1} = 0^{-1}", "not finite"),
    ("vae", r"\sum_{k=0}^{\infty} 2^k = -1", "does not converge"),
    ("vae", r"\sum_{k=0}^{\infty} (-1)^k = \frac12", "does not converge"),
    ("vae", r"\sum_{k=0}^{\infty} \frac{1}{(k+1)^2} = \frac{\pi^2}{6}", "does not converge, or too slowly"),
    ("vae", r"\sum_{k=0}^{\infty} \frac{2^{-k}}{k+1} = 2\log 2", "no linear recurrence"),
    ("vae", r"\sum_{k=0}^{\infty} 2^{-k}\,1.5^{\mathbb{1}\{k=100\}} = 2", "beyond the first terms"),
    ("vae", r"\sum_{k=0}^{\infty} 2^{-k}\,0.5^{\binom{k}{70}} = 2", "beyond the first terms"),
    ("vae", r"\sum_{k=0}^{\infty} 2^{-k}\,0.5^{\sum_{j=70}^{k}1} = 2", "beyond the first terms"),
    (
        "mdp",
        r"\sum_{k=0}^{\infty}2^{-k}\Pr(T>k-150|S_0=s_0) = 2",
        "beyond the first",
    ),
    ("mdp-discounted", r"\sum_{k=0}^{\infty}\gamma^{-k}\Pr(T>k|S_0=s_0) = 1", "converge"),
    (
        "vae",
        r"\int \mathcal{N}(z;0,1)\,\frac{1}{1+z^2}\,dz = \int\frac{\mathcal{N}(z;0,1)}{1+z^2}\,dz",
        "not a Gaussian",
    ),
    ("vae", r"\int z^{10}\,\mathcal{N}(z;0,1)\,dz = 945", "not a Gaussian"),
    ("vae", r"\int e^{-z^4}\,dz = 2\int \frac12 e^{-u^4}\,du", "not a Gaussian"),
    ("vae", r"\int z^2\,dz = 1", "diverges"),
    ("vae", r"\sigma_q^{10^{100}} = \sigma_q^{10^{100}}", "a power beyond"),
    ("vae", r"2^{10^{100}} = 4^{10^{100}/2}", "a power beyond"),
    ("vae", r"e^{10^{100}} = e^{10^{100}}", "not finite"),
    ("vae", r"1.000000000001^{1000000} = e^{10^{-6}}", "exact"),
    ("vae", "\\mu_q = 1." + "0" * 500 + "1\\mu_q", "digits"),
    ("vae", "\\mu_q = 1." + "0" * 300 + "1\\mu_q", "not equal"),
    ("vae", r"\mu_q = \mu_q + 10^{-1000000}", "0 in every world"),
    ("mdp", r"\frac{1}{x-x} = 1", "state"),
    ("mdp", r"v_\pi(s) = v_\pi(s)\frac{v_\pi(s)-v_\pi(s)}{v_\pi(s)-v_\pi(s)}", "denominator is 0"),
]


@pytest.mark.parametrize(("world", "body", "reason"), BAD)
def test_bad_input_never_passes_as_decided(tmp_path, monkeypatch, world, body, reason):
    draws = []
    drawn = exact.drawn
    monkeypatch.setattr(exact, "drawn", lambda *a: draws.append(a) or drawn(*a))
    found = verdict(tmp_path, world, body)
    assert found.exact.decided == 0
    told = [(m.line, m.kind + " " + m.message) for m in found.messages] or list(found.exact.undecided)
    assert told
    assert all(line == 2 and reason in text for line, text in told), told
    assert "internal" not in {m.kind for m in found.messages}
    assert len(draws) <= 2 * REDRAWS + 8  # the work is bounded


@pytest.mark.parametrize("denominator", [r"\mu_q-\mu_q+1-1", r"\sigma_q^2-e^{2\log\sigma_q}", r"e^\rho-\sigma_q^2"])
def test_what_divides_by_zero_by_construction_does_not_hold(tmp_path, denominator):
    found = verdict(tmp_path, "vae", rf"\frac{{\mu_q}}{{{denominator}}} = \frac{{\mu_q}}{{{denominator}}}")
    assert (found.status, found.exact.decided) == ("error", 0) or found.exact.decided == 0


# Displays that hold in floats and that the exact arithmetic refuses, with what it says.
REFUSED = [
    ("mdp", r"\Pr(s\to x,1.000000000001,\pi) = P(s,x)", "an integer is wanted here"),
    ("mdp", r"\Pr(T>1.000000000001) = \Pr(T>1)", "an integer is wanted here"),
    (
        "mdp",
        r"w(a,s) := 1.000000000001\pi(a|s), \quad v_\pi(s) = \mathbb{E}_{a\sim w(a,s)}[q_\pi(s,a)]",
        "these are no probabilities of a: they sum to something else than 1",
    ),
    (
        "vae",
        r"w(z) := 1.000000000001p(z), \quad \mu_p = \mathbb{E}_{z\sim w(z)}[z]",
        "this is no density: it integrates to something else than 1",
    ),
    ("vae", r"2 = \sum_{k=0}^{\infty} 2^{-k}(1+10^{-20}\,2^k)", "diverges: a part of its terms stays the same"),
    (
        "mdp",
        r"\eta(s) = \sum_{k=0}^{\infty} 2^{-k-1}\eta(s)(1+10^{-20}\,2^k)",
        "diverges: a part of its terms stays the same",
    ),
]


@pytest.mark.parametrize(("world", "body", "telling"), REFUSED)
def test_what_only_the_exact_arithmetic_refuses_fails(tmp_path, world, body, telling):
    found = verdict(tmp_path, world, body)
    assert (found.status, found.exact.decided) == ("fails", 0)
    assert [(m.kind, m.line) for m in found.messages] == [("exact", 2)], found.messages
    assert telling in found.messages[0].message
    right = body.replace("1.000000000001", "1").replace(r"(1+10^{-20}\,2^k)", "")
    assert right != body
    found = verdict(tmp_path, world, right)
    assert (found.status, found.exact.decided) == ("holds", found.exact.equalities)


def test_sides_that_are_equal_modulo_one_prime_only_are_different():
    """The difference is a multiple of the first prime, or of the second."""
    for which in range(exact.PRIMES):

        def near(i, which=which):
            return m(i) + i.unit.number(Fraction(i.unit.field.primes[which]))

        assert judged(near, m).verdict == "false"
        bent = lambda i, near=near: i.apply("f", "real", [i.reals("z")]) + i.reals("z") * (near(i) - m(i))  # noqa: E731
        f = lambda i: i.apply("f", "real", [i.reals("z")])  # noqa: E731
        assert judged(bent, f, "∝", names=frozenset({"f"})).verdict == "false"
    whole = lambda i: m(i) + i.unit.number(Fraction(i.unit.field.modulus))  # noqa: E731
    assert judged(whole, m).verdict == "holds"
