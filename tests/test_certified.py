"""Every bound against 60 digits without slack, also where solves are wrong, so that a bound is all that is left."""

from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from pycode.certified import UNIT, System
from pycode.mdp import EpisodicMDP
from pycode.sparse import from_dense
from pycode.sparse_gradient import _local, directional_derivative, gradient_of, prepare
from tests.test_sparse import random_process

both = pytest.mark.parametrize("method", ["lu", "bicgstab"])
SCALES = (0.0, 0.3)  # of a wrong solver's answers


class Exact(NamedTuple):
    """Arrays of 60-digit numbers."""

    A: np.ndarray
    gradient: np.ndarray
    g: np.ndarray
    v: np.ndarray
    eta: np.ndarray
    t: np.ndarray


def wide(x: Any) -> np.ndarray:
    """A long double is the sum of two doubles, and these mpmath takes without rounding."""
    x = np.asarray(x)
    high = x.astype(np.float64)
    number = np.vectorize(lambda y: mpmath.mpf(float(y)), otypes=[object])
    with mpmath.workdps(60):
        return number(high) + number((x - high).astype(np.float64))


def solved(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array(list(mpmath.lu_solve(mpmath.matrix(A.tolist()), mpmath.matrix(b.tolist()))))


def in_sixty_digits(process: EpisodicMDP, theta: np.ndarray) -> Exact:
    """From the tables as they stand; what a row lacks of 1 stays in its state."""
    n = len(theta)
    with mpmath.workdps(60):
        T, r, exit_ = wide(process.transition), wide(process.reward), wide(process.exit)
        T[np.arange(n), :, np.arange(n)] += 1 - exit_ - T.sum(axis=2)
        weight = np.vectorize(mpmath.exp, otypes=[object])(wide(theta))
        pi = weight / weight.sum(axis=1, keepdims=True)
        A = np.eye(n) - (pi[:, :, None] * T).sum(axis=1)
        v, t = solved(A, (pi * r).sum(axis=1)), solved(A, np.ones(n))
        eta = solved(A.T, np.eye(n)[process.start])
        q = r + (T * v).sum(axis=2)
        g = pi * (q - (pi * q).sum(axis=1, keepdims=True))
        return Exact(A, eta[:, None] * g, g, v, eta, t)


class Wrong:
    """A solver whose answers are too small."""

    converged = True

    def __init__(self, solver: Any, scale: float, transposed: tuple[bool, ...] = (False, True)) -> None:
        self.solver, self.scale, self.ways = solver, scale, transposed

    def solve(self, b: np.ndarray, reduction: float, transposed: bool = False) -> np.ndarray:
        return (self.scale if transposed in self.ways else 1.0) * self.solver.solve(b, reduction, transposed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.solver, name)


def spoiled(process: EpisodicMDP, theta: np.ndarray, scale: float, ways: tuple[bool, ...] = (False, True)) -> System:
    system = prepare(from_dense(process), theta, "lu")
    system.solver = Wrong(system.solver, scale, ways)
    return system


def problem(seed: int) -> tuple[EpisodicMDP, np.ndarray, np.ndarray]:
    """Process, parameters and direction; of every second process the rows lack up to 5e-13."""
    rng = np.random.default_rng(seed)
    process = random_process(rng)
    if seed % 2:
        short = 1 - 5e-13 * rng.random(process.exit.shape)
        process = EpisodicMDP(
            process.transition * short[..., None], process.exit * short, process.reward, process.start
        )
    theta = (0.1, 3.0, 15.0)[seed % 3] * rng.normal(size=process.exit.shape)
    return process, theta, rng.normal(size=theta.shape)


def check(system: System, exact: Exact, direction: np.ndarray) -> None:
    """Gradient, J, derivative along the direction, visits and g are no further off than they say."""
    found = gradient_of(system, np.inf)
    along, bound = directional_derivative(system, direction)
    eta = system.visits()
    local = _local(system, int(eta.value.argmax()))
    with mpmath.workdps(60):
        size = mpmath.mpf(float(abs(found.gradient).max()))
        if size > 0 and direction.shape[1] > 1:
            assert abs(wide(found.gradient) - exact.gradient).max() <= found.error * size
        assert abs(mpmath.mpf(found.J) - exact.v[system.process.start]) <= found.J_error
        assert abs(mpmath.mpf(along) - (wide(direction) * exact.gradient).sum()) <= bound
        assert (abs(wide(eta.value) - exact.eta) <= wide(eta.error)).all()
        assert (abs(wide(local.g.value) - exact.g) <= wide(local.g.error)).all()


@both
@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_further_off_than_it_says(method: str, seed: int) -> None:
    process, theta, direction = problem(seed)
    check(prepare(from_dense(process), theta, method), in_sixty_digits(process, theta), direction)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("ways", [(False, True), (False,), (True,)])
@pytest.mark.parametrize("seed", range(6))
def test_nor_where_solves_are_wrong(seed: int, ways: tuple[bool, ...], scale: float) -> None:
    process, theta, direction = problem(seed)
    check(spoiled(process, theta, scale, ways), in_sixty_digits(process, theta), direction)


@pytest.mark.parametrize("seed", range(40))
def test_a_derivative_that_is_one_rounding_off_says_so(seed: int) -> None:
    """One state that ends the episode or stays: the rounding to a double is all the error there is."""
    rng = np.random.default_rng(seed)
    exit_ = 1 - rng.integers(0, 4, size=(1, 2)) / 8
    process = EpisodicMDP((1 - exit_)[..., None], exit_, rng.normal(size=(1, 2)))
    theta, direction = rng.normal(size=(2, 1, 2))
    check(prepare(from_dense(process), theta, "lu"), in_sixty_digits(process, theta), direction)


def chain(first: list[float], last: list[float]) -> EpisodicMDP:
    """Two states: the first action leads from one to the next, all others end the episode; with these rewards."""
    transition = np.zeros((2, 2, 2))
    transition[0, 0, 1] = 1
    return EpisodicMDP(transition, 1 - transition.sum(axis=2), np.array([first, last]))


def test_without_a_solver_the_bounds_are_what_is_missed() -> None:
    """Nothing is found, and in a chain of two states the bounds are tight: no factor of 2 is to spare."""
    theta, direction = np.zeros((2, 2)), np.eye(2)
    for process in (chain([0, 0], [1, 1]), chain([1, 1], [0, 0]), chain([0, 1], [0, 0])):
        exact, system = in_sixty_digits(process, theta), spoiled(process, theta, 0.0)
        check(system, exact, direction)
        g = _local(system, 0).g
        assert (g.error <= 6 * max(1, float(abs(exact.g).max()))).all()
    one = EpisodicMDP(np.zeros((1, 2, 1)), np.ones((1, 2)), np.array([[1.0, 2]]))
    system = spoiled(one, np.zeros((1, 2)), 0.0)
    found = gradient_of(system, np.inf)
    assert found.J == 0
    assert 1.5 <= found.J_error < 1.6
    along, bound = directional_derivative(system, np.array([[-1.0, 1.0]]))
    assert along == 0
    assert 0.5 <= bound < 0.6


@both
@pytest.mark.parametrize("seed", range(12))
def test_lengths_are_bounded_from_above(method: str, seed: int) -> None:
    process, theta, _ = problem(seed)
    system, exact = prepare(from_dense(process), theta, method), in_sixty_digits(process, theta)
    with mpmath.workdps(60):
        assert (exact.A @ wide(system.length) >= 1).all()
        assert (wide(system.length) >= exact.t).all()
        system.solver = Wrong(system.solver, 0.3)
        length = wide(system._lengths())
        assert (exact.A @ length >= 1).all()
        assert (length <= 2 * exact.t).all()


@pytest.mark.parametrize("scale", [1.0, *SCALES])
@pytest.mark.parametrize("seed", range(4))
def test_a_right_side_that_is_unsure_makes_its_solution_so(seed: int, scale: float) -> None:
    """The solution of what was given, each entry too large by all that is unsure, against that of what was meant."""
    process, theta, _ = problem(seed)
    system, exact = spoiled(process, theta, scale), in_sixty_digits(process, theta)
    rng = np.random.default_rng(seed)
    b, unsure = rng.normal(size=len(theta)).astype(np.longdouble), 1e-3 * rng.random(len(theta))
    given = b + unsure
    with mpmath.workdps(60):
        x = solved(exact.A, wide(given)).astype(np.float64).astype(np.longdouble)
        found = system.bounded(system.backward(given, abs(given).astype(np.float64)), x, unsure)
        assert (abs(wide(x) - solved(exact.A, wide(b))) <= wide(found.error)).all()


def test_the_softmax_of_parameters_far_apart_is_as_uncertain_as_it_says() -> None:
    """An exponent of 600 has been rounded, and the exponential multiplies its absolute error."""
    rng = np.random.default_rng(0)
    n = 200
    transition = np.eye(n, k=1)[:, None, :] * np.ones((1, 3, 1)) * 0.5
    theta = 0.1 * rng.normal(size=(n, 3)) - [0, 600, 300]
    process = EpisodicMDP(transition, 1 - transition.sum(axis=2), np.ones((n, 3)))
    system = prepare(from_dense(process), theta, "lu")
    with mpmath.workdps(60):
        weight = np.vectorize(mpmath.exp, otypes=[object])(wide(theta))
        pi = weight / weight.sum(axis=1, keepdims=True)
        off = abs(wide(system.pi) / pi - 1).max(axis=1)
        assert (off <= wide(system.softmax)).all()
        assert off.max() > 10 * UNIT


def test_rare_large_rewards_have_values_as_uncertain_as_they_say() -> None:
    """Rewards that an action far from the others' parameters gets: the values' error is that of its probability."""
    rng = np.random.default_rng(0)
    n = 12
    transition = np.eye(n, k=1)[:, None, :] * np.ones((1, 2, 1)) * 0.5
    theta = 0.1 * rng.normal(size=(n, 2)) - [0, 600]
    reward = np.exp(600.0) * np.array([0.0, 1.0]) * np.ones((n, 1))
    process = EpisodicMDP(transition, 1 - transition.sum(axis=2), reward)
    system, exact = prepare(from_dense(process), theta, "lu"), in_sixty_digits(process, theta)
    b = (system.pi * reward).sum(axis=1)
    residual = system.backward(b, b.astype(np.float64))
    found = system.bounded(residual, system.refine(residual, np.zeros_like(b)))
    with mpmath.workdps(60):
        off = abs(wide(found.value) - exact.v)
        assert (off <= wide(found.error)).all()
        assert (off > 10 * UNIT * exact.v).any()


def test_what_the_policy_is_off_by_enters_a_gradient() -> None:
    """A single step, where nothing else is uncertain: a policy that is spoiled by 1e-6, and says so."""
    process = EpisodicMDP(np.zeros((1, 2, 1)), np.ones((1, 2)), np.array([[1.0, 2.0]]))
    system, exact = prepare(from_dense(process), np.zeros((1, 2)), "lu"), in_sixty_digits(process, np.zeros((1, 2)))
    system.pi, system.softmax = system.pi * (1 + 1e-6), system.softmax + 1e-6
    g = _local(system, 0).g
    off = abs(g.value - exact.g.astype(np.float64))
    assert (off > 1e-7).all()
    assert (off <= g.error).all()


def test_what_a_row_lacks_makes_its_advantage_uncertain() -> None:
    """The second state's first row lacks 5e-13, which would stay there; its differences from the first are large."""
    process = chain([0.0, 0.0], [1e3, 1e3 + 1])
    exit_ = process.exit.copy()
    exit_[1, 0] -= 5e-13
    short = EpisodicMDP(process.transition, exit_, process.reward)
    theta = np.zeros((2, 2))
    system, exact = prepare(from_dense(short), theta, "lu"), in_sixty_digits(short, theta)
    check(system, exact, np.eye(2))
    g = _local(system, 0).g
    with mpmath.workdps(60):
        assert (abs(wide(g.value) - exact.g)[1] > 1e-11).all()
