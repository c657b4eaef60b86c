r"""Variances of the one-episode estimators of :math:`\nabla J`, exact and sampled: short corridor, CliffWalking."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pycode import corridor
from pycode.environments import load
from pycode.estimator_sampling import paths, variances
from pycode.estimator_variance import ScoredPolicy, estimators, softmax_score
from pycode.experiments import NORMAL_95
from pycode.mdp import Array
from pycode.optimal import epsilon_greedy, optimal_action_value
from pycode.policy_gradient import softmax_policy

SEED = 0
P = 0.05
EPSILON = 0.1  # the book's Example 6.6, where Q-learning walks along the cliff so
# Name: blocks, episodes a block, doublings: 2^doublings steps are drawn at once. On seed 1 the largest fourth moments
# on the corridor are 136 and 84 squared variances: so many episodes give relative standard errors below 0.01.
DRAWS = {"corridor": (2**6, 2**15, 4), "optimum": (48, 2**15, 4), "cliff": (2**6, 2**10, 2)}


def on_corridor(p: float) -> ScoredPolicy:
    """The corridor's policy that goes right with probability p, and its one parameter's score."""
    return ScoredPolicy(corridor.corridor(), corridor.policy(p), corridor.score(p))


def on_cliff(choose: Callable[[Array], Array]) -> ScoredPolicy:
    r"""CliffWalking under the policy ``choose(q)``, q optimal, with a softmax parameter for each state and action."""
    mdp = load("cliffwalking")
    pi = choose(optimal_action_value(mdp))
    return ScoredPolicy(mdp, pi, softmax_score(pi))


def policies() -> Iterator[tuple[str, ScoredPolicy]]:
    """The corridor at p = 0.05 and at its optimum, and CliffWalking, ε-greedy in the optimal values."""
    yield "corridor", on_corridor(P)
    yield "optimum", on_corridor(corridor.P_STAR)
    yield "cliff", on_cliff(lambda q: epsilon_greedy(q, EPSILON))


def exact(policy: ScoredPolicy) -> dict[str, Any]:
    """Exact variances with their least and largest ratios, the baselines, and what the drawn actions add."""
    chosen = estimators(policy)
    variance = {name: policy.variance(estimator) for name, estimator in chosen.items()}
    own, later = policy.action_noise(chosen["advantage"])
    return {
        "exact": list(variance.values()),
        "total_over_best": variance["total_return"] / min(variance.values()),
        "total_over_v": variance["total_return"] / variance["minus_v"],
        "v_over_constant": variance["minus_v"] / variance["best_constant"],
        "advantage_over_all": variance["advantage"] / variance["all_action"],
        "own_noise": own / variance["all_action"],
        "later_noise": later / variance["all_action"],
        "mean_length": float(policy.history.eta.sum()),
        "v": policy.v,
        "best_baseline": policy.best_baseline(),
    }


def measure() -> dict[str, Any]:
    r"""For ``corridor`` (p = 0.05), ``optimum`` (p = 2 - √2) and ``cliff`` (ε-greedy) the keys ``<name>_…``.

    In the order of ``estimators``: ``exact`` variances, sampled ones ``estimate`` with ``error`` (one standard error)
    and ``halfwidth`` (95 %); ``worst_z``: largest distance in standard errors; ``worst_error``: largest relative
    standard error; ``episodes``. ``total_over_best`` etc. are ratios of exact variances; ``own_noise`` and
    ``later_noise`` add up to what sampled actions cost the advantage's estimator over the sum over all of them, in
    units of that sum's variance. ``soft_…`` are the exact ones for :math:`\pi\propto e^{q_*}` on CliffWalking.
    """
    rng = np.random.default_rng(SEED)
    result: dict[str, Any] = {"p": P, "p_optimum": corridor.P_STAR, "epsilon": EPSILON}
    for name, policy in policies():
        chosen = estimators(policy)
        numbers = exact(policy)
        blocks, block, doublings = DRAWS[name]
        sampled = variances(policy, list(chosen.values()), paths(policy, doublings), blocks, block, rng)
        numbers |= {
            "estimate": sampled.variance,
            "error": sampled.error,
            "halfwidth": NORMAL_95 * sampled.error,
            "worst_z": float((abs(sampled.variance - numbers["exact"]) / sampled.error).max()),
            "worst_error": float((sampled.error / numbers["exact"]).max()),
            "episodes": blocks * block,
        }
        result |= {f"{name}_{key}": value for key, value in numbers.items()} | {"estimators": list(chosen)}
    return result | {f"soft_{key}": value for key, value in exact(on_cliff(softmax_policy)).items()}
