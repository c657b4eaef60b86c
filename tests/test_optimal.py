"""Best values by value iteration and ε-greedy policies, against counted steps and the Bellman equation."""

import numpy as np
import pytest

from pycode.corridor import corridor
from pycode.environments import load
from pycode.mdp import EpisodicMDP, action_value
from pycode.optimal import epsilon_greedy, optimal_action_value


def test_the_corridors_best_way_has_three_steps() -> None:
    assert optimal_action_value(corridor()).max(axis=-1).tolist() == [-3, -2, -1]


def test_the_cliffs_best_way_has_thirteen_steps() -> None:
    mdp = load("cliffwalking")
    q = optimal_action_value(mdp)
    assert q[mdp.start].max() == -13
    assert q.min() == -113  # one fall


def test_the_greedy_policys_own_values_are_the_best_ones() -> None:
    mdp = load("frozenlake4")
    q = optimal_action_value(mdp)
    assert action_value(mdp, epsilon_greedy(q, 0.0)) == pytest.approx(q, abs=1e-12)


def test_epsilon_greedy_shares_among_equals() -> None:
    q = np.array([[1.0, 1.0 + 1e-15, 0.0, -1.0], [0.0, 0.0, 0.0, 2.0]])
    expected = np.array([[0.475, 0.475, 0.025, 0.025], [0.025, 0.025, 0.025, 0.925]])
    assert epsilon_greedy(q, 0.1) == pytest.approx(expected)
    assert epsilon_greedy(q, 1.0) == pytest.approx(np.full((2, 4), 0.25))


@pytest.mark.parametrize("epsilon", [-0.1, 1.5, np.nan])
def test_bad_shares_are_refused(epsilon: float) -> None:
    with pytest.raises(ValueError, match="epsilon is"):
        epsilon_greedy(np.zeros((1, 2)), epsilon)


def test_values_without_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycode.optimal.SWEEPS", 100)
    loop = EpisodicMDP(np.array([[[1.0], [0.0]]]), np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match="value iteration has not settled after 100 sweeps"):
        optimal_action_value(loop)


@pytest.mark.parametrize("last", [[1.7e308, 0.0], [0.0, -1.7e308]])
def test_values_that_overflow_are_refused(last: list[float]) -> None:
    """Two states, one after the other; the second adds the first one's reward to its own."""
    transition = np.zeros((2, 2, 2))
    transition[0, :, 1] = 1
    reward = np.array([last, [sum(last), sum(last)]])
    line = EpisodicMDP(transition, np.array([[0.0, 0.0], [1.0, 1.0]]), reward)
    with pytest.raises(ValueError, match=r"^value iteration overflows in sweep 2; give smaller rewards$"):
        optimal_action_value(line)


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^q of state 1 holds nan; give numbers$"):
        epsilon_greedy(np.array([[0.0, 1.0], [np.nan, 1.0]]), 0.1)


def test_a_value_that_is_a_little_better_is_no_equal() -> None:
    assert epsilon_greedy(np.array([[1.0, 1.0 + 1e-10], [1.001, 1.0]]), 0.0).tolist() == [[0, 1], [1, 0]]
