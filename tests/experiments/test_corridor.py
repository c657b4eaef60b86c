"""The measured corridor: the maximiser, the greedy policies and the sampled means."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from pycode.corridor import objective, slope
from pycode.experiments import NORMAL_95, corridor


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return corridor.measure()


def test_the_maximiser_is_found_without_derivatives_too(result: dict[str, Any]) -> None:
    best = minimize_scalar(lambda p: -objective(p), bounds=(0.1, 0.9), method="bounded", options={"xatol": 1e-10})
    assert result["p_star"] == pytest.approx(best.x, abs=1e-7)  # √eps: J is flat at its top
    assert result["j_star"] == pytest.approx(-best.fun, rel=1e-13)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_complex_step_gives_the_slope(p: float) -> None:
    assert corridor.slope_by_complex_step(p) == pytest.approx(slope(p), rel=1e-12)


def test_the_greedy_policies_are_the_books(result: dict[str, Any]) -> None:
    assert (round(result["left"]), round(result["right"])) == (-82, -44)


def test_visits_at_the_optimum_balance(result: dict[str, Any]) -> None:
    """Each state is entered as often as it is left, the start once more: by hand from the drawing of the corridor."""
    p, eta = result["p_star"], [result[f"eta_{s}"] for s in range(3)]
    assert eta[0] == pytest.approx(1 + (1 - p) * eta[0] + p * eta[1])
    assert eta[1] == pytest.approx(p * eta[0] + (1 - p) * eta[2])
    assert eta[2] == pytest.approx((1 - p) * eta[1])
    assert p * eta[2] == pytest.approx(1)  # the episode ends once
    assert sum(eta) == pytest.approx(-result["j_star"])


def test_the_quantile_is_that_of_the_normal_distribution() -> None:
    assert pytest.approx(norm.ppf(0.975), abs=5e-7) == NORMAL_95


def test_the_bars_are_95_percent_intervals(result: dict[str, Any]) -> None:
    """The standard deviation of a return is at most a few times its mean, about |J| for long episodes."""
    J = objective(result["sampled_p"])
    assert (abs(result["sampled_mean"] - J) < 2.5 * result["sampled_halfwidth"]).all()
    spread = result["sampled_halfwidth"] / NORMAL_95 * np.sqrt(result["episodes"])
    assert (spread < 1.5 * abs(J)).all()
    assert (spread > 0.5 * abs(J)).all()
