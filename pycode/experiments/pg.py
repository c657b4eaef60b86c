r"""The policy-gradient theorem in numbers: four tabular environments, and 500 policies on the frozen lake."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pycode.environments import ENVIRONMENTS, load
from pycode.mdp import (
    EPS,
    Array,
    EpisodicMDP,
    action_value,
    condition,
    mean_length,
    policy_transition,
    state_value,
    visitation,
)
from pycode.policy_gradient import (
    directional_complex_step,
    gradient_autograd,
    on_policy_mean,
    performance_difference,
    softmax_policy,
    theorem_sum,
    value_gradient,
)

SEED = 0
DIRECTIONS = 8
POLICIES = 500
UP, PULL = 3, 3.0


def processes() -> Iterator[tuple[str, EpisodicMDP, Array, Array]]:
    r"""Name, process and two parameters :math:`\theta,\theta'` with N(0, 1) entries, for each environment."""
    for number, name in enumerate(ENVIRONMENTS):
        mdp = load(name)
        theta, theta_new = np.random.default_rng([SEED, number]).normal(size=(2, *mdp.exit.shape))
        yield name, mdp, theta, theta_new


def relative(measured: Array, reference: Array) -> float:
    """Largest error relative to the largest entry of the reference."""
    return float(abs(measured - reference).max() / abs(reference).max())


def summed_steps(P: Array) -> Array:
    r"""The series :math:`\sum_k P^k` without a solve: sums of 1, 2, 4, … steps, until :math:`\Pr(T>k)` is below eps."""
    total, power = np.eye(len(P)), P
    while power.sum(axis=-1).max() > EPS:
        total, power = total + power @ total, power @ power
    return total


def on_environment(mdp: EpisodicMDP, theta: Array, theta_new: Array, rng: np.random.Generator) -> dict[str, float]:
    """Sizes and relative errors of each statement on one process, each against a second way to the same numbers."""
    pi = softmax_policy(theta)
    g = theorem_sum(mdp, theta)
    direction = rng.normal(size=(DIRECTIONS, *theta.shape))
    along = (direction * g).sum(axis=(-2, -1))
    terms = visitation(mdp, pi)[:, None] * pi * abs(action_value(mdp, pi))
    series = summed_steps(policy_transition(mdp, pi))
    left, right, size = performance_difference(mdp, theta, theta_new)
    return {
        "states": theta.shape[0],
        "actions": theta.shape[1],
        "cond": float(condition(mdp, pi)),
        "mean_length": float(mean_length(mdp, pi)[mdp.start]),
        "autograd": relative(gradient_autograd(mdp, theta), g),
        "complex_step": float(abs(directional_complex_step(mdp, theta, direction) - along).max() / abs(g).max()),
        "complex_step_unit": EPS * float((abs(direction) * terms).sum(axis=(-2, -1)).max() / abs(g).max()),
        "visitation": relative(visitation(mdp, pi), series[mdp.start]),
        "bellman": relative(state_value(mdp, pi), series @ (pi * mdp.reward).sum(axis=-1)),
        "finite_distance": abs(right - left) / abs(left),
        # n roundings, relative to the terms that cancel.
        "finite_distance_unit": len(theta) * EPS * size / abs(left),
    }


def ratio_of_sides(mdp: EpisodicMDP, theta: Array) -> dict[str, Array]:
    r"""For parameters of shape ``(..., n, m)``: E[T], how many times the right side the left is, what is left over.

    Left :math:`\nabla J` by complex steps, right :math:`\mathbb E_\pi[\sum_a q\,\nabla\pi]`, E[T] from
    :math:`(I-P)t=\mathbf 1`. The ratio is that of the projection; ``residual`` is relative to :math:`\nabla J`.
    """
    g = value_gradient(mdp, theta)[..., mdp.start, :, :]
    h = on_policy_mean(mdp, theta)
    ratio = (g * h).sum(axis=(-2, -1)) / (h * h).sum(axis=(-2, -1))
    residual = abs(g - ratio[..., None, None] * h).max(axis=(-2, -1)) / abs(g).max(axis=(-2, -1))
    pi = softmax_policy(theta)
    length = mean_length(mdp, pi)[..., mdp.start]
    return {"ratio": ratio, "length": length, "residual": residual, "cond": condition(mdp, pi)}


def measure() -> dict[str, Any]:
    """Each environment's numbers as ``<environment>_<name>``; the 500 policies' as arrays ``ratio_…``.

    Their parameters are N(0, 1), with a pull from U(0, 3) on the action up, which keeps the walker on the safe
    top row: so their mean lengths spread over a decade.
    """
    rng = np.random.default_rng(SEED)
    result: dict[str, Any] = {}
    for name, mdp, theta, theta_new in processes():
        numbers = on_environment(mdp, theta, theta_new, rng)
        result |= {f"{name}_{key}": value for key, value in numbers.items()}
    lake = load("frozenlake4")
    theta = rng.normal(size=(POLICIES, *lake.exit.shape))
    theta[..., UP] += rng.uniform(0, PULL, size=(POLICIES, 1))
    sides = ratio_of_sides(lake, theta)
    result |= {f"ratio_{key}": value for key, value in sides.items()}
    result |= {"policies": POLICIES, "shortest": sides["length"].min(), "longest": sides["length"].max()}
    return result
