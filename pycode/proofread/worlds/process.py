r"""Finite episodic processes and what a policy does in them, from the definitions, for the worlds of ``mdp``.

Values, visits and lengths come from P by linear systems, or from its powers. Written once for both arithmetics.
Axes: ``s`` state, ``a`` action, ``x`` next state (the terminal one last), ``r`` reward, ``k`` steps.
"""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from pycode.proofread.arithmetic.linear import solve
from pycode.proofread.arithmetic.values import ONE, Scalar, Value, extended, join, primal, rename, select, total

Tables = Mapping[str, Scalar]


def process(outcomes: Scalar, rewards: Scalar, b: Scalar, f: Scalar) -> dict[str, Scalar]:
    """Tables from p(s', r | s, a), the amounts of the rewards, and two functions of s."""
    n, count = primal(outcomes).length("x") - 1, primal(outcomes).length("r")
    arrivals = total(outcomes, "r", count)
    return {
        "rewards": rewards,
        "outcomes": outcomes,
        "arrivals": arrivals,
        "inner": select(arrivals, "x", slice(n)),
        "end": select(arrivals, "x", n),
        "gain": total(total(outcomes * rewards, "r", count), "x", n + 1),
        "b": b,
        "f": f,
    }


def steps(P: Scalar, n: int, doublings: int) -> Scalar:
    """P^k(s, x) for k from 0 to 2^doublings; each round doubles the table of P^1 … P^j by a product with its last."""
    table = P * Value(np.ones(1), ("k",))
    for _ in range(doublings):
        last = rename(select(table, "k", -1), {"s": "y"})
        table = join(table, total(rename(table, {"x": "y"}) * last, "y", n), "k")
    none = select(table, "k", slice(1)) * 0.0
    return join(none + Value(np.eye(n), ("s", "x")), table, "k")


def _system(P: Scalar, n: int, discount: Scalar) -> Scalar:
    return Value(np.eye(n), ("s", "x")) - P * discount


def behaviour(tables: Tables, policy: Scalar) -> dict[str, Scalar]:
    """What a policy does in one step."""
    m = primal(policy).length("a")
    return {
        "policy": policy,
        "P": total(policy * tables["inner"], "a", m),
        "reward": total(policy * tables["gain"], "a", m),
        "leave": total(policy * tables["end"], "a", m),
    }


def returns(tables: Tables, does: Tables, discount: Scalar = ONE) -> dict[str, Scalar]:
    """V (terminal state last), q and J: v = Σ_k γ^k P^k r solves v - γPv = r."""
    n = primal(does["reward"]).length("s")
    inside = rename(solve(_system(does["P"], n, discount), does["reward"], "s", "x"), {"x": "s"})
    q = tables["gain"] + total(tables["inner"] * discount * rename(inside, {"s": "x"}), "x", n)
    return {"v": extended(inside, "s", Fraction(0)), "q": q, "J": select(inside, "s", 0)}


def visits(does: Tables, discount: Scalar = ONE) -> tuple[Scalar, Scalar]:
    """Expected visits from state 0, at time k counted γ^k: η solves η - γηP = 1 at state 0; and their shares."""
    n = primal(does["reward"]).length("s")
    eta = solve(_system(does["P"], n, discount), Value(np.eye(n)[0], ("x",)), "x", "s")
    return eta, eta / total(eta, "s", n)


def lengths(does: Tables, table: Scalar) -> tuple[Scalar, Scalar]:
    """Pr(T > k | S_0 = s), and Pr(T = k) from state 0, for each k of a table of steps."""
    n, count = primal(does["reward"]).length("s"), primal(table).length("k")
    stay = rename(select(table, "s", 0), {"x": "s"})
    before = join(select(stay, "k", slice(1)) * 0.0, select(stay, "k", slice(count - 1)), "k")
    return total(table, "x", n), total(before * does["leave"], "s", n)
