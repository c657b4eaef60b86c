r"""Episodes drawn from a process, many at once, and the REINFORCE estimate from them.

The reward of a step is its mean :math:`r(s,a)`: the return keeps its mean, and so does REINFORCE.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pycode.mdp import Array, EpisodicMDP, require_termination


class Step(NamedTuple):
    """The t-th steps of all episodes that reach it; each entry has one value for each of these episodes."""

    episode: NDArray[np.intp]
    s_t: NDArray[np.intp]
    a_t: NDArray[np.intp]
    r_tp1: Array


def _draw(cumulative: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    """One index for each row of cumulative probabilities without their last, which is 1."""
    return (rng.random(len(cumulative))[:, None] >= cumulative).sum(axis=-1)


def episodes(mdp: EpisodicMDP, pi: Array, count: int, rng: np.random.Generator) -> list[Step]:
    """Draw episodes from the start to the exit, in step with each other; entry t holds their t-th steps.

    Raises ValueError where an episode may never end.
    """
    require_termination(mdp, pi)
    n = len(pi)
    actions = np.cumsum(pi, axis=-1)[..., :-1]
    successors = np.cumsum(mdp.transition, axis=-1)  # at or above the last of them the episode ends
    episode, s_t = np.arange(count), np.full(count, mdp.start)
    steps = []
    while len(episode):
        a_t = _draw(actions[s_t], rng)
        steps.append(Step(episode, s_t, a_t, mdp.reward[s_t, a_t]))
        s_tp1 = _draw(successors[s_t, a_t], rng)
        episode, s_t = episode[s_tp1 < n], s_tp1[s_tp1 < n]
    return steps


def returns(steps: list[Step]) -> Array:
    r"""Return :math:`G_0=R_1+\dots+R_T` of each episode, shape ``(count,)``."""
    G_0 = np.zeros(len(steps[0].episode))
    for step in steps:
        G_0[step.episode] += step.r_tp1
    return G_0


def reinforce(pi: Array, steps: list[Step]) -> Array:
    r"""REINFORCE's :math:`\sum_{t<T}G_t\,\nabla\log\pi(A_t\mid S_t)` of each episode, shape ``(count, n, m)``.

    For a softmax policy :math:`\partial\log\pi(a\mid s)/\partial\theta(s,b)=\mathbf 1\{a=b\}-\pi(b\mid s)`.
    Its mean is :math:`\nabla J`. On the page: ``eq:reinforce``.
    """
    G_t = returns(steps)
    estimate = np.zeros((len(G_t), *pi.shape))
    for episode, s_t, a_t, r_tp1 in steps:
        score = np.eye(pi.shape[1])[a_t] - pi[s_t]
        estimate[episode, s_t] += G_t[episode, None] * score
        G_t[episode] -= r_tp1
    return estimate
