"""The two gradient estimators: same mean, different variance."""

import torch

from pycode.check import Check
from pycode.experiments import elbo, gradvar
from pycode.gaussian import log_density
from pycode.gradient_estimators import pathwise
from pycode.results import measured

EPS = torch.finfo(torch.float64).eps
SE_BECAUSE = "5 standard errors of the difference: by chance in one of 1.7 million seeds"


def same_mean() -> Check:
    """Score-function minus pathwise estimate of ∂E[z²]/∂mu at mu = sigma = 1: its mean in standard errors."""
    return Check(measured("gradvar")["mean_z_mu"], 0.0, 5.0, SE_BECAUSE)


def sigma_mean() -> Check:
    """The same for ∂E[z²]/∂sigma."""
    return Check(measured("gradvar")["mean_z_sigma"], 0.0, 5.0, SE_BECAUSE)


def square_ratio() -> Check:
    """Variance of the score-function over the pathwise estimate of ∂E[z²]/∂mu at mu = sigma = 1; exactly 30/4."""
    result = measured("gradvar")
    score, _, path = gradvar.exact_variances(1.0, 1.0, 1)
    because = "2.5 half-widths, or 4.9 standard errors: by chance in one of a million seeds"
    return Check(result["square_ratio"], score / path, 2.5 * result["square_halfwidth"], because)


def square_halfwidth() -> Check:
    """Half-width of that ratio's 95 % interval."""
    because = "the interval is to be at most a tenth to either side"
    return Check(measured("gradvar")["square_halfwidth"], 0.1, 0.0, because, "<=")


def exact_variances() -> Check:
    """Largest distance of the figure's crosses from the exact variances, in standard errors."""
    because = "5 standard errors: by chance in one of 40,000 seeds, for all 42 crosses"
    return Check(measured("gradvar")["worst_z"], 0.0, 5.0, because, "<=")


def sticking_the_landing() -> Check:
    """Largest variance, over 1,000 draws, of the pathwise gradient of log p(x, z) - log q(z), q being the posterior."""
    model, x = elbo.example()
    mu_q, covariance = model.posterior(x)
    sigma_q = covariance.diagonal().sqrt()
    eps = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    estimates = pathwise(lambda z: model.log_joint(x, z) - log_density(z, mu_q, sigma_q).sum(-1), mu_q, sigma_q, eps)
    slope = pathwise(lambda z: log_density(z, mu_q, sigma_q).sum(-1), mu_q, sigma_q, eps).mu.abs().max().item()
    because = "(10 eps·largest slope)²: the slopes of log p and log q cancel but for rounding"
    return Check(estimates.mu.var(0).max().item(), 0.0, (10 * EPS * slope) ** 2, because)
