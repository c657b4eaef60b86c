r"""A square grid: four moves, reward -1 a step, exit at the far corner, in sparse rows at any size."""

import numpy as np
import scipy.sparse as sp

from pycode.mdp import Array
from pycode.sparse import SparseMDP

MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))  # rows and columns: up, down, left, right
UP, DOWN, LEFT, RIGHT = range(4)


def gridworld(k: int, slip: float = 0.0) -> SparseMDP:
    r"""The process of :math:`k^2-1` states, state ``k * row + column``; from the first to the exit, the last cell.

    With probability ``slip`` the move is one of the four at random; one against the wall stays.
    Raises ValueError for fewer than two cells a side and for a slip outside [0, 1).
    """
    _require_cells(k)
    if not 0 <= slip < 1:
        raise ValueError(f"slip is {slip}; give a probability below 1")
    n = k * k - 1
    row, column = np.divmod(np.arange(n), k)
    moved = [np.clip(row + down, 0, k - 1) * k + np.clip(column + right, 0, k - 1) for down, right in MOVES]
    target = np.stack(moved, axis=1)  # (n, 4), the exit being cell n
    chance = (1 - slip) * np.eye(4) + slip / 4  # of each move, by action
    states, actions, moves = np.indices((n, 4, 4)) if slip > 0 else _sure(n)
    cells, chances = target[states, moves], chance[actions, moves]
    rows = 4 * states + actions
    inside = cells < n
    exit_ = np.bincount(rows[~inside], weights=chances[~inside], minlength=4 * n).reshape(n, 4).astype(np.float64)
    transition = sp.csr_array((chances[inside], (rows[inside], cells[inside])), shape=(4 * n, n))
    return SparseMDP(transition, exit_, np.full((n, 4), -1.0))


def _require_cells(k: int) -> None:
    if k < 2:
        raise ValueError(f"a grid of side {k} has no state; give at least 2 cells a side")


def _sure(n: int) -> Array:
    """Indices of state, action and the move that is the action."""
    states, actions = np.indices((n, 4))
    return np.stack([states, actions, actions])


def parameters(k: int, drift: float, noise: float, rng: np.random.Generator) -> Array:
    r"""Softmax parameters of shape ``(n, 4)``: N(0, noise²), and ``drift`` more for the moves down and right.

    Raises ValueError for fewer than two cells a side.
    """
    _require_cells(k)
    theta = noise * rng.normal(size=(k * k - 1, 4))
    theta[:, [DOWN, RIGHT]] += drift
    return theta
