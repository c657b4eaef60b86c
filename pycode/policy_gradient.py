r"""The policy gradient of a softmax policy: the theorem's sum, and other ways to the same gradient.

Parameters :math:`\theta` have shape ``(..., n, m)``, a row for each state, and so have gradients.
:math:`J(\theta)=v_{\pi_\theta}(s_0)`. Functions of the process raise ValueError where the episode may never end.
"""

from typing import NamedTuple

import numpy as np

from pycode.mdp import (
    Array,
    EpisodicMDP,
    action_value,
    advantage,
    occupancy,
    policy_transition,
    require_termination,
    state_value,
    visitation,
)

COMPLEX_STEP = 1e-30  # its square vanishes beside 1, so the step's own error is below rounding


def softmax_policy(theta: Array) -> Array:
    r"""Softmax policy :math:`\pi(a\mid s,\theta)=e^{\theta(s,a)}/\sum_b e^{\theta(s,b)}`, shape ``(..., n, m)``."""
    weight = np.exp(theta - theta.real.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def weighted_gradient(pi: Array, w: Array) -> Array:
    r"""The sum :math:`\sum_a w(s,a)\,\nabla\pi(a\mid s)` for a softmax policy, shape ``(..., n, m)``.

    Row s is the gradient with respect to :math:`\theta(s,\cdot)`, the only one on which :math:`\pi(\cdot\mid s)`
    depends: :math:`\pi(b\mid s)\,(w(s,b)-\sum_a\pi(a\mid s)\,w(s,a))`. With :math:`w=q_\pi` it is :math:`g(s)` of
    ``eq:definitions``.
    """
    return pi * (w - (pi * w).sum(axis=-1, keepdims=True))


def objective(mdp: EpisodicMDP, theta: Array) -> Array:
    r"""Expected return :math:`J(\theta)=v_{\pi_\theta}(s_0)`, shape ``(...)``."""
    return state_value(mdp, softmax_policy(theta))[..., mdp.start]


def theorem_sum(mdp: EpisodicMDP, theta: Array) -> Array:
    r"""The theorem's right side :math:`\sum_s\eta(s)\sum_a q_\pi(s,a)\,\nabla\pi(a\mid s)`, shape ``(..., n, m)``.

    With :math:`q_\pi-v_\pi` in the place of :math:`q_\pi`, which changes nothing (``eq:baseline``) but saves digits
    where episodes are long (`pycode.mdp.advantage`). On the page: ``eq:pg-theorem``.
    """
    pi = softmax_policy(theta)
    return visitation(mdp, pi)[..., None] * weighted_gradient(pi, advantage(mdp, pi))


def on_policy_mean(mdp: EpisodicMDP, theta: Array) -> Array:
    r"""What :math:`\nabla J` is proportional to, :math:`\mathbb E_\pi[\sum_a q_\pi(S,a)\,\nabla\pi(a\mid S)]`, S ~ μ.

    Shape ``(..., n, m)``. On the page: ``eq:pg-theorem``.
    """
    pi = softmax_policy(theta)
    return occupancy(mdp, pi)[..., None] * weighted_gradient(pi, action_value(mdp, pi))


def gradient_autograd(mdp: EpisodicMDP, theta: Array) -> Array:
    r""":math:`\nabla J` by automatic differentiation through the linear solve, in float64, shape ``(n, m)``."""
    import torch

    require_termination(mdp, softmax_policy(theta))
    transition, reward = torch.tensor(mdp.transition), torch.tensor(mdp.reward)
    leaf = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    pi = torch.softmax(leaf, dim=-1)
    P = torch.einsum("sa,sax->sx", pi, transition)
    v = torch.linalg.solve(torch.eye(len(P), dtype=torch.float64) - P, (pi * reward).sum(dim=-1))
    v[mdp.start].backward()
    assert leaf.grad is not None
    return leaf.grad.numpy()


def value_directional(mdp: EpisodicMDP, theta: Array, direction: Array) -> Array:
    r"""Derivative of every :math:`v(s)` along a direction d, :math:`\operatorname{Im}v(\theta+ihd)/h`.

    Exact to rounding: no difference is taken. ``direction`` has shape ``(..., n, m)``, the result ``(..., n)``.
    """
    return state_value(mdp, softmax_policy(theta + 1j * COMPLEX_STEP * direction)).imag / COMPLEX_STEP


def directional_complex_step(mdp: EpisodicMDP, theta: Array, direction: Array) -> Array:
    r"""Derivative of :math:`J` along a direction of shape ``(..., n, m)`` by a complex step, shape ``(...)``."""
    return value_directional(mdp, theta, direction)[..., mdp.start]


def value_gradient(mdp: EpisodicMDP, theta: Array) -> Array:
    r"""Gradients :math:`\nabla v(s)` of all states by complex steps along each parameter, shape ``(..., n, n, m)``.

    Entry ``[s, x, b]`` is the derivative of :math:`v(s)` with respect to :math:`\theta(x,b)`.
    """
    n, m = mdp.exit.shape
    directions = np.eye(n * m).reshape(n * m, n, m)
    by_parameter = value_directional(mdp, theta[..., None, :, :], directions)
    return np.swapaxes(by_parameter, -1, -2).reshape(*theta.shape[:-2], n, n, m)


class PerformanceDifference(NamedTuple):
    """The two sides of the identity, and the size of what is added up: rounding is relative to that."""

    left: float
    right: float
    size: float


def performance_difference(mdp: EpisodicMDP, theta: Array, theta_new: Array) -> PerformanceDifference:
    r"""Both sides of the performance difference, an identity at any distance of :math:`\theta'` from :math:`\theta`.

    :math:`J(\theta')-J(\theta)=\sum_s\eta_{\theta'}(s)\sum_a[\pi'(a\mid s)-\pi(a\mid s)]\,q_\theta(s,a)`, where the
    advantage may stand for q, because the bracket adds up to 0. On the page: ``eq:performance-difference``.
    """
    pi, pi_new = softmax_policy(theta), softmax_policy(theta_new)
    J, J_new = objective(mdp, theta), objective(mdp, theta_new)
    terms = visitation(mdp, pi_new)[:, None] * (pi_new - pi) * advantage(mdp, pi)
    size = max(abs(J), abs(J_new), abs(terms).sum())
    return PerformanceDifference(float(J_new - J), float(terms.sum()), float(size))


class Unrolling(NamedTuple):
    r"""K steps of :math:`\nabla v=g+P\nabla v`, for K = 0, 1, …; both of shape ``(K + 1, n, n, m)``."""

    partial_sum: Array  # Σ_{k<K} P^k g
    remainder: Array  # P^K ∇v


def unroll(mdp: EpisodicMDP, theta: Array, K: int) -> Unrolling:
    r"""Partial sums and remainders of :math:`\nabla v=\sum_{k<K}P^kg+P^K\nabla v` up to K steps.

    :math:`g(s)=\sum_a q_\pi(s,a)\,\nabla\pi(a\mid s)`; :math:`\nabla v` comes from complex steps, not from the
    recursion itself. On the page: ``eq:unrolled``.
    """
    pi = softmax_policy(theta)
    n, m = pi.shape
    P = policy_transition(mdp, pi)
    term: Array = np.zeros((n, n, m))
    term[np.arange(n), np.arange(n)] = weighted_gradient(pi, action_value(mdp, pi))
    partial_sum, remainder = np.zeros((K + 1, n, n, m)), np.empty((K + 1, n, n, m))
    remainder[0] = value_gradient(mdp, theta)
    for k in range(K):
        partial_sum[k + 1] = partial_sum[k] + term
        term = np.tensordot(P, term, axes=1)
        remainder[k + 1] = np.tensordot(P, remainder[k], axes=1)
    return Unrolling(partial_sum, remainder)
