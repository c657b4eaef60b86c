"""The measured importance-weighted bounds: between ELBO and evidence, with honest errors."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from pycode.experiments import iwae as experiment
from pycode.gaussian_weights import gap
from pycode.ppca import maximum_likelihood


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "REPEATS", 40)
        return experiment.measure()


def test_bounds_rise_from_the_elbo_towards_the_evidence(result: dict[str, Any]) -> None:
    for name in experiment.WIDTHS:
        bound, error = np.array(result[f"{name}_bound"]), np.array(result[f"{name}_error"])
        assert (np.diff(bound) > 0).all()
        assert (bound < result["log_evidence"]).all()
        assert abs(bound[0] - result[f"{name}_elbo"]) < 5 * error[0]
        assert result[f"{name}_gap"][0] == pytest.approx(result[f"{name}_elbo"] - result["log_evidence"], rel=1e-10)
        assert result[f"{name}_kl"] == pytest.approx(-result[f"{name}_gap"][0], rel=1e-10)
    assert result["worst_z"] < 5
    assert result["first_z"] < 5


def test_q_is_displaced_from_the_posterior_as_said() -> None:
    data = experiment.images()
    model, x = maximum_likelihood(data, 3), data[:2]
    mu_q, rho_q = experiment.displaced(model, x, 2.0)
    mean, covariance = model.posterior(x)
    deviation = covariance.diagonal().sqrt()
    assert torch.allclose((mu_q - mean) / deviation, torch.full_like(mean, experiment.DELTA))
    assert torch.allclose((rho_q / 2).exp() / deviation, torch.full_like(mean, 2.0))


def test_the_variance_is_named_only_where_it_is_finite(result: dict[str, Any]) -> None:
    assert "narrow_variance" not in result
    assert result["wide_variance"] == pytest.approx(-2000 * gap(1000, 8, experiment.DELTA, 2.0), rel=0.01)
    assert all(math.isfinite(value) for value in result.values() if isinstance(value, float))


def test_a_control_variate_keeps_the_mean_and_makes_the_error_smaller() -> None:
    generator = torch.Generator().manual_seed(0)
    spread = 0.5  # weights exp(N(-s²/2, s²)) have mean 1, so that the evidence is 1
    log_w = -(spread**2) / 2 + spread * torch.randn(300, 100, generator=generator, dtype=torch.float64)
    plain, plain_error = experiment.estimates(log_w, 0.0, 100, control=False)
    better, error = experiment.estimates(log_w, 0.0, 100, control=True)
    asymptote = -math.expm1(spread**2) / 200
    assert abs(plain - asymptote) < 5 * plain_error
    assert abs(better - asymptote) < 5 * error
    assert error < plain_error / 5
