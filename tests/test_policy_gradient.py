"""The policy gradient by finite differences and autograd, and the identities at finite distance and finite K."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycode.mdp import EpisodicMDP, mean_length
from pycode.policy_gradient import (
    directional_complex_step,
    gradient_autograd,
    objective,
    on_policy_mean,
    performance_difference,
    softmax_policy,
    theorem_sum,
    unroll,
    value_gradient,
    weighted_gradient,
)

seeds = st.integers(0, 10**6)
sampled = settings(max_examples=20, deadline=None)


def random_process(seed: int) -> tuple[EpisodicMDP, np.ndarray]:
    """A process that ends with probability at least 0.1 a step, so that errors stay near rounding; parameters."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 5), rng.integers(1, 4)
    outcomes = 0.9 * rng.dirichlet(np.ones(n + 1), size=(n, m)) + 0.1 * np.eye(n + 1)[n]
    mdp = EpisodicMDP(outcomes[..., :n], outcomes[..., n], rng.normal(size=(n, m)), start=int(rng.integers(n)))
    return mdp, rng.normal(size=(n, m))


def central_differences(mdp: EpisodicMDP, theta: np.ndarray, h: float = 1e-5) -> np.ndarray:
    step = h * np.eye(theta.size).reshape(-1, *theta.shape)
    return ((objective(mdp, theta + step) - objective(mdp, theta - step)) / (2 * h)).reshape(theta.shape)


@sampled
@given(seeds)
def test_the_theorem_gives_the_slope_of_the_objective(seed: int) -> None:
    mdp, theta = random_process(seed)
    gradient = theorem_sum(mdp, theta)
    assert gradient == pytest.approx(central_differences(mdp, theta), abs=1e-7)
    assert gradient == pytest.approx(gradient_autograd(mdp, theta), abs=1e-12)


@sampled
@given(seeds)
def test_the_constant_is_the_mean_episode_length(seed: int) -> None:
    mdp, theta = random_process(seed)
    length = mean_length(mdp, softmax_policy(theta))[mdp.start]
    gradient = directional_complex_step(mdp, theta, np.eye(theta.size).reshape(-1, *theta.shape)).reshape(theta.shape)
    assert length * on_policy_mean(mdp, theta) == pytest.approx(gradient, abs=1e-12)


@sampled
@given(seeds)
def test_value_gradient_has_the_gradient_of_every_state(seed: int) -> None:
    mdp, theta = random_process(seed)
    gradients = value_gradient(mdp, theta)
    for s in range(len(theta)):
        moved = EpisodicMDP(mdp.transition, mdp.exit, mdp.reward, start=s)
        assert gradients[s] == pytest.approx(theorem_sum(moved, theta), abs=1e-12)


def test_value_gradient_takes_many_parameters_at_once() -> None:
    mdp, theta = random_process(3)
    both = value_gradient(mdp, np.stack([theta, -theta]))
    assert both[0] == pytest.approx(value_gradient(mdp, theta), abs=1e-14)
    assert both[1] == pytest.approx(value_gradient(mdp, -theta), abs=1e-14)


@sampled
@given(seeds, st.floats(0.01, 10))
def test_the_performance_difference_holds_at_any_distance(seed: int, distance: float) -> None:
    mdp, theta = random_process(seed)
    theta_new = theta + distance * np.random.default_rng(seed + 1).normal(size=theta.shape)
    left, right, _ = performance_difference(mdp, theta, theta_new)
    assert right == pytest.approx(left, abs=1e-12)


@sampled
@given(seeds, st.integers(0, 12))
def test_partial_sum_and_remainder_make_the_gradient(seed: int, K: int) -> None:
    mdp, theta = random_process(seed)
    partial_sum, remainder = unroll(mdp, theta, K)
    gradients = value_gradient(mdp, theta)
    assert partial_sum.shape == remainder.shape == (K + 1, *gradients.shape)
    assert (partial_sum[0] == 0).all()
    for k in range(K + 1):
        assert partial_sum[k] + remainder[k] == pytest.approx(gradients, abs=1e-12)


@sampled
@given(seeds)
def test_weighted_gradient_is_the_softmax_jacobian_times_the_weights(seed: int) -> None:
    rng = np.random.default_rng(seed)
    theta, w = rng.normal(size=(2, 3, 4))
    pi = softmax_policy(theta)
    jacobian = np.einsum("sa,ab->sab", pi, np.eye(4)) - pi[:, :, None] * pi[:, None, :]
    assert weighted_gradient(pi, w) == pytest.approx(np.einsum("sa,sab->sb", w, jacobian), abs=1e-14)


@sampled
@given(seeds, st.floats(-700, 700))
def test_softmax_is_a_probability_and_ignores_a_shift(seed: int, shift: float) -> None:
    theta = np.random.default_rng(seed).normal(size=(3, 4))
    pi = softmax_policy(theta)
    assert pi.sum(axis=-1) == pytest.approx(1)
    assert (pi > 0).all()
    assert softmax_policy(theta + shift) == pytest.approx(pi, rel=1e-10)


def test_a_policy_that_underflows_to_a_loop_is_refused_by_every_route() -> None:
    transition, exit_ = np.array([[[1.0], [0.0]]]), np.array([[0.0, 1.0]])
    mdp = EpisodicMDP(transition, exit_, np.zeros((1, 2)))
    theta = np.array([[1000.0, 0.0]])
    for route in (theorem_sum, on_policy_mean, gradient_autograd, value_gradient, objective):
        with pytest.raises(ValueError, match="the episode may never end"):
            route(mdp, theta)
