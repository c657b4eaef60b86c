r"""Arithmetic modulo a prime p on arrays of residues in [0, p): int64 for p < 2^31, Python integers otherwise.

The primes are ≡ -1 mod 8·3·5·7·11·13: each of 2, 3, 5, 7, 11, 13 is a square, -1 is none, so of two opposite square
roots exactly one is a square itself.
"""

import hashlib
from functools import lru_cache
from itertools import accumulate
from math import gcd, isqrt

import numpy as np

MODULUS = 8 * 3 * 5 * 7 * 11 * 13
WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
DECIDED = 3 * 10**24  # every n below is decided by these witnesses (Sorenson and Webster, 2015)
INT64 = 2**31  # below it a product of two residues and a sum of two such products fit into int64
TRIAL = 10**5  # primes below it are tried as divisors
EFFORT = 2**25  # steps of a search for a divisor times bits^1.5, as long numbers take longer: 65 536 steps for 64 bits
SHORT = 64  # entries from which halving the array is faster than a loop over them


class NoRootError(ValueError):
    """A number that is no square modulo p."""


def is_prime(n: int) -> bool:
    """Miller–Rabin, exact below 3·10^24."""
    if n < 2:
        return False
    for q in WITNESSES:
        if n % q == 0:
            return n == q
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    for q in WITNESSES:
        x = pow(q, (n - 1) >> twos, n)
        steps = 0
        while x not in (1, n - 1) and steps < twos - 1:
            x, steps = x * x % n, steps + 1
        if x != n - 1 and not (x == 1 and steps == 0):
            return False
    return True


def _candidates(bits: int) -> range:
    """All n ≡ -1 mod MODULUS with 2^(bits-1) ≤ n < 2^bits."""
    first = 2 ** (bits - 1)
    return range(first + (-1 - first) % MODULUS, 2**bits, MODULUS)


def prime(seed: str, bits: int = 61) -> int:
    """A random prime p ≡ -1 mod MODULUS with 2^(bits-1) ≤ p < 2^bits, bits ≤ 64, the same for the same seed."""
    candidates = _candidates(bits)
    count = 0
    while True:
        digest = hashlib.sha256(f"{seed}:{bits}:{count}".encode()).digest()
        p = candidates[int.from_bytes(digest, "big") % len(candidates)]  # 256 bits: uniform up to 2^-200
        if is_prime(p):
            return p
        count += 1


def count_of_primes(bits: int = 61) -> int:
    r"""A lower bound of the number of primes ``prime(·, bits)`` chooses from: a sixteenth of the candidates.

    More than 2^39 for 61 bits, more than 2^9 for 31.

    Of all n near x one in ln x is prime, and primes fill 23040 = φ(MODULUS) of the 120120 classes evenly:
    among the candidates about 5.21 / (bits · ln 2) are prime: 0.24 for 31 bits, 0.123 for 61 (2^40.1 primes). Counted
    for 31 bits: 2212 of 8939. Sampled for 61 bits: 12.5 % of 10^5 random candidates; by Hoeffding's bound that has
    probability below e^(-2·10^5·0.06^2) = e^-720 if at most a sixteenth are prime.
    """
    return len(_candidates(bits)) // 16


@lru_cache(maxsize=1)
def _trial_primes() -> np.ndarray:
    """The primes below TRIAL."""
    sieve = np.ones(TRIAL, dtype=bool)
    sieve[:2] = False
    for q in range(2, isqrt(TRIAL) + 1):
        sieve[q * q :: q] &= not sieve[q]
    return np.flatnonzero(sieve)


def _small_divisors(n: int) -> list[int]:
    """The primes below TRIAL that divide n."""
    primes = _trial_primes()
    rest = np.zeros_like(primes)
    width = 45  # a remainder has at most 17 bits
    for shift in range(n.bit_length() // width * width, -1, -width):
        rest = (rest * 2**width + (n >> shift) % 2**width) % primes
    return primes[rest == 0].tolist()


def _divisor(n: int, steps: int) -> tuple[int, int]:
    """Pollard's rho with Brent's cycles: a divisor of n, 1 or n if none is found, and the steps that are left."""
    y, length, found = 2, 1, 1
    while steps > 0 and found == 1:
        x, ahead = y, 0
        while ahead < length and steps > 0 and found == 1:
            start, together = y, 1
            for _ in range(block := min(SHORT, length - ahead)):
                y = (y * y + 1) % n
                together = together * (x - y) % n
            found, ahead, steps = gcd(together, n), ahead + block, steps - block
            if found == n:  # both factors in one block: one step at a time
                y = (start * start + 1) % n
                while (found := gcd(x - y, n)) == 1:
                    y = (y * y + 1) % n
        length *= 2
    return found, steps


def factors(n: int) -> dict[int, int]:
    """Exponents of the prime factors of n ≥ 1; what is not split in bounded time stays one (composite) factor."""
    if n < 1:
        raise ValueError(f"only positive integers are factored, not {n}")
    found: dict[int, int] = {}
    for q in _small_divisors(n):
        while n % q == 0:
            n, found[q] = n // q, found.get(q, 0) + 1
    left = [n] if n > 1 else []
    bits = max(n.bit_length(), 64)
    steps = EFFORT // (bits * isqrt(bits))
    while left:
        n = left.pop()
        if (r := isqrt(n)) ** 2 == n:
            left += [r, r]
            continue
        divisor = 1
        if n >= TRIAL**2 and not (n.bit_length() <= 256 and is_prime(n)):
            divisor, steps = _divisor(n, steps)
        if 1 < divisor < n:
            left += [divisor, n // divisor]
        else:
            found[n] = found.get(n, 0) + 1
    return dict(sorted(found.items()))


def residues(a: object, p: int) -> np.ndarray:
    """An array of integers in [0, p) of the type that products modulo p fit in."""
    array = np.asarray(a)
    if array.dtype.kind not in "iuO":
        raise TypeError(f"residues are integers, not {array.dtype}")
    if p < INT64:
        return array.astype(np.int64, copy=False) if array.dtype != object else array
    return array.astype(object, copy=False)


def _inverse(x: np.ndarray, p: int) -> np.ndarray:
    """Montgomery's batch inversion of a vector without zeros: one inverse, three products an entry."""
    if len(x) > SHORT:
        half = len(x) // 2
        a, b, rest = x[:half], x[half : 2 * half], x[2 * half :]
        found = _inverse(np.concatenate([a * b % p, rest]), p)
        ab = found[:half]
        return np.concatenate([ab * b % p, ab * a % p, found[half:]])
    entries = x.tolist()
    products = list(accumulate(entries, lambda u, v: u * v % p, initial=1))
    last = pow(products[-1], -1, p)
    for i in range(len(entries) - 1, -1, -1):
        entries[i], last = last * products[i] % p, last * entries[i] % p
    return np.array(entries, dtype=x.dtype)


def inverse(a: np.ndarray, p: int) -> np.ndarray:
    """1/a, elementwise; ZeroDivisionError where an entry is 0."""
    a = residues(a, p)
    if not a.all():
        raise ZeroDivisionError("division by 0 modulo p")
    return _inverse(a.reshape(-1), p).reshape(a.shape)


def power(a: np.ndarray, n: int, p: int) -> np.ndarray:
    """a^n, elementwise, with 0^0 = 1; ZeroDivisionError where n < 0 and an entry is 0."""
    if n < 0:
        return power(inverse(a, p), -n, p)
    a = residues(a, p)
    if n:
        n = (n - 1) % (p - 1) + 1  # a^(p-1) = 1 except for a = 0, and 0^n = 0 for n > 0
    x = a.reshape(-1)
    if a.dtype == object or len(x) < SHORT:
        return np.array([pow(entry, n, p) for entry in x.tolist()], dtype=a.dtype).reshape(a.shape)
    result = np.ones_like(x)
    while n:
        if n % 2:
            result = result * x % p
        x, n = x * x % p, n // 2
    return result.reshape(a.shape)


def root(a: np.ndarray, p: int) -> np.ndarray:
    """The square root that is a square itself, a^((p+1)/4), elementwise; NoRootError where an entry is no square."""
    a = residues(a, p)
    found = power(a, (p + 1) // 4, p)
    if np.any(found * found % p != a):
        raise NoRootError("no square modulo p")
    return found


def _eliminate(A: np.ndarray, p: int) -> np.ndarray:
    """Gaussian elimination in place below the diagonal of A (L, n, m), pivots made 1; the determinants (L).

    Where a matrix is singular its rows are meaningless and its determinant is 0.
    """
    every, n = np.arange(len(A)), A.shape[1]
    determinants = np.ones(len(A), dtype=A.dtype)
    for c in range(n):
        head = A[:, c, c]  # a view
        if not head.all():
            nonzero = A[:, c:, c] != 0
            common = nonzero.all(axis=0)
            pivot = np.full(len(A), c + common.argmax()) if common.any() else c + nonzero.argmax(axis=1)
            A[every, c], A[every, pivot] = A[every, pivot], A[every, c]
            determinants = np.where(pivot != c, -determinants, determinants)
        determinants = determinants * head % p
        scale = _inverse(head if head.all() else np.where(head == 0, 1, head), p)
        row, below = A[:, c, c:], A[:, c + 1 :, c:]
        row[...] = row * scale[:, None] % p
        if c < n - 1:
            below[...] = (below - below[:, :, :1] * row[:, None]) % p
    return determinants


def solve(A: np.ndarray, B: np.ndarray, p: int) -> np.ndarray:
    """X (..., n, m) with A X = B, A (..., n, n), B (..., n, m); ZeroDivisionError where a matrix is singular."""
    A, B = residues(A, p), residues(B, p)
    leading, n, m = np.broadcast_shapes(A.shape[:-2], B.shape[:-2]), A.shape[-1], B.shape[-1]
    both = [np.broadcast_to(x, (*leading, *x.shape[-2:])).reshape(-1, *x.shape[-2:]) for x in (A, B)]
    whole = np.concatenate(both, axis=2)
    if not _eliminate(whole, p).all():
        raise ZeroDivisionError("a singular matrix modulo p")
    X = whole[:, :, n:]
    for c in range(n - 1, 0, -1):
        X[:, :c] = (X[:, :c] - whole[:, :c, c, None] * X[:, c, None]) % p
    return X.reshape(*leading, n, m)


def determinant(A: np.ndarray, p: int) -> np.ndarray:
    """Determinants (...) of A (..., n, n)."""
    A = residues(A, p)
    return _eliminate(A.reshape(-1, *A.shape[-2:]).copy(), p).reshape(A.shape[:-2])


def inverse_matrix(A: np.ndarray, p: int) -> np.ndarray:
    """Inverses (..., n, n) of A (..., n, n); ZeroDivisionError where a matrix is singular."""
    A = residues(A, p)
    return solve(A, np.eye(A.shape[-1], dtype=np.int64).astype(A.dtype), p)


def product(A: np.ndarray, B: np.ndarray, p: int) -> np.ndarray:
    """A B (..., n, m), A (..., n, k), B (..., k, m), k < 2^16."""
    A, B = residues(A, p), residues(B, p)
    if object in (A.dtype, B.dtype):
        return A @ B % p
    high = A // 2**16 @ B % p * 2**16  # in two halves, so that the sums over k fit
    return (high + A % 2**16 @ B) % p
