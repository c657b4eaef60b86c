"""Arithmetic of residues against integers and fractions reduced modulo the primes, entry by entry."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from pycode.proofread.arithmetic import values
from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.floats import Value
from pycode.proofread.arithmetic.modular import prime
from pycode.proofread.arithmetic.named import COLUMN, LINE, ROW, RedrawError, UndecidedError
from pycode.proofread.arithmetic.symbols import Field

POINTS = 7
PRIMES = [prime(f"test {i}", 61) for i in range(2)]


@pytest.fixture(params=[0, POINTS], ids=["a point", "a line"])
def field(request):
    return Field([prime("test", 31)] if request.param else PRIMES, "test", request.param)


@pytest.fixture
def point():
    return Field(PRIMES, "test")


def entries(x):
    """Index along every axis, the line's included → residue, as Python integers."""
    return {
        frozenset(zip(x.axes, at, strict=True)): int(x.data[at]) for at in product(*[range(n) for n in x.data.shape])
    }


def combined(x, y, operation):
    """Entries of a result, from those of both operands that agree in the indices which they share."""
    one, two = entries(x), entries(y)
    return {
        i | j: operation(a, b) % x.field.modulus
        for (i, a), (j, b) in product(one.items(), two.items())
        if all(dict(i)[axis] == n for axis, n in j if axis in dict(i))
    }


def reduced(x, p):
    return x.numerator * pow(x.denominator, -1, p) % p


@pytest.mark.parametrize("axes", [((), ()), (("s",), ()), (("s", "a"), ("a", "t")), (("s",), ("s",))], ids=str)
def test_operations_combine_entries_by_name(field, axes):
    sizes, p = {"s": 2, "a": 3, "t": 2}, field.modulus
    x, y = (field.letter([sizes[a] for a in own], own) for own in axes)
    for found, operation in (
        (x + y, lambda a, b: a + b),
        (x - y, lambda a, b: a - b),
        (x * y, lambda a, b: a * b),
        (x / y, lambda a, b: a * pow(b, -1, p)),
    ):
        assert entries(found) == combined(x, y, operation)
        assert (found.data.dtype == object) == (p > 2**31)


def test_numbers_on_either_side(field):
    x, p = field.letter((3,), ("s",)), field.modulus
    third, minus = Fraction(1, 3), Value(np.array([0.5, -2.0]), ("t",))
    expected = [
        (2 - x, lambda v: 2 - v),
        (0.5 - x, lambda v: (p + 1) // 2 - v),
        (3 / x, lambda v: 3 * pow(v, -1, p)),
        (x + third, lambda v: v + reduced(third, p)),
        (np.float64(4) * x, lambda v: 4 * v),
        (-x, lambda v: -v),
    ]
    for found, of in expected:
        assert entries(found) == {i: of(v) % p for i, v in entries(x).items()}
    lifted = {frozenset({("t", i)}): reduced(Fraction(n), p) for i, n in enumerate(("1/2", "-2"))}
    assert entries(minus * field.constant(1)) == lifted
    assert (minus - x).axes == (x - minus).axes


def test_rational_numbers_are_known_while_they_are_short(point):
    x = point.constant(Fraction(7, 12)) * point.constant(Fraction(9, 5)) - point.constant(1)
    assert x.fraction == Fraction(7, 12) * Fraction(9, 5) - 1
    assert int(x.data) == reduced(x.fraction, point.modulus)
    assert (x / x).integer() == 1
    long = values.power(point.constant(1 + Fraction(1, 10**12)), 10**6)
    assert long.fraction is None
    assert int(long.data) == pow(reduced(1 + Fraction(1, 10**12), point.modulus), 10**6, point.modulus)
    with pytest.raises(UndecidedError, match="bits"):
        point.constant(Fraction(2**5000))


@pytest.mark.parametrize("number", [0.1, 1 / 3, 1e300, float("nan"), float("inf"), 0.25])
def test_no_other_float_than_halves_enters(field, number):
    x = field.letter((2,), ("s",))
    for use in (lambda: x * number, lambda: number + x, lambda: x / Value(np.array([1.0, number]), ("t",))):
        with np.errstate(all="ignore"), pytest.raises(UndecidedError, match="16 digits"):
            use()


def test_integers_of_any_size_enter_exactly(point):
    large = np.array([2**62, -(3**100)], object)
    assert entries(point.constant(1).lifted(Value(large, ("s",)))) == {
        frozenset({("s", i)}): int(n) % point.modulus for i, n in enumerate(large)
    }


def test_logarithms_of_products_are_sums(field):
    a, b = field.positive((2,), ("s",)), field.positive((3,), ("t",))
    assert not (a * b / 6).log().gaps(a.log() + b.log() - field.constant(2).log() - field.constant(3).log()).any()
    assert not (a * a * a).log().gaps(3 * a.log()).any()
    assert not a.sqrt().log().gaps(a.log() / 2).any()
    assert (
        not a.raised(Value(np.array([0, 2, -3]), ("k",)))
        .log()
        .gaps(a.log() * Value(np.array([0, 2, -3]), ("k",)))
        .any()
    )
    assert (a + b).log().gaps(a.log() + b.log()).all()
    assert (a.log() * b.log()).gaps((a * b).log()).all()


def test_logarithm_and_exponential_undo_each_other(field):
    a, b = field.positive((2,), ("s",)), field.letter((3,), ("t",))
    half = (a.log() / 2).exp()
    assert not a.log().exp().gaps(a).any()
    assert not (half * half).gaps(a).any()
    assert not (-1.5 * a.log()).exp().gaps(1 / (a * a.sqrt())).any()
    assert not (a.log() + b - a.log()).exp().gaps(b.exp()).any()
    assert not (2 * b).exp().gaps(b.exp() * b.exp()).any()
    assert not (a * b.exp()).log().gaps(a.log() + b).any()
    assert not (b * 0).exp().gaps(field.constant(1)).any()
    assert b.exp().gaps(field.constant(1)).all()
    assert (2 * b.exp()).gaps(b.exp()).all()


def test_numbers_have_the_logarithms_of_their_prime_factors(point):
    logs = {n: point.constant(n).log() for n in (2, 3, 7)}
    assert not point.constant(Fraction(126, 4)).log().gaps(2 * logs[3] + logs[7] - logs[2]).any()
    assert not (point.constant(5) + point.constant(1)).log().gaps(logs[2] + logs[3]).any()
    counted = point.constant(1).lifted(Value(np.array([1, 2, 3]), ("k",))).total("k", 3)  # 6, made by a sum
    assert not counted.log().gaps(logs[2] + logs[3]).any()
    assert not counted.log().invented
    for n in (0, -2):
        with pytest.raises(UndecidedError, match="not positive"):
            point.constant(n).log()


def test_a_product_of_two_long_primes_is_split_or_its_logarithm_is_invented(point):
    p, q = 1000003, 1000033
    assert not point.constant(p * q).log().gaps(point.constant(p).log() + point.constant(q).log()).any()
    assert not point.constant(p * q).log().invented
    assert point.constant((2**127 - 1) * (2**107 - 1)).log().invented


def test_what_a_sum_could_be_is_marked(field):
    a, b = field.positive(), field.positive()
    assert (a + b).log().invented
    assert not (a + b).named().log().invented
    assert not (a * b).log().invented
    total = field.positive((3,), ("s",)).total("s", 3)
    for made in (total.log() * 0, -total.log() / a + 1, 2 * (1 + total.log()).exp().log()):
        assert made.invented
    assert not (total.log() + a).exp().invented  # a sum times an exponential
    logs = field.simplex((3,), ("s",), "s").log()
    assert not logs.invented


def test_roots_are_squares_of_roots(point):
    a, b = point.positive(), point.positive()
    root = a.sqrt()
    assert not (root * root).gaps(a).any()
    assert all(pow(int(root.data), (p - 1) // 2, p) == 1 for p in PRIMES)
    assert not (a * b).sqrt().gaps(a.sqrt() * b.sqrt()).any()
    assert not (2 * b.exp()).sqrt().gaps(point.constant(2).sqrt() * (b / 2).exp()).any()
    c = point.letter()
    c.square()
    assert not (c * c).sqrt().gaps(c).any()  # the world says which of both is positive
    negative = -root
    assert not (negative * negative).sqrt().gaps(root).any()
    assert not a.sqrt().invented
    assert (a * a + 0).sqrt().invented


def test_missing_roots_and_zeros_ask_for_another_point(field):
    zero = field.letter((2,), ("s",)) * Value(np.array([1, 0]), ("s",))
    for use in (zero.log, lambda: 1 / zero, lambda: zero.raised(Value(np.array(-1)))):
        with pytest.raises(RedrawError):
            use()
    with pytest.raises(RedrawError):
        field.constant(-1).sqrt()  # -1 is no square modulo one of these primes
    singular = field.letter((2, 1), (ROW, COLUMN)).total(COLUMN, 1).spread([COLUMN], [2])
    with pytest.raises(RedrawError):
        singular.inverse()
    with pytest.raises(RedrawError):
        singular.solved(field.constant(1).spread([ROW], [2]), ROW, COLUMN)


def test_what_the_field_cannot_say(field):
    a, b, matrix = field.letter((2,), ("s",)), field.letter(), field.letter((2, 2), (ROW, COLUMN))
    for use, what in (
        (lambda: a.exp() + b.exp(), "sum of different exponentials"),
        (lambda: a.exp().total("s", 2), "sum of different exponentials"),
        (lambda: a.exp() - 1, "sum of different exponentials"),
        (lambda: a.exp().exp(), "exponential of an exponential"),
        (lambda: a.sin(), "a sine"),
        (lambda: a.cos(), "a cosine"),
        (lambda: a.absolute(), "absolute value"),
        (lambda: a.floor(), "rounding"),
        (lambda: (b * field.positive().log()).exp(), "products"),
        (lambda: a.exp().series("s", 2), "infinite sum of exponentials"),
        (lambda: matrix.exp().inverse(), "a matrix of exponentials"),
        (lambda: matrix.exp().determinant(), "a matrix of exponentials"),
        (lambda: matrix.exp().solved(a.renamed({"s": ROW}), ROW, COLUMN), "a system of exponentials"),
        (lambda: matrix.solved(a.renamed({"s": ROW}).exp(), ROW, COLUMN), "a system of exponentials"),
        (lambda: field.letter((30,), ("k",)).series("k", 30), "no linear recurrence"),
    ):
        with pytest.raises(UndecidedError, match=what):
            use()
    assert not (b.exp() + b.exp()).gaps(2 * b.exp()).any()
    assert not (b.exp() * 0 + 1).gaps(field.constant(1)).any()  # a term that is 0 has any exponent


def test_powers_with_an_index(field):
    x, p = field.letter((2,), ("s",)), field.modulus
    n = Value(np.array([0, 1, 5, -2]), ("k",))
    found = entries(x.raised(n))
    for at, v in entries(x).items():
        for k, power in enumerate((0, 1, 5, -2)):
            assert found[at | {("k", k)}] == pow(v, power, p)
    assert not x.exp().raised(n).gaps((x * n).exp()).any()


def test_exponents_of_numbers_do_not_overflow(point):
    for _ in range(8):
        x, a = point.letter(), point.positive()
        root = (a * x.exp()).sqrt()
        assert not (root * root).gaps(a * x.exp()).any()
        cube = x.exp().raised(Value(np.array(-3)))
        assert int(cube.exponent) == -3 * int(x.data) % point.modulus
        assert root.exponent.dtype == object


def test_sums_over_an_axis(field):
    x, p = field.letter((2, 3), ("s", "a")), field.modulus
    found = entries(x.total("a", 3))
    for at, total in found.items():
        assert total == sum(v for i, v in entries(x).items() if at <= i) % p
    assert not x.total("t", 5).gaps(x * 5).any()


@pytest.mark.parametrize("order", [1, 3, 6])
def test_infinite_sums_of_matrix_powers_are_resolvents(field, order):
    """Σ_k u P^k w = u (1 - P)^{-1} w, whose terms obey the characteristic polynomial of P."""
    P = field.letter((order, order), ("s", "x"))
    w = field.letter((order,), ("s",))
    terms, term = [], w
    for _ in range(2 * order + 8):
        terms.append(term.total("s", order).spread(["k"], [1]))
        term = (P * term.renamed({"s": "x"})).total("x", order)
    sequence = terms[0]
    for more in terms[1:]:
        sequence = sequence.joined(more, "k")
    system = field.constant(1) * Value(np.eye(order), ("s", "x")) - P
    expected = system.solved(w, "s", "x").total("x", order)
    assert not sequence.series("k", 2 * order + 8).gaps(expected).any()


def test_systems_and_determinants(field):
    n, p = 3, field.modulus
    A, b = field.letter((n, n), (ROW, COLUMN)), field.letter((n, 2), (ROW, "a"))
    x = A.solved(b, ROW, COLUMN)
    assert not (A * x).total(COLUMN, n).gaps(b).any()
    across = A.solved(b.renamed({ROW: COLUMN}), COLUMN, ROW)
    assert not (A * across).total(ROW, n).gaps(b.renamed({ROW: COLUMN})).any()
    product_ = (A.renamed({COLUMN: "m"}) * A.inverse().renamed({ROW: "m"})).total("m", n)
    assert not product_.gaps(Value(np.eye(n), (ROW, COLUMN))).any()
    e = [[A.selected(ROW, i).selected(COLUMN, j) for j in range(n)] for i in range(n)]
    leibniz = sum(
        sign * e[0][i] * e[1][j] * e[2][k]
        for (i, j, k), sign in zip(
            [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 0, 2)], [1, 1, 1, -1, -1, -1], strict=True
        )
    )
    assert not A.determinant().gaps(leibniz).any()
    assert p > n


def test_conditions_and_joined_entries(field):
    x, y = field.letter((3,), ("s",)), field.letter((2,), ("s",))
    kept = x.where(Value(np.array([True, False, True]), ("s",)))
    assert not kept.gaps(x * Value(np.array([1, 0, 1]), ("s",))).any()
    both = x.joined(y, "s")
    assert not both.selected("s", slice(3)).gaps(x).any()
    assert not both.selected("s", 4).gaps(y.selected("s", 1)).any()
    mixed = x.exp().joined(Value(np.zeros(1), ("s",)), "s")
    assert not mixed.selected("s", slice(3)).gaps(x.exp()).any()
    assert mixed.selected("s", 3).size() == 0.0


def test_gaps_are_entry_by_entry(point):
    x = point.letter((3,), ("s",))
    other = x + point.constant(1).lifted(Value(np.array([0, 1, 0]), ("s",)))
    assert x.gaps(other).tolist() == [0, 1, 0]
    assert x.exp().gaps(other.exp()).tolist() == [0, 1, 0]
    zero = x * 0
    assert not (zero * x.exp()).gaps(zero).any()
    assert x.size() == 1.0
    assert zero.size() == 0.0


def test_indices_are_small_integers(field):
    x = field.constant(1).lifted(Value(np.array([3, -2, 0]), ("s",)))
    assert x.integers().data.tolist() == [3, -2, 0]
    assert x.whole()
    for other in (field.letter((2,), ("s",)), field.constant(Fraction(1, 2)), x.exp()):
        assert not other.whole()
        with pytest.raises(ValueError, match="integer"):
            other.integers()
    assert field.constant(Fraction(7, 2)).floor().integer() == 3
    assert field.constant(Fraction(-7, 2)).floor().integer() == -4


def test_letters_of_a_line_are_linear_along_it():
    field = Field([prime("line", 31)], "line", 5)
    x, p = field.letter((2,), ("s",)), field.modulus
    steps = [int(t) for t in field.steps]
    assert x.axes == ("s", LINE)
    for column in [*x.data.tolist(), *(x.square() * x).log().data.tolist()]:
        slope = (column[1] - column[0]) * pow(steps[1] - steps[0], -1, p)
        assert column == [(column[0] + slope * (t - steps[0])) % p for t in steps]


def test_a_simplex_has_its_sum_and_everything_is_random(field):
    x = field.simplex((2, 3), ("s", "a"), "a")
    assert not x.total("a", 3).gaps(field.constant(1)).any()
    slopes = field.simplex((2, 3), ("s", "a"), "a", 0)
    assert slopes.total("a", 3).size() == 0.0
    numbers = [n for y in (x, slopes, field.letter((5,), ("s",))) for n in y.data.reshape(-1).tolist()]
    assert len(set(numbers)) == len(numbers)
    assert all(isinstance(y, Residue) for y in (x, slopes))


def test_equal_modulo_one_prime_is_not_equal(point):
    x = point.letter((2,), ("s",))
    for one in PRIMES:
        near = Residue(point, (x.data + one) % point.modulus, x.axes)
        assert not ((near.data - x.data) % one).any()
        assert x.gaps(near).all()
        assert x.exp().gaps(near.exp()).all()
        assert (near - x).size() == 1.0
        for use in (lambda d: 1 / d, lambda d: d.raised(Value(np.array(-1)))):  # 0 modulo one of both
            with pytest.raises(RedrawError):
                use(near - x)
        matrix = (near - x).selected("s", 0).spread([ROW, COLUMN], [1, 1])
        with pytest.raises(RedrawError):
            matrix.inverse()


def test_roots_and_inverses_are_those_modulo_each_prime(point):
    x = point.letter((3,), ("s",))
    square = Residue(point, x.data * x.data % point.modulus, x.axes)
    root, inverse = square.sqrt().data, (1 / x).data
    for p in PRIMES:
        for v, r, i in zip(x.data, root, inverse, strict=True):
            assert v * i % p == 1
            assert r % p in (v % p, -v % p)
            assert pow(r, (p - 1) // 2, p) == 1
    for p, q in (PRIMES, PRIMES[::-1]):  # -1 is no square modulo p
        mixed = (square.data[0] * pow(q, -1, p) * q - square.data[0] * pow(p, -1, q) * p) % point.modulus
        assert pow(int(mixed), (p - 1) // 2, p) == 1
        with pytest.raises(RedrawError):
            Residue(point, np.array(mixed, object)).sqrt()


RATIOS = [
    1 + Fraction(1, 10**12),
    1 - Fraction(1, 10**12),
    Fraction(2**40 + 15, 2**41 - 21),
    Fraction(7),
    Fraction(1, 6),
]


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_rational_multiples_of_letters_are_known(point, ratio):
    width, other = point.positive(), point.positive((4,), ("s",))
    variance = width.square()
    made = Residue(point, (variance * point.constant(ratio)).data)  # it is not seen how
    assert point.multiple(int(made.data), point.roots) == (ratio, int(variance.data))
    assert point.multiple(int(made.data), point.known) == (ratio, int(variance.data))
    assert not made.log().gaps(variance.log() + point.constant(ratio).log()).any()
    assert not made.log().invented
    many = Residue(point, (other * point.constant(ratio)).data, other.axes)
    assert not many.log().gaps(other.log() + point.constant(ratio).log()).any()
    assert not many.log().invented


def test_roots_of_rational_multiples_of_squares_are_those_of_both_factors(point):
    width = point.positive()
    variance = width.square()
    for ratio in (Fraction(9, 4), (1 + Fraction(1, 10**6)) ** 2):
        made = Residue(point, (variance * point.constant(ratio)).data)
        root = made.sqrt()
        assert not root.gaps(width * point.constant(ratio).sqrt()).any()
        assert not root.invented
    squares = width.spread(["s"], [3]) * 0 + variance  # the same at every entry
    assert not Residue(point, squares.data, squares.axes).sqrt().gaps(width).any()


def test_random_residues_are_no_multiples(point):
    letters = point.positive((20,), ("s",))
    letters.square()
    for v in point.letter((50,), ("s",)).data.tolist():
        assert point.multiple(v, point.known) == point.multiple(v, point.roots) == (None, None)
    negative = Residue(point, -(letters.selected("s", 0) * 3).data % point.modulus)
    assert negative.log().invented  # -3 times a letter has no logarithm that is known
    long = 1 + Fraction(1, 10**13)  # of 44 bits: more than two residues can be told apart by
    assert Residue(point, (letters * point.constant(long)).data, letters.axes).log().invented
    line = Field([prime("test", 31)], "test", POINTS)
    assert line.multiple(int(line.positive().data[0]) * 2, line.known) == (None, None)


def test_fractional_powers_are_kept_apart_and_only_short_ones_are_invented():
    field = Field([prime("powers", 61), prime("powers 2", 61)], "powers")
    y, z = field.positive(), field.positive()
    third = (y.log() / 3).exp()
    assert third.invented
    assert not (third * (y.log() / 6).exp()).gaps((y.log() / 3 + y.log() / 6).exp()).any()
    long = (y.log() * Fraction(10**12 + 1, 10**12)).exp()
    assert not long.invented
    assert long.gaps(y).all()
    assert not long.gaps((y.log() * Fraction(10**12 + 1, 10**12)).exp()).any()
    k = Value(np.arange(4), ("k",))
    ratio = (y.log() * (field.constant(Fraction(10**12 - 1, 10**12)) * k)).exp()
    assert (
        not (ratio.selected("k", 1) * ratio.selected("k", 2)).gaps(ratio.selected("k", 3)).any()
    )  # one letter's powers
    assert ((y * z).log() / 2).exp().gaps((y.log() / 2).exp() * (z.log() / 2).exp()).sum() == 0


def test_exponentials_of_sums_of_logarithms_are_products():
    """Along an axis, masked or not: never an exponential of its own."""
    field = Field([prime("sums", 61), prime("sums 2", 61)], "sums")
    y = field.positive((3,), ("j",))
    product = y.selected("j", 0) * y.selected("j", 1) * y.selected("j", 2)
    assert not y.log().total("j", 3).exp().gaps(product).any()
    first = Value(np.array([True, False, False]), ("j",))
    for hidden in (
        lambda: y.log().where(first).total("j", 3).exp(),
        lambda: y.log().joined(y.log(), "j").exp(),
        lambda: (field.letter((3,), ("j",)) * y.log()).total("j", 3).exp(),
        lambda: y.log().raised(Value(np.array(2))).exp(),
        lambda: y.log().sqrt().exp(),
    ):
        with pytest.raises((UndecidedError, RedrawError)):
            hidden()


def test_what_is_remembered_twice_keeps_its_logarithm():
    field = Field([prime("twice", 61), prime("twice 2", 61)], "twice")
    x = field.positive() * field.letter().exp()
    log = x.log().data
    for _ in range(2):
        x.remembered()
        assert int(x.log().data) == int(log)


def test_both_arithmetics_have_the_same_methods():
    floats, residues = ({n for n in dir(kind) if not n.startswith("_")} for kind in (Value, Residue))
    only = {"field", "exponent", "fraction", "made", "invented", "pure", "logs", "square"}  # what a residue remembers
    assert floats == residues - only
