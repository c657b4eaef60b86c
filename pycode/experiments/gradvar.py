"""Variance of gradient estimators: in mu for f(z) = ||z||² at mu = sigma = 1, and of the ELBO in two models."""

from typing import Any

import torch
from torch import Tensor

from pycode.experiments import elbo_gradients, trained_gradients
from pycode.gradient_estimators import pathwise, score_function

SEED = 0
DIMENSIONS = (1, 2, 4, 8, 16, 32, 64)
BLOCK, BLOCKS = 2**14, 2**8  # draws of the ratio at mu = sigma = 1
POINT_DRAWS = 2**16  # normal numbers of each cross, over all its dimensions


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


def _against_dimension(generator: torch.Generator) -> dict[str, Any]:
    """Exact variances in every dimension, Monte-Carlo ones in some, and the largest distance in standard errors."""
    noise = (torch.randn(POINT_DRAWS // D, D, generator=generator, dtype=torch.float64) for D in DIMENSIONS)
    estimate, error = map(torch.stack, zip(*(estimated_variances(1.0, 1.0, eps) for eps in noise), strict=True))
    exact = torch.tensor([exact_variances(1.0, 1.0, D) for D in DIMENSIONS], dtype=torch.float64)
    dimension = list(range(1, DIMENSIONS[-1] + 1))
    return {
        "dimension": dimension,
        "dimension_exact": [exact_variances(1.0, 1.0, D) for D in dimension],
        "dimension_points": DIMENSIONS,
        "dimension_estimate": estimate.numpy(),
        "worst_z": ((estimate - exact).abs() / error).max().item(),
    }


def measure() -> dict[str, Any]:
    """For f = ||z||²: exact and Monte-Carlo variances against dimension, the ratio in one; then those of the ELBO.

    ``dimension_exact`` has a row for each entry of ``dimension``, ``dimension_estimate`` one for each of
    ``dimension_points``; the columns are score function, the same with best baseline, pathwise. ``worst_z`` is the
    largest distance of a Monte-Carlo variance from the exact one, in standard errors.
    For the ELBO's keys see `measure` of elbo_gradients (``linear_*``) and of trained_gradients (``trained_*``).
    """
    generator = torch.Generator().manual_seed(SEED)
    ratio = _ratio(generator)
    square_of = exact_variances(1.0, 1.0, 1)
    return {
        "draws": BLOCK * BLOCKS,
        "L": elbo_gradients.L,
        "shift": elbo_gradients.SHIFT,
        "width": elbo_gradients.WIDTH,
        "exact_ratio": square_of[0] / square_of[2],
        **ratio,
        **_against_dimension(generator),
        **elbo_gradients.measure(),
        **trained_gradients.measure(),
    }
