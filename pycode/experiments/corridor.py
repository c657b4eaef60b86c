r"""The short corridor: J(p) in closed form, by solves and by episodes, and its maximum found numerically."""

from typing import Any

import numpy as np

from pycode.corridor import corridor, objective, objective_by_solve, policy
from pycode.experiments import NORMAL_95
from pycode.mdp import visitation
from pycode.policy_gradient import COMPLEX_STEP
from pycode.rollouts import episodes, returns

SEED = 0
EPISODES = 200
EPSILON = 0.1  # Example 13.1 compares with ε-greedy choices


def slope_by_complex_step(p: float) -> float:
    r""":math:`dJ/dp` through a complex linear solve."""
    return objective_by_solve(p + 1j * COMPLEX_STEP).imag / COMPLEX_STEP


def maximiser() -> float:
    r"""Where the slope of the solved :math:`J` changes its sign, to the last place."""
    from scipy.optimize import brentq

    return brentq(slope_by_complex_step, 0.1, 0.9, xtol=1e-16, rtol=4 * np.finfo(float).eps)


def measure() -> dict[str, Any]:
    r"""The curve ``p``, ``J``; episode means ``sampled_p``, ``_mean``, ``_halfwidth`` (95 %); the optimum by solves.

    ``eta_0`` to ``eta_2`` are the expected visits there. ``left`` and ``right`` are J of the ε-greedy policies, ε = 0.1
    with their p in ``p_left`` and ``p_right``.
    """
    rng = np.random.default_rng(SEED)
    mdp = corridor()
    p = np.linspace(0.01, 0.99, 491)
    sampled_p = np.linspace(0.1, 0.9, 9)
    sampled = np.array([returns(episodes(mdp, policy(x), EPISODES, rng)) for x in sampled_p])
    p_star = maximiser()
    p_left, p_right = EPSILON / 2, 1 - EPSILON / 2
    return {
        "p": p,
        "J": objective(p),
        "sampled_p": sampled_p,
        "sampled_mean": sampled.mean(axis=1),
        "sampled_halfwidth": NORMAL_95 * sampled.std(axis=1, ddof=1) / np.sqrt(EPISODES),
        "episodes": EPISODES,
        "epsilon": EPSILON,
        "p_star": p_star,
        "j_star": objective_by_solve(p_star),
        **{f"eta_{s}": visits for s, visits in enumerate(visitation(mdp, policy(p_star)))},
        "p_left": p_left,
        "p_right": p_right,
        "left": objective_by_solve(p_left),
        "right": objective_by_solve(p_right),
    }
