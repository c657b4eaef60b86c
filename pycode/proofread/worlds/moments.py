"""Integrals in the field: a Gaussian times a polynomial, read from its values at a few nodes, by the moments."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from pycode.proofread.arithmetic import modular, rational
from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.named import ROW, RedrawError, UndecidedError
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import ZERO, Plain, Scalar, Value, linear
from pycode.proofread.worlds.normal import density

COUNTS = {1: 11, 2: 6, 3: 5}  # nodes a coordinate: polynomials up to degree 8, 3, 2 in each
SPARE = 2  # nodes beyond those that a polynomial is read from
NOT_GAUSSIAN = "an integrand that is not a Gaussian times a polynomial of a low degree"


@dataclass(frozen=True)
class Nodes:
    """Nodes for a letter with ``D`` coordinates, and the integral over all of its space."""

    field: Field
    D: int = 1

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The nodes of one coordinate."""
        start = self.field.random.randrange(self.field.modulus // 2)
        return tuple(start + i for i in range(COUNTS[self.D]))

    def grid(self, name: str) -> tuple[Residue, "Nodes"]:
        """Nodes along the axis ``name`` (and ROW in space), and the rule of their integral."""
        line = np.array(self.places, self.field.dtype)
        if self.D == 1:
            return Residue(self.field, line, (name,)), self
        nodes = np.stack(np.meshgrid(*[line] * self.D, indexing="ij"), axis=-1).reshape(-1, self.D)
        return Residue(self.field, nodes, (name, ROW)), self

    def draws(self, count: int) -> tuple[Scalar, Callable[[Scalar], Scalar]]:
        """Independent standard normal draws on axes of their own: their table along "0", and the mean over them."""
        axes = [f"ε{i + 1}" for i in range(count)]
        nodes = [self.grid(axis)[0] for axis in axes]
        size = len(self.places) ** self.D

        def mean(x: Scalar) -> Scalar:
            for axis, node in zip(axes, nodes, strict=True):
                x = self.integral(x * density(node, ZERO, self.field.constant(1)), axis)
            return x

        others = [[a for a in axes if a != axis] for axis in axes]
        wide = [node.spread(["0", *o], [1] + [size] * len(o)) for node, o in zip(nodes, others, strict=True)]
        return reduce(lambda x, y: x.joined(y, "0"), wide), mean

    def integral(self, x: Scalar, axis: str) -> Scalar:
        """∫ x over the letter whose nodes stand along the axis."""
        return linear(x, lambda v: self._integral(v, axis))

    def _integral(self, x: Plain, axis: str) -> Plain:
        if x.size() == 0.0:
            return Value(0.0)
        if axis not in x.axes or not isinstance(x, Residue):
            raise ValueError("the integral diverges: its integrand does not depend on the letter")
        if x.exponent is None:
            raise UndecidedError(NOT_GAUSSIAN)
        rest = [a for a in x.axes if a != axis]
        count, at = COUNTS[self.D], x.axes.index(axis)
        v, u = (np.moveaxis(data, at, 0).reshape([count] * self.D + [x.length(a) for a in rest])
                for data in (x.data, x.exponent))  # fmt: skip
        result = Residue(self.field, v, [*map(str, range(self.D)), *rest], u, invented=x.invented, logs=x.logs)
        for coordinate in reversed(range(self.D)):  # widths given the coordinates before are roots of the world
            result = self._over(result, str(coordinate))
        return result

    def _over(self, x: Residue, axis: str) -> Residue:
        """∫ p(z)·exp(u(z)) dz along one coordinate, by E (m + sξ)^k for ξ ~ N(0,1)."""
        p, count, at = self.field.modulus, len(self.places), x.axes.index(axis)
        axes, shape = tuple(a for a in x.axes if a != axis), [n for i, n in enumerate(x.data.shape) if i != at]
        assert x.exponent is not None
        flat = (np.moveaxis(data, at, 0).reshape(count, -1) for data in (x.data, x.exponent))
        v, u = (rational.interpolate(data, self.places, p) for data in flat)
        if np.any(u[3:] != 0) or np.any(v[count - SPARE :] != 0):
            raise UndecidedError(NOT_GAUSSIAN)
        try:
            s2 = modular.inverse(-2 * u[2] % p, p)
        except ZeroDivisionError:
            if np.all(u[2] == 0):
                raise UndecidedError(NOT_GAUSSIAN) from None
            raise RedrawError from None
        m = u[1] * s2 % p
        moments, mean = [np.ones_like(m), m], (v[0] + v[1] * m) % p
        for k in range(2, count - SPARE):
            moments = [moments[1], (m * moments[1] % p + (k - 1) * s2 % p * moments[0]) % p]
            mean = (mean + v[k] * moments[1]) % p
        exponent = (u[0] + u[1] * u[1] % p * s2 % p * ((p + 1) // 2)) % p
        s2, mean, exponent = (data.reshape(shape) for data in (s2, mean, exponent))
        variance = Residue(self.field, s2, axes)
        variance.pure = not self.field.logarithms(variance)[1]
        whole = Residue(self.field, mean, axes, exponent, invented=x.invented, logs=x.logs)
        return whole * (variance * 2 * variance.pi()).sqrt()
