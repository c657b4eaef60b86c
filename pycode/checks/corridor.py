r"""Checks of the short corridor's closed form, its maximum, and the theorem on it."""

import numpy as np

from pycode.check import Check
from pycode.checks import SOLVE, UNITS
from pycode.corridor import J_STAR, P_STAR, corridor, objective, policy, slope, theorem_sum
from pycode.experiments import NORMAL_95
from pycode.mdp import EPS, condition, mean_length
from pycode.results import measured

GRID = np.linspace(0.05, 0.95, 19)


def _unit(p: float) -> float:
    """The size eps·cond(I - P) of one linear solve's error."""
    return EPS * float(condition(corridor(), policy(p)))


def p_star_error() -> Check:
    r"""The zero of dJ/dp, by complex steps through the solve and Brent's method, against :math:`2-\sqrt2`."""
    error = abs(measured("corridor")["p_star"] - P_STAR)
    # The slope is wrong by about a solve's error of J = -12, and J'' = -96 turns that into an eighth of it in p.
    return Check(error, 0.0, 10 * _unit(P_STAR), SOLVE)


def j_star() -> Check:
    r"""J by the solve at that zero against :math:`-(6+4\sqrt2)`."""
    return Check(measured("corridor")["j_star"], J_STAR, 10 * _unit(P_STAR) * abs(J_STAR), f"{SOLVE}, times |J|")


def length() -> Check:
    r"""The mean length :math:`(I-P)^{-1}\mathbf 1` against -J(p) in closed form, p = 0.05, 0.10, …, 0.95."""
    mdp = corridor()
    worst = max(abs(mean_length(mdp, policy(p))[mdp.start] / -objective(p) - 1) / _unit(p) for p in GRID)
    return Check(float(worst), 10.0, 0.0, UNITS, "<=")


def gradient() -> Check:
    r"""The theorem's sum for the one parameter p against J'(p) in closed form, p = 0.05, 0.10, …, 0.95."""
    worst = max(abs(theorem_sum(p) - slope(p)) / (abs(slope(p)) + abs(objective(p))) / _unit(p) for p in GRID)
    return Check(float(worst), 10.0, 0.0, UNITS, "<=")


def sampled() -> Check:
    r"""Mean returns of sampled episodes against J(p): the largest distance over nine p, in standard errors."""
    result = measured("corridor")
    error = np.array(result["sampled_halfwidth"]) / NORMAL_95
    distance = abs(np.array(result["sampled_mean"]) - objective(np.array(result["sampled_p"]))) / error
    return Check(
        float(distance.max()), 4.0, 0.0, "standard errors: by chance one of nine is more than 4 once in 1,700", "<="
    )


def variance_max_z() -> Check:
    r"""Monte-Carlo variances of nine estimators of J' against exact ones, p = 0.05 and 2 - √2, in standard errors."""
    result = measured("estimators")
    because = "standard errors of 18 estimates, nine from the same episodes: by chance one is more than 4 once in 880"
    return Check(max(result["corridor_worst_z"], result["optimum_worst_z"]), 4.0, 0.0, because, "<=")


def variance_max_rel_se() -> Check:
    """Their standard errors, relative to the exact variances: the largest."""
    result = measured("estimators")
    because = "the variances are to be known to a hundredth"
    return Check(max(result["corridor_worst_error"], result["optimum_worst_error"]), 0.01, 0.0, because, "<=")
