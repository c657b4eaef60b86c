"""Trapezoidal rules for Gaussian-like integrands, and small random choices that the worlds share.

On the whole line the trapezoidal rule misses exp(-2π²s²/h²) of a Gaussian of width s, and exp(-2πd/h) of a function
with a pole at distance d from the line: far below rounding long before h = s/2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import pi

import numpy as np

from pycode.proofread.arithmetic.values import ROW, Scalar, Value, cos, primal, select, sin, size, total
from pycode.proofread.limits import FALLS_OFF, ZERO
from pycode.proofread.worlds import Space

REACH = 9.2  # standard deviations on each side: a density has then fallen to 4e-19 of its peak
SMALLEST = 1e-290  # densities are larger everywhere, so that their logarithms exist
HERMITE = 9  # Gauss-Hermite nodes a coordinate
ATTEMPTS = 100  # draws before an instance is given up; about every second one is admitted


@dataclass(frozen=True)
class Lattice:
    """Equally weighted ``nodes``, shape (n,) on a line or (n, D) in space, each with a ``cell`` of that volume."""

    nodes: np.ndarray
    cell: float

    def grid(self, name: str) -> tuple[Value, "Lattice"]:
        """Nodes along the axis ``name`` (and ROW in space), and the rule of their integral."""
        return Value(self.nodes, (name, ROW)[: self.nodes.ndim]), self

    def integral(self, x: Scalar, axis: str) -> Scalar:
        """Sum over the nodes; what does not fall off at both ends has no integral."""
        whole = primal(x)
        if axis not in whole.axes:
            raise ValueError("the integral diverges: its integrand does not depend on the letter")
        count = len(self.nodes)
        ends = max(size(select(x, axis, i)) for i in (0, count - 1))
        if not ends <= FALLS_OFF * size(x) + ZERO:  # where q is p the integrand is rounding
            raise ValueError("the integral diverges")
        return total(x, axis, count) * self.cell

    def draws(self, count: int) -> tuple[Value, Callable[[Scalar], Scalar]]:
        """Independent standard normal draws, each along an axis of its own: their table, and the mean over them.

        On a line by the trapezoidal rule, good to 1e-13 if integrands grow slowly. In space by Gauss-Hermite nodes,
        exact for polynomials of degree 17 at most in each coordinate; of the functions in which draws enter here only
        the logarithms of densities, of degree 2, are polynomials.
        """
        D = 1 if self.nodes.ndim == 1 else self.nodes.shape[1]
        if D == 1:
            nodes = np.linspace(-8.2, 8.2, 40)
            weights = np.exp(-0.5 * nodes**2) * (nodes[1] - nodes[0]) / np.sqrt(2 * pi)
        else:
            points, masses = np.polynomial.hermite_e.hermegauss(HERMITE)
            nodes = np.stack(np.meshgrid(*[points] * D, indexing="ij"), axis=-1).reshape(-1, D)
            weights = np.prod(np.stack(np.meshgrid(*[masses / masses.sum()] * D)), axis=0).reshape(-1)
        axes = [f"ε{i + 1}" for i in range(count)]
        rest, shape = nodes.shape[1:], (len(nodes),) * count
        along = [tuple(len(nodes) if i == draw else 1 for i in range(count)) for draw in range(count)]
        table = np.stack([np.broadcast_to(nodes.reshape(*a, *rest), (*shape, *rest)) for a in along])

        def mean(x: Scalar) -> Scalar:
            for axis in axes:
                x = total(x * Value(weights, (axis,)), axis, len(nodes))
            return x

        return Value(table, ("0", *axes, *([ROW] if rest else []))), mean


def integral(space: Space, integrand: Callable[[Scalar], Scalar]) -> Scalar:
    """∫ integrand(z) dz."""
    z, rule = space.grid("∫")
    return rule.integral(integrand(z), "∫")


def line(bells: Sequence[tuple[float, float]], step: float) -> Lattice:
    """Lattice of this step that covers Gaussians of given (mean, standard deviation) up to ``REACH``."""
    low, high = min(m - REACH * s for m, s in bells), max(m + REACH * s for m, s in bells)
    return Lattice(low + step * np.arange(int((high - low) / step) + 2), step)


def space(bells: Sequence[tuple[np.ndarray, np.ndarray]], step: float, reach: float) -> Lattice:
    """Cubic lattice on the union of the ellipsoids of given (mean, covariance), up to ``reach`` standard deviations."""
    widths = [(mean, reach * np.sqrt(np.diag(covariance))) for mean, covariance in bells]
    low, high = np.min([m - w for m, w in widths], axis=0), np.max([m + w for m, w in widths], axis=0)
    sides = [a + step * np.arange(int((b - a) / step) + 2) for a, b in zip(low, high, strict=True)]
    nodes = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, len(sides))
    inside = np.zeros(len(nodes), dtype=bool)
    for mean, covariance in bells:
        whitened = (nodes - mean) @ np.linalg.inv(np.linalg.cholesky(covariance)).T
        inside |= (whitened**2).sum(axis=1) < reach**2
    return Lattice(nodes[inside], step ** len(sides))


@dataclass(frozen=True)
class Curve:
    """c0 + c1 z + c2 z² + c3 sin(c4 z): a function without symmetry, with every derivative of moderate growth."""

    c: tuple[float, ...]

    def __call__(self, z: Scalar) -> Scalar:
        """Its value."""
        c = self.c
        return c[0] + c[1] * z + c[2] * (z * z) + c[3] * sin(c[4] * z)

    def derivative(self, z: Scalar) -> Scalar:
        """Its derivative, written on its own."""
        c = self.c
        return c[1] + 2 * c[2] * z + c[3] * c[4] * cos(c[4] * z)


@dataclass(frozen=True)
class Cubic:
    """A free polynomial of degree 3, in the field."""

    c: Scalar  # coefficients along the axis "0"

    def __call__(self, z: Scalar) -> Scalar:
        """Its value."""
        c = [select(self.c, "0", i) for i in range(4)]
        return c[0] + z * (c[1] + z * (c[2] + z * c[3]))

    def derivative(self, z: Scalar) -> Scalar:
        """Its derivative."""
        c = [select(self.c, "0", i) for i in range(4)]
        return c[1] + z * (2.0 * c[2] + z * (3.0 * c[3]))


def curve(rng: np.random.Generator) -> Curve:
    """A random curve."""
    c = rng.uniform((0.3, 0.2, 0.2, 0.4), (0.8, 0.5, 0.5, 0.9)) * rng.choice([-1.0, 1.0], 4)
    return Curve((*c.tolist(), float(rng.uniform(1.1, 1.7))))


def signed(rng: np.random.Generator, low: float, high: float, count: int) -> list[float]:
    """Numbers of either sign whose absolute values are between the bounds, and apart from one another."""
    sizes = low + (high - low) * (rng.permutation(count) + rng.uniform(0.2, 0.8, count)) / count
    return (sizes * rng.choice([-1.0, 1.0], count)).tolist()


def distinct(gap: float, *numbers: float) -> bool:
    """Whether any two of the numbers are at least ``gap`` apart."""
    ordered = sorted(numbers)
    return all(b - a >= gap for a, b in pairwise(ordered))


def representable(*densities: Scalar) -> bool:
    """Whether all densities are large enough for a logarithm, and finite."""
    return all(bool(np.all((primal(d).data > SMALLEST) & np.isfinite(primal(d).data))) for d in densities)


def close(x: Scalar, y: float, tolerance: float) -> bool:
    """Whether every entry is ``y`` up to the tolerance."""
    return bool(np.all(np.abs(primal(x).data - y) <= tolerance))
