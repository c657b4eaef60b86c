"""The closed form of the KL divergence beside Monte-Carlo estimates, for a prior that is not standard normal."""

from typing import Any

import torch
from torch import Tensor

from pycode.gaussian import Real, kl, kl_log_variance, log_density

SEED = 0
MU_P, SIGMA_P = 1.0, 1.5
SIGMAS = (4.0, 0.4, 1.5)  # of the curves against mu_q
MUS = (5.0, 3.0, 1.0)  # of the curves against sigma_q
DRAWS = 400
SMALL = 1e-4
TINY = torch.tensor([1e-6, 1e-8])  # in float32, where expm1(r) - r has lost its digits


def monte_carlo(
    mu_q: Real, sigma_q: Real, mu_p: Real, sigma_p: Real, draws: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mean of log q - log p over draws of z from q, and its standard error, in nats, in the shape of mu_q + sigma_q."""
    shape = torch.as_tensor(mu_q + sigma_q).shape
    z = mu_q + sigma_q * torch.randn(draws, *shape, generator=generator, dtype=torch.float64)
    log_ratio = log_density(z, mu_q, sigma_q) - log_density(z, mu_p, sigma_p)
    return log_ratio.mean(0), log_ratio.std(0) / draws**0.5


def measure() -> dict[str, Any]:
    """Curves of KL against mu_q (a row for each of SIGMAS) and against sigma_q (a row for each of MUS), with estimates.

    ``*_points`` are the places of the estimates, ``*_estimate`` and ``*_error`` the means and their standard errors.
    ``expm1_percent`` is how far expm1(r) - r is off in float32 at r = 1e-6, ``expm1_tiny`` what it is at r = 1e-8;
    ``stable_small`` is the stable form in float32 at mu = 0, log sigma² = 1e-4, where the usual form returns 0.
    """
    generator = torch.Generator().manual_seed(SEED)
    mu, mu_points = torch.linspace(-4, 6, 201).double(), torch.linspace(-3.5, 5.5, 10).double()
    sigma, sigma_points = torch.linspace(0.1, 4, 196).double(), torch.linspace(0.3, 3.8, 11).double()
    sigmas, mus = torch.tensor(SIGMAS).double()[:, None], torch.tensor(MUS).double()[:, None]
    in_mu = monte_carlo(mu_points, sigmas, MU_P, SIGMA_P, DRAWS, generator)
    in_sigma = monte_carlo(mus, sigma_points, MU_P, SIGMA_P, DRAWS, generator)
    difference = torch.expm1(TINY) - TINY
    return {
        "expm1_percent": 100 * (difference[0] / (TINY[0].double() ** 2 / 2) - 1).abs().item(),
        "expm1_tiny": difference[1].item(),
        "stable_small": kl_log_variance(torch.tensor(0.0), torch.tensor(SMALL)).item(),
        "mu_p": MU_P,
        "sigma_p": SIGMA_P,
        "draws": DRAWS,
        "mu": mu.numpy(),
        "mu_points": mu_points.numpy(),
        "mu_curves": kl(mu, sigmas, MU_P, SIGMA_P).numpy(),
        "mu_estimate": in_mu[0].numpy(),
        "mu_error": in_mu[1].numpy(),
        "sigmas": SIGMAS,
        "sigma": sigma.numpy(),
        "sigma_points": sigma_points.numpy(),
        "sigma_curves": kl(mus, sigma, MU_P, SIGMA_P).numpy(),
        "sigma_estimate": in_sigma[0].numpy(),
        "sigma_error": in_sigma[1].numpy(),
        "mus": MUS,
    }
