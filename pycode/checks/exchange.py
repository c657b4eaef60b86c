"""Where derivative and expectation do not exchange: f = 1{z > 0}, whose derivative is 0 almost everywhere."""

import mpmath
import torch
from torch import Tensor

from pycode.check import Check
from pycode.gaussian import log_density
from pycode.gradient_estimators import pathwise, score_function

MU, SIGMA = 0.7, 1.3
DRAWS = 100_000


def _indicator(z: Tensor) -> Tensor:
    """1{z > 0} by torch.sign, which autograd differentiates: to 0."""
    return ((1 + z.sign()) / 2).squeeze(-1)


def _noise() -> Tensor:
    return torch.randn(DRAWS, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _truth() -> float:
    """The derivative of Pr(z > 0) in mu by the formula N(mu; 0, sigma²)."""
    return log_density(MU, 0.0, SIGMA).exp().item()


def pathwise_indicator() -> Check:
    """Mean of the pathwise estimates of ∂Pr(z > 0)/∂mu: each is 0."""
    value = pathwise(_indicator, MU, SIGMA, _noise()).mu.mean().item()
    return Check(value, 0.0, 0.0, "exact: the derivative of a step is 0 at every draw")


def true_derivative() -> Check:
    """N(mu; 0, sigma²) against the derivative of Φ(mu/sigma) in 30 digits."""
    with mpmath.workdps(30):
        reference = float(mpmath.diff(lambda mu: mpmath.ncdf(mu / mpmath.mpf(SIGMA)), MU))
    because = "8 eps of the value: half a dozen roundings; the derivative itself has 30 digits"
    return Check(_truth(), reference, 8 * torch.finfo(torch.float64).eps * reference, because)


def score_indicator() -> Check:
    """Mean of the score-function estimates of ∂Pr(z > 0)/∂mu: the true derivative."""
    estimates = score_function(_indicator, MU, SIGMA, _noise()).mu
    error = estimates.std().item() / DRAWS**0.5
    because = f"5 standard errors of {DRAWS:,} draws: by chance in one of 1.7 million seeds"
    return Check(estimates.mean().item(), _truth(), 5 * error, because)
