"""Series, interpolation and degrees modulo p against fractions, brute force and functions of known degrees."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from pycode.proofread.arithmetic import modular, rational

RNG = random.Random(2)
BIG, SMALL = modular.prime("test", 61), modular.prime("test", 31)
FIELDS = pytest.mark.parametrize(("p", "dtype"), [(BIG, object), (SMALL, np.int64), (SMALL, object)])


def series(terms, p, spare):
    """The sum of one batch of sequences."""
    return rational.series(terms[:, None], p, spare)[0]


def reduced(x, p, dtype):
    """Fractions as residues."""
    entries = [Fraction(q) for q in np.asarray(x, dtype=object).reshape(-1)]
    return np.array([q.numerator * pow(q.denominator, -1, p) % p for q in entries], dtype=dtype).reshape(np.shape(x))


def at(coefficients, x, p):
    """Value of a polynomial, lowest degree first."""
    return sum(c * x**k for k, c in enumerate(coefficients)) % p


@FIELDS
def test_geometric_series_beside_each_other(p, dtype):
    ratios = [Fraction(1, 2), Fraction(-2, 3), Fraction(3, 7)]
    terms = [[[q**n, (n + 1) * q**n] for q in ratios] for n in range(20)]  # one recurrence of order 6
    sums = [[1 / (1 - q), 1 / (1 - q) ** 2] for q in ratios]
    found = series(reduced(terms, p, dtype), p, 8)
    assert found.tolist() == reduced(sums, p, dtype).tolist()
    with pytest.raises(rational.NoRecurrenceError, match="no linear recurrence of order up to 5 fits 20 terms"):
        series(reduced(terms, p, dtype), p, 9)


@FIELDS
def test_a_matrix_series(p, dtype):
    """Σ_n P^n = (I - P)^{-1} for a chain that loses mass; the last terms of a nilpotent one are 0."""
    P = np.array([[Fraction(RNG.randrange(1, 9), 40) for _ in range(4)] for _ in range(4)])
    for matrix in (P, np.triu(P, 1)):
        powers = [np.array([[Fraction(i == j) for i in range(4)] for j in range(4)])]
        for _ in range(11):
            powers.append(powers[-1] @ matrix)
        total = series(reduced(powers, p, dtype), p, 4)
        assert np.all(modular.product(total, reduced(powers[0] - matrix, p, dtype), p) == np.eye(4, dtype=int))


@FIELDS
def test_sums_that_start_late_or_end(p, dtype):
    finite = reduced([[5, 0], [0, 0], [7, 1], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]], p, dtype)
    assert series(finite, p, 2).tolist() == [12, 1]
    with pytest.raises(rational.NoRecurrenceError):
        series(finite, p, 3)
    late = reduced([9, 0, 4, *[Fraction(1, 3**n) for n in range(3, 12)]], p, dtype)
    assert series(late, p, 2) == reduced(13 + Fraction(1, 18), p, dtype)
    assert series(finite[:, 0] * 0, p, 8) == 0


@FIELDS
def test_sums_that_have_no_value(p, dtype):
    for terms in ([1] * 12, [n * n for n in range(12)], [n + 2**n for n in range(12)]):
        with pytest.raises(ZeroDivisionError):
            series(reduced(terms, p, dtype), p, 4)
    squares = [Fraction(1, (k + 1) ** 2) for k in range(60)]
    one_wrong = [Fraction(1, 2**k) for k in range(30)]
    one_wrong[29] += 1
    beside = [[Fraction(1, 2**k), Fraction(1, k + 1)] for k in range(30)]
    for terms in (squares, one_wrong, beside, [0] * 11 + [1], [1, 2]):
        with pytest.raises(rational.NoRecurrenceError):
            series(reduced(terms, p, dtype), p, 4)


def test_a_sequence_that_the_combination_hides_is_seen(monkeypatch):
    monkeypatch.setattr(rational.np, "frombuffer", lambda *_: np.array([1, 0], dtype=np.uint64))
    beside = [[Fraction(1, 2**k), Fraction(1, k + 1)] for k in range(30)]
    with pytest.raises(rational.NoRecurrenceError):
        series(reduced(beside, BIG, object), BIG, 4)


@FIELDS
def test_polynomials_from_their_values(p, dtype):
    coefficients = np.array([[[RNG.randrange(p) for _ in range(2)] for _ in range(3)] for _ in range(9)], dtype=object)
    nodes = RNG.sample(range(-100, 100), 9)
    values = np.array([at(coefficients, x, p) for x in nodes], dtype=dtype)
    for _ in range(2):
        assert np.all(rational.interpolate(values, nodes, p) == coefficients)
    assert rational.interpolate(values[:1, 0, 0], nodes[:1], p).tolist() == [values[0, 0, 0]]
    with pytest.raises(ZeroDivisionError):
        rational.interpolate(values[:2], [3, 3 - p], p)


@FIELDS
@pytest.mark.parametrize(("above", "below"), [(0, 0), (0, 1), (1, 0), (5, 5), (0, 9), (9, 0), (12, 7), (3, 16)])
def test_degrees_of_rational_functions(p, dtype, above, below):
    points = RNG.sample(range(1, p), above + below + 1 + 4)
    N, D = ([RNG.randrange(1, p) for _ in range(n + 1)] for n in (above, below))
    values = np.array([at(N, x, p) * pow(at(D, x, p), -1, p) % p for x in points], dtype=dtype)
    assert rational.degrees(points, values, p, 4) == (above, below)
    assert rational.degrees(points, values, p, 5) is None
    wrong = values.copy()
    wrong[3] = (wrong[3] + 1) % p  # still N (x - x_3) / (D (x - x_3)) at all the other points
    assert rational.degrees(points, wrong, p, 2) is None


@FIELDS
def test_degrees_with_zeros_and_without_a_function(p, dtype):
    points = RNG.sample(range(p), 30)
    values = np.array([(x - points[4]) * (x - points[9]) * pow(x * x + 1, -1, p) % p for x in points], dtype=dtype)
    assert rational.degrees(points, values, p, 25) == (2, 2)
    values[4] = 1
    assert rational.degrees(points, values, p, 3) is None
    assert rational.degrees(points, 0 * values, p, 29) == (0, 0)
    assert rational.degrees(points, 0 * values, p, 30) is None
    one = 0 * values
    one[7] = 1
    assert rational.degrees(points, one, p, 3) is None
    noise = np.array([RNG.randrange(p) for _ in points], dtype=dtype)
    assert rational.degrees(points, noise, p, 3) is None


def test_degrees_by_brute_force():
    """Modulo 5, through all residues: the smallest sum over all quotients without a pole there."""
    p = 5
    polynomials = list(itertools.product(range(p), repeat=4))
    degree = {f: max((k for k in range(4) if f[k]), default=0) for f in polynomials}
    values = {f: tuple(at(f, x, p) for x in range(p)) for f in polynomials}
    smallest: dict[tuple[int, ...], int] = {}
    for g in (g for g in polynomials if all(values[g]) and g[degree[g]] == 1):
        for f in (f for f in polynomials if degree[f] + degree[g] <= 3):
            quotient = tuple(y * pow(z, -1, p) % p for y, z in zip(values[f], values[g], strict=True))
            smallest[quotient] = min(degree[f] + degree[g], smallest.get(quotient, 3))
    assert 600 < len(smallest) < 3000
    for v in RNG.sample(list(itertools.product(range(p), repeat=p)), 500):
        found = rational.degrees(range(p), np.array(v), p, 1)
        assert (found and sum(found)) == smallest.get(v)


@pytest.mark.parametrize(("p", "dtype"), [(BIG, object), (SMALL, np.int64)])
def test_each_batch_has_a_recurrence_of_its_own(p, dtype):
    """Two geometric sequences of a batch and one of another, against their sums as fractions."""
    ratios = [(Fraction(1, 3), Fraction(2, 5)), (Fraction(1, 7), Fraction(3, 4))]
    terms = [[a**k + b**k for a, b in ratios] for k in range(12)]
    found = rational.series(reduced(terms, p, dtype), p, 6)
    assert found.tolist() == reduced([1 / (1 - a) + 1 / (1 - b) for a, b in ratios], p, dtype).tolist()
