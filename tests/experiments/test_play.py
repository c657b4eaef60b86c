"""The limited objective and its gradient by simulation and differences, the best policy by value iteration."""

import numpy as np
import pytest

from pycode.environments import load
from pycode.experiments import play as experiment
from pycode.mdp import limited_value, state_value
from pycode.policy_gradient import softmax_policy, theorem_sum
from pycode.rollouts import episodes


@pytest.fixture(scope="module")
def lake():
    return load("frozenlake4")


@pytest.fixture(scope="module")
def result():
    few = pytest.MonkeyPatch()
    few.setattr(experiment, "LIMITED_EPISODES", 200)
    few.setattr(experiment, "LONG_RUN", 400)
    yield experiment.measure()
    few.undo()


def test_the_limited_value_counts_the_rewards_of_the_first_steps(lake) -> None:
    pi = np.random.default_rng(0).dirichlet(np.ones(4), size=11)
    steps = episodes(lake, pi, 4000, np.random.default_rng(1))
    exact = limited_value(lake, pi, 12)[:, lake.start]
    assert exact[0] == 0
    for H in (1, 5, 12):
        paid = np.zeros(4000)
        for step in steps[:H]:
            paid[step.episode] += step.r_tp1
        error = max(paid.std(ddof=1), 0.01) / np.sqrt(4000)  # a floor: rare rewards may not be met at all
        assert abs(paid.mean() - exact[H]) < 4 * error


def test_the_limited_value_tends_to_the_value(lake) -> None:
    pi = np.full((11, 4), 0.25)
    assert limited_value(lake, pi, 400)[-1] == pytest.approx(state_value(lake, pi), abs=1e-12)
    both = limited_value(lake, np.stack([pi, pi[:, ::-1]]), 3)
    assert both.shape == (4, 2, 11)
    assert both[:, 0] == pytest.approx(limited_value(lake, pi, 3))


def test_gradients_under_a_limit_are_slopes_and_tend_to_the_theorems_sum(lake) -> None:
    theta = np.random.default_rng(2).normal(size=(11, 4))
    gradients = experiment.limited_gradients(lake, theta, 600)
    assert gradients[-1] == pytest.approx(theorem_sum(lake, theta), abs=1e-12)
    direction, h = np.random.default_rng(3).normal(size=(11, 4)), 1e-6
    ends = [limited_value(lake, softmax_policy(theta + x * direction), 9)[9, lake.start] for x in (h, -h)]
    assert (gradients[9] * direction).sum() == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


def test_the_reference_values(result) -> None:
    """0.8235 without a limit, 0.740 within Gymnasium's 100 steps; 4 standard errors for the played ones."""
    assert result["J"] == pytest.approx(0.8235, abs=1e-4)
    assert result["J_limit"] == pytest.approx(0.740, abs=1e-3)
    assert abs(result["sampled"] - result["J_limit"]) < 4 * result["sampled_error"]
    assert (np.diff(result["limited"]) >= 0).all()
    assert result["mu"].sum() == pytest.approx(1)
    assert result["shares"].sum() == pytest.approx(1)
    assert result["steps"] > result["long_run"]


def test_the_standard_errors_of_shares_are_those_of_the_jackknife() -> None:
    """Two states whose visits make up the length and grow together, so that the ratio varies far less than they do."""
    rng = np.random.default_rng(4)
    first = rng.geometric(0.2, size=300)
    visits = np.column_stack([first, 2 * first + rng.integers(0, 3, size=300)]).astype(float)
    share, error = experiment.shares_of_steps(visits)
    left_out = visits.sum(axis=0) - visits
    shares = left_out / left_out.sum(axis=1, keepdims=True)
    jackknife = np.sqrt((len(visits) - 1) / len(visits) * ((shares - shares.mean(axis=0)) ** 2).sum(axis=0))
    assert share == pytest.approx(visits.sum(axis=0) / visits.sum())
    assert error == pytest.approx(jackknife, rel=0.02)


def test_the_standard_errors_of_shares_are_those_of_many_runs(lake) -> None:
    """Ratios of means from 60 short runs spread as the formula says, to four times the error of a spread."""
    pi = np.full((11, 4), 0.25)
    count, runs = 300, 60
    found, said = [], []
    for seed in range(runs):
        visits = np.zeros((count, 11))
        for step in episodes(lake, pi, count, np.random.default_rng(seed)):
            np.add.at(visits, (step.episode, step.s_t), 1)
        share, error = experiment.shares_of_steps(visits)
        found.append(share)
        said.append(error)
    spread, mean = np.std(found, axis=0, ddof=1), np.mean(said, axis=0)
    assert abs(spread / mean - 1).max() < 4 / np.sqrt(2 * (runs - 1))
