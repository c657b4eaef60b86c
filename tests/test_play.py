"""Episodes played in Gymnasium: what is recorded is what happened, and a time limit is in force if there is one."""

import numpy as np
import pytest

from pycode.environments import load, make
from pycode.mdp import mean_length, state_value
from pycode.play import play

LAKE = {"map_name": "4x4", "is_slippery": True}


class Recorder:
    """An environment that keeps what it said."""

    def __init__(self, env):
        self.env, self.states, self.paid, self.ends = env, [], [], []

    def reset(self, **options):
        state, info = self.env.reset(**options)
        self.now = int(state)
        return state, info

    def step(self, action):
        self.states.append(self.now)
        state, reward, terminated, truncated, info = self.env.step(action)
        self.now = int(state)
        self.paid.append(reward)
        self.ends.append(terminated or truncated)
        return state, reward, terminated, truncated, info


def uniform(mdp):
    return np.full(mdp.exit.shape, 1 / mdp.exit.shape[1])


def test_returns_and_visits_are_those_of_the_environment() -> None:
    lake, env = load("frozenlake4"), Recorder(make("FrozenLake-v1", **LAKE))
    returns, visits = play(env, lake, uniform(lake), 30, np.random.default_rng(0))
    assert sum(env.ends) == 30
    first = np.cumsum([0, *env.ends[:-1]])
    for episode in range(30):
        steps = [lake.names.index(str(s)) for s, e in zip(env.states, first, strict=True) if e == episode]
        assert visits[episode].tolist() == np.bincount(steps, minlength=11).tolist()
        assert returns[episode] == sum(r for r, e in zip(env.paid, first, strict=True) if e == episode)


def test_episodes_end_at_the_limit_if_there_is_one() -> None:
    """Always up: the walker slips along the top row or stays, and no limit but Gymnasium's ends it soon."""
    lake = load("frozenlake4")
    up = np.tile([0.005, 0.005, 0.005, 0.985], (11, 1))
    limited = play(make("FrozenLake-v1", **LAKE, max_episode_steps=7), lake, up, 20, np.random.default_rng(0))
    free = play(make("FrozenLake-v1", **LAKE).unwrapped, lake, up, 20, np.random.default_rng(0))
    assert limited.visits.sum(axis=-1).max() == 7
    assert free.visits.sum(axis=-1).max() > 7


def test_means_are_those_of_the_table() -> None:
    lake = load("frozenlake4")
    pi = np.random.default_rng(3).dirichlet(np.ones(4), size=11)
    returns, visits = play(make("FrozenLake-v1", **LAKE).unwrapped, lake, pi, 1500, np.random.default_rng(1))
    for sample, mean in (
        (returns, state_value(lake, pi)[lake.start]),
        (visits.sum(axis=-1), mean_length(lake, pi)[lake.start]),
    ):
        assert abs(sample.mean() - mean) / (sample.std(ddof=1) / np.sqrt(1500)) < 4


def test_a_policy_that_may_never_end_and_one_of_another_shape_are_refused() -> None:
    cliff = load("cliffwalking")
    up = np.tile([1.0, 0.0, 0.0, 0.0], (len(cliff.exit), 1))
    with pytest.raises(ValueError, match="the episode may never end"):
        play(make("CliffWalking-v1").unwrapped, cliff, up, 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"the policy has shape \(16, 4\)"):
        play(make("FrozenLake-v1", **LAKE), load("frozenlake4"), np.full((16, 4), 0.25), 1, np.random.default_rng(0))


def test_another_environment_and_no_episodes_are_refused() -> None:
    lake = load("frozenlake4")
    other = make("FrozenLake-v1", map_name="8x8", is_slippery=True)
    with pytest.raises(ValueError, match="is not in the table; give the environment that it was read from"):
        play(other, lake, uniform(lake), 50, np.random.default_rng(0))
    with pytest.raises(ValueError, match="count is 0; give at least 1 episode"):
        play(other, lake, uniform(lake), 0, np.random.default_rng(0))


def test_a_start_that_is_no_state_of_the_environment_is_refused() -> None:
    taxi = load("taxi")
    with pytest.raises(ValueError, match="the start 'draw' is no state of the environment"):
        play(make("Taxi-v4"), taxi, uniform(taxi), 1, np.random.default_rng(0))
