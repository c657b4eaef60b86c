r"""The finite episodic Markov decision process: values, visits and episode lengths by linear algebra.

A policy :math:`\pi(a\mid s)` is an array of shape ``(..., n, m)``; leading axes, where a function takes them, run over
policies, as in numpy's linear algebra. A complex policy passes through every function but :func:`tail`, so that
a derivative can be taken by a complex step.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pycode.elimination import Array, Elimination, eliminate

EPS = float(np.finfo(np.float64).eps)
SUM_TOLERANCE = 1e-12  # printed tables round each probability to one unit in the last place


def finite_table(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Read-only float64 copy of a table with finite real entries."""
    if np.iscomplexobj(values):
        raise ValueError(f"{name} holds complex numbers; give real ones")
    table = np.array(values, dtype=np.float64)
    if not np.isfinite(table).all():
        raise ValueError(f"{name} holds a value that is not finite; give finite numbers")
    table.setflags(write=False)
    return table


def _connected(edges: Array, seeds: Array) -> Array:
    """Whether a path leads from one of the seeds to each state; ``edges[s, x]`` is a step from s to x."""
    reached = fresh = seeds
    while fresh.any():
        fresh = edges[fresh].any(axis=0) & ~reached
        reached = reached | fresh
    return reached


@dataclass(frozen=True, eq=False)
class EpisodicMDP:
    r"""Nonterminal states :math:`\mathcal S` (n of them), actions :math:`\mathcal A` (m), one terminal state left out.

    ``transition``: :math:`p(s'\mid s,a)` over nonterminal :math:`s'`, shape ``(n, m, n)``;
    ``exit``: probability that the step ends the episode, shape ``(n, m)``;
    ``reward``: :math:`r(s,a)=\sum_{s',r}p(s',r\mid s,a)\,r`, shape ``(n, m)``, where :math:`s'` may be terminal;
    ``start``: index of :math:`s_0`; ``names``: what messages call the states, their indices unless given.
    On the page: ``sec:pg``, Setting. Raises ValueError for shapes that do not fit, values that are not finite,
    rows that are not probabilities, a start that is not the index of a state, and a state that no policy reaches
    from the start, or from which none reaches the end.
    """

    transition: NDArray[np.float64]
    exit: NDArray[np.float64]
    reward: NDArray[np.float64]
    start: int = 0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("transition", "exit", "reward"):
            object.__setattr__(self, name, finite_table(getattr(self, name), name))
        if self.exit.ndim != 2 or self.exit.size == 0:
            raise ValueError(f"exit has shape {self.exit.shape}; give (n, m): one entry for each state and action")
        n, m = self.exit.shape
        if self.transition.shape != (n, m, n) or self.reward.shape != (n, m):
            raise ValueError(
                f"transition has shape {self.transition.shape} and reward {self.reward.shape}; "
                f"with exit of shape {(n, m)} they must be {(n, m, n)} and {(n, m)}"
            )
        if isinstance(self.start, bool) or not (isinstance(self.start, int | np.integer) and 0 <= self.start < n):
            raise ValueError(f"start is {self.start}; give the index of a nonterminal state, 0 to {n - 1}")
        if not self.names:
            object.__setattr__(self, "names", tuple(map(str, range(n))))
        if len(self.names) != n:
            raise ValueError(f"there are {len(self.names)} names for {n} states; give one for each state")
        outcomes = np.concatenate([self.transition, self.exit[..., None]], axis=-1)
        for s, a in np.argwhere((outcomes.min(axis=-1) < 0) | (abs(outcomes.sum(axis=-1) - 1) > SUM_TOLERANCE)):
            raise ValueError(
                f"state {self.names[s]}, action {a}: the probabilities, exit included, sum to "
                f"{outcomes[s, a].sum():.12g} and the least is {outcomes[s, a].min():.6g}; "
                "make all of them nonnegative, with sum 1"
            )
        edges: Array = np.any(self.transition > 0, axis=1)
        for s in np.flatnonzero(~_connected(edges, np.eye(n, dtype=bool)[self.start])):
            raise ValueError(f"no policy leads from the start to state {self.names[s]}; leave that state out")
        for s in np.flatnonzero(~_connected(edges.T, np.any(self.exit > 0, axis=1))):
            raise ValueError(
                f"no policy leads from state {self.names[s]} to the end; make it terminal, let steps into it exit"
            )

    def discounted(self, gamma: float) -> "EpisodicMDP":
        r"""The process that goes on after each step with probability :math:`\gamma` only, and else ends.

        Its undiscounted :math:`v`, :math:`q`, :math:`\eta` are the discounted :math:`v_\gamma`, :math:`q_\gamma`,
        :math:`\eta_\gamma=\sum_k\gamma^k\Pr(s_0\to s,k,\pi)` of this one. On the page: ``eq:discounted``.
        Raises ValueError for :math:`\gamma` outside :math:`(0,1]`: at 0 no state but the first one counts.
        """
        if not 0 < gamma <= 1:
            raise ValueError(f"gamma is {gamma}; give a discount above 0 and at most 1")
        return replace(self, transition=gamma * self.transition, exit=(1 - gamma) + gamma * self.exit)


def policy_transition(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""One step from state to state, :math:`P(s,x)=\sum_a\pi(a\mid s)\,p(x\mid s,a)`, shape ``(..., n, n)``.

    Raises ValueError for a policy of another shape or with rows that are not probabilities.
    On the page: ``eq:definitions``.
    """
    if not isinstance(mdp, EpisodicMDP):
        raise ValueError(f"{mdp!r} is no EpisodicMDP; pycode.environments reads one from a tabular environment")
    n, m = mdp.exit.shape
    if np.shape(pi)[-2:] != (n, m):
        raise ValueError(f"the policy has shape {np.shape(pi)}; give (n, m) = {(n, m)}: a row of probabilities a state")
    wrong = (pi.real.min(axis=-1) < 0) | ~(abs(pi.sum(axis=-1) - 1) <= SUM_TOLERANCE)
    if wrong.any():
        s = int(np.argwhere(wrong)[0, -1])
        raise ValueError(f"the policy's row of state {mdp.names[s]} is not a probability; make it nonnegative, sum 1")
    return np.einsum("...sa,sax->...sx", pi, mdp.transition, optimize=True)


def require_termination(mdp: EpisodicMDP, pi: Array) -> None:
    r"""Demand that from every state, reached or not, the episode ends with probability 1 (assumption A2).

    In a finite process that is: from every state some path of positive probability leads to the exit.
    Raises ValueError that names a state without one.
    """
    edges = (policy_transition(mdp, pi).real > 0).astype(np.float64)
    ends = (pi.real * mdp.exit).sum(axis=-1) > 0
    while True:
        reached = ends | ((edges @ ends[..., None])[..., 0] > 0)
        if (reached == ends).all():
            break
        ends = reached
    if not ends.all():
        s = int(np.argwhere(~ends)[0, -1])
        raise ValueError(
            f"from state {mdp.names[s]} the episode may never end under this policy; give positive probability "
            "to the actions on a path to the exit, or leave the state out if there is no such path"
        )


def system(mdp: EpisodicMDP, pi: Array) -> Elimination:
    r"""The matrix :math:`I-P` of every linear solve here, in factors; invertible by ``lem:tail``.

    Raises ValueError where the episode may never end (:func:`require_termination`).
    """
    require_termination(mdp, pi)
    return eliminate(policy_transition(mdp, pi), (pi * mdp.exit).sum(axis=-1))


def condition(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""Condition number of :math:`I-P` in the 2-norm, shape ``(...)``.

    Times :data:`EPS` it is the size of the relative error that a library's linear solve may have; the solves here
    keep their digits (`pycode.elimination`).
    """
    require_termination(mdp, pi)
    return np.linalg.cond(np.eye(len(mdp.exit)) - policy_transition(mdp, pi))


def _require_steps(count: int) -> None:
    if count < 0:
        raise ValueError(f"the number of steps is {count}; give 0 or more")


def state_value(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""State value :math:`v_\pi=(I-P)^{-1}r_\pi`, :math:`r_\pi(s)=\sum_a\pi(a\mid s)\,r(s,a)`, shape ``(..., n)``.

    On the page: ``eq:bellman``.
    """
    return system(mdp, pi).solve((pi * mdp.reward).sum(axis=-1)[..., None])[..., 0]


def limited_value(mdp: EpisodicMDP, pi: Array, H: int) -> Array:
    r"""Expected return :math:`\sum_{k<h}(P^kr_\pi)(s)` of at most h steps, for h = 0, …, H; shape ``(H + 1, ..., n)``.

    It is the objective of a process whose episodes are cut off after h steps, and tends to :math:`v_\pi(s)`.
    Raises ValueError for a negative limit.
    """
    _require_steps(H)
    P, r = policy_transition(mdp, pi), (pi * mdp.reward).sum(axis=-1)
    values = np.zeros((H + 1, *r.shape), dtype=r.dtype)
    for h in range(H):
        values[h + 1] = r + (P @ values[h][..., None])[..., 0]
    return values


def action_value(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""Action value :math:`q_\pi(s,a)=\sum_{s',r}p(s',r\mid s,a)\,(r+v_\pi(s'))`, shape ``(..., n, m)``.

    The terminal state adds nothing, for there :math:`v_\pi=0`. On the page: ``eq:bellman``.
    """
    return mdp.reward + np.einsum("sax,...x->...sa", mdp.transition, state_value(mdp, pi), optimize=True)


def advantage(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""Advantage :math:`q_\pi(s,a)-v_\pi(s)`, shape ``(..., n, m)``, without the digits that q and v share.

    Where episodes are long, values are large and differ little. So their differences u from the value c of the state
    that is visited most are solved for: :math:`u(s)=r_\pi(s)-c\,\Pr(T=1\mid S_0=s)+\sum_xP(s,x)\,u(x)` until that
    state is met. Where several regions each hold the walker for long, u is large in some of them, and digits are lost
    there as they are in q and v. On the page: ``eq:log-form``.
    """
    often = visitation(mdp, pi).real.argmax(axis=-1)[..., None]
    c = np.take_along_axis(state_value(mdp, pi), often, axis=-1)
    P, ends = policy_transition(mdp, pi), (pi * mdp.exit).sum(axis=-1)
    right = (pi * mdp.reward).sum(axis=-1) - c * ends
    met = np.arange(len(mdp.exit)) == often
    ends = np.where(met, 1, ends + np.take_along_axis(P, often[..., None], axis=-1)[..., 0])
    P = np.where(met[..., None] | met[..., None, :], 0, P)
    u = eliminate(P, ends).solve(np.where(met, 0, right)[..., None])[..., 0]
    q = mdp.reward - c[..., None] * mdp.exit + np.einsum("sax,...x->...sa", mdp.transition, u, optimize=True)
    return q - u[..., None]


def visitation(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""Expected visits :math:`\eta=\sum_k(P^\top)^k e_{s_0}=(I-P)^{-\top}e_{s_0}` in an episode, shape ``(..., n)``.

    On the page: ``eq:definitions``.
    """
    return system(mdp, pi).solve_transposed(np.eye(len(mdp.exit))[:, [mdp.start]])[..., 0]


def occupancy(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""Share of the steps spent in each state, :math:`\mu=\eta/\sum_{s'}\eta(s')`, shape ``(..., n)``.

    On the page: ``eq:definitions``.
    """
    eta = visitation(mdp, pi)
    return eta / eta.sum(axis=-1, keepdims=True)


def mean_length(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""Mean number of steps from each state, :math:`t=(I-P)^{-1}\mathbf 1`, shape ``(..., n)``, in steps.

    :math:`\mathbb E[T]=t(s_0)`, found without :math:`\eta`. On the page: ``eq:length``.
    """
    return system(mdp, pi).solve(np.ones((len(mdp.exit), 1)))[..., 0]


def tail(mdp: EpisodicMDP, pi: Array, K: int) -> Array:
    r"""Probability that the episode outlasts k steps, :math:`\Pr(T>k\mid S_0=s)=(P^k\mathbf 1)(s)`.

    For :math:`k=0,\dots,K`, shape ``(K + 1, n)``. On the page: ``eq:tail``. Raises ValueError for a negative K.
    """
    _require_steps(K)
    P = policy_transition(mdp, pi)
    survival = np.ones((K + 1, len(P)))
    for k in range(K):
        survival[k + 1] = P @ survival[k]
    return survival


def length_transform(mdp: EpisodicMDP, pi: Array, gamma: float) -> Array:
    r"""Transform of the length, :math:`\mathbb E[\gamma^T\mid S_0=s]=\gamma(I-\gamma P)^{-1}(\mathbf 1-P\mathbf 1)(s)`.

    Shape ``(..., n)``. On the page: ``eq:discounted``.
    """
    ends = (pi * mdp.exit).sum(axis=-1)
    return system(mdp.discounted(gamma), pi).solve(gamma * ends[..., None])[..., 0]


def restarted_transition(mdp: EpisodicMDP, pi: Array) -> Array:
    r"""The chain that begins anew where an episode ends, :math:`P+(\mathbf 1-P\mathbf 1)e_{s_0}^\top`.

    Shape ``(..., n, n)``; :math:`\mu` is its stationary distribution. On the page: ``eq:restarted``.
    """
    P = policy_transition(mdp, pi)
    P[..., mdp.start] += (pi * mdp.exit).sum(axis=-1)
    return P
