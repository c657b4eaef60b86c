"""The KL divergence of two Gaussians, each form by a second route."""

from typing import Any

import mpmath
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from pycode import gaussian
from pycode.check import Check
from pycode.experiments.kl import monte_carlo as estimate

EPS = torch.finfo(torch.float64).eps
EPS32 = torch.finfo(torch.float32).eps
SWITCH = 0.01  # where the stable form leaves its series


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _normal(*shape: int, generator: torch.Generator) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _pairs(*shape: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random mu_q, sigma_q, mu_p, sigma_p: means of size 2, standard deviations around 1."""
    mu_q, log_sigma_q, mu_p, log_sigma_p = _normal(4, *shape, generator=_generator())
    return 2 * mu_q, (log_sigma_q / 2).exp(), 2 * mu_p, (log_sigma_p / 2).exp()


def _size(mu_q: Tensor, sigma_q: Tensor, mu_p: Tensor, sigma_p: Tensor) -> Tensor:
    """Sum of the absolute terms that make up KL: a rounding error is relative to it, not to KL itself."""
    return (sigma_p / sigma_q).log().abs() + (sigma_q**2 + (mu_q - mu_p) ** 2) / sigma_p**2 + 1


def _worst(value: Tensor, reference: Tensor, size: Tensor) -> float:
    return ((value - reference).abs() / size).max().item()


def torch_distributions() -> Check:
    """The closed form against torch.distributions, 1,000 random pairs."""
    pairs = _pairs(1000)
    mu_q, sigma_q, mu_p, sigma_p = pairs
    reference = kl_divergence(Normal(mu_q, sigma_q), Normal(mu_p, sigma_p))
    value = _worst(gaussian.kl(*pairs), reference, _size(*pairs))
    return Check(value, 0.0, 10 * EPS, "10 eps of the sum of absolute terms: about ten roundings in the two routes")


def gauss_hermite() -> Check:
    """The integral of log q/p by two nodes: exact to degree three, and log q/p is quadratic in z."""
    mu_q, sigma_q, mu_p, sigma_p = pairs = _pairs(1000)
    integral, size = torch.zeros(1000), torch.zeros(1000)
    for eps, weight in zip(*hermegauss(2), strict=True):
        z = mu_q + sigma_q * eps
        log_q = gaussian.log_density(z, mu_q, sigma_q)
        log_p = gaussian.log_density(z, mu_p, sigma_p)
        integral = integral + weight / (2 * torch.pi) ** 0.5 * (log_q - log_p)
        size = size + log_q.abs() + log_p.abs() + z.abs() * (z - mu_p).abs() / sigma_p**2
    value = _worst(gaussian.kl(*pairs), integral, size)
    return Check(value, 0.0, 10 * EPS, "10 eps of the terms' size: the rule is exact")


def monte_carlo() -> Check:
    """Means of log q/p over 20,000 draws against the closed form, 20 random pairs, in standard errors."""
    mean, error = estimate(*_pairs(20), draws=20_000, generator=_generator())
    value = _worst(gaussian.kl(*_pairs(20)), mean, error)
    return Check(value, 0.0, 5.0, "5 standard errors: by chance in one of 90,000 seeds, for all 20 pairs", "<=")


def diagonal() -> Check:
    """Five dimensions with diagonal covariance against torch.distributions."""
    pairs = _pairs(200, 5)
    mu_q, sigma_q, mu_p, sigma_p = pairs
    q, p = (Independent(Normal(mu, sigma), 1) for mu, sigma in ((mu_q, sigma_q), (mu_p, sigma_p)))
    value = _worst(gaussian.kl_diagonal(*pairs), kl_divergence(q, p), _size(*pairs).sum(-1))
    return Check(value, 0.0, 10 * EPS, "10 eps of the sum of absolute terms, over five dimensions as over one")


def _full_pairs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random means and covariance matrices in four dimensions, 200 pairs."""
    generator = _generator()
    mu_q, mu_p = _normal(2, 200, 4, generator=generator)
    A_q, A_p = _normal(2, 200, 4, 4, generator=generator)
    identity = torch.eye(4, dtype=torch.float64)
    return mu_q, A_q @ A_q.mT + identity / 2, mu_p, A_p @ A_p.mT + identity / 2


def full() -> Check:
    """Four dimensions with full covariance against torch.distributions."""
    mu_q, Sigma_q, mu_p, Sigma_p = _full_pairs()
    reference = kl_divergence(MultivariateNormal(mu_q, Sigma_q), MultivariateNormal(mu_p, Sigma_p))
    value = _worst(gaussian.kl_full(mu_q, Sigma_q, mu_p, Sigma_p), reference, reference)
    tolerance = EPS * max(torch.linalg.cond(Sigma).max().item() for Sigma in (Sigma_q, Sigma_p))
    return Check(value, 0.0, tolerance, "eps·cond(Σ): triangular solves with Cholesky factors")


def _derivatives() -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """Gradient and Hessian of KL in (mu_q, rho_q) by autograd, the size of their terms, and the arguments."""
    mu_q, sigma_q, mu_p, sigma_p = _pairs(200)
    at = [mu_q.requires_grad_(), (2 * sigma_q.log()).requires_grad_()]
    gradient = torch.autograd.grad(gaussian.kl(at[0], (at[1] / 2).exp(), mu_p, sigma_p).sum(), at, create_graph=True)
    rows = [torch.autograd.grad(part.sum(), at, retain_graph=True, materialize_grads=True) for part in gradient]
    size = 1 + (sigma_q**2 + mu_q.abs() + mu_p.abs() + 1) / sigma_p**2
    hessian = torch.stack([torch.stack(row, -1) for row in rows], -2)
    return torch.stack(gradient, -1), hessian, size, [*at, mu_p, sigma_p]


def gradient() -> Check:
    """The gradient in mu_q and log sigma_q² against autograd."""
    autograd, _, size, at = _derivatives()
    value = _worst(gaussian.kl_gradient(*at), autograd, size[:, None])
    return Check(value, 0.0, 10 * EPS, "10 eps of the sum of absolute terms: about ten roundings in the two routes")


def hessian() -> Check:
    """The Hessian in mu_q and log sigma_q² against autograd, its zeros included."""
    _, autograd, size, at = _derivatives()
    value = _worst(gaussian.kl_hessian(*at), autograd, size[:, None, None])
    return Check(value, 0.0, 10 * EPS, "10 eps of the sum of absolute terms: about ten roundings in the two routes")


def _log_ratios() -> Tensor:
    """Values of r from 1e-8 to 10 in float32, of both signs."""
    r = torch.logspace(-8, 1, 181)
    return torch.cat([-r, r])


def float32_value() -> Check:
    """The stable form in float32 against 40 digits, log variance ratios from 1e-8 to 10."""
    ratios = _log_ratios()
    value = gaussian.kl_log_variance(0.0, ratios)
    with mpmath.workdps(40):
        exact = [(mpmath.exp(r) - 1 - r) / 2 for r in map(mpmath.mpf, ratios.tolist())]
        worst = max(abs(v / e - 1) for v, e in zip(value.tolist(), exact, strict=True))
    because = "2/0.01 roundings of float32: at the switch expm1(r) − r magnifies one by 2/r"
    return Check(float(worst), 0.0, 2 / SWITCH * EPS32, because)


def float32_gradient() -> Check:
    """The stable form's gradient in float32, by autograd, against 40 digits."""
    ratios = _log_ratios().requires_grad_()
    (slope,) = torch.autograd.grad(gaussian.kl_log_variance(0.0, ratios).sum(), ratios)
    with mpmath.workdps(40):
        exact = [mpmath.expm1(r) / 2 for r in map(mpmath.mpf, ratios.tolist())]
        worst = max(abs(s / e - 1) for s, e in zip(slope.tolist(), exact, strict=True))
    because = "1/0.01 roundings of float32: at the switch expm1(r) magnifies one by 1/r"
    return Check(float(worst), 0.0, EPS32 / SWITCH, because)


def float32_usual() -> Check:
    """The usual form in float32 at log sigma² = 1e-4, mu = 0: nothing is left of 2.5e-9."""
    log_variance, mu = torch.tensor(1e-4), torch.tensor(0.0)
    value = -0.5 * (1 + log_variance - mu**2 - log_variance.exp())
    because = "exactly 0, though 2.5×10⁻⁹ is right: float32 has steps of 1.2×10⁻⁷ at 1"
    return Check(value.abs().item(), 0.0, 0.0, because)


def affine() -> Check:
    """KL is the same after z → a z + b."""
    mu_q, sigma_q, mu_p, sigma_p = pairs = _pairs(1000)
    a, b = -3.7, 2.2
    moved = gaussian.kl(a * mu_q + b, abs(a) * sigma_q, a * mu_p + b, abs(a) * sigma_p)
    shift = ((mu_q + b / a).abs() + (mu_p + b / a).abs()) * (mu_q - mu_p).abs() / sigma_p**2
    value = _worst(moved, gaussian.kl(*pairs), _size(*pairs) + shift)
    return Check(value, 0.0, 10 * EPS, "10 eps of the terms' size, that of a rounding of the moved means included")


def _closed_form(mu_q: Any, sigma_q: Any, mu_p: Any, sigma_p: Any) -> Any:
    """The page's formula in SymPy's symbols (eq:kl-gaussian)."""
    from sympy import Rational, log

    return log(sigma_p / sigma_q) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - Rational(1, 2)


def sympy() -> Check:
    """The integral of q log q/p done symbolically, minus the closed form: 0 where the difference is the symbol 0."""
    import sympy as sp

    mu_q, mu_p, eps = sp.symbols("mu_q mu_p epsilon", real=True)
    sigma_q, sigma_p = sp.symbols("sigma_q sigma_p", positive=True)
    z = mu_q + sigma_q * eps
    log_ratio = sp.log(sigma_p / sigma_q) - eps**2 / 2 + (z - mu_p) ** 2 / (2 * sigma_p**2)
    density = sp.exp(-(eps**2) / 2) / sp.sqrt(2 * sp.pi)
    terms = sp.Poly(sp.expand(log_ratio), eps).terms()
    integral = sum(c * sp.integrate(eps**k * density, (eps, -sp.oo, sp.oo)) for (k,), c in terms)
    difference = sp.expand(integral - _closed_form(mu_q, sigma_q, mu_p, sigma_p))
    return Check(float(difference != 0), 0.0, 0.0, "exact algebra: nothing is rounded")
