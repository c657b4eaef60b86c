"""Gymnasium's tabular environments: known sizes and optima, the traps of the tables, and what is refused."""

from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest

from pycode.environments import ENVIRONMENTS, load, make, read
from pycode.mdp import EpisodicMDP, state_value


def optimum(mdp: EpisodicMDP) -> float:
    """Largest expected return, by value iteration."""
    v = np.zeros(len(mdp.exit))
    for _ in range(3000):
        v = (mdp.reward + mdp.transition @ v).max(axis=-1)
    return float(v[mdp.start])


@pytest.mark.parametrize(
    ("name", "states", "actions", "start"),
    [
        ("frozenlake4", 16 - 5, 4, "0"),  # four holes and the goal are terminal
        ("frozenlake8", 64 - 11, 4, "0"),
        ("cliffwalking", 3 * 12 + 1, 4, "36"),
        ("taxi", 400 + 1, 6, "draw"),  # the 400 that gymnasium documents, and the draw of the start
    ],
)
def test_sizes_and_starts(name: str, states: int, actions: int, start: str) -> None:
    mdp = load(name)
    assert mdp.exit.shape == (states, actions)
    assert mdp.names[mdp.start] == start


def test_the_best_return_on_the_frozen_lake_without_a_time_limit() -> None:
    assert optimum(load("frozenlake4")) == pytest.approx(14 / 17, abs=1e-9)  # 0.8235


def test_the_best_walk_along_the_cliff_takes_13_steps() -> None:
    assert optimum(load("cliffwalking")) == -13


def test_the_best_taxi_return_is_the_mean_over_the_starts() -> None:
    table = gymnasium.make("Taxi-v4").unwrapped
    v = np.zeros(500)
    for _ in range(60):
        v = np.array(
            [
                max(sum(p * (r + (not done) * v[x]) for p, x, r, done in table.P[s][a]) for a in range(6))
                for s in table.P
            ]
        )
    assert optimum(load("taxi")) == pytest.approx(table.initial_state_distrib @ v)


@pytest.mark.parametrize("name", ["frozenlake4", "taxi"])
def test_the_value_is_what_gymnasium_pays(name: str) -> None:
    """Uniform policy on the lake; on Taxi, where that takes ten thousand steps, the first action's reward only."""
    mdp, rng = load(name), np.random.default_rng(0)
    identifier, options = ENVIRONMENTS[name]
    env = gymnasium.make(identifier, **options).unwrapped
    env.reset(seed=0)
    paid = []
    for _ in range(1500):
        env.reset()
        total, done = 0.0, False
        while not done:
            _, reward, done, _, _ = env.step(int(rng.integers(mdp.exit.shape[1])))
            total += float(reward)
            done = done or name == "taxi"
        paid.append(total)
    uniform = np.full(mdp.exit.shape, 1 / mdp.exit.shape[1])
    if name == "taxi":
        expected = (uniform[0] @ mdp.reward.T) @ mdp.transition[mdp.start, 0]
    else:
        expected = state_value(mdp, uniform)[mdp.start]
    assert abs(np.mean(paid) - expected) <= 4 * np.std(paid) / np.sqrt(len(paid))


def table_environment(P: dict[int, Any], starts: list[float]) -> Any:
    base = SimpleNamespace(P=P, initial_state_distrib=np.array(starts))
    return SimpleNamespace(unwrapped=base)


def test_rows_of_terminal_and_unreachable_states_are_never_read() -> None:
    """State 1 is terminal and its row leads back to the start; nothing leads to state 2."""
    P = {
        0: {0: [(0.5, 1, 3.0, True), (0.5, 0, 1.0, False)]},
        1: {0: [(1.0, 0, 100.0, False)]},
        2: {0: [(1.0, 0, 100.0, False)]},
    }
    mdp = read(table_environment(P, [1, 0, 0]))
    assert mdp.names == ("0",)
    assert mdp.transition.tolist() == [[[0.5]]]
    assert mdp.exit.tolist() == [[0.5]]
    assert mdp.reward.tolist() == [[2.0]]


def test_a_drawn_start_is_one_state_more() -> None:
    P = {s: {0: [(1.0, s, 4.0 * s, True)]} for s in (0, 1)}
    mdp = read(table_environment(P, [0.25, 0.75]))
    assert mdp.names == ("0", "1", "draw")
    assert state_value(mdp, np.ones((3, 1)))[mdp.start] == pytest.approx(0.75 * 4)


def test_rows_that_do_not_sum_to_1_are_named_by_gymnasiums_number() -> None:
    P = {7: {0: [(1.0, 7, 0.0, True)], 1: [(0.5, 7, 0.0, False), (0.4, 7, 0.0, True)]}}
    with pytest.raises(ValueError, match=r"state 7, action 1: .* sum to 0\.9 "):
        read(table_environment(P, [0, 0, 0, 0, 0, 0, 0, 1]))


@pytest.mark.parametrize(
    ("P", "starts", "message"),
    [
        ({0: {0: [(1.0, 0, 0.0, True)]}}, [0.5], "start distribution of .* sums to 0.5; it must be a probability"),
        ({0: {0: [(1.0, 0, 0.0, True)]}}, [0.0], "start distribution of .* sums to 0; it must be a probability"),
        ({}, [1.0], "no row for state 0"),
        ({0: {0: [(1.0, 3, 0.0, False)]}}, [1.0], r"no row for state 3 with the actions \[0\]"),
        ({0: {0: [(1.0, 1, 0.0, False)]}, 1: {0: [], 1: []}}, [1.0, 0.0], r"no row for state 1 with the actions \[0\]"),
        ([[(1.0, 0, 0.0, True)]], [1.0], "has no table P"),
    ],
)
def test_tables_with_holes_are_refused(P: Any, starts: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(table_environment(P, starts))


def test_an_environment_without_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="has no table P with a start distribution; give a tabular"):
        read(gymnasium.make("CartPole-v1"))


@pytest.mark.parametrize(
    ("identifier", "options", "message"),
    [
        ("FrozenLake-v1", {"map_name": "9x9"}, "FrozenLake-v1 cannot be made with map_name='9x9'"),
        ("FrozenLake-v1", {"holes": 3}, r"FrozenLake-v1 cannot be made with holes=3: .*holes"),
        ("Lake-v1", {}, "no environment 'Lake-v1'"),
        ("no_such_module:Lake-v1", {}, "no_such_module:Lake-v1 cannot be made with .*no_such_module"),
        ("FrozenLake-v1", {"max_episode_steps": 0}, "FrozenLake-v1 cannot be made with max_episode_steps=0"),
        ("FrozenLake-v9", {}, "no environment 'FrozenLake-v9': .*provides versioned environments"),
        ("Taxi-v3", {}, "no environment 'Taxi-v3': .*use `Taxi-v4` instead"),
        ("not an id", {}, "no environment 'not an id': Malformed"),
    ],
)
def test_what_gymnasium_cannot_make_is_named(identifier: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(identifier, **options)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no environment 'lake' here; take one of frozenlake4"):
        load("lake")
