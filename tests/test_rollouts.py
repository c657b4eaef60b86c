"""Sampled episodes: their bookkeeping exactly, their means within standard errors."""

from itertools import pairwise

import numpy as np
import pytest

from pycode.corridor import corridor, policy
from pycode.mdp import EpisodicMDP, mean_length, state_value, visitation
from pycode.policy_gradient import softmax_policy, theorem_sum
from pycode.rollouts import episodes, reinforce, returns

COUNT = 4000


def process() -> tuple[EpisodicMDP, np.ndarray]:
    rng = np.random.default_rng(5)
    outcomes = rng.dirichlet(np.ones(4), size=(3, 2))
    return EpisodicMDP(outcomes[..., :3], outcomes[..., 3], rng.normal(size=(3, 2)), start=1), rng.normal(size=(3, 2))


def standard_errors(sample: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return abs(sample.mean(axis=0) - mean) / (sample.std(axis=0, ddof=1) / np.sqrt(len(sample)))


def test_lengths_visits_and_returns_have_their_means() -> None:
    mdp, theta = process()
    pi = softmax_policy(theta)
    steps = episodes(mdp, pi, COUNT, np.random.default_rng(0))
    length, visits = np.zeros(COUNT), np.zeros((COUNT, 3))
    for step in steps:
        length[step.episode] += 1
        visits[step.episode, step.s_t] += 1
    assert standard_errors(length, mean_length(mdp, pi)[mdp.start]) < 4
    assert (standard_errors(visits, visitation(mdp, pi)) < 4).all()
    assert standard_errors(returns(steps), state_value(mdp, pi)[mdp.start]) < 4


def test_reinforce_has_the_gradient_as_its_mean() -> None:
    mdp, theta = process()
    pi = softmax_policy(theta)
    estimate = reinforce(pi, episodes(mdp, pi, COUNT, np.random.default_rng(1)))
    assert (standard_errors(estimate, theorem_sum(mdp, theta)) < 4).all()


def test_reinforce_is_the_sum_over_the_steps_of_one_episode() -> None:
    mdp, theta = process()
    pi = softmax_policy(theta)
    steps = episodes(mdp, pi, 20, np.random.default_rng(2))
    estimate = reinforce(pi, steps)
    for episode in range(20):
        path = [(s, a, r) for step in steps for e, s, a, r in zip(*step, strict=True) if e == episode]
        expected = np.zeros_like(pi)
        for t, (s, a, _) in enumerate(path):
            G_t = sum(r for _, _, r in path[t:])
            expected[s] -= G_t * pi[s]
            expected[s, a] += G_t
        assert estimate[episode] == pytest.approx(expected, abs=1e-12)


def test_episodes_start_at_the_start_and_follow_the_table() -> None:
    mdp = corridor()
    steps = episodes(mdp, policy(0.5), 50, np.random.default_rng(3))
    assert (steps[0].s_t == mdp.start).all()
    for now, following in pairwise(steps):
        position = np.searchsorted(now.episode, following.episode)
        moved = mdp.transition[now.s_t[position], now.a_t[position], following.s_t]
        assert (moved == 1).all()
    assert (-returns(steps)).min() >= 3


def test_a_policy_that_may_never_end_is_refused() -> None:
    with pytest.raises(ValueError, match="the episode may never end"):
        episodes(corridor(), policy(1.0), 1, np.random.default_rng(0))
