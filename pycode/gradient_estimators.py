r"""Monte-Carlo estimates of the gradient of E_q[f(z)], and of the ELBO, for a Gaussian q with diagonal covariance.

Each function takes noise eps of shape (L, ..., Z), standard normal, L draws; mu and sigma, which broadcast to
(..., Z); and functions of z such as f, from (L, ..., Z) to (L, ...). It gives L rows, one for each draw, whose mean
over the draws is the estimate. f must not depend on the parameters of q, or the mean of its own derivative is missing.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from pycode.gaussian import Real, kl_gradient, log_density

Function = Callable[[Tensor], Tensor]


class Gradient(NamedTuple):
    """Derivatives in mu, in sigma and in rho = log sigma², each of shape (L, ..., Z): one row for each draw."""

    mu: Tensor
    sigma: Tensor
    rho: Tensor


def score(sigma: Real, eps: Tensor) -> Gradient:
    r"""Score :math:`\nabla \log q(z)` at z = mu + sigma eps, of mean 0.

    It is :math:`\epsilon/\sigma` in mu, :math:`(\epsilon^2-1)/\sigma` in sigma, :math:`(\epsilon^2-1)/2` in rho.
    """
    return Gradient(eps / sigma, (eps**2 - 1) / sigma, (eps**2 - 1) / 2)


def score_function(f: Function, mu: Real, sigma: Real, eps: Tensor, baseline: Gradient | None = None) -> Gradient:
    r"""Score-function estimates :math:`(f(z) - c) \nabla \log q(z)`, z = mu + sigma eps (eq:score).

    The constants c, one for each derivative, are ``baseline``, else 0; as the score's mean is 0, so is that of what
    they take off.
    """
    value = f(mu + sigma * eps).unsqueeze(-1)
    parts = score(sigma, eps)
    if baseline is None:
        return Gradient(*(value * part for part in parts))
    return Gradient(*((value - c) * part for c, part in zip(baseline, parts, strict=True)))


def best_baseline(f: Function, mu: Real, sigma: Real, eps: Tensor, weights: Real = 1.0) -> Gradient:
    r"""Constants that minimise each component's variance of `score_function`, :math:`E[f s^2] / E[s^2]`, s its score.

    The means are over the draws, or over the nodes of a rule with ``weights`` that broadcast to (L, ..., Z).
    The result has shape (..., Z).
    """
    value = f(mu + sigma * eps).unsqueeze(-1)
    squares = [weights * part**2 for part in score(sigma, eps)]
    return Gradient(*((value * square).sum(0) / square.sum(0) for square in squares))


def leave_one_out(f: Function, mu: Real, sigma: Real, eps: Tensor) -> Gradient:
    r"""Score-function estimates whose baseline is the mean of f over the other draws (eq:score).

    .. math:: \Bigl(f(z_l) - \frac{1}{L-1} \sum_{k \ne l} f(z_k)\Bigr) \nabla \log q(z_l)

    Each row is unbiased, for its baseline is independent of its score; rows depend on each other. Their mean is the
    sample covariance of f and the score. Raises ValueError for fewer than two draws.
    """
    L = len(eps)
    if L < 2:
        raise ValueError(f"leave_one_out has draws = {L}; give eps of shape (L, ..., Z), L at least 2")
    value = f(mu + sigma * eps).unsqueeze(-1)
    centred = (value - value.mean(0)) * (L / (L - 1))
    return Gradient(*(centred * part for part in score(sigma, eps)))


def leave_one_out_variance(value: Tensor, score: Tensor, weights: Real, draws: int) -> Tensor:
    r"""Variance of the mean of `leave_one_out`'s rows: a sample covariance, which is a U-statistic of order two.

    .. math:: \frac{1}{L} E[a^2 s^2] - \frac{L-2}{L(L-1)} E[a s]^2 + \frac{1}{L(L-1)} E[a^2] E[s^2], \quad a = f - E[f]

    The means are those of a rule with ``weights`` (N, 1), exact for these moments: f's values (N,) and the scores s
    (N, Z) at its nodes. The result has shape (Z,).
    Raises ValueError for fewer than two draws.
    """
    L = draws
    if L < 2:
        raise ValueError(f"leave_one_out_variance has draws = {L}; give at least 2")
    a = value.unsqueeze(-1)
    a = a - (weights * a).sum(0)
    covariance, both = (weights * a * score).sum(0), (weights * a**2 * score**2).sum(0)
    product = (weights * a**2).sum(0) * (weights * score**2).sum(0)
    return both / L - (L - 2) / (L * (L - 1)) * covariance**2 + product / (L * (L - 1))


def pathwise(f: Function, mu: Real, sigma: Real, eps: Tensor) -> Gradient:
    r"""Pathwise estimates by the chain rule through z = mu + sigma eps (eq:chain).

    The derivative is :math:`f'(z)` in mu, :math:`\epsilon f'(z)` in sigma, :math:`\sigma\epsilon f'(z)/2` in rho.
    """
    z = (mu + sigma * eps).detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z)
    return Gradient(slope, slope * eps, slope * eps * sigma / 2)


def minus_kl(gradient: Gradient, mu_q: Real, sigma_q: Real, mu_p: Real, sigma_p: Real) -> Gradient:
    r"""Estimates of the ELBO's gradient from those of :math:`E_q[\log p(x \mid z)]`: KL in closed form (eq:sgvb, B)."""
    sigma_q = torch.as_tensor(sigma_q)
    in_mu, in_rho = kl_gradient(mu_q, 2 * sigma_q.log(), mu_p, sigma_p).unbind(-1)
    kl = Gradient(in_mu, 2 * in_rho / sigma_q, in_rho)
    return Gradient(*(part - of_kl for part, of_kl in zip(gradient, kl, strict=True)))


def sgvb_a(log_joint: Function, mu_q: Real, sigma_q: Real, eps: Tensor) -> Gradient:
    r"""Derivatives of :math:`\log p(x, z) - \log q(z)` through z and through q's parameters (eq:sgvb, A).

    Along z = mu_q + sigma_q eps, :math:`-\log q` is :math:`\log\sigma_q + \epsilon^2/2` and a constant.
    """
    through_z = pathwise(log_joint, mu_q, sigma_q, eps)
    return Gradient(through_z.mu, through_z.sigma + 1 / torch.as_tensor(sigma_q), through_z.rho + 0.5)


def sgvb_b(log_likelihood: Function, mu_q: Real, sigma_q: Real, eps: Tensor, mu_p: Real, sigma_p: Real) -> Gradient:
    r"""Derivatives of :math:`\log p(x \mid z) - KL(q \| p)`, the divergence in closed form (eq:sgvb, B)."""
    return minus_kl(pathwise(log_likelihood, mu_q, sigma_q, eps), mu_q, sigma_q, mu_p, sigma_p)


def sticking_the_landing(log_joint: Function, mu_q: Real, sigma_q: Real, eps: Tensor) -> Gradient:
    r"""Derivatives of :math:`\log p(x, z) - \log q(z)` through z alone.

    They are estimator A's without its term :math:`-\nabla\log q`, whose mean is 0. Where q is the posterior, the
    difference is :math:`\log p(x)` at every z, and each row is 0.
    """

    def log_ratio(z: Tensor) -> Tensor:
        return log_joint(z) - log_density(z, mu_q, sigma_q).sum(-1)

    return pathwise(log_ratio, mu_q, sigma_q, eps)
