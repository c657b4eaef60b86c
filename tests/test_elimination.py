"""Elimination without subtraction against rational arithmetic, where Gaussian elimination has no digit left."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycode.elimination import eliminate
from pycode.mdp import EPS

seeds = st.integers(0, 10**6)


def random_chain(rng: np.random.Generator, n: int, ends: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows that sum to 1 together with the probability to end, of the given size."""
    P = rng.dirichlet(np.ones(n), size=n) * (1 - ends)
    return P, np.full(n, ends)


def line(n: int, up: float) -> tuple[np.ndarray, np.ndarray]:
    """Walk on a line, up with a probability that is a power of 1/2, a wall below, the end above."""
    P, ends = np.zeros((n, n)), np.zeros(n)
    for k in range(n):
        P[k, max(k - 1, 0)] += 1 - up
        if k + 1 < n:
            P[k, k + 1] = up
    ends[-1] = up
    return P, ends


def lengths(n: int, up: float) -> list[Fraction]:
    """Mean lengths of the walk exactly: the step from k to k + 1 takes 1/u + d/u times the one below it."""
    u = Fraction(up)
    steps = [1 / u]
    for _ in range(n - 1):
        steps.append(1 / u + (1 - u) / u * steps[-1])
    return [sum(steps[k:], Fraction(0)) for k in range(n)]


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_solves_what_numpy_solves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    P, ends = random_chain(rng, n, 0.2)
    b = rng.normal(size=(n, 3))
    A = np.eye(n) - P
    assert eliminate(P, ends).solve(b) == pytest.approx(np.linalg.solve(A, b), abs=1e-12)
    assert eliminate(P, ends).solve_transposed(b) == pytest.approx(np.linalg.solve(A.T, b), abs=1e-12)


def test_the_factors_multiply_to_the_matrix() -> None:
    P, ends = random_chain(np.random.default_rng(2), 6, 0.1)
    entries, leaving = eliminate(P, ends)
    upper = np.eye(6) - np.triu(entries, 1)
    lower = np.diag(leaving) - np.tril(entries, -1)
    assert upper @ lower == pytest.approx(np.eye(6) - P, abs=1e-15)


@pytest.mark.parametrize("up", [0.5, 0.25, 0.125, 2.0**-5])
def test_every_digit_stays_however_long_the_walk_is(up: float) -> None:
    n = 12
    P, ends = line(n, up)
    exact = [float(t) for t in lengths(n, up)]
    t = eliminate(P, ends).solve(np.ones((n, 1)))[:, 0]
    assert abs(t / exact - 1).max() <= 3 * n * EPS  # n eliminations, of three roundings each
    visits = eliminate(P, ends).solve_transposed(np.eye(n)[:, :1])[:, 0]
    assert visits.sum() == pytest.approx(exact[0], rel=3 * n * EPS)


def test_gaussian_elimination_loses_them() -> None:
    """So that the test above tells the two apart: E[T] is 2·10^18 steps."""
    n, up = 12, 2.0**-5
    P, _ = line(n, up)
    lost = np.linalg.solve(np.eye(n) - P, np.ones(n))[0]
    assert abs(lost / float(lengths(n, up)[0]) - 1) > 0.01


def test_a_complex_step_gives_the_derivative_of_the_length() -> None:
    """A geometric length: t = 1/p, dt/dp = -1/p²."""
    p = 0.3 + 1e-30j
    t = eliminate(np.array([[1 - p]]), np.array([p])).solve(np.ones((1, 1)))[0, 0]
    assert t.imag / 1e-30 == pytest.approx(-1 / 0.09, rel=1e-14)


def test_leading_axes_run_over_chains_and_right_sides_broadcast() -> None:
    rng = np.random.default_rng(5)
    (P, ends), (Q, stops) = random_chain(rng, 4, 0.1), random_chain(rng, 4, 0.3)
    both = eliminate(np.stack([P, Q]), np.stack([ends, stops]))
    b = rng.normal(size=(4, 2))
    for solve in ("solve", "solve_transposed"):
        found = getattr(both, solve)(b)
        assert found.shape == (2, 4, 2)
        assert found[1] == pytest.approx(getattr(eliminate(Q, stops), solve)(b), abs=1e-14)


def test_arguments_are_left_as_they_were() -> None:
    P, ends = random_chain(np.random.default_rng(1), 3, 0.5)
    b = np.ones((3, 1))
    copies = P.copy(), ends.copy(), b.copy()
    eliminate(P, ends).solve(b)
    assert all((x == y).all() for x, y in zip((P, ends, b), copies, strict=True))
