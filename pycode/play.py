"""Episodes played in a Gymnasium environment itself, step by step, under a policy on its table's states."""

from bisect import bisect_right
from typing import Any, NamedTuple

import numpy as np

from pycode.mdp import Array, EpisodicMDP, require_termination


class Played(NamedTuple):
    """What happened in each of N episodes."""

    returns: Array  # sum of the rewards, shape (N)
    visits: Array  # steps that began in each nonterminal state, shape (N, n)


def play(env: Any, mdp: EpisodicMDP, pi: Array, count: int, rng: np.random.Generator) -> Played:
    r"""Play ``count`` episodes in the environment whose table `pycode.environments.read` gave as ``mdp``.

    ``pi`` is :math:`\pi(a\mid s)`, shape ``(n, m)``. An episode ends where the environment terminates or truncates it:
    a time limit is in force if ``env`` has one. Raises ValueError for a process whose start is a state of its own,
    which the environment does not have, for a policy under which an episode may never end, and for an environment
    that meets a state which is not in the table.
    """
    require_termination(mdp, pi)
    if count < 1:
        raise ValueError(f"count is {count}; give at least 1 episode")
    if not mdp.names[mdp.start].isdigit():
        raise ValueError(
            f"the start {mdp.names[mdp.start]!r} is no state of the environment; play one with a fixed start"
        )
    index = {int(name): s for s, name in enumerate(mdp.names)}
    cumulative = np.cumsum(pi, axis=-1)[:, :-1].tolist()
    played = Played(np.zeros(count), np.zeros((count, len(pi))))
    env.reset(seed=int(rng.integers(2**31)))
    for episode in range(count):
        state, _ = env.reset()
        steps, done = [], False
        while not done:
            s = index.get(int(state), -1)
            if s < 0:
                raise ValueError(
                    f"state {state} of {env} is not in the table; give the environment that it was read from"
                )
            state, reward, terminated, truncated, _ = env.step(bisect_right(cumulative[s], rng.random()))
            steps.append(s)
            played.returns[episode] += reward
            done = terminated or truncated
        played.visits[episode] = np.bincount(steps, minlength=len(pi))
    return played
