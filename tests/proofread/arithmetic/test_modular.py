"""Arithmetic modulo p against Python's integers and against brute force over small primes."""

import math
import random
import time

import numpy as np
import pytest

from pycode.proofread.arithmetic import modular

RNG = random.Random(1)
BIG, SMALL = modular.prime("test", 61), modular.prime("test", 31)
FIELDS = pytest.mark.parametrize(("p", "dtype"), [(BIG, object), (SMALL, np.int64), (SMALL, object)])


def array(p, dtype, *shape, low=0):
    """Random residues."""
    return np.array([RNG.randrange(low, p) for _ in range(int(np.prod(shape)))], dtype=dtype).reshape(shape)


def test_primes_below_a_thousand_and_pseudoprimes():
    brute = [n for n in range(1000) if n > 1 and all(n % d for d in range(2, n))]
    assert [n for n in range(-3, 1000) if modular.is_prime(n)] == brute
    assert modular.is_prime(2**61 - 1)
    # The smallest strong pseudoprimes to the first 4, 9 and 12 primes; a Carmichael number.
    assert not any(map(modular.is_prime, (3215031751, 3825123056546413051, 318665857834031151167461, 561)))


@pytest.mark.parametrize("bits", [31, 61])
def test_a_drawn_prime(bits):
    found = {modular.prime(str(seed), bits) for seed in range(20)}
    assert len(found) == 20
    assert modular.prime("3", bits) in found
    for p in found:
        assert p.bit_length() == bits
        assert pow(2, p - 1, p) == 1
        assert all(pow(q, (p - 1) // 2, p) == 1 for q in (2, 3, 5, 7, 11, 13))
        assert pow(-1, (p - 1) // 2, p) == p - 1


def test_there_are_more_primes_than_are_counted():
    sieve = np.ones(2**16, dtype=bool)
    sieve[:2] = False
    for q in range(2, 256):
        sieve[q * q :: q] &= not sieve[q]
    left = np.arange(2**30 - 2**30 % modular.MODULUS - 1, 2**31, modular.MODULUS)
    left = left[left >= 2**30]
    for q in np.flatnonzero(sieve):
        left = left[left % q != 0]
    assert len(left) == 2212 > modular.count_of_primes(31)
    first = 2**60 // modular.MODULUS + 1
    drawn = [modular.is_prime(RNG.randrange(first, 2 * first) * modular.MODULUS - 1) for _ in range(2000)]
    assert sum(drawn) / 2000 * first > 1.5 * modular.count_of_primes(61) > 2**39


@FIELDS
@pytest.mark.parametrize("shape", [(), (1,), (5, 7), (301,)])
def test_elementwise(p, dtype, shape):
    a = array(p, dtype, *shape, low=1)
    assert np.all(modular.inverse(a, p) * a % p == 1)
    for n in (0, 1, 5, p, p - 1, 10**30, -1, -7):
        found = modular.power(a, n, p)
        assert found.shape == shape
        assert found.reshape(-1).tolist() == [pow(x, n, p) for x in a.reshape(-1).tolist()]
    square = np.asarray(a * a % p, dtype=dtype)
    root = modular.root(square, p)
    assert np.all((root == a) | (root == p - a))
    assert np.all(modular.root(root, p) ** 0 == 1)


@FIELDS
def test_zeros(p, dtype):
    zero = np.array([3, 0], dtype=dtype)
    assert modular.power(zero, 0, p).tolist() == [1, 1]
    assert modular.power(zero, p - 1, p).tolist() == [1, 0]
    assert modular.root(np.array([0], dtype=dtype), p).tolist() == [0]
    for wrong in (lambda: modular.inverse(zero, p), lambda: modular.power(zero, -2, p)):
        with pytest.raises(ZeroDivisionError, match="division by 0"):
            wrong()
    with pytest.raises(modular.NoRootError, match="no square"):
        modular.root(np.array([4, p - 4], dtype=dtype), p)


def test_floats_are_refused_and_machine_integers_do_not_overflow():
    with pytest.raises(TypeError, match="residues are integers, not float64"):
        modular.inverse(np.array([1.0]), BIG)
    assert modular.product(np.array([[BIG - 1]]), np.array([[BIG - 1]]), BIG).tolist() == [[1]]
    assert modular.root(np.array([2**30], dtype=np.int32), SMALL)[0] in (2**15, SMALL - 2**15)


@pytest.mark.parametrize("p", [7, 23])
def test_roots_by_brute_force(p):
    squares = {x * x % p for x in range(p)}
    for a in range(p):
        if a in squares:
            (expected,) = {x for x in squares if x * x % p == a}
            assert modular.root(np.array([a]), p).tolist() == [expected]
        else:
            with pytest.raises(modular.NoRootError):
                modular.root(np.array([a]), p)


def leibniz(A):
    """Determinant by its expansion along the first row."""
    minors = (leibniz([row[:j] + row[j + 1 :] for row in A[1:]]) for j in range(len(A)))
    return sum((-1) ** j * A[0][j] * minor for j, minor in enumerate(minors)) if A else 1


@FIELDS
def test_systems(p, dtype):
    exact = [[[RNG.randrange(-2, 3) for _ in range(4)] for _ in range(4)] for _ in range(60)]  # many zeros as pivots
    determinants = np.array([leibniz(A) for A in exact], dtype=object)
    A = (np.array(exact, dtype=object) % p).astype(dtype)
    before = A.copy()
    assert np.all(modular.determinant(A, p) == determinants % p)
    assert modular.determinant(A.reshape(5, 12, 4, 4), p).shape == (5, 12)
    regular = A[determinants != 0]
    assert 10 < len(regular) < 60
    B = array(p, dtype, len(regular), 4, 2)
    X = modular.solve(regular, B, p)
    for a, x, b in zip(regular.tolist(), X.tolist(), B.tolist(), strict=True):
        product = [[sum(u * v[j] for u, v in zip(row, x, strict=True)) % p for j in range(2)] for row in a]
        assert product == b
    assert np.all(modular.product(regular, X, p) == B)
    assert np.all(modular.product(modular.inverse_matrix(regular, p), regular, p) == np.eye(4, dtype=int))
    assert np.all(modular.solve(regular[0], B[:3], p)[2] == modular.solve(regular[0], B[2], p))
    with pytest.raises(ZeroDivisionError, match="singular"):
        modular.solve(A, A, p)
    assert np.all(before == A)


@FIELDS
def test_products_of_the_largest_residues(p, dtype):
    full = np.full((3, 900), p - 1, dtype=dtype)
    assert np.all(modular.product(full, full.T, p) == 900)


def test_a_system_with_fractions():
    hilbert = np.array([[pow(i + j + 1, -1, BIG) for j in range(5)] for i in range(5)], dtype=object)
    found = modular.inverse_matrix(hilbert, BIG)
    assert np.all(found[0] == np.array([25, -300, 1050, -1400, 630], dtype=object) % BIG)


def test_small_numbers_are_factored():
    for n in range(1, 3000):
        found = modular.factors(n)
        assert math.prod(q**k for q, k in found.items()) == n
        assert all(k > 0 and all(q % d for d in range(2, q)) for q, k in found.items())
    with pytest.raises(ValueError, match="only positive integers are factored, not 0"):
        modular.factors(0)


@pytest.mark.parametrize(
    "factors",
    [
        {3: 90, 99991: 2, 100003: 1, 100019: 1, BIG: 1},  # divisors on both sides of the trial bound
        {100003: 2, 1000003: 1, 10000019: 1},
        {193707721: 1, 761838257287: 1},  # 2^67 - 1
        {2: 1, BIG: 2},
        {2**61 - 1: 4},
    ],
)
def test_numbers_with_large_factors(factors):
    assert modular.factors(math.prod(q**k for q, k in factors.items())) == factors


def test_what_is_too_long_stays_composite():
    n = (2**127 - 1) * (2**521 - 1)
    start = time.perf_counter()
    assert modular.factors(12 * n) == {2: 2, 3: 1, n: 1}
    assert time.perf_counter() - start < 1  # 0.02 s
