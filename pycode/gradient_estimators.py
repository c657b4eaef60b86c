r"""Monte-Carlo estimates of the gradient of E_q[f(z)], one for each draw, for a Gaussian q with diagonal covariance.

Every function takes f from (L, Z) to (L,), mu and sigma of shape (Z,) and standard normal noise eps of shape (L, Z);
f must not depend on the parameters of q, or the expectation of its own derivative is missing.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from pycode.gaussian import Real


class Gradient(NamedTuple):
    """Derivatives in mu, in sigma and in rho = log sigma², each of shape (L, Z): one row for each draw."""

    mu: Tensor
    sigma: Tensor
    rho: Tensor


def score_function(f: Callable[[Tensor], Tensor], mu: Real, sigma: Real, eps: Tensor) -> Gradient:
    r"""Score-function estimates :math:`f(z) \nabla \log q(z)`, z = mu + sigma eps (eq:score).

    The score is :math:`\epsilon/\sigma` in mu, :math:`(\epsilon^2-1)/\sigma` in sigma, :math:`(\epsilon^2-1)/2` in rho.
    """
    value = f(mu + sigma * eps).unsqueeze(-1)
    return Gradient(value * eps / sigma, value * (eps**2 - 1) / sigma, value * (eps**2 - 1) / 2)


def pathwise(f: Callable[[Tensor], Tensor], mu: Real, sigma: Real, eps: Tensor) -> Gradient:
    r"""Pathwise estimates by the chain rule through z = mu + sigma eps (eq:chain).

    The derivative is :math:`f'(z)` in mu, :math:`\epsilon f'(z)` in sigma, :math:`\sigma\epsilon f'(z)/2` in rho.
    With :math:`f = \log p(x, z) - \log q(z)`, q's parameters held fixed inside f, it is sticking the landing.
    """
    z = (mu + sigma * eps).detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z)
    return Gradient(slope, slope * eps, slope * eps * sigma / 2)
