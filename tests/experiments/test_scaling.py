"""The measured agreement, growth and endurance of the methods."""

from typing import Any

import numpy as np
import pytest

from pycode.environments import ENVIRONMENTS
from pycode.experiments import scaling
from pycode.policy_gradient import gradient_autograd


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """All that is measured, but on grids of up to 1,600 states."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "SIDES", (10, 20, 40))
        return scaling.measure()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_sparse_methods_agree_with_the_elimination_at_least_as_well_as_the_dense_ones(
    result: dict[str, Any], name: str
) -> None:
    for method in scaling.METHODS:
        assert result[f"{name}_{method}"] <= result[f"{name}_{method}_bound"] <= result["tolerance"]
        # Neither of the others is more than rounding in the small ones.
        assert result[f"{name}_{method}"] <= max(result[f"{name}_autograd"], result[f"{name}_dense"], 1e-14)


def test_the_dense_sum_by_two_routes_has_the_gradient_of_automatic_differentiation() -> None:
    mdp = scaling.adverse_walk(6)
    theta = np.random.default_rng(0).normal(size=(6, 2))
    exact = gradient_autograd(mdp, theta)
    for way in (scaling.by_dense_lu, scaling.theorem_sum):
        assert way(mdp, theta) == pytest.approx(exact, abs=1e-11 * abs(exact).max())


def test_work_is_counted_and_grows_far_less_than_the_square(result: dict[str, Any]) -> None:
    assert result["states"] == [99, 399, 1599] == [k * k - 1 for k in (10, 20, 40)]
    assert result["grid_states"] == 1599
    # A state has itself and four neighbours at most; moves out of the grid stay, at the corners twice.
    for n, k, entries in zip(result["states"], (10, 20, 40), result["entries"], strict=True):
        inner = 4 * k * (k - 1) - 2 * 2  # links both ways, less those of the exit
        assert entries == inner + (4 * k - 4 - 1)
        assert n < entries < 5 * n
    for key in ("lu_work", "bicgstab_work"):
        slope = np.diff(np.log(result[key])) / np.diff(np.log(result["states"]))
        assert (slope < 2).all()  # dense: 3
    assert result["iterations"][-1] < 2 * result["iterations"][0]


def test_the_largest_grid_agrees_three_ways(result: dict[str, Any]) -> None:
    assert result["grid_difference"] <= result["grid_lu_bound"][-1] + result["grid_bicgstab_bound"][-1]
    assert result["directional_error"] <= result["directional_bound"]
    # The bound adds up the worst case of each entry, in 6,400 of them; it still says something.
    assert result["directional_bound"] < 1e-5 * abs(result["directional"])


def test_the_columns_of_the_walk(result: dict[str, Any]) -> None:
    length = np.array(result["walk_length"])
    assert (np.diff(length) > 0).all()
    assert length[0] < 10
    assert length[-1] > 1e16
    assert (np.array(result["walk_elimination_error"]) < 1e-14).all()
    assert result["walk_dense_error"][-1] > 0.1
    for method in scaling.METHODS:
        error, bound = (np.array(result[f"walk_{method}_{key}"], dtype=float) for key in ("error", "bound"))
        given = np.isfinite(error)
        assert (error[given] <= bound[given]).all()
        last = result[f"walk_{method}_last"]
        assert (bound[length <= last] <= result["tolerance"]).all()
        assert not bound[length > last][0] <= result["tolerance"]
        assert last > 1e5


def test_a_method_that_never_refuses_lasts_to_the_end() -> None:
    columns = {"length": [1.0, 2.0], "lu_bound": [1e-9, 1e-8], "bicgstab_bound": [1e-9, None]}
    assert scaling.last_certain(columns, "lu") == 2
    assert scaling.last_certain(columns, "bicgstab") == 1


def test_rare_rewards_are_followed_as_far_as_floats_reach(result: dict[str, Any]) -> None:
    """The gradient is 2^-(n+1): doubles are normal down to 2^-1022 and end at 2^-1074."""
    assert 1000 <= result["lock_certain"] < result["lock_refused"] <= 1080
    assert result["lock_certain"] + 1 <= 1074
