"""The identity ELBO + KL(q || posterior) = log evidence and what follows from it, in the linear-Gaussian VAE."""

from itertools import combinations

import mpmath
import torch
from numpy.polynomial.hermite_e import hermegauss

from pycode.check import Check
from pycode.experiments import elbo as experiment
from pycode.gaussian import log_density
from pycode.linear_vae import LinearVAE
from pycode.results import measured
from pycode.vae import loss

EPS = torch.finfo(torch.float64).eps


def identity_residual() -> Check:
    """Largest |ELBO + KL - log p(x)| / |log p(x)|: ELBO, KL and evidence by three routes, 200 random models."""
    result = measured("elbo")
    because = "10 eps·cond(Cov x)·terms/|log p(x)|: the evidence needs one linear solve"
    return Check(result["identity_residual"], 0.0, 10 * EPS * result["identity_condition"], because)


def jensen_gap() -> Check:
    """Smallest log p(x) - ELBO over the same random models, each with a q that is not its posterior."""
    because = "0: each q is far enough from its posterior that rounding cannot turn the sign"
    return Check(measured("elbo")["smallest_gap"], 0.0, 0.0, because, ">=")


def posterior_gap() -> Check:
    """Relative gap |log p(x) - ELBO| / |log p(x)| where q is the posterior."""
    model, x = experiment.example()
    mean, covariance = model.posterior(x)
    log_evidence = model.log_evidence(x)
    gap = (log_evidence - model.elbo(x, mean, covariance.diagonal().sqrt())) / log_evidence
    tolerance = 10 * EPS * torch.linalg.cond(model.marginal()[1]).item()
    return Check(gap.abs().item(), 0.0, tolerance, "10 eps·cond(Cov x): the evidence needs one linear solve")


def _scalar_case() -> tuple[LinearVAE, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A model with four components of x and a one-dimensional z, an x, and mu_q and sigma_q."""
    return experiment.random_case(torch.Generator().manual_seed(1), D=4, Z=1)


def quadrature() -> Check:
    """The ELBO's closed form against the two-node Gauss-Hermite rule for E_q[log p(x, z) - log q(z)]."""
    model, x, mu_q, sigma_q = _scalar_case()
    integral, size = 0.0, 0.0
    for eps, weight in zip(*hermegauss(2), strict=True):
        z = mu_q + sigma_q * eps
        log_joint, log_q = model.log_joint(x, z).item(), log_density(z, mu_q, sigma_q).item()
        integral += weight / (2 * torch.pi) ** 0.5 * (log_joint - log_q)
        size += abs(log_joint) + abs(log_q)
    because = "10 eps of the terms' size: the integrand is quadratic, so the rule is exact"
    return Check(model.elbo(x, mu_q, sigma_q).item(), integral, 10 * EPS * size, because)


def evidence() -> Check:
    """The evidence's closed form against adaptive quadrature of p(z) p(x | z) in 20 digits."""
    model, x, _, _ = _scalar_case()
    mu_p, sigma_p = model.mu_p.item(), model.sigma_p.item()

    def joint(z: mpmath.mpf) -> mpmath.mpf:
        means = [W * z + b for W, b in zip(model.W[:, 0].tolist(), model.b.tolist(), strict=True)]
        factors = [mpmath.npdf(c, mean, model.sigma_x) for c, mean in zip(x.tolist(), means, strict=True)]
        return mpmath.npdf(z, mu_p, sigma_p) * mpmath.fprod(factors)

    with mpmath.workdps(20):
        reference = float(mpmath.log(mpmath.quad(joint, [mu_p + k * sigma_p for k in (-12, -4, 0, 4, 12)])))
    tolerance = 10 * EPS * torch.linalg.cond(model.marginal()[1]).item() * abs(reference)
    because = "10 eps·cond(Cov x)·|log p(x)|: one linear solve; the quadrature has 20 digits"
    return Check(model.log_evidence(x).item(), reference, tolerance, because)


def minibatch() -> Check:
    """Minibatch loss times N/M, averaged over all 15 minibatches of M = 2 among N = 6, over the full loss, minus 1."""
    N, M = 6, 2
    generator = torch.Generator().manual_seed(0)
    model = experiment.example()[0]
    x, eps = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((N, 3), (4, N, 2)))

    def total(examples: list[int]) -> float:
        losses = loss(
            x[examples],
            eps[:, examples],
            encoder=lambda x: ((x - model.b) @ model.W, (x @ model.W).tanh()),
            decoder=lambda z: torch.distributions.Normal(z @ model.W.mT + model.b, model.sigma_x),
        )
        return losses.sum().item()

    batches = [list(batch) for batch in combinations(range(N), M)]
    average = N / M * sum(map(total, batches)) / len(batches)
    because = "N·M·eps: sums of positive terms, exact but for rounding"
    return Check(average / total(list(range(N))) - 1, 0.0, N * M * EPS, because)
