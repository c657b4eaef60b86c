"""The measured ELBO: the identity, and a fit that closes the gap."""

from typing import Any

import numpy as np
import pytest

from pycode.experiments import elbo as experiment


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return experiment.measure()


def test_elbo_rises_to_the_evidence_and_no_further(result: dict[str, Any]) -> None:
    rises = np.diff(result["elbo"])
    rounding = 1e-15 * abs(result["log_evidence"])
    assert (rises[:100] > 0).all()
    assert (rises > -10 * rounding).all()
    assert result["first_gap"] > 1
    assert abs(result["last_gap"]) < 10 * rounding


def test_gap_is_the_kl_to_the_posterior_at_every_step(result: dict[str, Any]) -> None:
    assert result["gap"] == pytest.approx(result["kl"], rel=1e-12, abs=1e-14)


def test_estimates_settle_on_the_evidence(result: dict[str, Any]) -> None:
    """At the posterior log p(x, z) - log q(z) is log p(x) at every z."""
    off = np.abs(result["estimate"] - result["log_evidence"])
    assert off[:10].max() > 1
    assert off[-10:].max() < 1e-6


def test_contract_values(result: dict[str, Any]) -> None:
    assert 0 <= result["identity_residual"] < 1e-13
    assert result["smallest_gap"] > 0.1


def test_the_fitted_q_is_the_posterior() -> None:
    model, x = experiment.example()
    mu_q, rho_q = experiment.fit(model, x, model.mu_p, 2 * model.sigma_p.log())
    mean, covariance = model.posterior(x)
    assert mu_q[-1].tolist() == pytest.approx(mean.tolist(), abs=1e-7)
    assert rho_q[-1].exp().tolist() == pytest.approx(covariance.diagonal().tolist(), rel=1e-7)
    assert covariance[0, 1] == 0
