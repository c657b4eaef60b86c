"""The measured KL divergence: estimates beside the curves."""

import math
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


def test_float32_examples_are_those_of_numpy_and_of_more_digits(result: dict[str, Any]) -> None:
    r = np.float32([1e-6, 1e-8])
    difference = np.expm1(r) - r
    percent = 100 * (float(difference[0]) / (float(r[0]) ** 2 / 2) - 1)
    assert result["expm1_percent"] == pytest.approx(abs(percent), rel=1e-9)  # the same float32 number, divided exactly
    assert result["expm1_tiny"] == difference[1] == 0
    exact = (math.expm1(1e-4) - 1e-4) / 2  # 12 digits are left of float64's 16
    assert result["stable_small"] == pytest.approx(exact, rel=1e-6)  # some eight roundings of float32
