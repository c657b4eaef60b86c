"""Batches of episodes against gymnasium's single environment stepped by hand; bookkeeping of masks and rewards."""

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray

from pycode.cartpole import ANGLE_LIMIT, HORIZON, Batch, make, play, returns, side_by_side


def at_random(rng: np.random.Generator) -> object:
    return lambda states: rng.integers(2, size=len(states))


def by_hand(states: NDArray[np.float32], actions: NDArray[np.int64]) -> tuple[list[NDArray[np.float32]], bool]:
    """States that the single environment shows when it is put into the first state and given the actions."""
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=0)
    env.unwrapped.state = states[0].astype(np.float64)
    seen, over = [states[0]], False
    for a in actions:
        assert not over
        s, r, terminated, truncated, _ = env.step(int(a))
        assert r == 1
        seen.append(s)
        over = terminated or truncated
    return seen[:-1], over


def test_each_episode_is_that_of_the_single_environment_and_ends_where_it_does() -> None:
    batch = play(make(6), at_random(np.random.default_rng(0)), seed=1)
    lengths = batch.mask.sum(axis=0)
    assert len(set(lengths)) > 3
    for i, T in enumerate(lengths):
        states, over = by_hand(batch.states[:T, i], batch.actions[:T, i])
        assert over
        # The vector environment starts from the unrounded state; a few steps magnify the rounding to float32.
        assert batch.states[:T, i] == pytest.approx(np.array(states), abs=1e-5)


def test_mask_is_true_up_to_the_end_and_rewards_are_one_there() -> None:
    batch = play(make(6), at_random(np.random.default_rng(0)), seed=1)
    lengths = batch.mask.sum(axis=0)
    T = lengths.max()
    assert batch.states.shape == (T, 6, 4)
    assert batch.actions.shape == batch.rewards.shape == batch.mask.shape == (T, 6)
    assert (batch.mask == (np.arange(T)[:, None] < lengths)).all()
    assert (batch.rewards == batch.mask).all()
    assert (batch.returns == lengths).all()


def upright(states: NDArray[np.float32]) -> NDArray[np.int64]:
    """A linear rule that keeps the pole up and the cart near the middle."""
    return (states @ np.array([0.5, 1.0, 20.0, 3.0]) > 0).astype(np.int64)


@pytest.mark.parametrize("horizon", [3, HORIZON, 700])
def test_cap_ends_the_episode(horizon: int) -> None:
    batch = play(make(3, horizon), upright, seed=0)
    assert (batch.returns == horizon).all()
    assert batch.mask.all()


def test_batches_begin_anew_and_the_seed_decides_all() -> None:
    def two(env: object) -> list[Batch]:
        rng = np.random.default_rng(0)
        return [play(env, at_random(rng), seed=5), play(env, at_random(rng))]

    (first, second), again = two(make(4)), two(make(4))
    assert not np.array_equal(first.states[0], second.states[0])
    for batch, same in zip((first, second), again, strict=True):
        assert (abs(batch.states[0]) <= 0.05).all()
        assert np.array_equal(batch.states, same.states)
        assert np.array_equal(batch.actions, same.actions)


def left(states: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.zeros(len(states), dtype=np.int64)


def test_new_episodes_depend_on_all_numbers_of_their_seed() -> None:
    first = returns(left, 30, [5, 1])
    assert np.array_equal(first, returns(left, 30, [5, 1]))
    assert not np.array_equal(first, returns(left, 30, [5, 2]))
    assert not np.array_equal(first, returns(left, 30, [6, 1]))
    assert (returns(left, 30, [5, 1], horizon=7) == 7).all()


def test_policies_side_by_side_have_their_own_copies() -> None:
    both = returns(side_by_side([left, upright]), 60, [5, 3]).reshape(2, 30)
    # Pushed to one side only, the pole falls after 8 to 11 steps.
    assert set(both[0]) <= {8.0, 9.0, 10.0, 11.0}
    assert (both[1] == HORIZON).all()


def test_limit_of_the_angle_is_gymnasiums() -> None:
    assert make(1).theta_threshold_radians == ANGLE_LIMIT


@pytest.mark.parametrize(("arguments", "message"), [((0,), "count is 0; give at least 1"), ((2, 0), "horizon is 0")])
def test_what_cannot_be_made_is_named(arguments: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(*arguments)
