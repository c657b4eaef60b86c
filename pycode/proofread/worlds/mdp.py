r"""Worlds ``mdp`` and ``mdp-discounted``: small episodic processes with a softmax policy π and a second policy π'.

π depends on θ, one logit for each state and action; π' does not. The tables are those of ``process``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import count, islice
from typing import NoReturn

import numpy as np

from pycode.proofread.values import (
    GRADIENT,
    Dual,
    Scalar,
    Value,
    extended,
    primal,
    rename,
    select,
    take,
    tangent,
    total,
)
from pycode.proofread.values import size as largest
from pycode.proofread.worlds import Instance, Vocabulary
from pycode.proofread.worlds.process import REWARDS, STEPS, behaviour, process, returns

STATE_CONSTANTS = {"s_0"}
HORIZON = 110  # sums end here at the latest: indices such as k + n + 5 still find an entry
NEGLIGIBLE = 1e-20  # left at the horizon; the sums are of order 1 and good to 1e-16
GAP = 0.001  # between numbers that a wrong formula could take for each other
SHAPES = ((3, 2, 1), (3, 3, -1), (4, 2, 1), (1, 3, 1))  # states, actions, and the sign of the values of every state
ENDLESS = (4, 2, 1, 2)  # from the last 2 of these states there is no end
ATTEMPTS = 200

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
AT_THE_END: dict[str, Callable[[int], float]] = {"policy": lambda m: 1.0 / m, "q": lambda m: 0.0}


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
    """An instance: a process and two policies, π with derivatives in its n·m logits θ, π' without."""

    def __init__(self, parts: Mapping[str, Mapping[str, Scalar]], discount: float | None = None) -> None:
        """From tables of the process and, without values, of both policies."""
        tables, self.discount = parts["process"], discount
        self.name = "mdp" if discount is None else "mdp-discounted"
        self.m, self.n = primal(parts["first"]["policy"]).data.shape
        self.ends, self.tight = "eta" in parts["first"], self.n == 1
        factor = 1.0 if discount is None else discount
        self.parts = {
            owner: {**does, **returns(tables, does, factor)} for owner, does in parts.items() if does is not tables
        }
        self.parts["process"] = dict(tables)
        sizes = {"state": self.n, "state+": self.n + 1, "action": self.m, "reward": REWARDS}
        self.sizes: Mapping[str, int] = {**sizes, "integer": self._horizon(1.0 if self.ends else factor)}
        self._ready: dict[tuple[str, str], Scalar] = {}

    def _horizon(self, factor: float) -> int:
        """Number of steps k after which P^k, or factor^k·P^k, and its derivative are negligible."""
        first, second = (self.parts[owner]["powers"] for owner in ("first", "second"))
        left = [
            np.abs(x.data).max(axis=tuple(i for i, a in enumerate(x.axes) if a != "k"))
            for x in map(primal, (first, tangent(first), second))
        ]
        return int(np.flatnonzero(np.maximum.reduce(left) * factor ** np.arange(STEPS) > NEGLIGIBLE).max()) + 1

    def admits(self, names: frozenset[str]) -> bool:
        """Everything, but no undiscounted visits and lengths where the process need not end."""
        infinite = {r"\eta", r"\eta'", r"\mu", r"\mu'", *(() if r"\gamma" in names else ("T",))}
        return self.ends or not names & infinite

    def constant(self, name: str, indices: Sequence[Value]) -> Scalar:
        """s_0 (index of a state), n or γ."""
        known: dict[str, float] = {"s_0": 0, "n": float(self.n)}
        if self.discount is not None:
            known[r"\gamma"] = self.discount
        if name not in known or indices:
            raise ValueError(f"the world {self.name} has no constant {name}" + " with an index" * bool(indices))
        return Value(known[name])

    def number(self, sort: str, index: Value) -> Scalar:
        """The value of a reward; an integer itself."""
        if sort == "reward":
            return take(rename(self.parts["process"]["rewards"], {"r": "0"}), [_index(index, 0, self.sizes[sort])])
        if sort == "integer":
            return Value(index.data.astype(float), index.axes)
        raise ValueError(f"a variable of sort {sort} is not a number in the world {self.name}")

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Entries of the table of a function; T > -1 is certain and T = -1 impossible, as for 0."""
        key = name, signature
        if key not in ROWS[self.name]:
            raise ValueError(f"the world {self.name} has no function {name}({signature})")
        owner, entry, axes = ROWS[self.name][key]
        if entry not in self.parts[owner]:
            raise ValueError(f"{name} is infinite where an episode need not end")
        if len(arguments) != len(axes):
            raise ValueError(f"{name}({signature}) takes {len(axes)} indices, not {len(arguments)}")
        if key not in self._ready:
            whole = self.parts[owner][entry]
            if entry in AT_THE_END:
                whole = extended(whole, "s", AT_THE_END[entry](self.m))
            self._ready[key] = rename(whole, {axis: str(i) for i, axis in enumerate(axes)})
        table = self._ready[key]
        low = {"k": -STEPS} if signature.startswith("T") else {}
        shape = primal(table).data.shape
        return take(table, [_index(x, low.get(a, 0), d) for a, x, d in zip(axes, arguments, shape, strict=True)])

    def parameter_mask(self, parameter: str) -> Value:
        """Ones: every component belongs to θ, and π' has no derivative."""
        if parameter not in ("", r"\theta"):
            raise ValueError(f"the world {self.name} has no derivative in {parameter}")
        return Value(np.ones(self.n * self.m), (GRADIENT,))

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
    tables, first, second = (instance.parts[part] for part in ("process", "first", "second"))
    sums = [total(tables["arrivals"], "x", n + 1), *(total(x["policy"], "a", m) for x in (first, second))]
    sums += [total(x["length"], "k", STEPS) for x in (first, second) if ends]
    if instance.sizes["integer"] > HORIZON or max(largest(x - 1.0) for x in sums) > 1e-13:
        return False
    inside = [select(x["v"], "s", slice(n)) for x in (first, second)]
    apart = [x[name] for x in (first, second) for name in ("policy", "q", "reward", *(("eta",) if ends else ()))]
    differences = [inside[0] - inside[1], first["policy"] - second["policy"], tables["b"] - tables["f"]]
    differences += [v - tables[name] for v in inside for name in "bf"]
    slopes = [largest(tangent(select(inside[0], "s", s))) for s in range(n)]
    return min(*map(distance, apart + inside), *map(smallest, differences), *slopes) > GAP


def draw(rng: np.random.Generator, n: int, m: int, sign: int, closed: int = 0) -> dict[str, dict[str, Scalar]]:
    """A process with what two policies do in it."""
    tables, axes = process(rng, n, m, sign, closed), ("s", "a")
    theta = Dual(Value(rng.normal(size=(n, m)), axes), Value(np.eye(n * m).reshape(n, m, n * m), (*axes, GRADIENT)))
    other = Value(rng.normal(size=(n, m)), axes)
    first, second = (behaviour(tables, logits, ends=not closed) for logits in (theta, other))
    return {"process": tables, "first": first, "second": second}


def first_admitted(candidates: Iterable[Episodes], sign: int) -> Episodes:
    """The first of ATTEMPTS candidates that is admitted and in which the values of every state have this sign."""
    for candidate in islice(candidates, ATTEMPTS):
        inside = (primal(candidate.parts[part]["v"]).data[: candidate.n] for part in ("first", "second"))
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
        first_admitted((Episodes(draw(rng, *shape)) for _ in count()), shape[2])
        for rng, shape in zip(streams, SHAPES, strict=True)
    )


def discounted(instance: Episodes, rng: np.random.Generator, sign: int) -> Iterator[Episodes]:
    """The same process with a few discounts; then, should none of them be admitted, others of its shape."""
    for i in count():
        parts = instance.parts if i < 10 else draw(rng, instance.n, instance.m, sign)
        yield Episodes(parts, rng.uniform(0.6, 0.85))


def instances(name: str, seed: int) -> tuple[Instance, ...]:
    """The undiscounted ones; or the same with a discount each, and one more that need not end."""
    same = undiscounted(seed)
    if name == "mdp":
        return same
    rng = np.random.default_rng([seed, 4])
    signs = [sign for _, _, sign in SHAPES]
    endless = first_admitted((Episodes(draw(rng, *ENDLESS), rng.uniform(0.55, 0.6)) for _ in count()), ENDLESS[2])
    return (*(first_admitted(discounted(x, rng, s), s) for x, s in zip(same, signs, strict=True)), endless)
