"""Each check of the estimators' variance fails where a formula is spoilt."""

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from pycode.checks import gradvar as checks
from pycode.experiments import gradvar as experiment
from pycode.gradient_estimators import Gradient, pathwise, score_function
from pycode.linear_vae import LinearVAE

POSTERIOR, EXACT = LinearVAE.posterior, experiment.exact_variances


def scaled(estimator: Callable[..., Gradient], mu: float = 1.0, sigma: float = 1.0) -> Callable[..., Gradient]:
    def estimate(*args: Any) -> Gradient:
        gradient = estimator(*args)
        return Gradient(mu * gradient.mu, sigma * gradient.sigma, gradient.rho)

    return estimate


def other_posterior(model: LinearVAE, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, covariance = POSTERIOR(model, x)
    return mean, (1 + 1e-9) * covariance


SPOILT = [
    ("same_mean", experiment, "score_function", scaled(score_function, mu=1.1)),
    ("same_mean", experiment, "pathwise", scaled(pathwise, mu=-1)),
    ("sigma_mean", experiment, "pathwise", scaled(pathwise, sigma=0.5)),
    ("square_ratio", experiment, "pathwise", scaled(pathwise, mu=1.2)),
    ("square_ratio", checks.gradvar, "exact_variances", lambda *at: (34.0, 14.0, 4.0)),
    ("square_halfwidth", experiment, "BLOCKS", 16),
    ("exact_variances", experiment, "exact_variances", lambda *at: [1.3 * v for v in EXACT(*at)]),
    ("sticking_the_landing", LinearVAE, "posterior", other_posterior),
]


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "measured", lambda group: {"gradvar": experiment.measure}[group]())


@pytest.mark.parametrize(("name", "place", "formula", "spoilt"), SPOILT)
def test_fails_where_a_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(checks, name)().passed


def test_an_estimator_that_keeps_the_score_term_has_variance_at_the_posterior(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimator A differentiated through log q as well: -eps/sigma is added, of mean 0 but not of variance 0."""

    def full(f: Callable[[Tensor], Tensor], mu: Tensor, sigma: Tensor, eps: Tensor) -> Gradient:
        gradient = pathwise(f, mu, sigma, eps)
        return gradient._replace(mu=gradient.mu - eps / sigma)

    monkeypatch.setattr(checks, "pathwise", full)
    assert checks.sticking_the_landing().value > 1
