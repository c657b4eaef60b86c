r"""Gymnasium's tabular environments as episodic decision processes.

The process is the table ``env.unwrapped.P``: an episode ends where the table says so. Gymnasium's time limit is
not part of it; with the limit the objective would be another one.
"""

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from pycode.mdp import SUM_TOLERANCE, EpisodicMDP

# Name here: gymnasium's id and options.
ENVIRONMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "frozenlake4": ("FrozenLake-v1", {"map_name": "4x4", "is_slippery": True}),
    "frozenlake8": ("FrozenLake-v1", {"map_name": "8x8", "is_slippery": True}),
    "cliffwalking": ("CliffWalking-v1", {}),
    "taxi": ("Taxi-v4", {}),
}


@cache
def load(name: str) -> EpisodicMDP:
    """The process of one of the four environments of :data:`ENVIRONMENTS`, by its name there.

    Raises ValueError for another name.
    """
    if name not in ENVIRONMENTS:
        raise ValueError(f"there is no environment {name!r} here; take one of {', '.join(ENVIRONMENTS)}")
    identifier, options = ENVIRONMENTS[name]
    return read(make(identifier, **options))


def make(identifier: str, **options: Any) -> Any:
    """Gymnasium's environment; raises ValueError with one line for an unknown id or options that it refuses."""
    import gymnasium

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the error says the same
        try:
            return gymnasium.make(identifier, **options)
        except gymnasium.error.Error as error:
            raise ValueError(f"gymnasium has no environment {identifier!r}: {error}") from error
        except (KeyError, TypeError, ValueError, ImportError) as error:
            given = ", ".join(f"{name}={value!r}" for name, value in options.items())
            raise ValueError(f"{identifier} cannot be made with {given}: {error}") from error


def read(env: Any) -> EpisodicMDP:
    r"""Read a tabular environment's ``P`` and start distribution into a process.

    ``P[s][a]`` lists ``(probability, s', reward, done)``. The flag of the transition *into* a state decides that the
    episode ends there; the rows of terminal states, which loop or lead back to the start, are never read.
    States that no policy reaches from the start are left out. Where the start is drawn from several states
    (Taxi: 300), :math:`s_0` is one state more, ``draw``, from which every action leads, with reward 0, to a start so
    drawn: :math:`J` is then the mean over the starts, and the draw counts as one step of :math:`T`.
    The other states keep gymnasium's numbers as their names.
    Raises ValueError for an environment without such a table, for rows and starts that do not sum to 1, and for
    tables whose states do not all have the same actions.
    """
    base = getattr(env, "unwrapped", env)
    P, starts = getattr(base, "P", None), getattr(base, "initial_state_distrib", None)
    if not isinstance(P, Mapping) or starts is None:
        raise ValueError(f"{base} has no table P with a start distribution; give a tabular toy-text environment")
    if abs(np.sum(starts) - 1) > SUM_TOLERANCE or np.min(starts) < 0:
        raise ValueError(f"the start distribution of {base} sums to {np.sum(starts):.12g}; it must be a probability")
    actions = P[int(np.argmax(starts))].keys() if int(np.argmax(starts)) in P else ()
    first = [int(s) for s in np.flatnonzero(starts)]
    drawn = len(first) > 1
    index, waiting = {s: i for i, s in enumerate(first)}, first.copy()
    while waiting:
        s = waiting.pop()
        if s not in P or P[s].keys() != actions:
            raise ValueError(f"the table P of {base} has no row for state {s} with the actions {list(actions)}")
        for outcomes in P[s].values():
            for probability, successor, _, done in outcomes:
                if probability > 0 and not done and successor not in index:
                    index[int(successor)] = len(index)
                    waiting.append(int(successor))
    n, m = len(index) + drawn, len(P[next(iter(index))])
    transition, exit_, reward = np.zeros((n, m, n)), np.zeros((n, m)), np.zeros((n, m))
    for s, i in index.items():
        for a, outcomes in P[s].items():
            for probability, successor, r, done in outcomes:
                reward[i, a] += probability * r
                if done:
                    exit_[i, a] += probability
                elif probability > 0:
                    transition[i, a, index[successor]] += probability
    if drawn:
        transition[-1, :, : len(first)] = starts[first]
    names = [*map(str, index), *(["draw"] if drawn else [])]
    return EpisodicMDP(transition, exit_, reward, start=n - 1 if drawn else 0, names=tuple(names))
