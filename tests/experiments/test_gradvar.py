"""The exact variances by quadrature, and the measured ones."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pycode.experiments import gradvar as experiment
from pycode.experiments import trained_gradients
from pycode.gradient_estimators import pathwise, score_function


@pytest.fixture(scope="module")
def result() -> Iterator[dict[str, Any]]:
    """No VAE is trained for these tests; tests/experiments/test_trained_gradients.py measures a small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trained_gradients, "measure", lambda: {"trained_ratio": 1.0})
        yield experiment.measure()


def gauss_hermite(D: int, nodes: int = 6) -> tuple[Tensor, Tensor]:
    """Nodes (L, D) and weights (L,): exact for polynomials up to degree eleven in each component."""
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    grid = torch.tensor(list(product(x, repeat=D)))
    weights = torch.tensor([math.prod(row) for row in product(w / math.sqrt(2 * math.pi), repeat=D)])
    return grid, weights


@pytest.mark.parametrize(("mu", "sigma", "D"), [(1.0, 1.0, 1), (1.0, 0.3, 1), (-0.7, 1.4, 2), (1.0, 1.0, 3)])
def test_exact_variances_are_those_of_quadrature(mu: float, sigma: float, D: int) -> None:
    eps, weights = gauss_hermite(D)
    c = experiment.best_baseline(mu, sigma, D)
    estimates = [
        score_function(experiment.square, mu, sigma, eps).mu[:, 0],
        score_function(lambda z: experiment.square(z) - c, mu, sigma, eps).mu[:, 0],
        pathwise(experiment.square, mu, sigma, eps).mu[:, 0],
    ]
    means = [(weights * g).sum().item() for g in estimates]
    variances = [(weights * g**2).sum().item() - mean**2 for g, mean in zip(estimates, means, strict=True)]
    assert means == pytest.approx([2 * mu] * 3, rel=1e-12)
    assert variances == pytest.approx(experiment.exact_variances(mu, sigma, D), rel=1e-11)


def test_the_square_has_variances_thirty_and_four() -> None:
    assert experiment.exact_variances(1.0, 1.0, 1) == (30.0, 14.0, 4.0)


@pytest.mark.parametrize("shift", [-0.5, 0.5])
def test_no_other_baseline_is_better(shift: float) -> None:
    eps, weights = gauss_hermite(1)
    c = experiment.best_baseline(1.0, 0.8, 1) + shift
    g = score_function(lambda z: experiment.square(z) - c, 1.0, 0.8, eps).mu[:, 0]
    variance = (weights * g**2).sum().item() - 4
    # c enters as E[(f - c)² eps²]/sigma², a parabola in c.
    assert variance == pytest.approx(experiment.exact_variances(1.0, 0.8, 1)[1] + shift**2 / 0.8**2, rel=1e-11)


def test_estimated_variances_agree_with_the_exact_ones(result: dict[str, Any]) -> None:
    exact = np.array([experiment.exact_variances(1.0, 1.0, D) for D in experiment.DIMENSIONS])
    assert result["dimension_estimate"] == pytest.approx(exact, rel=0.2)
    assert np.array(result["dimension_exact"])[np.array(experiment.DIMENSIONS) - 1] == pytest.approx(exact)
    assert result["worst_z"] < 5


def test_results_of_the_elbo_are_there(result: dict[str, Any]) -> None:
    assert {"linear_other_exact", "linear_posterior_estimate", "linear_worst_z", "trained_ratio"} <= set(result)


def test_contract_values(result: dict[str, Any]) -> None:
    assert abs(result["square_ratio"] - 7.5) < 2.5 * result["square_halfwidth"]
    assert 0 < result["square_halfwidth"] <= 0.1


def test_half_width_is_the_delta_methods_by_hand(result: dict[str, Any]) -> None:
    """The ratio's influence has the second moment 3729/2, from moments of the normal up to the twelfth."""
    assert result["square_halfwidth"] == pytest.approx(1.96 * math.sqrt(3729 / 2 / result["draws"]), rel=0.2)
