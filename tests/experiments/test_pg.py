"""The measured theorem: each error is small in the units of its solve, and the lengths spread over a decade."""

from typing import Any

import numpy as np
import pytest

from pycode.environments import ENVIRONMENTS, load
from pycode.experiments import pg
from pycode.mdp import EPS, policy_transition
from pycode.policy_gradient import softmax_policy


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return pg.measure()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_environment_is_reported(result: dict[str, Any], name: str) -> None:
    assert (result[f"{name}_states"], result[f"{name}_actions"]) == load(name).exit.shape
    unit = EPS * result[f"{name}_cond"]
    for error in ("autograd", "complex_step", "visitation", "bellman"):
        assert 0 <= result[f"{name}_{error}"] <= 10 * unit
    assert 0 <= result[f"{name}_finite_distance"] <= 10 * result[f"{name}_finite_distance_unit"]


def test_the_policies_lengths_spread_over_a_decade(result: dict[str, Any]) -> None:
    lengths = result["ratio_length"]
    assert len(lengths) == result["policies"] == 500
    assert result["longest"] == max(lengths) > 10 * min(lengths) == 10 * result["shortest"]


def test_what_is_measured_is_the_same_each_time() -> None:
    lake = load("frozenlake4")
    theta = np.random.default_rng(0).normal(size=(3, *lake.exit.shape))
    first, second = pg.ratio_of_sides(lake, theta), pg.ratio_of_sides(lake, theta)
    assert all((first[key] == second[key]).all() for key in first)
    thetas = [theta for _, _, theta, _ in pg.processes()]
    assert all((x == y).all() for x, (_, _, y, _) in zip(thetas, pg.processes(), strict=True))


def test_the_doubled_series_is_the_plain_sum() -> None:
    lake = load("frozenlake4")
    P = policy_transition(lake, softmax_policy(np.zeros(lake.exit.shape)))
    power, total = np.eye(len(P)), np.zeros_like(P)
    for _ in range(400):
        total, power = total + power, power @ P
    assert pg.summed_steps(P) == pytest.approx(total, rel=1e-13)
