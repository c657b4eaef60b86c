r"""The world ``decoders``: probability of a data vector x under the Bernoulli, Binomial and Gaussian decoder.

a (logits), m (means) and x are vectors of ``D_x`` components; x is binary, or in 0..n, or real, after the decoder that
a relation names. Values are products of probabilities, from p = 1/(1 + e^{-a}) and the number of sequences.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import comb

import numpy as np

from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import (
    COLUMN,
    ONE,
    ROW,
    Plain,
    Scalar,
    Value,
    align,
    exp,
    primal,
    raised,
    rename,
    take,
)
from pycode.proofread.worlds import Candidate, Instance, Rule, Vocabulary
from pycode.proofread.worlds.normal import density, product
from pycode.proofread.worlds.quadrature import signed

INTEGERS = 64  # where an infinite sum is cut
DATA: frozenset[str] = frozenset()  # here x is an ordinary vector
KINDS = ("\\operatorname{Bernoulli}", "\\operatorname{Binomial}", "\\mathcal{N}")  # x of one kind suits all later ones


def vocabulary(name: str) -> Vocabulary:
    """What the letters mean in this world."""
    return Vocabulary(
        variables={"j": "dimension", "k": "integer"},
        constants={
            **dict.fromkeys(("x", "a", "m"), ("", "dimension")),
            **dict.fromkeys(("n", "\\sigma_x", "D_x", "I"), ("",)),
        },
        functions={
            "\\operatorname{Bernoulli}": ("real;real",),
            "\\operatorname{Binomial}": ("real;real,real",),
            "\\mathcal{N}": ("real;real,real",),
        },
    )


@dataclass(eq=False)
class Decoders:
    """An instance whose x is of one kind, as the decoder ``kind`` needs it."""

    kind: str
    x: Scalar  # vectors on ROW, like a and m
    a: Scalar
    m: Scalar
    n: int
    sigma_x: Scalar
    unit: Plain = ONE
    tight: bool = False
    sizes: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = {"dimension": primal(self.a).length(ROW), "integer": INTEGERS}

    def admits(self, names: frozenset[str]) -> bool:
        """Whether this x suits all decoders that are named, and no other kind of x is meant for them."""
        return _admits(self.kind, names)

    def constant(self, name: str, indices: Sequence[Value] = ()) -> Scalar:
        """Value of a constant."""
        match name:
            case "n":
                return Value(np.float64(self.n))
            case "D_x":
                return Value(np.float64(self.sizes["dimension"]))
            case "\\sigma_x":
                return self.sigma_x
            case "I":
                return Value(np.eye(self.sizes["dimension"]), (ROW, COLUMN))
        if name not in ("x", "a", "m"):
            raise ValueError(f"{name} has no value of its own in the world decoders")
        whole = {"x": self.x, "a": self.a, "m": self.m}[name]
        return take(rename(whole, {ROW: "0"}), indices) if indices else whole

    def number(self, sort: str, index: Value) -> Scalar:
        """An integer is its own index."""
        return index * 1.0

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Probability or density of a vector (axis ROW), the product over its components, or of a scalar."""
        match name, signature:
            case "\\operatorname{Bernoulli}", "real;real":
                x, a = arguments
                each = _binomial(x, ONE, a)
            case "\\operatorname{Binomial}", "real;real,real":
                x, n, a = arguments
                each = _binomial(x, n, a)
            case "\\mathcal{N}", "real;real,real":
                point, mean, variance = arguments
                if ROW in primal(point).axes and ROW not in primal(variance).axes:
                    raise ValueError("the density of a vector needs a covariance matrix, such as \\sigma_x^2I")
                return density(point, mean, variance)
            case _:
                raise ValueError(f"the world decoders has no {name}({signature})")
        return product(each) if ROW in primal(each).axes else each

    def reals(self, name: str) -> Value:
        """There are no free real variables."""
        raise ValueError(f"{name}: the world decoders has no real variables")

    def grid(self, name: str) -> tuple[Scalar, Rule]:
        """There are no integrals."""
        raise ValueError(f"{name}: the world decoders has no integrals")

    def line(self, name: str) -> tuple[Scalar, Rule]:
        """There are no integrals."""
        return self.grid(name)

    def replace(self, name: str, value: Scalar) -> "Decoders":
        """There are no partial derivatives."""
        raise ValueError(f"{name}: the world decoders has no partial derivatives")

    def averaging(self) -> tuple["Decoders", Callable[[Scalar], Scalar]]:
        """There are no draws."""
        raise ValueError("the world decoders has no draws")

    def parameter_mask(self, parameter: str) -> Value:
        """There are no parameters."""
        raise ValueError("the world decoders has no parameters")


def _binomial(x: Scalar, n: Scalar, a: Scalar) -> Scalar:
    """Probability of x ones in n trials: the number of sequences times the probability of one of them."""
    ones, trials = _integers(x), _integers(n)
    axes, (k, t) = align(ones, trials)
    if np.any(k > t) or np.any(k < 0):
        raise ValueError("a count of ones must be between 0 and that of the trials")
    sequences = Value(np.vectorize(comb)(*np.broadcast_arrays(t, k)), axes)
    one, zero = 1.0 / (1.0 + exp(-a)), 1.0 / (1.0 + exp(a))
    return raised(one, ones) * raised(zero, trials - ones) * sequences


def _integers(x: Scalar) -> Value:
    try:
        return primal(x).integers()
    except ValueError:
        raise ValueError("a count must be an integer") from None


def instances(name: str, seed: int) -> tuple[Instance, ...]:
    """Two instances for each kind of x, of different dimensions."""
    rng = np.random.default_rng([seed, 3])
    return tuple(_drawn(rng, kind, D_x) for kind in KINDS for D_x in (3, 4))


def _drawn(rng: np.random.Generator, kind: str, D_x: int) -> Decoders:
    n = int(rng.integers(4, 7))
    data = np.array(signed(rng, 0.3, 1.8, D_x)) if kind == KINDS[2] else _counts(kind, rng.permutation(D_x), n)
    vectors = [data, np.array(signed(rng, 0.3, 2.0, D_x)), np.array(signed(rng, 0.2, 1.5, D_x))]
    x, a, m = (Value(v, (ROW,)) for v in vectors)
    return Decoders(kind, x, a, m, n, Value(rng.uniform(0.5, 0.8)))


def _counts(kind: str, order: np.ndarray, n: int) -> np.ndarray:
    """Binary components, or counts of which one is neither 0 nor n: not every binomial coefficient is 1."""
    return order % 2 if kind == KINDS[0] else (order + 1) % n


def _admits(kind: str, names: frozenset[str]) -> bool:
    return next((k for k in KINDS if k in names), "") == kind


def exact(name: str, field: Field) -> tuple[Candidate, ...]:
    """One instance for each kind of x, with three components; logits are logarithms of free odds."""
    return tuple(Candidate(partial(_admits, kind), partial(_free, field, kind)) for kind in KINDS)


def _free(field: Field, kind: str, D_x: int = 3, n: int = 4) -> Decoders:
    odds = field.positive((D_x,), (ROW,))
    ((odds + 1).named() / odds).remembered()  # 1 + e^a and 1 + e^{-a}
    counts = Value(_counts(kind, np.arange(D_x), n), (ROW,))
    x = field.letter((D_x,), (ROW,)) if kind == KINDS[2] else field.constant(1).lifted(counts)
    sigma_x = field.positive()
    sigma_x.square()
    return Decoders(kind, x, odds.log(), field.letter((D_x,), (ROW,)), n, sigma_x, unit=field.constant(1))
