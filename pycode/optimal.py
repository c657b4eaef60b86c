r"""The best values of a finite episodic process, and policies that mostly take the best actions."""

import numpy as np

from pycode.mdp import EPS, Array, EpisodicMDP

SWEEPS = 100_000


def optimal_action_value(mdp: EpisodicMDP) -> Array:
    r"""Optimal action value :math:`q_*(s,a)=r(s,a)+\sum_{s'}p(s'\mid s,a)\max_bq_*(s',b)`, shape ``(n, m)``.

    By value iteration from 0. Raises ValueError where it does not settle, as for rewards on an endless loop, and where
    it overflows.
    """
    v = np.zeros(len(mdp.exit))
    for sweep in range(1, SWEEPS + 1):
        with np.errstate(over="ignore"):
            q = mdp.reward + mdp.transition @ v
        if not np.isfinite(q).all():
            raise ValueError(f"value iteration overflows in sweep {sweep}; give smaller rewards")
        change, v = abs(q.max(axis=-1) - v).max(), q.max(axis=-1)
        if change <= EPS * abs(v).max():
            return q
    raise ValueError(
        f"value iteration has not settled after {SWEEPS} sweeps; give a process whose best values are finite"
    )


def epsilon_greedy(q: Array, epsilon: float) -> Array:
    r"""The best action with probability :math:`1-\varepsilon`, or one of equals, else any action; shape ``(n, m)``.

    Raises ValueError for :math:`\varepsilon` outside :math:`[0,1]` and for values that are nan.
    """
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon is {epsilon}; give a share between 0 and 1")
    if np.isnan(q).any():
        raise ValueError(f"q of state {np.argwhere(np.isnan(q))[0, 0]} holds nan; give numbers")
    best = np.isclose(q, q.max(axis=-1, keepdims=True), rtol=1e-12, atol=0)
    return (1 - epsilon) * best / best.sum(axis=-1, keepdims=True) + epsilon / q.shape[-1]
