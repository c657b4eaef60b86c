r"""Exact variance of one-episode estimates of the policy gradient, by linear solves.

The score is an array :math:`\psi(s,a)=\nabla\log\pi(a\mid s)` of shape ``(n, m, d)``, d parameters; in each state it
has mean 0. A variance is the trace of a covariance. As in rollouts, the reward of a step is :math:`r(s,a)`: where an
environment draws it, the noise around that mean is left out.

Each estimate's conditional mean given the episode so far is a martingale, so its variance is the sum over the steps of
the mean squares of that martingale's increments D. With :math:`R_{\le t}=R_1+\dots+R_t` and
:math:`Z_t=\sum_{u<t}\psi_u`, D is linear in :math:`(R_{\le t},Z_t)`, whose first two moments at the visits of each
state solve linear systems with :math:`(I-P)^\top`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pycode.elimination import Elimination
from pycode.mdp import (
    EPS,
    SUM_TOLERANCE,
    Array,
    EpisodicMDP,
    action_value,
    advantage,
    require_termination,
    state_value,
    system,
    visitation,
)


class Estimator(NamedTuple):
    r"""The estimate :math:`\sum_{t<T}[\,c_0\,R_{\le t}+c_1\,G_t\,]\,\psi_t+f(S_t,A_t)` from one episode.

    ``past`` is :math:`c_0`, ``future`` is :math:`c_1`; ``f`` has shape ``(n, m, d)``. On the page: ``eq:reinforce``.
    """

    past: float
    future: float
    f: Array


class History(NamedTuple):
    r"""Sums over the visits of each state, in the mean: of 1 and of products of :math:`R_{\le t}` and :math:`Z_t`.

    ``eta``, ``R``, ``RR`` and ``ZZ`` (of :math:`\lVert Z_t\rVert^2`) have shape ``(n,)``, ``Z`` and ``RZ`` ``(n, d)``.
    """

    eta: Array
    R: Array
    Z: Array
    RR: Array
    RZ: Array
    ZZ: Array


class Outcomes(NamedTuple):
    """All that one step may be: state s, action a, next state x (n: the end), probability given s."""

    s: Array
    a: Array
    x: Array
    probability: Array


def softmax_score(pi: Array) -> Array:
    r"""Score of a softmax policy with a parameter for each state and action, shape ``(n, m, n * m)``.

    :math:`\partial\log\pi(a\mid s)/\partial\theta(x,b)=\mathbf 1\{x=s\}(\mathbf 1\{a=b\}-\pi(b\mid s))`.
    Raises ValueError for rows that are not probabilities, and for a probability 0, which has no logarithm.
    """
    if pi.ndim != 2:
        raise ValueError(f"the policy has shape {pi.shape}; give (n, m): a row of probabilities a state")
    for s in np.flatnonzero(~((pi >= 0).all(axis=-1) & (abs(pi.sum(axis=-1) - 1) <= SUM_TOLERANCE))):
        raise ValueError(f"the policy's row of state {s} is not a probability; make it nonnegative, sum 1")
    for s, a in np.argwhere(pi == 0):
        raise ValueError(f"action {a} has probability 0 in state {s}, so no score; give every action a positive one")
    n, m = pi.shape
    score = np.zeros((n, m, n, m))
    score[np.arange(n), :, np.arange(n)] = np.eye(m) - pi[:, None]
    return score.reshape(n, m, n * m)


@dataclass(frozen=True, eq=False)
class ScoredPolicy:
    r"""A policy on a process with its score :math:`\psi`, and what the variances of its estimates are made of.

    Raises ValueError where the episode may never end, for shapes that do not fit, and for a score whose mean is not 0.
    """

    mdp: EpisodicMDP
    pi: Array
    psi: Array

    def __post_init__(self) -> None:
        n, m = self.mdp.exit.shape
        if self.pi.shape != (n, m) or self.psi.shape[:-1] != (n, m) or self.psi.size == 0:
            raise ValueError(
                f"the policy has shape {self.pi.shape} and the score {self.psi.shape}; "
                f"give (n, m) and (n, m, d) with (n, m) = {(n, m)} and d at least 1"
            )
        require_termination(self.mdp, self.pi)
        mean, size = abs(np.einsum("sa,sad->sd", self.pi, self.psi)).max(axis=-1), abs(self.psi).max()
        if size == 0:
            raise ValueError("every score is 0, so no estimate can vary; give a policy with a choice in some state")
        if not (mean <= 10 * m * EPS * size).all():  # rounding of m products
            s = self.mdp.names[int(mean.argmax())]
            raise ValueError(f"in state {s} the score has a mean of size {mean.max():.3g}; give the gradient of log pi")

    @cached_property
    def system(self) -> Elimination:
        r""":math:`I-P` in factors."""
        return system(self.mdp, self.pi)

    @cached_property
    def v(self) -> Array:
        r"""State value :math:`v_\pi`, shape ``(n,)``."""
        return state_value(self.mdp, self.pi)

    @cached_property
    def q(self) -> Array:
        r"""Action value :math:`q_\pi`, shape ``(n, m)``."""
        return action_value(self.mdp, self.pi)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Outcomes of positive probability, in the order of their states."""
        table = self.pi[..., None] * np.concatenate([self.mdp.transition, self.mdp.exit[..., None]], axis=-1)
        s, a, x = np.nonzero(table)
        return Outcomes(s, a, x, table[s, a, x])

    @cached_property
    def history(self) -> History:
        r"""Moments of :math:`(R_{\le t},Z_t)` at the visits, from three solves with :math:`(I-P)^\top`.

        A step brings :math:`R_{\le t}+r` and :math:`Z_t+\psi` to the next state.
        """
        eta = visitation(self.mdp, self.pi)
        r, psi, visits = self.mdp.reward[..., None], self.psi, eta[:, None, None]
        first = self._arrived(r * visits, psi * visits)
        R, Z = first[:, 0], first[:, 1:]
        of_R, of_Z = R[:, None, None], Z[:, None]
        second = self._arrived(
            2 * r * of_R + r**2 * visits,
            psi * of_R + r * of_Z + r * psi * visits,
            (2 * psi * of_Z + psi**2 * visits).sum(axis=-1, keepdims=True),
        )
        return History(eta, R, Z, second[:, 0], second[:, 1:-1], second[:, -1])

    def _arrived(self, *gain: Array) -> Array:
        """Sums over the visits of what earlier steps from (s, a) have gained, a column for each column of the gains."""
        w = np.concatenate(gain, axis=-1)
        arrivals = np.einsum("sa,sax,sak->xk", self.pi, self.mdp.transition, w, optimize=True)
        return self.system.solve_transposed(arrivals)

    def mean(self, estimator: Estimator) -> Array:
        r"""Mean of an estimate over an episode from each state, shape ``(n, d)``; from :math:`s_0` it is to be J's.

        :math:`(I-P)^{-1}\sum_a\pi(a\mid s)\,[c_1\,q_\pi(s,a)\,\psi(s,a)+f(s,a)]`: as the score has mean 0, what has
        been earned adds nothing. On the page: ``eq:log-form``.
        """
        term = estimator.future * self.q[..., None] * self.psi + estimator.f
        return self.system.solve(np.einsum("sa,sad->sd", self.pi, term))

    def increments(self, estimator: Estimator) -> tuple[Array, Array]:
        r"""D of each outcome without the past reward: :math:`\delta` and :math:`u` of :math:`Z_t\delta+u`.

        :math:`\delta=c_1(r+v(x)-v(s))`, shape ``(K,)``, and :math:`u=c_1(r+v(x))\psi+f+h(x)-h(s)`, shape ``(K, d)``,
        with h the mean of the estimate from a state, and v and h zero at the end.
        """
        s, a, x, _ = self.outcomes
        v = np.append(self.v, 0)
        h = np.pad(self.mean(estimator), ((0, 1), (0, 0)))
        target = estimator.future * (self.mdp.reward[s, a] + v[x])
        return target - estimator.future * v[s], target[:, None] * self.psi[s, a] + estimator.f[s, a] + h[x] - h[s]

    def variance(self, estimator: Estimator) -> float:
        r"""Variance of an estimate: the mean of :math:`\sum_t\lVert c_0R_{\le t}\psi_t+Z_t\delta+u\rVert^2`."""
        s, a, _, probability = self.outcomes
        delta, u = self.increments(estimator)
        past, psi = estimator.past, self.psi[s, a]
        eta, R, Z, RR, RZ, ZZ = (moment[s] for moment in self.history)
        square = past**2 * RR * (psi**2).sum(axis=-1) + delta**2 * ZZ + eta * (u**2).sum(axis=-1)
        cross = past * (psi * (delta[:, None] * RZ + R[:, None] * u)).sum(axis=-1) + delta * (Z * u).sum(axis=-1)
        return float(probability @ (square + 2 * cross))

    def best_baseline(self) -> Array:
        r"""Baseline b(s) of least variance for :math:`\sum_t(G_t-b(S_t))\psi_t`, shape ``(n,)``.

        b enters D as :math:`-b(s)\psi`, so :math:`b(s)=\mathbb E[\psi\cdot D]/\mathbb E\lVert\psi\rVert^2` over the
        visits of s, D being that of :math:`b=0`. It is v(s) where a score of 0 or no visit leaves it open.
        """
        s, a, _, probability = self.outcomes
        delta, u = self.increments(Estimator(0, 1, np.zeros_like(self.psi)))
        Z, eta, psi = self.history.Z[s], self.history.eta[s], self.psi[s, a]
        along = probability * (psi * (delta[:, None] * Z + eta[:, None] * u)).sum(axis=-1)
        weight = self.baseline_weight()
        best = self.v.copy()
        np.divide(np.bincount(s, along, minlength=len(best)), weight, out=best, where=weight > 0)
        return best

    def baseline_weight(self) -> Array:
        r"""Weight of the distance from the best baseline, :math:`w(s)=\eta(s)\sum_a\pi\lVert\psi\rVert^2`, shape (n,).

        The variance with b is the least one plus :math:`\sum_sw(s)\,(b(s)-b^*(s))^2`: which of two baselines is better
        is a question of distance from :math:`b^*`.
        """
        return self.history.eta * np.einsum("sa,sad->s", self.pi, self.psi**2)

    def action_noise(self, estimator: Estimator) -> tuple[float, float]:
        r"""What drawing the actions adds to a variance: :math:`\sum_tf(S_t,A_t)`, not :math:`\sum_t\sum_a\pi f(S_t,a)`.

        D of the first is D of the second plus :math:`e=f-\sum_a\pi f`. So it adds
        :math:`\mathbb E\sum_t\lVert e\rVert^2`, and twice :math:`\mathbb E\sum_te\cdot h(S_{t+1})`, h(x) being the
        mean of what is to come from x: that is negative where an action that brings much now leaves little for later.
        """
        e = estimator.f - np.einsum("sa,sad->sd", self.pi, estimator.f)[:, None]
        h = np.einsum("sax,xd->sad", self.mdp.transition, self.mean(estimator), optimize=True)
        weight = self.history.eta[:, None] * self.pi
        return float((weight * (e**2).sum(axis=-1)).sum()), float(2 * (weight * (e * h).sum(axis=-1)).sum())


def estimators(policy: ScoredPolicy) -> dict[str, Estimator]:
    r"""The estimators of :math:`\nabla J`, by name; all have the mean :math:`\nabla J`.

    :math:`G_0\sum_t\psi_t`; :math:`\sum_tG_t\psi_t`; the same with :math:`G_t-b` for b = J, the best constant,
    :math:`v_\pi(S_t)` and the best b(s); then with :math:`q_\pi(S_t,A_t)` and :math:`q_\pi-v_\pi` instead of
    :math:`G_t`; and :math:`\sum_t\sum_aq_\pi(S_t,a)\nabla\pi(a\mid S_t)`.
    On the page: ``eq:pg-theorem``, ``eq:log-form``, ``eq:reinforce``.
    """
    psi, v, q = policy.psi, policy.v, policy.q
    best, weight = policy.best_baseline(), policy.baseline_weight()
    g = np.einsum("sa,sa,sad->sd", policy.pi, q, psi)

    def minus(b: Array) -> Estimator:
        return Estimator(0, 1, -np.broadcast_to(b, v.shape)[:, None, None] * psi)

    return {
        "total_return": Estimator(1, 1, np.zeros_like(psi)),
        "reward_to_go": minus(np.zeros_like(v)),
        "minus_J": minus(v[policy.mdp.start]),
        "best_constant": minus(weight @ best / weight.sum()),
        "minus_v": minus(v),
        "best_baseline": minus(best),
        "q": Estimator(0, 0, q[..., None] * psi),
        "advantage": Estimator(0, 0, advantage(policy.mdp, policy.pi)[..., None] * psi),
        "all_action": Estimator(0, 0, np.broadcast_to(g[:, None], psi.shape)),
    }
