"""A variational auto-encoder whose latent has a few values and whose densities are free tables, in the field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn

import numpy as np

from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import GRADIENT, Dual, Plain, Scalar, Value, log, named, take, total
from pycode.proofread.worlds import Rule
from pycode.proofread.worlds.autoencoder import DRAWS, GAUSSIAN_ENCODER, INTEGERS, PHI, THETA, parameter_mask

VALUES = 3  # of the latent
GAUSSIAN = GAUSSIAN_ENCODER | {"\\mu_p", "\\sigma_p", "f'", "L"}


class Counting:
    """The sum over the values of the latent, in the place of an integral."""

    def integral(self, x: Scalar, axis: str) -> Scalar:
        """Σ x over the values, which stand along the axis."""
        return total(x, axis, VALUES)


@dataclass(eq=False)
class LatentTable:
    """An instance: tables p(z), p_φ(x|z), q_θ(z|x) and f(z) along the axis "0"."""

    p: Scalar
    likelihood: Scalar
    q: Scalar
    f: Scalar
    unit: Plain
    tight: bool = False
    sizes: Mapping[str, int] = field(default_factory=lambda: {"sample": DRAWS, "integer": INTEGERS, "value": VALUES})

    def admits(self, names: frozenset[str]) -> bool:
        """Whatever needs no Gaussian."""
        return admits(names)

    def constant(self, name: str, indices: Sequence[Value] = ()) -> Scalar:
        """There are none."""
        raise ValueError(f"{name}: the latent has no Gaussian here")

    def number(self, sort: str, index: Value) -> Scalar:
        """An integer is its own index."""
        return index * 1.0

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Value of a function; the data point and parameters are not among the arguments."""
        match name, signature:
            case "p_\\phi", "data":
                return self.evidence
            case "\\mathcal{L}", "\\theta,\\phi;data":
                return self.bound
        tables = {
            ("p", "real"): self.p,
            ("q_\\theta", "real|data"): self.q,
            ("p_\\phi", "data|real"): self.likelihood,
            ("p_\\phi", "data,real"): self.joint,
            ("p_\\phi", "real|data"): self.joint / self.evidence,
            ("f", "real"): self.f,
        }
        (z,) = arguments
        if (name, signature) not in tables or not isinstance(z, Value):
            raise ValueError(f"{name}({signature}) has no meaning for a latent with {VALUES} values")
        return take(tables[name, signature], [z])

    @cached_property
    def joint(self) -> Scalar:
        """p_φ(x, z)."""
        return self.likelihood * self.p

    @cached_property
    def evidence(self) -> Scalar:
        """p_φ(x)."""
        return named(total(self.joint, "0", VALUES))

    @cached_property
    def bound(self) -> Scalar:
        """𝓛 = E_q[log p_φ(x,z) - log q_θ(z|x)], in nats."""
        return total(self.q * (log(self.joint) - log(self.q)), "0", VALUES)

    def reals(self, name: str) -> Value:
        """All values."""
        return Value(np.arange(VALUES), (name,))

    def grid(self, name: str) -> tuple[Scalar, Rule]:
        """All values, and their sum."""
        return Value(np.arange(VALUES), (name,)), Counting()

    line = grid

    def replace(self, name: str, value: Scalar) -> NoReturn:
        """There are no constants."""
        raise ValueError(f"{name}: the latent has no Gaussian here")

    def averaging(self) -> tuple["LatentTable", Callable[[Scalar], Scalar]]:
        """There are no draws."""
        raise ValueError("the latent has no Gaussian here")

    def parameter_mask(self, parameter: str) -> Value:
        """Which components of a gradient belong to θ, to φ, or to either."""
        return parameter_mask(parameter)


def admits(names: frozenset[str]) -> bool:
    """Whatever needs no Gaussian."""
    return not names & GAUSSIAN


def drawn(letters: Field) -> LatentTable:
    """Free tables, q and p_φ(x|z) with any derivatives in θ and φ."""
    slopes = [letters.simplex((VALUES, THETA), ("0", GRADIENT), "0", 0), letters.letter((VALUES, PHI), ("0", GRADIENT))]
    zeros = [slopes[0].lifted(Value(np.zeros((VALUES, n), int), ("0", GRADIENT))) for n in (PHI, THETA)]
    q = Dual(letters.simplex((VALUES,), ("0",), "0"), slopes[0].joined(zeros[0], GRADIENT))
    likelihood = Dual(letters.positive((VALUES,), ("0",)), zeros[1].joined(slopes[1], GRADIENT))
    p, f = letters.simplex((VALUES,), ("0",), "0"), letters.letter((VALUES,), ("0",))
    return LatentTable(p, likelihood, q, f, letters.constant(1))
