r"""Checks of the policy-gradient theorem, its lemmas and corollaries.

Where four environments are meant, they are FrozenLake 4×4 and 8×8, CliffWalking and Taxi, each with random
softmax parameters. Errors of a library's linear solves are counted in units of eps·cond(I - P).
"""

import numpy as np

from pycode import policy_gradient, rollouts
from pycode.check import Check
from pycode.checks import SOLVE, UNITS
from pycode.corridor import corridor
from pycode.environments import ENVIRONMENTS
from pycode.experiments.pg import processes
from pycode.mdp import (
    EPS,
    EpisodicMDP,
    action_value,
    condition,
    length_transform,
    mean_length,
    occupancy,
    policy_transition,
    restarted_transition,
    state_value,
    tail,
)
from pycode.policy_gradient import on_policy_mean, softmax_policy, theorem_sum, value_gradient
from pycode.results import measured

EPISODES = 20_000
GAMMA = 0.9


def _in_solve_units(name: str) -> Check:
    """The experiment's error of that name, largest over the environments, in units of eps·cond(I - P)."""
    result = measured("pg")
    worst = max(result[f"{e}_{name}"] / (EPS * result[f"{e}_cond"]) for e in ENVIRONMENTS)
    return Check(worst, 10.0, 0.0, UNITS, "<=")


def autograd() -> Check:
    r"""The theorem's sum against automatic differentiation of J through the linear solve."""
    return _in_solve_units("autograd")


def complex_step() -> Check:
    r"""The theorem's sum along eight random directions against complex-step derivatives of J."""
    result = measured("pg")
    worst = max(result[f"{e}_complex_step"] / result[f"{e}_complex_step_unit"] for e in ENVIRONMENTS)
    because = "units of eps times the sum of absolute terms, each right to some roundings that cancel in part"
    return Check(worst, 1.0, 0.0, because, "<=")


def visitation() -> Check:
    r"""The visits :math:`\eta=(I-P)^{-\top}e_{s_0}` against :math:`\sum_k\Pr(s_0\to s,k,\pi)`, summed by doubling."""
    return _in_solve_units("visitation")


def bellman() -> Check:
    r"""The solution v of the Bellman equation against the sum of expected rewards, by doubling."""
    return _in_solve_units("bellman")


def ratio_max_deviation() -> Check:
    r"""How many times the right side of :math:`\propto` the gradient is, over E[T], minus 1: 500 random policies."""
    result = measured("pg")
    ratio, length = np.array(result["ratio_ratio"]), np.array(result["ratio_length"])
    return Check(float(abs(ratio / length - 1).max()), 0.0, 10 * EPS * max(result["ratio_cond"]), SOLVE)


def collinear() -> Check:
    r"""What is left of the gradient when its projection on the right side of :math:`\propto` is taken away."""
    result = measured("pg")
    return Check(max(result["ratio_residual"]), 0.0, 10 * EPS * max(result["ratio_cond"]), SOLVE)


def finite_distance_max_rel() -> Check:
    r"""Both sides of the performance difference, far apart: relative error, largest of four environments."""
    result = measured("pg")
    worst = max(result[f"{e}_finite_distance"] for e in ENVIRONMENTS)
    unit = max(result[f"{e}_finite_distance_unit"] for e in ENVIRONMENTS)
    return Check(worst, 0.0, unit, "n·eps times the sum of the absolute terms, over |J(θ')−J(θ)|: largest of the four")


def tail_bound() -> Check:
    r"""The geometric tail :math:`\Pr(T>k)\le\beta^{\lfloor k/n\rfloor}`: 1 minus the largest ratio, n < k ≤ 4n."""
    worst, largest = 0.0, 0
    for _, mdp, theta, _ in processes():
        n = len(theta)
        survival = tail(mdp, softmax_policy(theta), 4 * n).max(axis=-1)
        beta = survival[n]
        k = np.arange(n + 1, 4 * n + 1)
        worst, largest = max(worst, float((survival[k] / beta ** (k // n)).max())), max(largest, n)
    return Check(1 - worst, 0.0, 4 * largest**2 * EPS, "4n²·eps: rounding of 4n products with n terms each", ">=")


def restarted_stationary() -> Check:
    r"""The share μ is stationary for the restarted chain: total change in one step, largest of four environments."""
    worst, largest = 0.0, 0
    for _, mdp, theta, _ in processes():
        pi = softmax_policy(theta)
        mu = occupancy(mdp, pi)
        change = abs(mu @ restarted_transition(mdp, pi) - mu).sum()
        worst, largest = max(worst, float(change)), max(largest, len(theta))
    return Check(worst, 0.0, largest * EPS, f"n·eps, n = {largest} states: the residual of one linear solve")


def absorbing_not_stationary() -> Check:
    r"""The share μ is not stationary for P itself: one step changes it by :math:`1/\mathbb E[T]`, at :math:`s_0`."""
    _, mdp, theta, _ = next(processes())
    pi = softmax_policy(theta)
    mu = occupancy(mdp, pi)
    change = abs(mu @ policy_transition(mdp, pi) - mu).max()
    reference = 1 / mean_length(mdp, pi)[mdp.start]
    return Check(float(change), float(reference), 10 * EPS * float(condition(mdp, pi)), SOLVE)


def trap() -> Check:
    r"""Without assumption A2: exit with probability θ², reward 1 there. J(θ) - J(0) = 1 however small θ is."""
    exit_ = reward = np.array([[0.0, 1.0]])
    mdp = EpisodicMDP(1 - exit_[..., None], exit_, reward)
    theta = 1e-3

    def J(x: float) -> float:
        pi = np.array([[1 - x**2, x**2]])
        try:
            return float(state_value(mdp, pi)[0])
        except ValueError:  # the episode never ends, and no reward is ever paid
            return 0.0

    return Check(J(theta) - J(0.0), 1.0, EPS / theta**2, "eps/θ², θ = 0.001: cancellation in 1 − (1 − θ²)")


def baseline() -> Check:
    r"""Subtracting b(s) from q(s, a) leaves :math:`\sum_a q\,\nabla\pi`: b = v and b random, on four environments."""
    worst = 0.0
    for number, (_, mdp, theta, _) in enumerate(processes()):
        pi = softmax_policy(theta)
        q, v = action_value(mdp, pi), state_value(mdp, pi)
        drawn = abs(v).max() * np.random.default_rng(number).normal(size=v.shape)
        for b in (v, drawn):
            change = policy_gradient.weighted_gradient(pi, q - b[:, None]) - policy_gradient.weighted_gradient(pi, q)
            worst = max(worst, float((abs(change) / (abs(q) + abs(b[:, None])).max(axis=-1, keepdims=True)).max()))
    return Check(worst, 0.0, 10 * EPS, "10 eps: rounding of a sum of at most six terms")


def discounted() -> Check:
    r"""With γ = 0.9, :math:`\nabla J_\gamma=\frac{1-\mathbb E[\gamma^T]}{1-\gamma}\,\mathbb E_{\mu_\gamma}[\dots]`."""
    _, mdp, theta, _ = next(processes())
    pi, killed = softmax_policy(theta), mdp.discounted(GAMMA)
    constant = (1 - length_transform(mdp, pi, GAMMA)[mdp.start]) / (1 - GAMMA)
    left, right = value_gradient(killed, theta)[mdp.start], constant * on_policy_mean(killed, theta)
    error = float(abs(left - right).max() / abs(left).max())
    return Check(error, 0.0, 10 * EPS * float(condition(killed, pi)), SOLVE)


def reinforce() -> Check:
    r"""REINFORCE's mean over 20,000 episodes of the short corridor, uniform softmax policy, against the theorem."""
    mdp = corridor()
    theta = np.zeros(mdp.exit.shape)
    pi = softmax_policy(theta)
    steps = rollouts.episodes(mdp, pi, EPISODES, np.random.default_rng(0))
    estimate = rollouts.reinforce(pi, steps)
    error = estimate.std(axis=0, ddof=1) / np.sqrt(EPISODES)
    distance = float((abs(estimate.mean(axis=0) - theorem_sum(mdp, theta)) / error).max())
    return Check(distance, 5.0, 0.0, "standard errors: by chance one of three is more than 5 once in 580,000", "<=")
