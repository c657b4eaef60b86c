"""The measured variances of the estimators: order, units, policies, and what they say, by other ways."""

from typing import Any

import numpy as np
import pytest

from pycode.corridor import P_STAR, corridor
from pycode.environments import make
from pycode.estimator_variance import ScoredPolicy, estimators
from pycode.experiments import estimators as experiment
from pycode.mdp import mean_length, state_value
from pycode.rollouts import episodes, reinforce

NAMES = ("corridor", "optimum", "cliff")


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "DRAWS", {"corridor": (4, 4096, 3), "optimum": (8, 4096, 1), "cliff": (4, 512, 1)})
        return experiment.measure()


def test_sampled_variances_agree_with_the_exact_ones(result: dict[str, Any]) -> None:
    for name in NAMES:
        exact, estimate, error = (np.array(result[f"{name}_{key}"]) for key in ("exact", "estimate", "error"))
        assert len(exact) == len(result["estimators"]) == 9
        assert result[f"{name}_worst_z"] == (abs(estimate - exact) / error).max() < 4
        assert result[f"{name}_worst_error"] == (error / exact).max()
        assert result[f"{name}_halfwidth"] == pytest.approx(1.96 * error, rel=1e-4)


def test_numbers_of_episodes(result: dict[str, Any]) -> None:
    assert [result[f"{name}_episodes"] for name in NAMES] == [16384, 32768, 2048]


def test_ratios_are_those_of_the_exact_variances(result: dict[str, Any]) -> None:
    for name in (*NAMES, "soft"):
        variance = dict(zip(result["estimators"], result[f"{name}_exact"], strict=True))
        assert result[f"{name}_total_over_best"] * min(variance.values()) == pytest.approx(variance["total_return"])
        assert result[f"{name}_total_over_v"] * variance["minus_v"] == pytest.approx(variance["total_return"])
        assert result[f"{name}_v_over_constant"] * variance["best_constant"] == pytest.approx(variance["minus_v"])
        assert result[f"{name}_advantage_over_all"] * variance["all_action"] == pytest.approx(variance["advantage"])
        added = result[f"{name}_own_noise"] + result[f"{name}_later_noise"]
        assert 1 + added == pytest.approx(result[f"{name}_advantage_over_all"], abs=1e-9)
        assert variance["best_baseline"] <= min(variance["minus_v"], variance["best_constant"], variance["minus_J"])


def test_the_corridors_policies_are_those_of_p() -> None:
    named = dict(experiment.policies())
    for name, p in (("corridor", 0.05), ("optimum", P_STAR)):
        assert named[name].pi[:, 1] == pytest.approx(p)
        assert named[name].v == pytest.approx(state_value(corridor(), named[name].pi))


def test_the_cliffs_rewards_are_functions_of_state_and_action() -> None:
    """A drawn reward would add its own noise to the variances."""
    table = make("CliffWalking-v1").unwrapped.P
    assert all(len(outcomes) == 1 for row in table.values() for outcomes in row.values())


def test_the_cliffs_walker_keeps_to_the_edge_and_explores(result: dict[str, Any]) -> None:
    policy = dict(experiment.policies())["cliff"]
    assert policy.pi.min() == pytest.approx(0.1 / 4)
    assert result["cliff_mean_length"] == pytest.approx(mean_length(policy.mdp, policy.pi)[policy.mdp.start])
    edge = [policy.mdp.names.index(str(s)) for s in range(24, 35)]  # the third row, above the cliff
    assert policy.pi[edge, 1] == pytest.approx(0.925)  # to the right


@pytest.mark.parametrize("name", ["corridor", "cliff"])
def test_reward_to_go_by_rollouts(name: str) -> None:
    """REINFORCE on episodes drawn by rollouts.py, in softmax parameters; the corridor has one for all its states."""
    policy = dict(experiment.policies())[name]
    estimate = reinforce(policy.pi, episodes(policy.mdp, policy.pi, 3000, np.random.default_rng(8)))
    if name == "corridor":
        estimate = estimate.sum(axis=1)[:, 1:]  # θ adds to the preference for right in each state
    square = (estimate.reshape(3000, -1) - estimate.reshape(3000, -1).mean(axis=0)) ** 2
    square = square.sum(axis=-1)
    exact = policy.variance(estimators(policy)["reward_to_go"])
    assert abs(square.mean() - exact) < 4 * square.std() / np.sqrt(3000)


def test_softmax_of_the_best_values_is_one_too() -> None:
    policy: ScoredPolicy = experiment.on_cliff(lambda q: np.exp(q) / np.exp(q).sum(axis=-1, keepdims=True))
    assert experiment.exact(policy)["mean_length"] == pytest.approx(22.36, abs=0.01)
