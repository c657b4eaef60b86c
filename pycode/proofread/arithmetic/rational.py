"""Rational functions modulo a prime, found from their values: series, interpolation, degrees."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from operator import mul

import numpy as np

from pycode.proofread.arithmetic.modular import INT64, inverse, product, residues, solve


class NoRecurrenceError(ValueError):
    """A sequence that no linear recurrence of a small enough order generates."""


def _recurrence(a: list[int], p: int, longest: int) -> list[int] | None:
    """Berlekamp–Massey: the shortest C with C_0 = 1 and Σ_i C_i a_{n-i} = 0 for n ≥ len(C) - 1, or None."""
    order, gap = 0, 1  # gap: steps since the last change of order, when previous was current
    current, previous, scale = [1], [1], 1
    for n in range(len(a)):
        error = sum(map(mul, current, a[n::-1])) % p
        if error:
            factor, before = error * scale % p, current
            shifted = [0] * gap + [factor * c for c in previous]
            padded = current + [0] * (len(shifted) - len(current))
            shifted += [0] * (len(padded) - len(shifted))
            current = [(c - s) % p for c, s in zip(padded, shifted, strict=True)]
            if 2 * order <= n:
                order, previous, scale, gap = n + 1 - order, before, pow(error, -1, p), 0
                if order > longest:
                    return None
        gap += 1
    return current + [0] * (order + 1 - len(current))


def series(terms: np.ndarray, p: int, spare: int) -> np.ndarray:
    """Σ_{n≥0} terms[n] of sequences that obey linear recurrences: their generating functions at 1.

    The N terms (N, B, ...) of each of the B batches obey one recurrence, all of the same order: the order is found on a
    random combination of the first batch, 2·order + spare ≤ N, the recurrences by linear systems, and all are verified
    on each sequence. Whether a sum converges as a real one is not seen modulo p.

    Raises NoRecurrenceError if there is none, ZeroDivisionError if a generating function has a pole at 1.
    """
    terms = residues(terms, p)
    N, B = terms.shape[:2]
    a = terms.reshape(N, B, -1)
    longest = (N - spare) // 2
    missing = NoRecurrenceError(f"no linear recurrence of order up to {longest} fits {N} terms")
    stream = hashlib.shake_256(str(a[:, :1].tolist()).encode()).digest(8 * a.shape[2])
    mix = np.array([int.from_bytes(stream[i : i + 8], "big") % p for i in range(0, len(stream), 8)], dtype=a.dtype)
    mixed = product(a.reshape(N * B, -1), mix[:, None], p).reshape(N, B)
    found = _recurrence(mixed[:, 0].tolist(), p, longest) if longest >= 0 else None
    if found is None:
        raise missing
    order = len(found) - 1
    C = np.array(found, dtype=a.dtype)[None]
    if B > 1 and order:
        windows = np.moveaxis(
            np.lib.stride_tricks.sliding_window_view(mixed, order, axis=0), 0, 1
        )  # (B, N - order + 1, order)
        C = np.ones((B, order + 1), dtype=a.dtype)
        C[:, 1:] = solve(windows[:, :order, ::-1], -mixed[order : 2 * order].T[..., None] % p, p)[..., 0]
    partial = C.cumsum(axis=1) % p  # numerator at 1: Σ_{i+j<order} C_i a_j
    errors, numerator = (np.zeros(a.shape[1:], dtype=a.dtype) for _ in range(2))
    for n in range(order, N):
        errors = np.zeros(a.shape[1:], dtype=a.dtype)
        for i in range(order + 1):
            errors = (errors + C[:, i, None] * a[n - i]) % p
        if errors.any():
            raise missing
    for j in range(order):
        numerator = (numerator + partial[:, order - 1 - j, None] * a[j]) % p
    return (numerator * inverse(partial[:, -1:], p) % p).reshape(terms.shape[1:])


@lru_cache(maxsize=32)
def _basis(nodes: tuple[int, ...], p: int) -> tuple[np.ndarray, np.ndarray]:
    """Π_i (x - x_i), lowest degree first (n + 1), and the inverse (n, n) of the Vandermonde matrix of the nodes."""
    n = len(nodes)
    x = residues(np.array([node % p for node in nodes], dtype=object), p)
    x = x.astype(np.int64 if p < INT64 else object)
    whole = np.zeros(n + 1, dtype=x.dtype)
    whole[0] = 1
    for node in x:  # highest degree first
        whole[1:] = (whole[1:] - node * whole[:-1]) % p
    whole = whole[::-1].copy()
    lagrange = np.ones((n, n), dtype=x.dtype)
    for k in range(n - 1, 0, -1):
        lagrange[k - 1] = (whole[k] + x * lagrange[k]) % p
    differences = (x[:, None] - x) % p + np.eye(n, dtype=np.int64).astype(x.dtype)
    while differences.shape[1] > 1:
        half = differences.shape[1] // 2
        pairs = differences[:, :half] * differences[:, half : 2 * half] % p
        differences = np.concatenate([pairs, differences[:, 2 * half :]], axis=1)
    lagrange = lagrange * inverse(differences[:, 0], p) % p
    for array in (whole, lagrange):
        array.flags.writeable = False  # kept in the cache
    return whole, lagrange


def interpolate(values: np.ndarray, nodes: Sequence[int], p: int) -> np.ndarray:
    """Coefficients (n, ...), lowest degree first, of the polynomials with the values (n, ...) at n nodes.

    ZeroDivisionError where two nodes are equal modulo p.
    """
    values = residues(values, p)
    return product(_basis(tuple(nodes), p)[1], values.reshape(len(values), -1), p).reshape(values.shape)


def _degree(a: np.ndarray, start: int) -> int:
    """Degree of a polynomial that is at most ``start``; -1 for 0."""
    while start >= 0 and a[start] == 0:
        start -= 1
    return start


def _nowhere_zero(a: np.ndarray, points: np.ndarray, p: int) -> bool:
    """Whether the polynomial has no zero among the points."""
    at = np.zeros_like(points)
    for c in a[::-1]:
        at = (at * points + c) % p
    return bool((at != 0).all())


def degrees(points: Sequence[int], values: np.ndarray, p: int, spare: int) -> tuple[int, int] | None:
    """Degrees of numerator and denominator, of smallest sum, of the rational function through all the points.

    None unless their sum + 1 + spare ≤ number of points n; (0, 0) for the function 0. The remainders r and cofactors
    t of the Euclidean algorithm on Π(x - x_i) and the interpolating polynomial f are all pairs with r = t·f at the
    points and deg r + deg t < n; deg t = n - degree of the remainder before: the longest quotient has the smallest sum.
    """
    n = len(points)
    whole, lagrange = _basis(tuple(points), p)
    x = np.array([point % p for point in points], dtype=whole.dtype)
    f = product(lagrange, residues(values, p)[:, None], p)[:, 0]
    above, row = np.zeros((2, 2, n + 1), dtype=whole.dtype)
    above[0], row[0, :n], row[1, 0] = whole, f, 1
    upper, lower = n, _degree(f, n - 1)
    best, wanted = None, 1 + spare
    if lower < 0:
        return (0, 0) if wanted <= n else None
    while lower >= 0:
        if upper - lower >= wanted and _nowhere_zero(row[1, : n - upper + 1], x, p):
            best, wanted = (lower, n - upper), upper - lower + 1
        if lower < wanted:  # no later quotient can be longer
            break
        row = row * pow(int(row[0, lower]), -1, p) % p
        while upper >= lower:
            shift = upper - lower
            above[:, shift:] = (above[:, shift:] - above[0, upper] * row[:, : n + 1 - shift]) % p
            upper = _degree(above[0], upper)
        above, row, upper, lower = row, above, lower, upper
    return best
