"""Variance of the gradient estimators in mu for f(z) = ||z||², exact and by Monte Carlo; components of mu are equal."""

import math
from typing import Any

import torch
from torch import Tensor

from pycode.gradient_estimators import pathwise, score_function

SEED = 0
DIMENSIONS = (1, 2, 4, 8, 16, 32, 64)  # at mu = sigma = 1
SIGMAS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # at mu = 1 in one dimension
BLOCK, BLOCKS = 2**14, 2**8  # draws of the ratio at mu = sigma = 1
POINT_DRAWS = 2**16  # normal numbers of each cross, over all its dimensions

Places = list[tuple[float, int]]


def square(z: Tensor) -> Tensor:
    """Squared length over the last axis."""
    return z.square().sum(-1)


def best_baseline(mu: float, sigma: float, D: int) -> float:
    r"""Constant c that minimises the variance of the score-function estimate of f - c: :math:`E[f\epsilon_1^2]`."""
    return mu**2 + 3 * sigma**2 + (D - 1) * (mu**2 + sigma**2)


def exact_variances(mu: float, sigma: float, D: int) -> tuple[float, float, float]:
    r"""Variances of the estimates in one component of mu: score function, the same with best baseline, pathwise.

    With :math:`f = z_1^2 + s`, s independent of :math:`\epsilon_1`, the score function's is
    :math:`E[f^2\epsilon_1^2]/\sigma^2 - 4\mu^2`, the baseline c takes :math:`c^2/\sigma^2` off, and the pathwise one is
    :math:`4\sigma^2`. At mu = sigma = D = 1: 30, 14 and 4.
    """
    mean_s, variance_s = (D - 1) * (mu**2 + sigma**2), (D - 1) * (2 * sigma**4 + 4 * mu**2 * sigma**2)
    first = mu**4 + 18 * mu**2 * sigma**2 + 15 * sigma**4
    second_moment = first + 2 * (mu**2 + 3 * sigma**2) * mean_s + variance_s + mean_s**2
    score = second_moment / sigma**2 - 4 * mu**2
    return score, score - best_baseline(mu, sigma, D) ** 2 / sigma**2, 4 * sigma**2


def estimated_variances(mu: float, sigma: float, eps: Tensor) -> tuple[Tensor, Tensor]:
    """Variances of the same three estimates over draws eps (L, D), averaged over components, and standard errors."""
    D = eps.shape[-1]
    c = best_baseline(mu, sigma, D)
    estimates = torch.stack(
        [
            score_function(square, mu, sigma, eps).mu,
            score_function(lambda z: square(z) - c, mu, sigma, eps).mu,
            pathwise(square, mu, sigma, eps).mu,
        ]
    )
    squares = (estimates - 2 * mu).square().mean(-1)
    return squares.mean(-1), squares.std(-1) / len(eps) ** 0.5


def _block(eps: Tensor) -> Tensor:
    """Variances of the score-function and the pathwise estimate in mu at mu = sigma = 1, and their mean differences."""
    score, path = score_function(square, 1.0, 1.0, eps), pathwise(square, 1.0, 1.0, eps)
    differences = (score.mu - path.mu).mean(), (score.sigma - path.sigma).mean()
    return torch.stack([score.mu.var(), path.mu.var(), *differences])


def _ratio(generator: torch.Generator) -> dict[str, float]:
    """Variance ratio of the two estimates at mu = sigma = 1 with its 95 % half-width, and how well their means agree.

    Standard errors come from the spread over blocks, the ratio's by the delta method; the means are compared draw by
    draw, in mu and in sigma, in standard errors.
    """
    noise = (torch.randn(BLOCK, 1, generator=generator, dtype=torch.float64) for _ in range(BLOCKS))
    blocks = torch.stack([_block(eps) for eps in noise])
    mean, error = blocks.mean(0), blocks.std(0) / BLOCKS**0.5
    ratio = mean[0] / mean[1]
    influence = (blocks[:, 0] - ratio * blocks[:, 1]) / mean[1]
    return {
        "score_variance": mean[0].item(),
        "pathwise_variance": mean[1].item(),
        "square_ratio": ratio.item(),
        "square_halfwidth": (1.96 * influence.std() / BLOCKS**0.5).item(),
        "mean_z_mu": (mean[2] / error[2]).item(),
        "mean_z_sigma": (mean[3] / error[3]).item(),
    }


def _panel(name: str, lines: Places, points: Places, generator: torch.Generator) -> tuple[dict[str, Any], float]:
    """Exact variances at some (sigma, D), Monte-Carlo ones at others, and their largest distance in standard errors."""
    noise = (torch.randn(POINT_DRAWS // D, D, generator=generator, dtype=torch.float64) for _, D in points)
    pairs = [estimated_variances(1.0, sigma, eps) for (sigma, _), eps in zip(points, noise, strict=True)]
    estimate, error = (torch.stack(part) for part in zip(*pairs, strict=True))
    exact = torch.tensor([exact_variances(1.0, *place) for place in points], dtype=torch.float64)
    curves = {
        f"{name}_exact": [exact_variances(1.0, *place) for place in lines],
        f"{name}_estimate": estimate.numpy(),
    }
    return curves, ((estimate - exact).abs() / error).max().item()


def measure() -> dict[str, Any]:
    """Exact variances and Monte-Carlo ones against dimension and against sigma, and the ratio at mu = sigma = D = 1.

    ``*_exact`` has a row for each entry of ``dimension`` or ``sigma``, ``*_estimate`` one for each of ``*_points``; the
    columns are score function, the same with best baseline, pathwise. ``worst_z`` is the largest distance of a
    Monte-Carlo variance from the exact one, in standard errors.
    """
    generator = torch.Generator().manual_seed(SEED)
    ratio = _ratio(generator)
    dimension = list(range(1, DIMENSIONS[-1] + 1))
    sigma = torch.logspace(math.log10(SIGMAS[0]), math.log10(SIGMAS[-1]), 61).tolist()
    in_dimension, worst_dimension = _panel(
        "dimension", [(1.0, D) for D in dimension], [(1.0, D) for D in DIMENSIONS], generator
    )
    in_sigma, worst_sigma = _panel("sigma", [(s, 1) for s in sigma], [(s, 1) for s in SIGMAS], generator)
    return {
        "draws": BLOCK * BLOCKS,
        "exact_ratio": in_dimension["dimension_exact"][0][0] / in_dimension["dimension_exact"][0][2],
        **ratio,
        "dimension": dimension,
        "dimension_points": DIMENSIONS,
        **in_dimension,
        "sigma": sigma,
        "sigma_points": SIGMAS,
        **in_sigma,
        "worst_z": max(worst_dimension, worst_sigma),
    }
