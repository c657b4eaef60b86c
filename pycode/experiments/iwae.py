r"""The importance-weighted bound on one digit under probabilistic PCA, for two q that miss the posterior, against K."""

import math
from typing import Any

import torch
from torch import Tensor

from pycode.experiments.ppca import LATENT, images
from pycode.gaussian_weights import gap, kl, weight_variance
from pycode.importance import log_mean_weight, log_weights
from pycode.likelihoods import Gaussian
from pycode.linear_vae import LinearVAE
from pycode.ppca import maximum_likelihood

SEED = 0
DELTA = 0.5  # distance of the means of q and of the posterior in each latent, in the latter's standard deviations
WIDTHS = {"wide": 2.0, "narrow": 0.5}  # tau, sigma_q over the posterior's
DRAWS = (1, 2, 10, 20, 100, 200, 1000)  # K
LINE = 10  # exact values to a factor of ten in K
REPEATS = 250  # of the largest K; of a smaller one as many more, from the same draws


def displaced(model: LinearVAE, x: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    """Mean and log variance of q for the examples x (N, D): DELTA posterior deviations off, tau times as wide."""
    mean, covariance = model.posterior(x)
    variance = covariance.diagonal()
    mu_q = mean + DELTA * variance.sqrt()
    return mu_q, (tau**2 * variance).log().expand_as(mu_q)


def sampled_log_weights(model: LinearVAE, x: Tensor, tau: float, generator: torch.Generator) -> Tensor:
    """Logarithms of REPEATS times max(DRAWS) weights of one x (1, D), with the largest K in a row, in nats."""
    K = max(DRAWS)

    def some(L: int) -> Tensor:
        eps = torch.randn(L, 1, len(model.mu_p), generator=generator, dtype=x.dtype)
        return log_weights(
            x, eps, lambda x: displaced(model, x, tau), lambda z: Gaussian(z @ model.W.mT + model.b, model.sigma_x)
        )

    return torch.stack([some(K)[:, 0] for _ in range(REPEATS)])


def estimates(log_w: Tensor, log_evidence: float, K: int, control: bool) -> tuple[float, float]:
    """Estimate of L_K and its standard error from rows of log weights, cut into groups of K, in nats.

    With ``control`` the mean weight over p(x), whose mean is 1, serves as control variate: for a large K the logarithm
    deviates from its mean as the mean weight does. It must have a variance.
    """
    groups = log_w.reshape(-1, K).T
    value = log_mean_weight(groups)
    if control:
        excess = (groups - log_evidence).exp().mean(0) - 1
        slope = torch.stack([value, excess]).cov()[0, 1] / excess.var()
        value = value - slope * excess
    return value.mean().item(), (value.std() / len(value) ** 0.5).item()


def measure() -> dict[str, Any]:
    """For either q: L_K and its standard error at each K of DRAWS, exact gaps, the weights' variance (if finite).

    ``line`` holds the K of the exact gaps ``<width>_line``; ``<width>_gap`` are the exact ones at DRAWS.
    ``worst_z`` is the largest distance of an estimate from the exact bound, ``first_z`` that of the estimates at K = 1
    from the model's exact ELBO, both in standard errors. All in nats.
    """
    generator = torch.Generator().manual_seed(SEED)
    data = images()
    model, x = maximum_likelihood(data, LATENT), data[:1]
    log_evidence = model.log_evidence(x).item()
    line = sorted({round(10 ** (k / LINE)) for k in range(LINE * round(math.log10(max(DRAWS))) + 1)})
    result: dict[str, Any] = {}
    worst, first = [], []
    for name, tau in WIDTHS.items():
        variance = weight_variance(LATENT, DELTA, tau)
        log_w = sampled_log_weights(model, x, tau, generator)
        pairs = [estimates(log_w, log_evidence, K, math.isfinite(variance)) for K in DRAWS]
        exact = [gap(K, LATENT, DELTA, tau) for K in DRAWS]
        mu_q, rho_q = displaced(model, x, tau)
        elbo = model.elbo(x, mu_q, (rho_q / 2).exp()).item()
        plain, error = estimates(log_w, log_evidence, 1, control=False)
        first.append(abs(plain - elbo) / error)
        worst += [abs(bound - log_evidence - e) / error for (bound, error), e in zip(pairs, exact, strict=True)]
        result |= {
            f"{name}_bound": [bound for bound, _ in pairs],
            f"{name}_error": [error for _, error in pairs],
            f"{name}_gap": exact,
            f"{name}_line": [gap(K, LATENT, DELTA, tau) for K in line],
            f"{name}_elbo": elbo,
            f"{name}_kl": kl(LATENT, DELTA, tau),
            f"{name}_tau": tau,
            f"{name}_last_gap": pairs[-1][0] - log_evidence,
        }
        if math.isfinite(variance):
            result[f"{name}_variance"] = variance
    return result | {
        "log_evidence": log_evidence,
        "draws": DRAWS,
        "line": line,
        "worst_z": max(worst),
        "first_z": max(first),
        "delta": DELTA,
        "D": LATENT,
        "samples": REPEATS * max(DRAWS),
    }
