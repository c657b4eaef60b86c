"""The ELBO in the linear-Gaussian VAE: its identity with the log evidence, and a fit of q that closes the gap."""

from typing import Any

import torch
from torch import Tensor

from pycode.gaussian import kl_full, log_density
from pycode.linear_vae import LinearVAE

SEED = 0
STEPS = 350
STEP_SIZE = 0.1
DRAWS = 200


def example() -> tuple[LinearVAE, Tensor]:
    """A model with three components of x and two of z, and one x.

    The columns of W are orthogonal, so the posterior's covariance is diagonal and q can reach it.
    """
    W = torch.tensor([[1.0, 0.5], [1.0, -0.5], [0.5, 0.0]], dtype=torch.float64)
    b = torch.tensor([0.5, -0.5, 0.0], dtype=torch.float64)
    mu_p = torch.tensor([0.5, -1.0], dtype=torch.float64)
    sigma_p = torch.tensor([1.5, 0.8], dtype=torch.float64)
    return LinearVAE(W, b, 0.8, mu_p, sigma_p), torch.tensor([2.5, 0.5, 1.5], dtype=torch.float64)


def random_case(generator: torch.Generator, D: int = 8, Z: int = 3) -> tuple[LinearVAE, Tensor, Tensor, Tensor]:
    """A random model, an x drawn from it, and mu_q and sigma_q of a random q."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def positive(*shape: int) -> Tensor:
        return 0.5 + torch.rand(*shape, generator=generator, dtype=torch.float64)

    model = LinearVAE(normal(D, Z) / D**0.5, normal(D), positive(1).item(), normal(Z), positive(Z))
    z = model.mu_p + model.sigma_p * normal(Z)
    x = model.W @ z + model.b + model.sigma_x * normal(D)
    return model, x, normal(Z), positive(Z)


def kl_to_posterior(model: LinearVAE, x: Tensor, mu_q: Tensor, sigma_q: Tensor) -> Tensor:
    """KL divergence from q = N(mu_q, diag(sigma_q²)) to the posterior of x, in nats; mu_q and sigma_q (..., Z)."""
    return kl_full(mu_q, (sigma_q**2).diag_embed(), *model.posterior(x))


def fit(model: LinearVAE, x: Tensor, mu_q: Tensor, rho_q: Tensor) -> tuple[Tensor, Tensor]:
    """Means and log variances of q along STEPS steps of gradient ascent on the exact ELBO, (STEPS + 1, Z) each."""
    path = [(mu_q, rho_q)]
    for _ in range(STEPS):
        q = [parameter.detach().requires_grad_() for parameter in path[-1]]
        slopes = torch.autograd.grad(model.elbo(x, q[0], (q[1] / 2).exp()), q)
        mu, rho = (parameter.detach() + STEP_SIZE * slope for parameter, slope in zip(q, slopes, strict=True))
        path.append((mu, rho))
    mus, rhos = zip(*path, strict=True)
    return torch.stack(mus), torch.stack(rhos)


def _identity(generator: torch.Generator) -> dict[str, float]:
    """How well ELBO + KL = log p(x) holds over random cases, and how far rounding lets it."""
    residual, condition, gap = [], [], []
    for _ in range(DRAWS):
        model, x, mu_q, sigma_q = random_case(generator)
        elbo, log_evidence = model.elbo(x, mu_q, sigma_q), model.log_evidence(x)
        kl = kl_to_posterior(model, x, mu_q, sigma_q)
        residual.append((elbo + kl - log_evidence).abs() / log_evidence.abs())
        terms = elbo.abs() + kl.abs() + log_evidence.abs()
        condition.append(torch.linalg.cond(model.marginal()[1]) * terms / log_evidence.abs())
        gap.append(log_evidence - elbo)
    return {
        "identity_residual": max(residual).item(),
        "identity_condition": max(condition).item(),
        "smallest_gap": min(gap).item(),
    }


def measure() -> dict[str, Any]:
    """The identity over DRAWS random cases, and the fit from the prior: ELBO, estimates of it, KL to the posterior.

    An estimate is log p(x, z) - log q(z) at one draw of z from q (estimator A), in nats as all else.
    """
    generator = torch.Generator().manual_seed(SEED)
    model, x = example()
    mu_q, rho_q = fit(model, x, model.mu_p, 2 * model.sigma_p.log())
    sigma_q = (rho_q / 2).exp()
    z = mu_q + sigma_q * torch.randn(mu_q.shape, generator=generator, dtype=torch.float64)
    elbo, log_evidence = model.elbo(x, mu_q, sigma_q), model.log_evidence(x)
    return {
        "log_evidence": log_evidence.item(),
        "elbo": elbo.numpy(),
        "estimate": (model.log_joint(x, z) - log_density(z, mu_q, sigma_q).sum(-1)).numpy(),
        "gap": (log_evidence - elbo).numpy(),
        "kl": kl_to_posterior(model, x, mu_q, sigma_q).numpy(),
        "first_gap": (log_evidence - elbo[0]).item(),
        "last_gap": (log_evidence - elbo[-1]).item(),
        "D_x": len(x),
        "D": model.W.shape[1],
        "steps": STEPS,
        "draws": DRAWS,
        **_identity(generator),
    }
