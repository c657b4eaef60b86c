"""Each check of the estimators' variance fails where a formula is spoilt."""

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from pycode.checks import gradvar as checks
from pycode.experiments import elbo_gradients as elbo
from pycode.experiments import gradvar as experiment
from pycode.experiments import trained_gradients
from pycode.gradient_estimators import (
    Gradient,
    leave_one_out,
    leave_one_out_variance,
    pathwise,
    score_function,
    sgvb_a,
    sgvb_b,
)
from pycode.linear_vae import LinearVAE

POSTERIOR, ELBO = LinearVAE.posterior, LinearVAE.elbo
EXACT, EXACT_ELBO = experiment.exact_variances, elbo.exact_variances


def scaled(
    estimator: Callable[..., Gradient], mu: float = 1.0, sigma: float = 1.0, rho: float = 1.0
) -> Callable[..., Gradient]:
    def estimate(*args: Any) -> Gradient:
        gradient = estimator(*args)
        return Gradient(mu * gradient.mu, sigma * gradient.sigma, rho * gradient.rho)

    return estimate


def other_posterior(model: LinearVAE, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, covariance = POSTERIOR(model, x)
    return mean, (1 + 1e-9) * covariance


def own_mean_taken_off(f: Callable[[Tensor], Tensor], mu: Tensor, sigma: Tensor, eps: Tensor) -> Gradient:
    """The mean of all draws, its own included, in place of that of the others: biased by 1 - 1/L."""
    return Gradient(*(part * (len(eps) - 1) / len(eps) for part in leave_one_out(f, mu, sigma, eps)))


def with_plain_log_q(log_joint: Callable[[Tensor], Tensor], mu: Tensor, sigma: Tensor, eps: Tensor) -> Gradient:
    """Estimator A that forgets that q has parameters of its own: the mean of the entropy's part is lost."""
    return pathwise(log_joint, mu, sigma, eps)


def of_one_draw(value: Tensor, score: Tensor, weights: Tensor, draws: int) -> Tensor:
    """The variance of leave-one-out as if its rows were independent."""
    return leave_one_out_variance(value, score, weights, 2) * 2 / draws


SPOILT = [
    ("same_mean", experiment, "score_function", scaled(score_function, mu=1.1)),
    ("same_mean", experiment, "pathwise", scaled(pathwise, mu=-1)),
    ("sigma_mean", experiment, "pathwise", scaled(pathwise, sigma=0.5)),
    ("square_ratio", experiment, "pathwise", scaled(pathwise, mu=1.2)),
    ("square_ratio", checks.gradvar, "exact_variances", lambda *at: (34.0, 14.0, 4.0)),
    ("square_halfwidth", experiment, "BLOCKS", 16),
    ("exact_variances", experiment, "exact_variances", lambda *at: [1.3 * v for v in EXACT(*at)]),
    ("elbo_variances", elbo, "exact_variances", lambda *at: 1.2 * EXACT_ELBO(*at)),
    ("elbo_variances", elbo, "leave_one_out_variance", of_one_draw),
    ("elbo_variances", elbo, "NODES", 3),
    ("leave_one_out", elbo, "leave_one_out", own_mean_taken_off),
    ("leave_one_out", elbo, "minus_kl", lambda gradient, *at: gradient),
    ("leave_one_out", elbo, "leave_one_out", scaled(leave_one_out, rho=1 + 1e-13)),
    ("sgvb", elbo, "sgvb_a", with_plain_log_q),
    ("sgvb", elbo, "sgvb_b", scaled(sgvb_b, mu=1 + 1e-13)),
    ("sgvb", elbo, "sgvb_a", scaled(sgvb_a, rho=0.5)),
    ("sgvb", LinearVAE, "elbo", lambda model, x, mu_q, sigma_q: ELBO(model, x, mu_q, 1.001 * sigma_q)),
    ("sticking_the_landing", LinearVAE, "posterior", other_posterior),
]


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No check looks at the trained VAE, so none is trained."""
    monkeypatch.setattr(trained_gradients, "measure", dict)
    monkeypatch.setattr(elbo, "GROUPS", 2**12)
    monkeypatch.setattr(checks, "measured", lambda group: {"gradvar": experiment.measure}[group]())


@pytest.mark.parametrize(("name", "place", "formula", "spoilt"), SPOILT)
def test_fails_where_a_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(checks, name)().passed


@pytest.mark.parametrize(
    "name",
    "same_mean sigma_mean square_ratio square_halfwidth exact_variances elbo_variances leave_one_out sgvb"
    " sticking_the_landing".split(),
)
def test_passes_as_it_is(name: str) -> None:
    assert getattr(checks, name)().passed


def test_an_estimator_that_keeps_the_score_term_has_variance_at_the_posterior(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimator A in place of it: minus the score is added, of mean 0 but not of variance 0."""
    monkeypatch.setattr(checks, "landing", sgvb_a)
    assert checks.sticking_the_landing().value > 1
