r"""CartPole: batches of complete episodes from gymnasium's vector environment, which all run in step.

Reward 1 a step; the episode ends when the pole or the cart is beyond its limit, and at the latest after
``HORIZON`` steps. With this cap :math:`T\le500`, so (A2) holds for every policy, time belongs to the
state, and nothing is expected beyond the cap.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HORIZON = 500
ANGLE_LIMIT = 12 * 2 * np.pi / 360  # radians; where the pole counts as fallen

Act = Callable[[NDArray[np.float32]], NDArray[np.int64]]


class Batch(NamedTuple):
    """N complete episodes, the longest of T steps; ``mask`` is true while an episode lasts.

    Beyond its end an episode's rewards are 0, and its states and actions, which are another episode's, are not to be
    used.
    """

    states: NDArray[np.float32]  # (T, N, 4): position, velocity, angle, angular velocity
    actions: NDArray[np.int64]  # (T, N)
    rewards: NDArray[np.float32]  # (T, N)
    mask: NDArray[np.bool_]  # (T, N)

    @property
    def returns(self) -> NDArray[np.float32]:
        r"""The returns :math:`G_0` of the episodes, shape ``(N,)``."""
        return self.rewards.sum(axis=0)


def make(count: int, horizon: int = HORIZON) -> Any:
    """Gymnasium's own vector environment of ``count`` CartPoles that end after ``horizon`` steps at the latest.

    Raises ValueError for a count or a horizon below 1.
    """
    import gymnasium

    for name, value in (("count", count), ("horizon", horizon)):
        if value < 1:
            raise ValueError(f"{name} is {value}; give at least 1")
    return gymnasium.make_vec(
        "CartPole-v1", num_envs=count, vectorization_mode="vector_entry_point", max_episode_steps=horizon
    )


def play(env: Any, act: Act, seed: int | None = None) -> Batch:
    """One episode of each copy in ``env``, from its start to its end; the longest decides how long it takes.

    The step after the last one of an episode only starts the next; that and all later ones are masked.
    ``seed`` sets the environment's generator, which otherwise goes on.
    """
    s_t, _ = env.reset(seed=seed)
    alive = np.ones(env.num_envs, dtype=bool)
    steps = []
    while alive.any():
        a_t = act(s_t)
        s_tp1, r_tp1, terminated, truncated, _ = env.step(a_t)
        steps.append((s_t, a_t, r_tp1, alive))
        alive = alive & ~(terminated | truncated)
        s_t = s_tp1
    states, actions, rewards, mask = (np.stack(part) for part in zip(*steps, strict=True))
    return Batch(states, actions, np.where(mask, rewards, np.float32(0)), mask)


def side_by_side(acts: Sequence[Act]) -> Act:
    """Let several policies act, each for its equal share of the copies, in their order."""

    def act(states: NDArray[np.float32]) -> NDArray[np.int64]:
        shares = np.split(states, len(acts))
        return np.concatenate([one(share) for one, share in zip(acts, shares, strict=True)])

    return act


def returns(act: Act, count: int, seed: Sequence[int], horizon: int = HORIZON) -> NDArray[np.float32]:
    """Returns of ``count`` new episodes, all at once, shape ``(count,)``.

    ``seed``: several numbers, such as that of a training and one for the purpose, which decide the starts.
    """
    start = int(np.random.SeedSequence(seed).generate_state(1)[0])
    return play(make(count, horizon), act, seed=start).returns
