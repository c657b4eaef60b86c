"""The measured KL divergence: estimates beside the curves."""

from typing import Any

import numpy as np
import pytest
import torch

from pycode.experiments import kl as experiment
from pycode.gaussian import kl


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return experiment.measure()


def test_intervals_cover_the_closed_form_as_often_as_they_should(result: dict[str, Any]) -> None:
    rows = [
        (result["mu_estimate"], result["mu_error"], result["mu_points"], np.array(experiment.SIGMAS)[:, None]),
        (result["sigma_estimate"], result["sigma_error"], np.array(experiment.MUS)[:, None], result["sigma_points"]),
    ]
    covered = []
    for estimate, error, mu_q, sigma_q in rows:
        exact = kl(torch.tensor(mu_q), torch.tensor(sigma_q), experiment.MU_P, experiment.SIGMA_P).numpy()
        covered.append(np.abs(estimate - exact) <= 1.96 * error)
    # 63 intervals, one point of them degenerate; 80 % is five standard deviations below 95 %.
    assert np.concatenate(covered, axis=1).mean() > 0.8


def test_curves_end_in_the_prior(result: dict[str, Any]) -> None:
    assert min(result["mu_curves"][-1]) == pytest.approx(0, abs=1e-3)
    assert min(result["sigma_curves"][-1]) == pytest.approx(0, abs=1e-3)


def test_estimate_is_pure() -> None:
    runs = [experiment.monte_carlo(0.0, 2.0, 1.0, 1.0, 100, torch.Generator().manual_seed(5)) for _ in range(2)]
    assert runs[0] == runs[1]
