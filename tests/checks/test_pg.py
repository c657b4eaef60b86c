"""Each check of the policy-gradient theorem fails where the mathematics is spoilt."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pycode import mdp, policy_gradient, rollouts
from pycode.checks import pg as checks
from pycode.environments import ENVIRONMENTS
from pycode.experiments import pg as experiment


@pytest.fixture
def lake_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The experiment anew at each call, on the small lake and with few policies."""
    lake = {"frozenlake4": ENVIRONMENTS["frozenlake4"]}
    monkeypatch.setattr(experiment, "ENVIRONMENTS", lake)
    monkeypatch.setattr(checks, "ENVIRONMENTS", lake)
    monkeypatch.setattr(experiment, "POLICIES", 20)
    monkeypatch.setattr(checks, "measured", lambda group: experiment.measure())


def moved_by_old_visits(
    process: mdp.EpisodicMDP, theta: mdp.Array, theta_new: mdp.Array
) -> policy_gradient.PerformanceDifference:
    """The performance difference with the visits of the old policy: right to first order only."""
    pi, pi_new = policy_gradient.softmax_policy(theta), policy_gradient.softmax_policy(theta_new)
    right = policy_gradient.performance_difference(process, theta, theta_new)
    bracket = ((pi_new - pi) * mdp.action_value(process, pi)).sum(axis=-1)
    return right._replace(right=float(mdp.visitation(process, pi) @ bracket))


def one_gradient_row_lost(process: mdp.EpisodicMDP, theta: mdp.Array) -> mdp.Array:
    gradient = policy_gradient.value_gradient(process, theta)
    gradient[..., -1, :] = 0
    return gradient


def tail_that_stops_falling(process: mdp.EpisodicMDP, pi: mdp.Array, K: int) -> mdp.Array:
    survival = mdp.tail(process, pi, K)
    survival[len(pi) :] = survival[len(pi)]
    return survival


def double(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: 2 * function(*arguments)


@pytest.mark.usefixtures("lake_only")
@pytest.mark.parametrize(
    ("name", "module", "formula", "spoilt"),
    [
        ("autograd", experiment, "theorem_sum", policy_gradient.on_policy_mean),
        ("autograd", experiment, "gradient_autograd", double(policy_gradient.gradient_autograd)),
        ("complex_step", experiment, "theorem_sum", policy_gradient.on_policy_mean),
        ("visitation", experiment, "visitation", mdp.occupancy),
        ("bellman", experiment, "state_value", double(mdp.state_value)),
        ("ratio_max_deviation", experiment, "on_policy_mean", policy_gradient.theorem_sum),
        ("ratio_max_deviation", experiment, "mean_length", double(mdp.mean_length)),
        ("collinear", experiment, "value_gradient", one_gradient_row_lost),
        ("finite_distance_max_rel", experiment, "performance_difference", moved_by_old_visits),
        ("tail_bound", checks, "tail", tail_that_stops_falling),
        ("restarted_stationary", checks, "restarted_transition", mdp.policy_transition),
        ("absorbing_not_stationary", checks, "policy_transition", mdp.restarted_transition),
        ("trap", checks, "state_value", lambda process, pi: np.array([0.5])),
        ("baseline", policy_gradient, "weighted_gradient", lambda pi, w: pi * w),
        ("discounted", checks, "length_transform", lambda process, pi, gamma: np.zeros(len(pi))),
        ("reinforce", checks, "theorem_sum", policy_gradient.on_policy_mean),
        ("reinforce", rollouts, "returns", lambda steps: np.zeros(len(steps[0].episode))),
    ],
)
def test_fails_where_the_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, module: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(module, formula, spoilt)
    assert not getattr(checks, name)().passed


@pytest.mark.usefixtures("lake_only")
@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("autograd", "gradient_autograd"),
        ("complex_step", "directional_complex_step"),
        ("visitation", "visitation"),
        ("bellman", "state_value"),
    ],
)
def test_fails_for_the_error_of_a_hundred_solves(monkeypatch: pytest.MonkeyPatch, name: str, formula: str) -> None:
    """Ten times the tolerance, so that one a thousand times as wide would not notice it."""
    result = experiment.measure()
    unit = result.get(f"frozenlake4_{name}_unit", mdp.EPS * result["frozenlake4_cond"])
    right, error = getattr(experiment, formula), 100 * unit
    monkeypatch.setattr(experiment, formula, lambda *arguments: right(*arguments) * (1 + error))
    assert not getattr(checks, name)().passed


@pytest.mark.usefixtures("lake_only")
@pytest.mark.parametrize("name", ["autograd", "complex_step", "ratio_max_deviation", "collinear"])
def test_on_the_small_lake_alone_the_formulas_pass(name: str) -> None:
    """So that it is the spoilt formula that fails above."""
    assert getattr(checks, name)().passed
