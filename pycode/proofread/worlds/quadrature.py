"""Trapezoidal rules for Gaussian-like integrands, and small random choices that the worlds share.

On the whole line the trapezoidal rule misses exp(-2π²s²/h²) of a Gaussian of width s, and exp(-2πd/h) of a function
with a pole at distance d from the line: far below rounding long before h = s/2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import pi

import numpy as np

from pycode.proofread.values import ROW, Scalar, Value, cos, primal, sin, total

REACH = 9.2  # standard deviations on each side: a density has then fallen to 4e-19 of its peak
SMALLEST = 1e-290  # densities are larger everywhere, so that their logarithms exist
ATTEMPTS = 100  # draws before an instance is given up; about every second one is admitted


@dataclass(frozen=True)
class Lattice:
    """Equally weighted ``nodes``, shape (n,) on a line or (n, D) in space, each with a ``cell`` of that volume."""

    nodes: np.ndarray
    cell: float

    def grid(self, name: str) -> tuple[Value, Value]:
        """Nodes along the axis ``name`` (and ROW in space), and their common weight."""
        return Value(self.nodes, (name, ROW)[: self.nodes.ndim]), Value(np.float64(self.cell))

    def integral(self, integrand: Callable[[Value], Scalar]) -> Scalar:
        """∫ integrand(z) dz."""
        z, weight = self.grid("∫")
        return total(integrand(z) * weight, "∫", len(self.nodes))


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


def noise(count: int = 40, reach: float = 8.2) -> tuple[np.ndarray, np.ndarray]:
    """Trapezoidal nodes and weights for a mean over N(0,1), good to 1e-13 for integrands that grow slowly."""
    nodes = np.linspace(-reach, reach, count)
    return nodes, np.exp(-0.5 * nodes**2) * (nodes[1] - nodes[0]) / np.sqrt(2 * pi)


def spread(nodes: np.ndarray, weights: np.ndarray, count: int) -> tuple[Value, dict[str, int], Value]:
    """Independent draws on quadrature axes ε1, ε2, …: their table (the draw l on axis "0"), the axes, the weights.

    ``nodes`` has the shape (n,), or (n, D) for draws that are vectors; each draw varies along its own axis only.
    """
    axes = [f"ε{i + 1}" for i in range(count)]
    rest, shape = nodes.shape[1:], (len(nodes),) * count
    draws, product = [], np.ones(shape)
    for draw in range(count):
        along = tuple(len(nodes) if i == draw else 1 for i in range(count))
        draws.append(np.broadcast_to(nodes.reshape(*along, *rest), (*shape, *rest)))
        product = product * weights.reshape(along)
    return (
        Value(np.stack(draws), ("0", *axes, *([ROW] if rest else []))),
        dict.fromkeys(axes, len(nodes)),
        Value(product, axes),
    )


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
