r"""Worlds ``mdp`` and ``mdp-discounted``: small episodic processes with a softmax policy π and a second policy π'.

π depends on θ, one logit for each state and action; π' does not. The tables are those of ``process``.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import count, islice
from typing import NoReturn

import numpy as np

from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import (
    GRADIENT,
    ONE,
    Dual,
    Plain,
    Scalar,
    Value,
    exp,
    extended,
    primal,
    rename,
    select,
    take,
    tangent,
    total,
)
from pycode.proofread.arithmetic.values import size as largest
from pycode.proofread.worlds import Candidate, Instance, Vocabulary
from pycode.proofread.worlds.process import behaviour, lengths, process, returns, steps, visits

STATE_CONSTANTS = {"s_0"}
HORIZON = 110  # sums end here at the latest: indices such as k + n + 5 still find an entry
GEOMETRIC = 1e-17  # left of a sum of powers of the discount
NEGLIGIBLE = 1e-20  # left at the horizon; the sums are of order 1 and good to 1e-16
GAP = 0.001  # between numbers that a wrong formula could take for each other
SHAPES = ((3, 2, 1), (3, 3, -1), (4, 2, 1), (1, 3, 1))  # states, actions, and the sign of the values of every state
ENDLESS = (4, 2, 1, 2)  # from the last 2 of these states there is no end
ATTEMPTS = 200
LONGEST = 10_000  # steps that may be asked for
EXACT_SHAPE = (3, 2, 2, 2)  # states, actions, rewards and components of the gradient in the field
EXACT_TERMS = 30  # of an infinite sum: recurrences up to order 12, four times that of P, with six terms to spare

# Rows: name, signature, entry of the tables with its axes in the order of the arguments; * is nothing or the prime.
OF_BOTH = (
    (r"\pi*", "action|state+", "policy", "as"),
    (r"q_\pi*", "state+,action", "q", "sa"),
    (r"v_\pi*", "state+", "v", "s"),
    (r"r_\pi*", "state", "reward", "s"),
    ("P*", "state,state", "P", "sx"),
    ("J", r"\theta*", "J", ""),
    (r"\Pr", r"state,state,integer,\pi*", "powers", "sxk"),
    (r"\eta*", "state", "eta", "s"),
    (r"\mu*", "state", "mu", "s"),
)
OF_FIRST = (
    (r"\pi", r"action|state+,\theta", "policy", "as"),
    (r"\pi_\theta", "action|state+", "policy", "as"),
    (r"q_\pi_\theta", "state+,action", "q", "sa"),
    (r"v_\pi_\theta", "state+", "v", "s"),
    (r"\Pr", r"state,state,integer,\pi_\theta", "powers", "sxk"),
    (r"\Pr", "T>integer|state", "tail", "ks"),
    (r"\Pr", "T=integer", "length", "k"),
)
OF_DISCOUNT = (
    (r"\eta_\gamma", "state", "eta_gamma", "s"),
    (r"\mu_\gamma", "state", "mu_gamma", "s"),
)
OF_PROCESS = (
    ("p", "state+,reward|state,action", "outcomes", "xrsa"),
    ("p", "state+|state,action", "arrivals", "xsa"),
    ("b", "state", "b", "s"),
    ("f", "state", "f", "s"),
)


# In the terminal state any action does, and brings nothing.
AT_THE_END: dict[str, Callable[[int], Fraction]] = {"policy": lambda m: Fraction(1, m), "q": lambda m: Fraction(0)}
OWNERS = ("first", "second")


def _rows(name: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(Name, signature) → (what it belongs to, entry, axes), for each function of a world."""
    rows = [("process", *row) for row in OF_PROCESS]
    rows += [("first", *row) for row in (*OF_FIRST, *(OF_DISCOUNT if name == "mdp-discounted" else ()))]
    for owner, prime in (("first", ""), ("second", "'")):
        rows += [
            (owner, f.replace("*", prime), sig.replace("*", prime), entry, axes) for f, sig, entry, axes in OF_BOTH
        ]
    return {(function, signature): (owner, entry, axes) for owner, function, signature, entry, axes in rows}


ROWS = {name: _rows(name) for name in ("mdp", "mdp-discounted")}


def vocabulary(name: str) -> Vocabulary:
    """What the letters mean in ``mdp`` or ``mdp-discounted``."""
    sorts = {
        "state": r"s s' s'' s''' x y \bar{s} \tilde{s}",
        "action": "a a' a''",
        "reward": "r r'",
        "integer": "k K t i j l m h",
    }
    functions: dict[str, tuple[str, ...]] = {}
    for function, signature in ROWS[name]:
        functions[function] = (*functions.get(function, ()), signature)
    return Vocabulary(
        variables={letter: sort for sort, letters in sorts.items() for letter in letters.split()},
        constants=dict.fromkeys(("s_0", "n", *([r"\gamma"] if name == "mdp-discounted" else [])), ("",)),
        functions=functions,
        randoms={"S": "state", "A": "action", "R": "reward", "G": "number", "T": "integer"},
        policies=(r"\pi", r"\pi'", r"\pi_\theta"),
        parameters=(r"\theta", r"\theta'"),
    )


def _index(argument: Scalar, low: int, size: int) -> Value:
    """An argument as integers from 0 to size - 1; numbers from ``low`` to -1 count as 0."""
    index = primal(argument)
    whole = np.rint(index.data).astype(int)
    if np.any(whole != index.data) or whole.min() < low or whole.max() >= size:
        raise ValueError(
            f"{index.data.min():g} to {index.data.max():g} are not every one an index from {low} to {size - 1}"
        )
    return Value(np.maximum(whole, 0), index.axes)


class Episodes:
    """An instance: a process and two policies, π with a derivative in θ, π' without.

    Tables that not every relation needs are made when they are asked for.
    """

    def __init__(
        self,
        tables: Mapping[str, Scalar],
        policies: tuple[Scalar, Scalar],
        discount: Scalar | None = None,
        *,
        ends: bool = True,
        unit: Plain = ONE,
        terms: int = 0,
    ) -> None:
        """From the tables of ``process`` and p(a|s) of both policies; ``terms`` 0: until what is left is negligible."""
        self.tables, self.discount, self.ends, self.unit = tables, discount, ends, unit
        self.name = "mdp" if discount is None else "mdp-discounted"
        self.n, self.m = (primal(policies[0]).length(axis) for axis in "sa")
        self.tight = self.n == 1
        self.does = [behaviour(tables, policy) for policy in policies]
        self.parts: list[dict[str, Scalar]] = [dict(x) for x in self.does]
        sizes = {
            "state": self.n,
            "state+": self.n + 1,
            "action": self.m,
            "reward": primal(tables["rewards"]).length("r"),
        }
        self.doublings = (terms or HORIZON).bit_length()
        self.sizes: Mapping[str, int] = {**sizes, "integer": terms or self._horizon()}
        self._ready: dict[tuple[str, str], Scalar] = {}

    def _horizon(self) -> int:
        """Number of steps k after which P^k, or γ^k·P^k, and its derivative are negligible."""
        first, second = (self.table(owner, "powers") for owner in OWNERS)
        left = [
            np.abs(x.data).max(axis=tuple(i for i, a in enumerate(x.axes) if a != "k"))
            for x in map(primal, (first, tangent(first), second))
        ]
        discount = float(primal(self.discount or ONE).data)
        weights = (1.0 if self.ends else discount) ** np.arange(len(left[0]))
        steps = int(np.flatnonzero(np.maximum.reduce(left) * weights > NEGLIGIBLE).max()) + 1
        return max(steps, math.ceil(math.log(GEOMETRIC) / math.log(discount))) if discount < 1.0 else steps

    def table(self, owner: str, entry: str) -> Scalar:
        """A table of the process or of what a policy does in it."""
        if owner == "process":
            return self.tables[entry]
        which = OWNERS.index(owner)
        parts, does = self.parts[which], self.does[which]
        if entry not in parts:
            factor = ONE if self.discount is None else self.discount
            if entry in ("v", "q", "J"):
                parts |= returns(self.tables, does, factor)
            elif entry in ("eta", "mu"):
                parts |= dict(zip(("eta", "mu"), visits(does), strict=True))
            elif entry in ("eta_gamma", "mu_gamma"):
                parts |= dict(zip(("eta_gamma", "mu_gamma"), visits(does, factor), strict=True))
            else:
                powers = parts.get("powers") or steps(does["P"], self.n, self.doublings)
                parts |= dict(zip(("powers", "tail", "length"), (powers, *lengths(does, powers)), strict=True))
        return parts[entry]

    def _reach(self, step: int) -> None:
        """Have tables of at least this many steps; when they are too large, nothing has changed."""
        if step > LONGEST:
            raise ValueError(f"{step} is not an index from 0 to {LONGEST}")
        if step > 2**self.doublings:
            doublings = step.bit_length()
            powers = [steps(does["P"], self.n, doublings) for does in self.does]
            for parts, table in zip(self.parts, powers, strict=True):
                parts.pop("tail", None), parts.pop("length", None)
                parts["powers"] = table
            self.doublings = doublings
            self._ready.clear()

    def admits(self, names: frozenset[str]) -> bool:
        """Everything, but no undiscounted visits and lengths where the process need not end."""
        infinite = {r"\eta", r"\eta'", r"\mu", r"\mu'", *(() if r"\gamma" in names else ("T",))}
        return self.ends or not names & infinite

    def constant(self, name: str, indices: Sequence[Value]) -> Scalar:
        """s_0 (index of a state), n or γ."""
        known: dict[str, Scalar] = {"s_0": Value(0), "n": Value(float(self.n))}
        if self.discount is not None:
            known[r"\gamma"] = self.discount
        if name not in known or indices:
            raise ValueError(f"the world {self.name} has no constant {name}" + " with an index" * bool(indices))
        return known[name]

    def number(self, sort: str, index: Value) -> Scalar:
        """The value of a reward; an integer itself."""
        if sort == "reward":
            return take(rename(self.tables["rewards"], {"r": "0"}), [_index(index, 0, self.sizes[sort])])
        if sort == "integer":
            return Value(index.data.astype(float), index.axes)
        raise ValueError(f"a variable of sort {sort} is not a number in the world {self.name}")

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Entries of the table of a function; T > -1 is certain and T = -1 impossible, as for 0."""
        key = name, signature
        if key not in ROWS[self.name]:
            raise ValueError(f"the world {self.name} has no function {name}({signature})")
        owner, entry, axes = ROWS[self.name][key]
        if entry in ("eta", "mu") and not self.ends:
            raise ValueError(f"{name} is infinite where an episode need not end")
        if len(arguments) != len(axes):
            raise ValueError(f"{name}({signature}) takes {len(axes)} indices, not {len(arguments)}")
        if "k" in axes:
            self._reach(int(primal(arguments[axes.index("k")]).data.max(initial=0)))
        if key not in self._ready:
            whole = self.table(owner, entry)
            if entry in AT_THE_END:
                whole = extended(whole, "s", AT_THE_END[entry](self.m))
            self._ready[key] = rename(whole, {axis: str(i) for i, axis in enumerate(axes)})
        table = primal(self._ready[key])
        low = {"k": -LONGEST} if signature.startswith("T") else {}
        shape = [table.length(str(i)) for i in range(len(axes))]
        found = [_index(x, low.get(a, 0), d) for a, x, d in zip(axes, arguments, shape, strict=True)]
        return take(self._ready[key], found)

    def parameter_mask(self, parameter: str) -> Value:
        """Ones: every component belongs to θ, and π' has no derivative."""
        if parameter not in ("", r"\theta"):
            raise ValueError(f"the world {self.name} has no derivative in {parameter}")
        return Value(np.ones(primal(tangent(self.does[0]["policy"])).length(GRADIENT)), (GRADIENT,))

    def _no_reals(self, *_: object) -> NoReturn:
        raise ValueError(f"the world {self.name} has no real variables")

    reals = grid = line = replace = averaging = _no_reals


def smallest(x: Scalar) -> float:
    """Smallest absolute value of an entry."""
    return float(np.min(np.abs(primal(x).data)))


def distance(x: Scalar) -> float:
    """Smallest distance between two entries, or of one from 0."""
    return min(smallest(x), float(np.min(np.diff(np.sort(primal(x).data, axis=None)), initial=np.inf)))


def admitted(instance: Episodes) -> bool:
    """Whether everything sums to 1 and ends in time, and what could be taken for each other differs."""
    n, m, ends = instance.n, instance.m, instance.ends
    names = ("policy", "q", "reward", *(("eta", "mu") if ends else ()))
    first, second = ({name: instance.table(owner, name) for name in (*names, "v", "length")} for owner in OWNERS)
    tables, count = instance.tables, 2**instance.doublings + 1
    sums = [total(tables["arrivals"], "x", n + 1), *(total(x["policy"], "a", m) for x in (first, second))]
    sums += [total(x["length"], "k", count) for x in (first, second) if ends]
    longest = HORIZON if instance.discount is None else 3 * HORIZON
    if instance.sizes["integer"] > longest or max(largest(x - 1.0) for x in sums) > 1e-13:
        return False
    inside = [select(x["v"], "s", slice(n)) for x in (first, second)]
    apart = [x[name] for x in (first, second) for name in names if name != "mu"]
    differences = [inside[0] - inside[1], first["policy"] - second["policy"], tables["b"] - tables["f"]]
    differences += [v - tables[name] for v in inside for name in "bf"]
    slopes = [largest(tangent(select(inside[0], "s", s))) for s in range(n)]
    return min(*map(distance, apart + inside), *map(smallest, differences), *slopes) > GAP


def softmax(logits: Scalar) -> Scalar:
    """Policy of these logits (s, a)."""
    weights = exp(logits)
    return weights / total(weights, "a", primal(logits).length("a"))


def tables_of(rng: np.random.Generator, n: int, m: int, sign: int, closed: int = 0) -> dict[str, Scalar]:
    """Random tables of n states and m actions; the last ``closed`` states have no exit.

    Two rewards have this sign, and the larger absolute values.
    """
    amounts = [-rng.uniform(0.6, 1.1), rng.uniform(0.4, 0.9), rng.uniform(1.3, 2.0)]
    rewards = Value(sign * rng.permutation(amounts), ("r",))
    weights = np.exp(rng.normal(scale=0.8, size=(n, m, n + 1, len(amounts))))
    exits = rng.uniform(0.35, 0.7, size=(n, m, 1, 1))
    if closed:
        weights[n - closed :, :, : n - closed], exits[n - closed :] = 0.0, 0.0
    inside, end = (part / part.sum(axis=(2, 3), keepdims=True) for part in (weights[:, :, :n], weights[:, :, n:]))
    outcomes = Value(np.concatenate([(1.0 - exits) * inside, exits * end], axis=2), ("s", "a", "x", "r"))
    signs, sizes = rng.choice([-1.0, 1.0], size=(2, n)), rng.uniform(0.5, 1.5, size=(2, n))
    return process(outcomes, rewards, *(Value(x, ("s",)) for x in signs * sizes))


Drawn = tuple[dict[str, Scalar], tuple[Scalar, Scalar]]


def draw(rng: np.random.Generator, n: int, m: int, sign: int, closed: int = 0) -> Drawn:
    """A process, and two policies in it; the first depends on its logits."""
    tables, axes = tables_of(rng, n, m, sign, closed), ("s", "a")
    theta = Dual(Value(rng.normal(size=(n, m)), axes), Value(np.eye(n * m).reshape(n, m, n * m), (*axes, GRADIENT)))
    return tables, (softmax(theta), softmax(Value(rng.normal(size=(n, m)), axes)))


def first_admitted(candidates: Iterable[Episodes], sign: int) -> Episodes:
    """The first of ATTEMPTS candidates that is admitted and in which the values of every state have this sign."""
    for candidate in islice(candidates, ATTEMPTS):
        inside = (primal(candidate.table(owner, "v")).data[: candidate.n] for owner in OWNERS)
        if all(np.all(sign * v > 0) for v in inside) and admitted(candidate):
            return candidate
    raise RuntimeError(f"none of {ATTEMPTS} random processes was admitted")


@cache
def undiscounted(seed: int) -> tuple[Episodes, ...]:
    """Three processes of 3 or 4 states, and one of a single state, in which bounds of the length are attained.

    Values are positive, but in the second one negative.
    """
    streams = (np.random.default_rng([seed, 4, i]) for i in range(len(SHAPES)))
    return tuple(
        first_admitted((Episodes(*draw(rng, *shape)) for _ in count()), shape[2])
        for rng, shape in zip(streams, SHAPES, strict=True)
    )


def discounted(instance: Episodes, rng: np.random.Generator, sign: int) -> Iterator[Episodes]:
    """The same process with a few discounts; then, should none of them be admitted, others of its shape."""
    for i in count():
        policies = instance.does[0]["policy"], instance.does[1]["policy"]
        drawn = (instance.tables, policies) if i < 10 else draw(rng, instance.n, instance.m, sign)
        yield Episodes(*drawn, Value(rng.uniform(0.6, 0.85)))


def instances(name: str, seed: int) -> tuple[Instance, ...]:
    """The undiscounted ones; or the same with a discount each, and one more that need not end."""
    same = undiscounted(seed)
    if name == "mdp":
        return same
    rng = np.random.default_rng([seed, 4])
    signs = [sign for _, _, sign in SHAPES]
    endless = first_admitted(
        (Episodes(*draw(rng, *ENDLESS), Value(rng.uniform(0.55, 0.6)), ends=False) for _ in count()), ENDLESS[2]
    )
    return (*(first_admitted(discounted(x, rng, s), s) for x, s in zip(same, signs, strict=True)), endless)


def exact(name: str, field: Field) -> tuple[Candidate, ...]:
    """One process, all of whose tables and policies are free, π with any derivative: every parametrisation."""
    return (Candidate(lambda names: True, lambda: _free(name, field)),)


def _free(name: str, field: Field) -> Episodes:
    n, m, rewards, components = EXACT_SHAPE
    axes = ("s", "a", "x", "r")
    table = _split(field.simplex((n, m, (n + 1) * rewards), ("s", "a", "xr"), "xr"), n + 1, rewards)
    slope = field.simplex((n, m, components), (*axes[:2], GRADIENT), "a", 0)
    policies = Dual(field.simplex((n, m), axes[:2], "a"), slope), field.simplex((n, m), axes[:2], "a")
    tables = process(table, field.letter((rewards,), ("r",)), *(field.letter((n,), ("s",)) for _ in "bf"))
    discount = field.positive() if name == "mdp-discounted" else None
    return Episodes(tables, policies, discount, unit=field.constant(1), terms=EXACT_TERMS)


def _split(x: Residue, n: int, rewards: int) -> Residue:
    """The axis xr as the two axes x and r."""
    at = x.axes.index("xr")
    axes = (*x.axes[:at], "x", "r", *x.axes[at + 1 :])
    return x.mapped(lambda data: data.reshape(*data.shape[:at], n, rewards, *data.shape[at + 1 :]), axes)
