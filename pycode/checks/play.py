"""Checks of what Gymnasium plays: the objective under its time limit, and the share of steps."""

import numpy as np

from pycode.check import Check
from pycode.results import measured


def limit() -> Check:
    r"""Mean return of the best policy in Gymnasium's FrozenLake with its time limit against :math:`J_{100}`."""
    result = measured("play")
    distance = abs(result["sampled"] - result["J_limit"]) / result["sampled_error"]
    return Check(distance, 4.0, 0.0, "standard errors: by chance more than 4 once in 16,000", "<=")


def shares() -> Check:
    r"""Share of the steps in each state, over a long run of episodes there, against :math:`\mu`: largest distance."""
    result = measured("play")
    distance = abs(np.array(result["shares"]) - result["mu"]) / np.array(result["shares_error"])
    return Check(float(distance.max()), 4.0, 0.0, "standard errors: one of eleven is above 4 once in 1,400", "<=")
