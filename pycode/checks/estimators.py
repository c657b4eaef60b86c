r"""The one-episode estimators of :math:`\nabla J`: same mean, exact variances; short corridor and CliffWalking."""

import numpy as np

from pycode.check import Check
from pycode.checks import UNITS
from pycode.corridor import P_STAR, slope
from pycode.estimator_variance import ScoredPolicy, estimators
from pycode.experiments.estimators import P, policies
from pycode.mdp import EPS, condition
from pycode.policy_gradient import theorem_sum
from pycode.results import measured


def _unit(policy: ScoredPolicy) -> float:
    """The size eps·cond(I - P) of one linear solve's error."""
    return EPS * float(condition(policy.mdp, policy.pi))


def means() -> Check:
    r"""All nine exact means against J'(p), p = 0.05 and 2 - √2, and the theorem's sum, relative to the scores' size."""
    worst = 0.0
    for name, policy in policies():
        if name == "cliff":
            gradient = theorem_sum(policy.mdp, np.log(policy.pi)).ravel()
        else:
            p = P if name == "corridor" else P_STAR
            gradient = p * (1 - p) * slope(np.array([p]))
        # Terms of both signs are added up to the gradient, which is 0 at the optimum.
        size = (policy.history.eta[:, None, None] * abs(policy.pi * policy.q)[..., None] * abs(policy.psi)).sum((0, 1))
        for estimator in estimators(policy).values():
            error = abs(policy.mean(estimator)[policy.mdp.start] - gradient).max() / size.max()
            worst = max(worst, float(error) / _unit(policy))
    return Check(worst, 10.0, 0.0, UNITS, "<=")


def best_baseline() -> Check:
    r"""What b = v or the best constant cost over the best b(s) against their distances from it, in the best's variance.

    The excess is :math:`\sum_s\eta(s)\sum_a\pi(a\mid s)\lVert\psi(s,a)\rVert^2\,(b(s)-b^*(s))^2`.
    """
    worst = 0.0
    for _, policy in policies():
        chosen = estimators(policy)
        best, weight = policy.best_baseline(), policy.baseline_weight()
        least = policy.variance(chosen["best_baseline"])
        for name, b in (("minus_v", policy.v), ("best_constant", weight @ best / weight.sum())):
            excess = policy.variance(chosen[name]) - least
            worst = max(worst, abs(excess - weight @ (b - best) ** 2) / (least * _unit(policy)))
    return Check(worst, 10.0, 0.0, UNITS, "<=")


def environment_max_z() -> Check:
    """CliffWalking: largest distance of the nine Monte-Carlo variances from the exact ones, in standard errors."""
    because = "standard errors of nine estimates from the same episodes: by chance one is more than 4 once in 1,700"
    return Check(measured("estimators")["cliff_worst_z"], 4.0, 0.0, because, "<=")
