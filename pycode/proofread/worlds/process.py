r"""Finite episodic processes and what a softmax policy does in them, from the definitions, for the worlds of ``mdp``.

Values are expected rewards summed over the steps, visits a linear solve, lengths of episodes come from the powers of P.
Axes: ``s`` state, ``a`` action, ``x`` next state (the terminal one last), ``r`` reward, ``k`` steps.
"""

from collections.abc import Mapping

import numpy as np

from pycode.proofread.linear import solve
from pycode.proofread.values import Dual, Scalar, Value, exp, primal, rename, select, total

DOUBLINGS = 7
STEPS = 2**DOUBLINGS + 1  # the tables hold P^0 … P^128
REWARDS = 3


def process(rng: np.random.Generator, n: int, m: int, sign: int = 1, closed: int = 0) -> dict[str, Scalar]:
    """Tables of p(s', r | s, a), n states, m actions, and functions of s; the last ``closed`` states have no exit.

    Two rewards have this sign, and the larger absolute values.
    """
    amounts = [-rng.uniform(0.6, 1.1), rng.uniform(0.4, 0.9), rng.uniform(1.3, 2.0)]
    rewards = Value(sign * rng.permutation(amounts), ("r",))
    weights = np.exp(rng.normal(scale=0.8, size=(n, m, n + 1, REWARDS)))
    exits = rng.uniform(0.35, 0.7, size=(n, m, 1, 1))
    if closed:
        weights[n - closed :, :, : n - closed], exits[n - closed :] = 0.0, 0.0
    inside, end = (part / part.sum(axis=(2, 3), keepdims=True) for part in (weights[:, :, :n], weights[:, :, n:]))
    outcomes = Value(np.concatenate([(1.0 - exits) * inside, exits * end], axis=2), ("s", "a", "x", "r"))
    arrivals = total(outcomes, "r", REWARDS)
    signs, sizes = rng.choice([-1.0, 1.0], size=(2, n)), rng.uniform(0.5, 1.5, size=(2, n))
    return {
        "rewards": rewards,
        "outcomes": outcomes,
        "arrivals": arrivals,
        "inner": select(arrivals, "x", slice(n)),
        "end": select(arrivals, "x", n),
        "gain": total(total(outcomes * rewards, "r", REWARDS), "x", n + 1),
        "b": Value(signs[0] * sizes[0], ("s",)),
        "f": Value(signs[1] * sizes[1], ("s",)),
    }


def join(x: Scalar, y: Scalar, axis: str) -> Scalar:
    """The entries of y after those of x along an axis; both have the same axes."""
    if isinstance(x, Dual) and isinstance(y, Dual):
        return Dual(join(x.value, y.value, axis), join(x.tangent, y.tangent, axis), x.level)
    first, last = primal(x), primal(y)
    return Value(np.concatenate([first.data, last.data], first.axes.index(axis)), first.axes)


def powers(P: Scalar, n: int) -> Scalar:
    """P^k(s, x) for k < STEPS; each round doubles the table of P^1 … P^j by a product with its last entry."""
    table: Scalar = P * Value(np.ones(1), ("k",))
    for _ in range(DOUBLINGS):
        last = rename(select(table, "k", -1), {"s": "y"})
        table = join(table, total(rename(table, {"x": "y"}) * last, "y", n), "k")
    none = select(table, "k", slice(1)) * 0.0
    return join(none + Value(np.eye(n), ("s", "x")), table, "k")


def visits(P: Scalar, n: int, discount: float) -> Scalar:
    """Expected visits to s from state 0, at time k counted discount^k: η solves η - discount·ηP = 1 at state 0."""
    matrix = Value(np.eye(n), ("column", "row")) - rename(P, {"s": "column", "x": "row"}) * discount
    return rename(solve(matrix, Value(np.eye(n)[0], ("row",)), "row", "column"), {"column": "s"})


def behaviour(tables: Mapping[str, Scalar], logits: Scalar, *, ends: bool) -> dict[str, Scalar]:
    """What a softmax policy does in a process: steps, lengths and, if the process must end, visits."""
    m, n = primal(logits).data.shape
    weights = exp(logits)
    policy = weights / total(weights, "a", m)
    P = total(policy * tables["inner"], "a", m)
    steps = powers(P, n)
    found = {"policy": policy, "P": P, "reward": total(policy * tables["gain"], "a", m), "powers": steps}

    # T = k: in some state after k - 1 steps, then the end.
    stay = rename(select(steps, "s", 0), {"x": "s"})
    before = join(select(stay, "k", slice(1)) * 0.0, select(stay, "k", slice(STEPS - 1)), "k")
    last = total(policy * tables["end"], "a", m)
    found |= {"tail": total(steps, "x", n), "length": total(before * last, "s", n)}
    if ends:
        eta = visits(P, n, 1.0)
        found |= {"eta": eta, "mu": eta / total(eta, "s", n)}
    return found


def returns(tables: Mapping[str, Scalar], does: Mapping[str, Scalar], discount: float) -> dict[str, Scalar]:
    """Rewards k steps after s, expected, discounted and summed: v (terminal state last), q and J; and η_γ, μ_γ."""
    n = primal(does["P"]).data.shape[0]
    stream = total(does["powers"] * rename(does["reward"], {"s": "x"}), "x", n)
    if discount < 1.0:
        stream = stream * Value(discount ** np.arange(STEPS), ("k",))
    inside = total(stream, "k", STEPS)
    v = join(inside, select(inside, "s", slice(1)) * 0.0, "s")
    q = tables["gain"] + total(tables["inner"] * discount * rename(inside, {"s": "x"}), "x", n)
    found = {"v": v, "q": q, "J": select(v, "s", 0)}
    if discount < 1.0:
        eta = visits(does["P"], n, discount)
        found |= {"eta_gamma": eta, "mu_gamma": eta / total(eta, "s", n)}
    return found
