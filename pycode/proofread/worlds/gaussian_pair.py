"""Two Gaussians, q = N(μ_q, Σ_q) and p = N(μ_p, Σ_p), with a linear decoder: what the world ``gaussians`` computes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pycode.proofread.arithmetic.values import (
    COLUMN,
    ONE,
    ROW,
    Plain,
    Scalar,
    Value,
    exp,
    log,
    primal,
    rename,
    take,
    total,
)
from pycode.proofread.worlds import Rule, Space
from pycode.proofread.worlds.likelihoods import LinearGaussian
from pycode.proofread.worlds.normal import density
from pycode.proofread.worlds.quadrature import Cubic, Curve, integral

INTEGERS = 64  # where an infinite sum is cut
DATA = frozenset({"x"})  # the data point: as an argument of a function it is left out
SEVERAL = frozenset(("\\Sigma_q", "\\Sigma_p", "D", "I"))  # names that show more than one dimension, as indices do
WIDTHS = frozenset(("\\sigma_q", "\\sigma_p", "\\rho", "r"))  # what full covariances do not have


@dataclass(eq=False)
class Gaussians:
    """An instance. Covariances are S Sᵀ for ``scale_q`` and ``scale_p``: σ with D = 1, diagonal if ``diagonal``."""

    D: int
    diagonal: bool
    mu_q: Scalar
    scale_q: Scalar
    mu_p: Scalar
    scale_p: Scalar
    decoder: LinearGaussian
    curve: Curve | Cubic
    points: Scalar  # for free variables, along the axis "0"
    draws: Scalar  # ε^(l), l on the axis "0"
    space: Space
    scalars: Space
    tight: bool
    unit: Plain = ONE
    sizes: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = {"dimension": self.D, "sample": primal(self.draws).length("0"), "integer": INTEGERS}

    def admits(self, names: frozenset[str]) -> bool:
        """Whether names have a meaning here."""
        return admits(self.D, self.diagonal, names)

    def constant(self, name: str, indices: Sequence[Value] = ()) -> Scalar:
        """Value of a constant."""
        match name:
            case "L" | "D":
                return Value(np.float64(self.sizes["sample"] if name == "L" else self.D))
            case "I":
                return matrix(np.eye(self.D))
            case "\\Sigma_q":
                return _covariance(self.scale_q, self.D)
            case "\\Sigma_p":
                return _covariance(self.scale_p, self.D)
            case "\\epsilon" | "\\varepsilon":
                return take(self.draws, indices)
            case "z":
                return self.mu_q + _times(self.scale_q, take(self.draws, indices), self.D)
        vector = self._entries(name)
        return take(rename(vector, {ROW: "0"}), indices) if indices and self.D > 1 else vector

    def _entries(self, name: str) -> Scalar:
        match name:
            case "\\mu_q":
                return self.mu_q
            case "\\mu_p":
                return self.mu_p
        if name in WIDTHS and not self.diagonal:
            raise ValueError(f"{name}: the covariances are full here")
        # The row sums of a diagonal matrix are its diagonal.
        sigma_q, sigma_p = (total(s, COLUMN, self.D) if self.D > 1 else s for s in (self.scale_q, self.scale_p))
        match name:
            case "\\sigma_q":
                return sigma_q
            case "\\sigma_p":
                return sigma_p
            case "\\rho":
                return 2.0 * log(sigma_q)
            case "r":
                return 2.0 * log(sigma_q) - 2.0 * log(sigma_p)
        raise ValueError(f"{name} has no value of its own in the world gaussians")

    def number(self, sort: str, index: Value) -> Scalar:
        """An integer is its own index."""
        return index * 1.0

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Value of a function; the data point and parameters are not among the arguments."""
        match name, signature:
            case "\\mathcal{N}", "real;real,real":
                return self._normal(*arguments)
            case "q_\\theta", "real|data":
                return self.q(*arguments)
            case "p", "real":
                return self.p(*arguments)
            case "p_\\phi", "data|real":
                return self.decoder.likelihood(*arguments)
            case "p_\\phi", "data,real":
                return self.joint(*arguments)
            case "p_\\phi", "real|data":
                return self.posterior(*arguments)
            case "p_\\phi", "data":
                return self.given[2]
            case "\\mathcal{L}", "\\theta,\\phi;data":
                return self.bound
            case "f", "real" if self.D == 1:
                return self.curve(*arguments)
        raise ValueError(f"the world gaussians has no {name}({signature})")

    def _normal(self, z: Scalar, mean: Scalar, variance: Scalar) -> Scalar:
        if ROW in primal(z - mean).axes and ROW not in primal(variance).axes:
            raise ValueError("the density of a vector needs a covariance matrix, such as I")
        return density(z, mean, variance)

    def q(self, z: Scalar) -> Scalar:
        """q_θ(z|x)."""
        return density(z, self.mu_q, _covariance(self.scale_q, self.D))

    def p(self, z: Scalar) -> Scalar:
        """Density of the prior."""
        return density(z, self.mu_p, _covariance(self.scale_p, self.D))

    def joint(self, z: Scalar) -> Scalar:
        """p_φ(x, z)."""
        return self.decoder.likelihood(z) * self.p(z)

    def posterior(self, z: Scalar) -> Scalar:
        """p_φ(z|x)."""
        mean, covariance, _ = self.given
        return density(z, mean, covariance)

    @cached_property
    def given(self) -> tuple[Scalar, Scalar, Scalar]:
        """Mean and covariance of the posterior, and the evidence p_φ(x)."""
        return self.decoder.given(self.mu_p, _covariance(self.scale_p, self.D))

    @cached_property
    def bound(self) -> Scalar:
        """𝓛 = E_q[log p_φ(x,z) - log q_θ(z|x)], in nats."""

        def integrand(z: Scalar) -> Scalar:
            q = self.q(z)
            return q * (log(self.joint(z)) - log(q))

        return integral(self.space, integrand)

    def reals(self, name: str) -> Scalar:
        """A few irregular points, vectors with D > 1."""
        return rename(self.points, {"0": name})

    def grid(self, name: str) -> tuple[Scalar, Rule]:
        """Nodes, vectors with D > 1, that serve for z, with every density here, and for ε ~ N(0, I), and their rule."""
        return self.space.grid(name)

    def line(self, name: str) -> tuple[Scalar, Rule]:
        """The same for a scalar, whatever D: one coordinate of z or of ε."""
        return self.scalars.grid(name)

    def replace(self, name: str, value: Scalar) -> "Gaussians":
        r"""With another μ_q, σ_q, ρ (and so σ_q = e^{ρ/2}), μ_p or σ_p; only with D = 1."""
        if self.D > 1:
            raise ValueError(f"{name} is a vector here")
        match name:
            case "\\mu_q":
                return replace(self, mu_q=value)
            case "\\sigma_q":
                return replace(self, scale_q=value)
            case "\\rho":
                return replace(self, scale_q=exp(0.5 * value))
            case "\\mu_p":
                return replace(self, mu_p=value)
            case "\\sigma_p":
                return replace(self, scale_p=value)
        raise ValueError(f"{name} has no value of its own in the world gaussians")

    def averaging(self) -> tuple["Gaussians", Callable[[Scalar], Scalar]]:
        """Each draw ε^(l) along an axis of its own."""
        table, mean = self.space.draws(self.sizes["sample"])
        return replace(self, draws=table), mean

    def parameter_mask(self, parameter: str) -> Value:
        """Nothing here is differentiated in θ or φ."""
        raise ValueError(f"the world gaussians has no gradient in {parameter or 'its parameters'}; use the world vae")


def admits(D: int, diagonal: bool, names: frozenset[str]) -> bool:
    """Several dimensions only where a relation shows them; full covariances have no σ; f is for one dimension."""
    if D == 1:
        return True
    bare = {name.partition("[")[0] for name in names}
    indexed = any("[dimension]" in name and name.partition("[")[0] not in DATA for name in names)
    return (indexed or bool(bare & SEVERAL)) and "f" not in bare and (diagonal or not bare & WIDTHS)


def _times(scale: Scalar, vector: Scalar, D: int) -> Scalar:
    return scale * vector if D == 1 else total(scale * rename(vector, {ROW: COLUMN}), COLUMN, D)


def _covariance(scale: Scalar, D: int) -> Scalar:
    if D == 1:
        return scale * scale
    return total(rename(scale, {COLUMN: "∑"}) * rename(scale, {ROW: COLUMN, COLUMN: "∑"}), "∑", D)


def vector(v: np.ndarray) -> Value:
    """A vector, as a scalar if it has one entry."""
    return Value(v[0]) if len(v) == 1 else Value(v, (ROW,))


def matrix(m: np.ndarray) -> Value:
    """A square matrix, as a scalar if it has one entry."""
    return Value(m[0, 0]) if len(m) == 1 else Value(m, (ROW, COLUMN))
