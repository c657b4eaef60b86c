r"""The finite episodic process with few successors a state: tables in sparse rows, everything in linear time.

What `pycode.mdp.EpisodicMDP` is for hundreds of states this is for hundreds of thousands. Row ``s * m + a`` of the
transitions holds :math:`p(\cdot\mid s,a)`.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order

from pycode.mdp import SUM_TOLERANCE, Array, EpisodicMDP, finite_table


def _reached(graph: sp.csr_array, origin: int) -> Array:
    """Which nodes some path from the origin leads to, shape ``(nodes,)``."""
    mask = np.zeros(graph.shape[0], dtype=bool)
    mask[breadth_first_order(graph, origin, return_predecessors=False)] = True
    return mask


def _ends(graph: sp.csr_array, leaves: Array) -> Array:
    """From which states some path leads to one that may leave: one search backwards from the exit, node n."""
    n = len(leaves)
    back = sp.csr_array(graph.T)
    doors = np.flatnonzero(leaves)
    indptr = np.append(back.indptr, back.indptr[-1] + len(doors))
    data, indices = np.append(back.data, np.ones(len(doors))), np.append(back.indices, doors)
    return _reached(sp.csr_array((data, indices, indptr), shape=(n + 1, n + 1)), n)[:n]


@dataclass(frozen=True, eq=False)
class SparseMDP:
    r"""Nonterminal states :math:`\mathcal S` (n of them), actions (m), one terminal state left out; sparse rows.

    ``transition``: :math:`p(s'\mid s,a)`, a scipy.sparse array of shape ``(n * m, n)``, row ``s * m + a``;
    ``exit``, ``reward``, ``start``, ``names`` as in `pycode.mdp.EpisodicMDP`. On the page: ``sec:pg``, Setting.
    Raises ValueError for shapes that do not fit, values that are not finite, rows that are not probabilities, a start
    that is not the index of a state, a state that no policy reaches, and one from which no policy ends the episode.
    """

    transition: sp.csr_array
    exit: NDArray[np.float64]
    reward: NDArray[np.float64]
    start: int = 0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not sp.issparse(self.transition):
            raise ValueError(
                f"transition is a {type(self.transition).__name__}; give a scipy.sparse array, or from_dense"
            )
        for name in ("transition", "exit", "reward"):
            if np.iscomplexobj(getattr(self, name)):
                raise ValueError(f"{name} is complex; give real numbers")
        rows = sp.csr_array(self.transition, dtype=np.float64, copy=True)
        rows.sum_duplicates()
        rows.eliminate_zeros()
        finite_table(rows.data, "transition")
        rows.data.setflags(write=False)
        object.__setattr__(self, "transition", rows)
        for name in ("exit", "reward"):
            object.__setattr__(self, name, finite_table(getattr(self, name), name))
        if self.exit.ndim != 2 or self.exit.size == 0:
            raise ValueError(f"exit has shape {self.exit.shape}; give (n, m): one entry for each state and action")
        n, m = self.exit.shape
        if rows.shape != (n * m, n) or self.reward.shape != (n, m):
            raise ValueError(
                f"transition has shape {rows.shape} and reward {self.reward.shape}; "
                f"with exit of shape {(n, m)} they must be {(n * m, n)} and {(n, m)}"
            )
        whole = isinstance(self.start, int | np.integer) and not isinstance(self.start, bool)
        if not (whole and 0 <= self.start < n):
            raise ValueError(f"start is {self.start}; give the index of a nonterminal state, 0 to {n - 1}")
        if self.names and len(self.names) != n:
            raise ValueError(f"there are {len(self.names)} names for {n} states; give one for each state")
        self._require_probabilities()
        self._require_use()

    def _require_probabilities(self) -> None:
        m = self.exit.shape[1]
        least = np.minimum(self.exit.ravel(), 0)
        entries = np.repeat(np.arange(len(least)), np.diff(self.transition.indptr))
        negative = self.transition.data < 0
        np.minimum.at(least, entries[negative], self.transition.data[negative])
        total = self.transition.sum(axis=1) + self.exit.ravel()
        for row in np.flatnonzero((least < 0) | (abs(total - 1) > SUM_TOLERANCE)):
            raise ValueError(
                f"state {self.name(row // m)}, action {row % m}: the probabilities, exit included, sum to "
                f"{total[row]:.12g} and the least is {least[row]:.6g}; make all of them nonnegative, with sum 1"
            )

    def _require_use(self) -> None:
        graph = self.by_state(self.transition.data)
        for s in np.flatnonzero(~_reached(graph, int(self.start))):
            raise ValueError(f"no policy leads from the start to state {self.name(s)}; leave that state out")
        for s in np.flatnonzero(~_ends(graph, self.exit.max(axis=1) > 0)):
            raise ValueError(
                f"no policy leads from state {self.name(s)} to the end; make it terminal, let steps into it exit"
            )

    def name(self, s: int | np.integer) -> str:
        """What messages call the state of index s."""
        return self.names[s] if self.names else str(s)

    def by_state(self, data: Array) -> sp.csr_array:
        """Square array of shape ``(n, n)`` that has all entries of a state's rows in one row, doubles not summed."""
        n, m = self.exit.shape
        return sp.csr_array((data, self.transition.indices, self.transition.indptr[::m].copy()), shape=(n, n))


def from_dense(mdp: EpisodicMDP) -> SparseMDP:
    """The same process in sparse rows; raises ValueError for what is no EpisodicMDP."""
    if not isinstance(mdp, EpisodicMDP):
        raise ValueError(
            f"the process is of type {type(mdp).__name__}, not EpisodicMDP; read it first: pycode.environments.read"
        )
    n, m = mdp.exit.shape
    rows = sp.csr_array(mdp.transition.reshape(n * m, n))
    return SparseMDP(rows, mdp.exit, mdp.reward, mdp.start, mdp.names)


def policy_transition(process: SparseMDP, pi: Array) -> sp.csr_array:
    r"""One step from state to state, :math:`P(s,x)=\sum_a\pi(a\mid s)\,p(x\mid s,a)`, sparse of shape ``(n, n)``.

    Raises ValueError that names a state from which the episode may never end under the policy (assumption A2).
    On the page: ``eq:definitions``.
    """
    n, m = pi.shape
    mixture = sp.csr_array((pi.ravel(), np.arange(n * m), np.arange(0, n * m + 1, m)), shape=(n, n * m))
    P = sp.csr_array(mixture @ process.transition)
    # What only numbers wider than a double hold apart from 0 does not count.
    steps, ends = P.astype(np.float64), (pi * process.exit).sum(axis=1).astype(np.float64)
    steps.eliminate_zeros()
    for s in np.flatnonzero(~_ends(steps, ends > 0)):
        raise ValueError(
            f"from state {process.name(s)} the episode may never end under this policy; give positive probability "
            "to the actions on a path to the exit"
        )
    return P
