r"""A walk that drifts away from the exit, so that episodes are as long as one likes; its gradient in fractions.

State s steps to s + 1, beyond the last one to the exit, with probability 1/4 under the first action and 1/2 under the
second, else to s - 1, in state 0 to itself; reward -1 a step. Under the uniform policy, whose probabilities have no
rounding, it goes on with :math:`p=3/8`, and :math:`\mathbb E[T]` grows like :math:`(5/3)^n`.
"""

from fractions import Fraction

import numpy as np

from pycode.mdp import EpisodicMDP

ONWARDS = (Fraction(1, 4), Fraction(1, 2))


def adverse_walk(n: int) -> EpisodicMDP:
    """The process of n states, start 0; raises ValueError for fewer than one."""
    if n < 1:
        raise ValueError(f"a walk of {n} states has none to start from; give at least 1")
    transition, exit_ = np.zeros((n, 2, n)), np.zeros((n, 2))
    for a, onwards in enumerate(map(float, ONWARDS)):
        for s in range(n):
            transition[s, a, max(s - 1, 0)] += 1 - onwards
            if s < n - 1:
                transition[s, a, s + 1] = onwards
        exit_[n - 1, a] = onwards
    return EpisodicMDP(transition, exit_, -np.ones((n, 2)))


def exact_gradient(n: int) -> list[list[Fraction]]:
    r"""The gradient at :math:`\theta=0`, n rows of two, without the theorem.

    The mean time from s to s + 1 is :math:`h_s=1+(1-p_s)(h_{s-1}+h_s)`, that is :math:`(1+(1-p_s)h_{s-1})/p_s` with
    :math:`h_{-1}=0`, and :math:`J=-\sum_sh_s`; p of one state changes by :math:`\pm1/4` of the actions' difference.
    """
    p = sum(ONWARDS, Fraction(0)) / 2
    h = [Fraction(0)]
    for _ in range(n):
        h.append((1 + (1 - p) * h[-1]) / p)
    rows = []
    for s in range(n):
        change = -(1 + h[s]) / p**2  # of h_s with p_s; each later one changes by (1-p)/p of the one before
        ratio = (1 - p) / p
        slope = -change * (1 - ratio ** (n - s)) / (1 - ratio)
        by_action = slope * (ONWARDS[1] - ONWARDS[0]) / 4
        rows.append([-by_action, by_action])
    return rows


def relative_error(gradient: np.ndarray, exact: list[list[Fraction]]) -> float:
    """Largest error over the largest entry, without rounding; infinite where an entry is no number."""
    if not np.isfinite(gradient).all():
        return float("inf")
    pairs = zip(gradient.ravel(), (entry for row in exact for entry in row), strict=True)
    worst = max(abs(Fraction(float(found)) - entry) for found, entry in pairs)
    return float(worst / max(abs(entry) for row in exact for entry in row))
