r"""Variances of six estimators of the ELBO's gradient in mu_q and rho_q, exact in the linear-Gaussian VAE.

Each estimate is a mean over L = 8 draws of z; its variance is summed over the components of mu_q, or of rho_q. In
that model an estimate is a polynomial in the noise, so a Gauss-Hermite rule gives each moment exactly.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from pycode.experiments.elbo import example
from pycode.gaussian import Real, log_density
from pycode.gradient_estimators import (
    Gradient,
    best_baseline,
    leave_one_out,
    leave_one_out_variance,
    minus_kl,
    score,
    score_function,
    sgvb_a,
    sgvb_b,
    sticking_the_landing,
)
from pycode.linear_vae import LinearVAE

SEED = 0
L = 8
NAMES = ("score", "leave_one_out", "best_baseline", "sgvb_a", "sgvb_b", "sticking_the_landing")
GROUPS = 2**14  # estimates of each cross
NODES = 5  # exact to degree 9; the largest one is 8, that of the square of f, of degree 2, times a score's, of degree 2
SHIFT, WIDTH = 1.0, 1.5  # of a q that is not the posterior: its means are off by one deviation, each 1.5 times as wide

Q = tuple[Tensor, Tensor]


def estimates(
    log_likelihood: Callable[[Tensor], Tensor], q: Q, prior: tuple[Real, Real], eps: Tensor, baseline: Gradient
) -> Tensor:
    """The six estimators' rows in mu_q and in rho_q, (6, 2, L, ..., Z); q and prior are mean and standard deviation.

    eps is (L, ..., Z). The score functions weigh log p(x | z), from which ``baseline`` is taken in one of them; the KL
    divergence is in closed form there.
    """

    def log_joint(z: Tensor) -> Tensor:
        return log_likelihood(z) + log_density(z, *prior).sum(-1)

    rows = {
        "score": minus_kl(score_function(log_likelihood, *q, eps), *q, *prior),
        "leave_one_out": minus_kl(leave_one_out(log_likelihood, *q, eps), *q, *prior),
        "best_baseline": minus_kl(score_function(log_likelihood, *q, eps, baseline), *q, *prior),
        "sgvb_a": sgvb_a(log_joint, *q, eps),
        "sgvb_b": sgvb_b(log_likelihood, *q, eps, *prior),
        "sticking_the_landing": sticking_the_landing(log_joint, *q, eps),
    }
    return torch.stack([torch.stack([rows[name].mu, rows[name].rho]) for name in NAMES])


def quadrature(Z: int, draws: int = 1) -> tuple[Tensor, Tensor]:
    """Nodes (draws, N, Z) and weights (N, 1) of the Gauss-Hermite rule for that many independent draws of noise."""
    nodes, weights = (torch.tensor(part) for part in hermegauss(NODES))
    grids = [torch.cartesian_prod(*[part] * (Z * draws)).reshape(-1, draws * Z) for part in (nodes, weights)]
    eps = grids[0].reshape(-1, draws, Z).transpose(0, 1)
    return eps, grids[1].prod(-1, keepdim=True) / (2 * math.pi) ** (Z * draws / 2)


def log_likelihood_of(model: LinearVAE, x: Tensor) -> Callable[[Tensor], Tensor]:
    """Log p(x | z) of the linear decoder as a function of z, in nats."""
    return lambda z: log_density(x, z @ model.W.mT + model.b, model.sigma_x).sum(-1)


def exact_gradient(model: LinearVAE, x: Tensor, q: Q) -> tuple[Tensor, Tensor]:
    """Gradient of the closed form of the ELBO in mu_q and in rho_q, (Z,) each, by autograd."""
    mu_q, rho_q = q[0].clone().requires_grad_(), (2 * q[1].log()).requires_grad_()
    in_mu, in_rho = torch.autograd.grad(model.elbo(x, mu_q, (rho_q / 2).exp()), (mu_q, rho_q))
    return in_mu, in_rho


def exact_baseline(model: LinearVAE, x: Tensor, q: Q) -> Gradient:
    """Best constants for the score function of log p(x | z), (Z,) each."""
    eps, weights = quadrature(len(q[0]))
    return best_baseline(log_likelihood_of(model, x), *q, eps[0], weights)


def exact_means(model: LinearVAE, x: Tensor, q: Q) -> tuple[Tensor, Tensor]:
    """Means of the six estimators in mu_q and rho_q, and of the rows' absolute values: (6, 2, Z) each.

    They are over all pairs of draws: leave-one-out needs two.
    """
    eps, weights = quadrature(len(q[0]), draws=2)
    rows = estimates(log_likelihood_of(model, x), q, (model.mu_p, model.sigma_p), eps, exact_baseline(model, x, q))
    return (weights * rows.mean(2)).sum(-2), (weights * rows.abs().mean(2)).sum(-2)


def exact_variances(model: LinearVAE, x: Tensor, q: Q, draws: int = L) -> Tensor:
    """Variances of the six estimators from that many draws, in mu_q and in rho_q: (6, 2)."""
    eps, weights = quadrature(len(q[0]))
    log_likelihood = log_likelihood_of(model, x)
    # Leave-one-out demands two draws: equal ones here, for its own variance comes from moments.
    pairs = eps.expand(2, -1, -1)
    rows = estimates(log_likelihood, q, (model.mu_p, model.sigma_p), pairs, exact_baseline(model, x, q))[:, :, 0]
    means = (weights * rows).sum(-2, keepdim=True)
    found = (weights * (rows - means).square()).sum((-2, -1)) / draws
    value, scores = log_likelihood(q[0] + q[1] * eps[0]), score(q[1], eps[0])
    found[NAMES.index("leave_one_out")] = torch.stack(
        [leave_one_out_variance(value, part, weights, draws).sum() for part in (scores.mu, scores.rho)]
    )
    return found


def estimated_variances(model: LinearVAE, x: Tensor, q: Q, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The same by Monte Carlo, with standard errors: mean squared distances from the exact gradient; (6, 2) each."""
    eps = torch.randn(L, GROUPS, len(q[0]), generator=generator, dtype=torch.float64)
    rows = estimates(log_likelihood_of(model, x), q, (model.mu_p, model.sigma_p), eps, exact_baseline(model, x, q))
    squares = (rows.mean(2) - torch.stack(exact_gradient(model, x, q)).unsqueeze(1)).square().sum(-1)
    return squares.mean(-1), squares.std(-1) / GROUPS**0.5


def other_q(model: LinearVAE, x: Tensor) -> Q:
    """A q that is not the posterior: each mean off by SHIFT of its deviations, each deviation WIDTH times its own."""
    mean, covariance = model.posterior(x)
    deviation = covariance.diagonal().sqrt()
    return mean + SHIFT * deviation, WIDTH * deviation


def posterior_q(model: LinearVAE, x: Tensor) -> Q:
    """The posterior of the example, whose covariance is diagonal."""
    mean, covariance = model.posterior(x)
    return mean, covariance.diagonal().sqrt()


def measure() -> dict[str, Any]:
    """Exact variances and Monte-Carlo ones, rows as NAMES, columns mu_q and rho_q, at the posterior and at another q.

    ``linear_*_halfwidth`` is that of the 95 % interval; ``linear_worst_z`` the largest distance of a Monte-Carlo
    variance from the exact one, in standard errors, but for sticking the landing at the posterior: rounding alone.
    """
    generator = torch.Generator().manual_seed(SEED)
    model, x = example()
    result: dict[str, Any] = {"estimators": NAMES, "L": L, "groups": GROUPS}
    worst = 0.0
    for name, q in (("other", other_q(model, x)), ("posterior", posterior_q(model, x))):
        exact = exact_variances(model, x, q)
        estimate, error = estimated_variances(model, x, q, generator)
        z = ((estimate - exact).abs() / error)[: -1 if name == "posterior" else None]
        worst = max(worst, z.max().item())
        result |= {
            f"linear_{name}_gap": (model.log_evidence(x) - model.elbo(x, *q)).item(),
            f"linear_{name}_exact": exact.numpy(),
            f"linear_{name}_estimate": estimate.numpy(),
            f"linear_{name}_halfwidth": (1.96 * error).numpy(),
        }
    return result | {"linear_worst_z": worst}
