r"""The short corridor with switched actions of Sutton and Barto, Example 13.1, under its one-parameter policy.

Three states in a row, the exit to the right of the last, reward -1 a step. Right moves right and left moves left,
a wall standing to the left of state 0, but in state 1 the two are switched. The states look alike to
the policy: it goes right with the same probability p in each.
"""

import math

import numpy as np

from pycode.mdp import Array, EpisodicMDP, action_value, state_value, visitation

LEFT, RIGHT = 0, 1
P_STAR = 2 - math.sqrt(2)
J_STAR = -(6 + 4 * math.sqrt(2))


def corridor() -> EpisodicMDP:
    """The process: states 0, 1, 2, actions ``LEFT`` and ``RIGHT``, start 0."""
    transition, exit_ = np.zeros((3, 2, 3)), np.zeros((3, 2))
    transition[0, LEFT, 0] = transition[0, RIGHT, 1] = 1
    transition[1, LEFT, 2] = transition[1, RIGHT, 0] = 1
    transition[2, LEFT, 1] = exit_[2, RIGHT] = 1
    return EpisodicMDP(transition, exit_, reward=-np.ones((3, 2)))


def policy(p: complex) -> Array:
    """The policy that goes right with probability p in every state, shape ``(3, 2)``; p may carry a complex step."""
    return np.tile([1 - p, p], (3, 1))


def score(p: float) -> Array:
    r"""Score in :math:`\theta`, where :math:`p=1/(1+e^{-\theta})`: 1 - p for right, -p for left, shape ``(3, 2, 1)``.

    Derivatives by :math:`\theta` are :math:`p(1-p)` times those by p.
    """
    return np.tile([[-p], [1 - p]], (3, 1, 1))


def objective(p: Array) -> Array:
    r"""Expected return in closed form, :math:`J(p)=-2(2-p)/(p(1-p))`, for :math:`0<p<1`.

    From :math:`v_0=-1+(1-p)v_0+pv_1`, :math:`v_1=-1+pv_0+(1-p)v_2`, :math:`v_2=-1+(1-p)v_1`: the first gives
    :math:`v_1=v_0+1/p`, the last two :math:`v_1(1-(1-p)^2)=-(2-p)+pv_0`, and eliminating :math:`v_1` leaves
    :math:`J=v_0`. Its largest value is :math:`J^*=-(6+4\sqrt2)` at :math:`p^*=2-\sqrt2`.
    On the page: ``fig:corridor``.
    """
    return -2 * (2 - p) / (p * (1 - p))


def slope(p: Array) -> Array:
    r"""Derivative in closed form, :math:`J'(p)=2(p^2-4p+2)/(p(1-p))^2`."""
    return 2 * (p**2 - 4 * p + 2) / (p * (1 - p)) ** 2


def objective_by_solve(p: complex) -> complex:
    r""":math:`J(p)` from the linear solve of the process; p may carry a complex step."""
    mdp = corridor()
    return state_value(mdp, policy(p))[mdp.start]


def theorem_sum(p: float) -> float:
    r"""The theorem's right side :math:`\sum_s\eta(s)\sum_a q_\pi(s,a)\,d\pi(a\mid s)/dp` for the parameter p."""
    mdp, pi = corridor(), policy(p)
    q = action_value(mdp, pi)
    return float(visitation(mdp, pi) @ (q[:, RIGHT] - q[:, LEFT]))
