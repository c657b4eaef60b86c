"""The gradient estimators: same mean, different variance."""

import torch

from pycode.check import Check
from pycode.experiments import elbo_gradients, gradvar
from pycode.experiments.elbo import example
from pycode.experiments.elbo_gradients import NAMES
from pycode.gradient_estimators import score
from pycode.gradient_estimators import sticking_the_landing as landing
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
    """Largest distance of the left panel's crosses from the exact variances, in standard errors."""
    because = "5 standard errors: squares have heavier tails than a normal; the largest of 200 seeds was 3.7"
    return Check(measured("gradvar")["worst_z"], 0.0, 5.0, because, "<=")


def elbo_variances() -> Check:
    """Largest distance of the six estimators' Monte-Carlo variances from the exact ones, in standard errors."""
    because = "5 standard errors: squares have heavier tails than a normal; the largest of 200 seeds was 4.1"
    return Check(measured("gradvar")["linear_worst_z"], 0.0, 5.0, because, "<=")


def _bias(*names: str) -> Check:
    """Largest distance of exact means from the gradient of the ELBO's closed form, relative to the rows' mean size."""
    model, x = example()
    rows = [NAMES.index(name) for name in names]
    worst = 0.0
    for q in (elbo_gradients.other_q(model, x), elbo_gradients.posterior_q(model, x)):
        mean, size = elbo_gradients.exact_means(model, x, q)
        gradient = torch.stack(elbo_gradients.exact_gradient(model, x, q))
        worst = max(worst, ((mean - gradient).abs() / size)[rows].max().item())
    because = "10 eps of the rows' mean size: a rule that is exact for these polynomials"
    return Check(worst, 0.0, 10 * EPS, because)


def leave_one_out() -> Check:
    """Mean of the score function with leave-one-out baseline over all pairs of draws against the ELBO's gradient."""
    return _bias("leave_one_out")


def sgvb() -> Check:
    """Means of the gradients of estimators A and B against the ELBO's gradient."""
    return _bias("sgvb_a", "sgvb_b")


def sticking_the_landing() -> Check:
    """Largest variance, over 1,000 draws, of the pathwise gradient of log p(x, z) - log q(z), q being the posterior."""
    model, x = example()
    q = elbo_gradients.posterior_q(model, x)
    eps = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    estimates = landing(lambda z: model.log_joint(x, z), *q, eps)
    slope = score(q[1], eps).mu.abs().max().item()
    because = "(10 eps·largest slope)²: the slopes of log p and log q cancel but for rounding"
    return Check(estimates.mu.var(0).max().item(), 0.0, (10 * EPS * slope) ** 2, because)
