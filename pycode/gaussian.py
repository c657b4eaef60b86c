r"""The Gaussian: its log density and the Kullback-Leibler divergence, in nats, in every form the document uses.

A variance is given as sigma or as rho = log sigma²; an encoder's second head puts out rho.
"""

import functools
import math
from typing import Any

import torch
from torch import Tensor

Real = Tensor | float


def require_finite(**tensors: Tensor) -> None:
    """Demand finite entries, positive ones of an argument whose name begins with sigma; else ValueError."""
    for name, tensor in tensors.items():
        # 0·x is 0 for a finite x alone, and takes half of the time of isfinite: each step of a training asks.
        if (0 * tensor.detach()).sum().item() != 0:
            raise ValueError(f"{name} must be finite, and an entry is not; give finite numbers")
        if name.startswith("sigma") and not bool((tensor > 0).all()):
            raise ValueError(f"{name} must be positive, and an entry is not; a standard deviation is meant")


def require_broadcast(axes: str, **shapes: torch.Size) -> None:
    """Demand that shapes broadcast, which a message calls ``axes``; else ValueError."""
    try:
        torch.broadcast_shapes(*shapes.values())
    except RuntimeError:
        given = ", ".join(f"{name} {tuple(shape)}" for name, shape in shapes.items())
        raise ValueError(f"{axes} do not broadcast: {given}; give equal ones, or 1 where one repeats") from None


def _read(**arguments: Real) -> list[Tensor]:
    """Arguments as tensors of one floating type; ValueError as `require_finite` and `require_broadcast` raise it."""
    types = [a.dtype for a in arguments.values() if isinstance(a, Tensor) and a.is_floating_point()]
    dtype = functools.reduce(torch.promote_types, types) if types else torch.float64
    tensors = {name: torch.as_tensor(a, dtype=dtype) for name, a in arguments.items()}
    require_finite(**tensors)
    if len({tensor.shape for tensor in tensors.values() if tensor.dim()}) > 1:
        require_broadcast("shapes", **{name: tensor.shape for name, tensor in tensors.items()})
    return list(tensors.values())


def _cholesky(name: str, Sigma: Tensor) -> Tensor:
    """Lower triangular factor of a covariance matrix; ValueError unless it is symmetric positive definite."""
    if Sigma.dim() < 2 or Sigma.shape[-1] != Sigma.shape[-2]:
        raise ValueError(f"{name} has shape {tuple(Sigma.shape)}; give square matrices, (..., D, D)")
    asymmetry = (Sigma - Sigma.mT).abs().amax((-2, -1))
    factor, info = torch.linalg.cholesky_ex(Sigma)
    rounding = math.sqrt(torch.finfo(Sigma.dtype).eps) * Sigma.abs().amax((-2, -1))
    if bool((info != 0).any()) or not bool((asymmetry <= rounding).all()):
        raise ValueError(f"{name} is not symmetric positive definite; a covariance matrix is meant")
    return factor


def log_density(z: Real, mu: Real, sigma: Real) -> Tensor:
    r"""Log density :math:`\log N(z; \mu, \sigma^2)`, elementwise, in nats (eq:decoders).

    Arguments broadcast. Raises ValueError for a sigma <= 0, for an entry that is not finite and for shapes that do
    not broadcast.
    """
    z, mu, sigma = _read(z=z, mu=mu, sigma=sigma)
    return -(((z - mu) / sigma) ** 2) / 2 - sigma.log() - math.log(2 * math.pi) / 2


def kl(mu_q: Real, sigma_q: Real, mu_p: Real, sigma_p: Real) -> Tensor:
    r"""KL divergence of two Gaussians, elementwise, in nats (eq:kl-gaussian).

    .. math:: KL(q \| p) = \log(\sigma_p/\sigma_q) + (\sigma_q^2 + (\mu_q-\mu_p)^2) / (2\sigma_p^2) - 1/2

    Arguments broadcast. Raises as `log_density` does.
    Where q is close to p the terms cancel: see `kl_log_variance`.
    """
    mu_q, sigma_q, mu_p, sigma_p = _read(mu_q=mu_q, sigma_q=sigma_q, mu_p=mu_p, sigma_p=sigma_p)
    return (sigma_p / sigma_q).log() + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - 0.5


def kl_standard(mu_q: Real, sigma_q: Real) -> Tensor:
    r"""KL divergence from the standard normal prior, elementwise, in nats (eq:kl-standard).

    .. math:: KL(q \| N(0, 1)) = (\mu_q^2 + \sigma_q^2 - 1 - \log \sigma_q^2) / 2

    Raises as `kl` does.
    """
    mu_q, sigma_q = _read(mu_q=mu_q, sigma_q=sigma_q)
    return (mu_q**2 + sigma_q**2 - 1 - 2 * sigma_q.log()) / 2


def kl_diagonal(mu_q: Real, sigma_q: Real, mu_p: Real, sigma_p: Real) -> Tensor:
    r"""KL divergence of two Gaussians with diagonal covariance, in nats (eq:kl-diagonal).

    The sum of `kl` over the last axis: arguments broadcast to (..., D), the result has shape (...).
    Raises as `kl` does.
    """
    return kl(mu_q, sigma_q, mu_p, sigma_p).sum(-1)


def kl_full(mu_q: Tensor, Sigma_q: Tensor, mu_p: Tensor, Sigma_p: Tensor) -> Tensor:
    r"""KL divergence of two D-dimensional Gaussians, in nats (eq:kl-full).

    .. math:: [tr(\Sigma_p^{-1}\Sigma_q) + (\mu_p-\mu_q)^T \Sigma_p^{-1} (\mu_p-\mu_q) - D
              + \log(|\Sigma_p| / |\Sigma_q|)] / 2

    Means have shape (..., D), covariances (..., D, D); leading axes broadcast. With :math:`\Sigma = C C^T` the trace
    is the squared norm of :math:`C_p^{-1} C_q`. Raises ValueError for a covariance that is not symmetric positive
    definite, for a mean that is not finite and for shapes that do not fit.
    """
    C_q, C_p = _cholesky("Sigma_q", Sigma_q), _cholesky("Sigma_p", Sigma_p)
    D = C_p.shape[-1]
    sizes = {"mu_q": mu_q, "Sigma_q": Sigma_q, "mu_p": mu_p, "Sigma_p": Sigma_p}
    if any(tensor.shape[-1:] != (D,) for tensor in sizes.values()):
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in sizes.items())
        raise ValueError(f"dimensions differ: {shapes}; give means (..., D) and covariances (..., D, D)")
    require_finite(mu_q=mu_q, mu_p=mu_p)
    # An axis of a mean and two of a covariance are those of the dimensions.
    leading = {name: tensor.shape[: -2 if name.startswith("Sigma") else -1] for name, tensor in sizes.items()}
    require_broadcast("leading axes", **leading)
    trace = torch.linalg.solve_triangular(C_p, C_q, upper=False).square().sum((-2, -1))
    distance = torch.linalg.solve_triangular(C_p, (mu_p - mu_q).unsqueeze(-1), upper=False).square().sum((-2, -1))
    log_determinants = 2 * (C_p.diagonal(0, -2, -1).log().sum(-1) - C_q.diagonal(0, -2, -1).log().sum(-1))
    return (trace + distance - D + log_determinants) / 2


def kl_gradient(mu_q: Real, rho_q: Real, mu_p: Real, sigma_p: Real) -> Tensor:
    r"""Gradient of the KL divergence in :math:`(\mu_q, \rho_q)`, :math:`\rho_q = \log\sigma_q^2` (eq:kl-gradient).

    .. math:: ((\mu_q-\mu_p)/\sigma_p^2,\ (\sigma_q^2/\sigma_p^2 - 1)/2)

    Arguments broadcast to (...), the result has shape (..., 2). Raises as `kl` does.
    """
    mu_q, rho_q, mu_p, sigma_p = _read(mu_q=mu_q, rho_q=rho_q, mu_p=mu_p, sigma_p=sigma_p)
    parts = (mu_q - mu_p) / sigma_p**2, torch.expm1(rho_q - 2 * sigma_p.log()) / 2
    return torch.stack(torch.broadcast_tensors(*parts), -1)


def kl_hessian(mu_q: Real, rho_q: Real, mu_p: Real, sigma_p: Real) -> Tensor:
    r"""Hessian of the KL divergence in :math:`(\mu_q, \rho_q)`, positive definite everywhere (eq:kl-gradient).

    .. math:: diag(1/\sigma_p^2,\ \sigma_q^2 / (2\sigma_p^2))

    Arguments broadcast to (...), the result has shape (..., 2, 2). Raises as `kl` does.
    """
    mu_q, rho_q, mu_p, sigma_p = _read(mu_q=mu_q, rho_q=rho_q, mu_p=mu_p, sigma_p=sigma_p)
    # The means enter through their shape alone.
    parts = torch.broadcast_tensors(sigma_p**-2, rho_q.exp() / (2 * sigma_p**2), mu_q - mu_p)
    return torch.stack(parts[:2], -1).diag_embed()


class _Excess(torch.autograd.Function):
    r"""Elementwise e^r - 1 - r, with its derivative e^r - 1 in closed form."""

    @staticmethod
    def forward(ctx: Any, r: Tensor) -> Tensor:
        """The series r²/2 + r³/6 + r⁴/24 where r is small, for there the subtraction cancels."""
        ctx.save_for_backward(r)
        series = r.square() * (1 / 2 + r * (1 / 6 + r / 24))
        return torch.where(r.abs() < 0.01, series, r.expm1() - r)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """The chain rule."""
        (r,) = ctx.saved_tensors
        return gradient * r.expm1()


def kl_log_variance(mu_q: Real, rho_q: Real, mu_p: Real = 0.0, rho_p: Real = 0.0) -> Tensor:
    r"""KL divergence from log variances, elementwise, in nats; accurate where q is close to p (eq:kl-stable).

    .. math:: [e^r - 1 - r + (\mu_q-\mu_p)^2 e^{-\rho_p}] / 2, \quad r = \rho_q - \rho_p

    For abs(r) < 0.01 the first part is its series r²/2 + r³/6 + r⁴/24, with relative error below 2e-8; beyond, the
    subtraction expm1(r) - r magnifies a rounding by at most 2/0.01. The gradient's own factor, e^r - 1, is expm1(r).
    Arguments broadcast. Raises ValueError for an entry that is not finite and for shapes that do not broadcast.
    """
    mu_q, rho_q, mu_p, rho_p = _read(mu_q=mu_q, rho_q=rho_q, mu_p=mu_p, rho_p=rho_p)
    excess = _Excess.apply(rho_q - rho_p)
    return (excess + (mu_q - mu_p) ** 2 * (-rho_p).exp()) / 2
