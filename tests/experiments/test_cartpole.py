"""The experiment on two tuning seeds with short trainings: its keys, its counts, its curves; reported seeds are new."""

from typing import Any

import numpy as np
import pytest
import torch

from pycode import cartpole
from pycode.experiments import cartpole as experiment
from pycode.policy_network import Policy
from pycode.reinforce_training import Settings, Trained, train

LIMIT = 1_500


@pytest.fixture(scope="module")
def result() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        small = {
            "SEEDS": range(2), "TUNING": (), "SETTINGS": Settings(limit=LIMIT), "EVALUATED": 10, "RETESTED": 20,
            "SAMPLED": 30, "UNCAPPED": 600, "LEVEL": 30.0,
        }  # fmt: skip
        for name, value in small.items():
            patch.setattr(experiment, name, value)
        yield experiment.measure()


def test_reported_seeds_are_those_that_are_fixed_and_none_of_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(experiment.SEEDS) == list(range(1000, 1020))
    assert set(experiment.TUNING) == set(range(50))
    monkeypatch.setattr(experiment, "SEEDS", [1000, 7])
    with pytest.raises(ValueError, match="seeds 7 were used in tuning"):
        experiment.measure()


def test_numbers_by_seed_are_those_of_its_training_and_of_new_episodes(result: dict[str, Any]) -> None:
    assert (result["seeds"], result["seed_range"]) == (2, "0 to 1")
    for k, seed in enumerate(range(2)):
        trained = train(seed, Settings(limit=LIMIT))
        assert result["steps"][k] == trained.steps[-1]
        assert result["used"][k] == trained.used[-1] < trained.steps[-1]
        assert result["batches"][k] == len(trained.returns)
        new = cartpole.returns(trained.policy.greedy(), 30, [seed, 1])
        assert result["evaluations"][k] == pytest.approx(new[:10].mean())
        assert result["retests"][k] == pytest.approx(new[10:].mean())
        assert result["retest_halfwidths"][k] == pytest.approx(1.96 * new[10:].std(ddof=1) / 20**0.5, rel=1e-4)
        assert result["solved"][k] == (new[:10].mean() >= 30)
    assert result["stopped"] == [0, 0]
    assert result["retest_min"] == min(result["retests"])
    assert result["median_steps"] == np.median(result["steps"]) == result["steps_quartiles"][1]
    assert result["solved_share"] == np.mean(result["solved"])
    assert result["solved_count"] == sum(result["solved"])
    # Two of two, or less: the exact interval for two of two begins at the square root of 0.025.
    assert result["solved_least_percent"] <= 100 * 0.025**0.5 + 1e-9
    assert 0 <= result["retest_full_percent"] <= 100


def test_drawn_and_uncapped_episodes_are_counted(result: dict[str, Any]) -> None:
    assert len(result["sampled"]) == len(result["sampled_halfwidths"]) == len(result["uncapped"]) == 2
    assert (np.array(result["sampled"]) > 8).all()
    assert result["sampled_min"] == min(result["sampled"])
    assert (np.array(result["uncapped"]) <= 600).all()
    full = (np.array(result["uncapped"]) == 600).sum() * experiment.UNCAPPED_EPISODES
    assert full <= result["uncapped_reached"] < full + 2 * experiment.UNCAPPED_EPISODES
    assert result["uncapped_count"] == 2 * experiment.UNCAPPED_EPISODES
    assert result["horizon"] == 500


def test_curves_lie_on_the_common_grid_under_their_quartiles(result: dict[str, Any]) -> None:
    curves, (low, median, high) = np.array(result["curves"]), result["curve_quartiles"]
    assert curves.shape == (2, len(result["curve_steps"]))
    assert result["curve_steps"][-1] == max(result["steps"])
    assert median == pytest.approx(curves.mean(axis=0))
    assert (low <= median).all()
    assert (median <= high).all()


def test_curve_is_linear_between_batches_and_goes_on_with_the_evaluation() -> None:
    torch.manual_seed(0)
    trained = Trained(Policy(2), [100, 300], [90, 280], [20.0, 60.0], stopped=True)
    grid = np.array([0, 100, 150, 300, 301, 1000], dtype=float)
    assert list(experiment.on_grid(trained, 77.0, grid)) == [20, 20, 30, 60, 77, 77]
