"""A variational auto-encoder with one data point x and a one-dimensional latent z: what the world ``vae`` computes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pycode.proofread.arithmetic.values import GRADIENT, ONE, Plain, Scalar, Value, exp, log, primal, rename, take
from pycode.proofread.worlds import Rule, Space
from pycode.proofread.worlds.likelihoods import AffineBernoulli, LinearGaussian
from pycode.proofread.worlds.normal import density
from pycode.proofread.worlds.quadrature import Cubic, Curve, integral

THETA, PHI = 3, 3  # components of θ, which come first in a gradient, and of φ
INTEGERS = 64  # where an infinite sum is cut
DRAWS = 2  # L in the field
GAUSSIAN_ENCODER = frozenset(
    ("\\mu_q", "\\sigma_q", "\\rho", "\\mathcal{N}", "\\epsilon[sample]", "\\varepsilon[sample]", "z[sample]")
)


@dataclass(eq=False)
class VAE:
    """An instance; q is N(μ_q, σ_q²), or else the posterior that belongs to the decoder ``model``."""

    decoder: LinearGaussian | AffineBernoulli  # with φ
    mu_p: Scalar
    sigma_p: Scalar
    mu_q: Scalar
    sigma_q: Scalar
    model: AffineBernoulli | None  # with θ
    curve: Curve | Cubic  # f
    points: Scalar  # for free variables, along the axis "0"
    draws: Scalar  # ε^(l), l on the axis "0"
    space: Space
    tight: bool
    unit: Plain = ONE
    sizes: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = {"sample": primal(self.draws).length("0"), "integer": INTEGERS}

    def admits(self, names: frozenset[str]) -> bool:
        """A q that is no Gaussian has neither mean and width nor draws μ_q + σ_q ε."""
        return self.model is None or not names & GAUSSIAN_ENCODER

    def constant(self, name: str, indices: Sequence[Value] = ()) -> Scalar:
        """Value of a constant."""
        match name:
            case "L":
                return Value(np.float64(self.sizes["sample"]))
            case "\\mu_p":
                return self.mu_p
            case "\\sigma_p":
                return self.sigma_p
            case "\\epsilon" | "\\varepsilon":
                return take(self.draws, indices)
        if self.model is not None:
            raise ValueError(f"{name}: q is no Gaussian here")
        match name:
            case "\\mu_q":
                return self.mu_q
            case "\\sigma_q":
                return self.sigma_q
            case "\\rho":
                return 2.0 * log(self.sigma_q)
            case "z":
                return self.mu_q + self.sigma_q * take(self.draws, indices)
        raise ValueError(f"{name} has no value of its own in the world vae")

    def number(self, sort: str, index: Value) -> Scalar:
        """An integer is its own index."""
        return index * 1.0

    def apply(self, name: str, signature: str, arguments: Sequence[Scalar]) -> Scalar:
        """Value of a function; the data point and parameters are not among the arguments."""
        match name, signature:
            case "\\mathcal{N}", "real;real,real":
                return density(*arguments)
            case "p", "real":
                return self.prior(*arguments)
            case "q_\\theta", "real|data":
                return self.q(*arguments)
            case "p_\\phi", "data|real":
                return self.decoder.likelihood(*arguments)
            case "p_\\phi", "data,real":
                return self.joint(*arguments)
            case "p_\\phi", "real|data":
                return self.posterior(*arguments)
            case "p_\\phi", "data":
                return self.evidence
            case "\\mathcal{L}", "\\theta,\\phi;data":
                return self.bound
            case "f", "real":
                return self.curve(*arguments)
            case "f'", "real":
                return self.curve.derivative(*arguments)
            case (("\\mu_q" | "\\sigma_q"), "data"):
                return self.constant(name)
        raise ValueError(f"the world vae has no {name}({signature})")

    def prior(self, z: Scalar) -> Scalar:
        """p(z)."""
        return density(z, self.mu_p, self.sigma_p * self.sigma_p)

    def joint(self, z: Scalar) -> Scalar:
        """p_φ(x, z)."""
        return self.decoder.likelihood(z) * self.prior(z)

    def q(self, z: Scalar) -> Scalar:
        """q_θ(z|x)."""
        if self.model is not None:
            return self.model.likelihood(z) * self.prior(z) / self._normaliser
        return density(z, self.mu_q, self.sigma_q * self.sigma_q)

    def posterior(self, z: Scalar) -> Scalar:
        """p_φ(z|x), in closed form where there is one."""
        if isinstance(self.decoder, LinearGaussian):
            mean, variance, _ = self.decoder.given(self.mu_p, self.sigma_p * self.sigma_p)
            return density(z, mean, variance)
        return self.joint(z) / self.evidence

    @cached_property
    def _normaliser(self) -> Scalar:
        return replace(self, decoder=self.model or self.decoder, model=None).evidence

    @cached_property
    def evidence(self) -> Scalar:
        """p_φ(x)."""
        if isinstance(self.decoder, LinearGaussian):
            return self.decoder.given(self.mu_p, self.sigma_p * self.sigma_p)[2]
        return integral(self.space, self.joint)

    @cached_property
    def bound(self) -> Scalar:
        """𝓛 = E_q[log p_φ(x,z) - log q_θ(z|x)], in nats."""

        def integrand(z: Scalar) -> Scalar:
            q = self.q(z)
            return q * (log(self.joint(z)) - log(q))

        return integral(self.space, integrand)

    def reals(self, name: str) -> Scalar:
        """A few irregular points."""
        return rename(self.points, {"0": name})

    def grid(self, name: str) -> tuple[Scalar, Rule]:
        """Nodes that serve for z, with every density here, and for ε ~ N(0,1), and the rule of the integral."""
        return self.space.grid(name)

    line = grid  # z is a number here

    def replace(self, name: str, value: Scalar) -> "VAE":
        r"""With another μ_q, σ_q or ρ (and so σ_q = e^{ρ/2}), or prior."""
        if self.model is not None:
            raise ValueError(f"{name}: q is no Gaussian here")
        match name:
            case "\\mu_q":
                return replace(self, mu_q=value)
            case "\\sigma_q":
                return replace(self, sigma_q=value)
            case "\\rho":
                return replace(self, sigma_q=exp(0.5 * value))
            case "\\mu_p":
                return replace(self, mu_p=value)
            case "\\sigma_p":
                return replace(self, sigma_p=value)
        raise ValueError(f"{name} has no value of its own in the world vae")

    def averaging(self) -> tuple["VAE", Callable[[Scalar], Scalar]]:
        """Each draw ε^(l) along an axis of its own."""
        table, mean = self.space.draws(self.sizes["sample"])
        return replace(self, draws=table), mean

    def parameter_mask(self, parameter: str) -> Value:
        """Which components of a gradient belong to θ, to φ, or to either."""
        return parameter_mask(parameter)


def parameter_mask(parameter: str) -> Value:
    """1 along GRADIENT for the components of θ, of φ, or of either."""
    theta, phi = {"\\theta": (1.0, 0.0), "\\phi": (0.0, 1.0), "": (1.0, 1.0)}[parameter]
    return Value(np.repeat([theta, phi], [THETA, PHI]), (GRADIENT,))
