r"""The world ``decoders``: probability of a data vector x under the Bernoulli, Binomial and Gaussian decoder.

a (logits), m (means) and x are vectors of ``D_x`` components; x is binary, or in 0..n, or real, after the decoder that
a relation names. Values are products of probabilities, from p = 1/(1 + e^{-a}) and the number of sequences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb

import numpy as np

from pycode.proofread.values import COLUMN, ONE, ROW, Scalar, Value, exp, primal, rename, take
from pycode.proofread.worlds import Instance, Vocabulary
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
    x: np.ndarray  # (D_x,), like a and m
    a: np.ndarray
    m: np.ndarray
    n: int
    sigma_x: float
    tight: bool = False
    sizes: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = {"dimension": len(self.x), "integer": INTEGERS}

    def admits(self, names: frozenset[str]) -> bool:
        """Whether this x suits all decoders that are named, and no other kind of x is meant for them."""
        named = [kind for kind in KINDS if kind in names]
        return bool(named) and named[0] == self.kind

    def constant(self, name: str, indices: Sequence[Value] = ()) -> Scalar:
        """Value of a constant."""
        match name:
            case "n":
                return Value(np.float64(self.n))
            case "D_x":
                return Value(np.float64(len(self.x)))
            case "\\sigma_x":
                return Value(np.float64(self.sigma_x))
            case "I":
                return Value(np.eye(len(self.x)), (ROW, COLUMN))
        if name not in ("x", "a", "m"):
            raise ValueError(f"{name} has no value of its own in the world decoders")
        whole = Value({"x": self.x, "a": self.a, "m": self.m}[name], (ROW,))
        return take(rename(whole, {ROW: "0"}), indices) if indices else whole

    def number(self, sort: str, index: Value) -> Scalar:
        """An integer is its own index."""
        return index * 1.0

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Probability or density of a vector (axis ROW), the product over its components, or of a scalar."""
        match name, signature:
            case "\\operatorname{Bernoulli}", "real;real":
                x, a = arguments
                each = _binomial(x, ONE, a, 1)
            case "\\operatorname{Binomial}", "real;real,real":
                x, n, a = arguments
                each = _binomial(x, n, a, self.n)
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

    def grid(self, name: str) -> tuple[Value, Value]:
        """There are no integrals."""
        raise ValueError(f"{name}: the world decoders has no integrals")

    def line(self, name: str) -> tuple[Value, Value]:
        """There are no integrals."""
        return self.grid(name)

    def replace(self, name: str, value: Scalar) -> "Decoders":
        """There are no partial derivatives."""
        raise ValueError(f"{name}: the world decoders has no partial derivatives")

    def averaging(self) -> tuple["Decoders", dict[str, int], Value]:
        """There are no draws."""
        raise ValueError("the world decoders has no draws")

    def parameter_mask(self, parameter: str) -> Value:
        """There are no parameters."""
        raise ValueError("the world decoders has no parameters")


def _binomial(x: Scalar, n: Scalar, a: Scalar, most: int) -> Scalar:
    """Probability of x ones in n trials: the number of sequences times the probability of one of them."""
    ones, trials = _integers(x), _integers(n)
    if np.any(trials.data > most) or np.any(ones.data > most):
        raise ValueError(f"at most {most} trials, and as many ones")
    sequences = take(
        Value([[comb(t, k) for k in range(most + 1)] for t in range(most + 1)], ("0", "1")), [trials, ones]
    )
    one, zero = 1.0 / (1.0 + exp(-a)), 1.0 / (1.0 + exp(a))
    result: Scalar = sequences * 1.0
    for trial in range(most):
        is_one = Value((trial < ones.data) * 1.0, ones.axes)
        is_zero = Value((trial < trials.data) * 1.0, trials.axes) - is_one
        result = result * (is_one * one + is_zero * zero + (1.0 - is_one - is_zero))
    return result


def _integers(x: Scalar) -> Value:
    number = primal(x)
    rounded = np.rint(number.data)
    if np.any(number.data != rounded) or np.any(rounded < 0):
        raise ValueError("a count must be an integer, and not negative")
    return Value(rounded.astype(int), number.axes)


def instances(name: str, seed: int) -> tuple[Instance, ...]:
    """Two instances for each kind of x, of different dimensions."""
    rng = np.random.default_rng([seed, 3])
    return tuple(_drawn(rng, kind, D_x) for kind in KINDS for D_x in (3, 4))


def _drawn(rng: np.random.Generator, kind: str, D_x: int) -> Decoders:
    n = int(rng.integers(4, 7))
    x = {
        KINDS[0]: rng.permutation(np.arange(D_x) % 2).astype(float),
        # Neither 0 nor n only: binomial coefficients other than 1 must occur.
        KINDS[1]: rng.permutation(np.arange(1, D_x + 1) % n).astype(float),
        KINDS[2]: np.array(signed(rng, 0.3, 1.8, D_x)),
    }[kind]
    a, m = np.array(signed(rng, 0.3, 2.0, D_x)), np.array(signed(rng, 0.2, 1.5, D_x))
    return Decoders(kind, x, a, m, n, float(rng.uniform(0.5, 0.8)))
