"""Decoders whose mean or logits are affine in the latent z: p_φ(x|z) as a function of z, for one data point x."""

from collections.abc import Sequence
from dataclasses import dataclass

from pycode.proofread.arithmetic.values import COLUMN, ONE, ROW, ZERO, Number, Scalar, exp, primal, rename, total
from pycode.proofread.worlds.normal import density, length


@dataclass(frozen=True)
class LinearGaussian:
    """x_j ~ N(w_j·z + b_j, noise), independent; ``w_j`` is a scalar, or a vector on ROW as z is."""

    x: Sequence[Number]
    w: Sequence[Scalar]
    b: Sequence[Scalar]
    noise: Scalar

    def likelihood(self, z: Scalar) -> Scalar:
        """p_φ(x|z)."""
        result: Scalar = ONE
        for x, w, b in zip(self.x, self.w, self.b, strict=True):
            result = result * density(x - b, dot(w, z), self.noise)
        return result

    def plain(self) -> "LinearGaussian":
        """Without derivatives."""
        return LinearGaussian(self.x, [*map(primal, self.w)], [*map(primal, self.b)], primal(self.noise))

    def given(self, mean: Scalar, covariance: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        """Mean and covariance of z given x, and the density of x, from those of the prior: one x_j after the other."""
        evidence: Scalar = ONE
        for x, w, b in zip(self.x, self.w, self.b, strict=True):
            mean, covariance, factor = _condition(mean, covariance, w, self.noise, x - b)
            evidence = evidence * factor
        primal(evidence).remembered()
        return mean, covariance, evidence


@dataclass(frozen=True)
class AffineBernoulli:
    """x_j = 1 with probability 1/(1 + e^{-a_j}), independent, for logits a_j = w_j z + b_j."""

    x: Sequence[float]
    w: Sequence[Scalar]
    b: Sequence[Scalar]

    def likelihood(self, z: Scalar) -> Scalar:
        """p_φ(x|z)."""
        result: Scalar = ONE
        for x, w, b in zip(self.x, self.w, self.b, strict=True):
            a = w * z + b
            result = result / (1.0 + exp(-a if x else a))
        return result

    def plain(self) -> "AffineBernoulli":
        """Without derivatives."""
        return AffineBernoulli(self.x, [*map(primal, self.w)], [*map(primal, self.b)])


def dot(w: Scalar, z: Scalar) -> Scalar:
    """Inner product over ROW, or the product of scalars."""
    return total(w * z, ROW, length(w, ROW)) if ROW in primal(w).axes else w * z


def _condition(
    mean: Scalar, covariance: Scalar, w: Scalar, noise: Scalar, observed: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Mean and covariance of z ~ N(mean, covariance) given w·z + N(0, noise) = observed; the density of observed."""
    Sw = rename(dot(w, covariance), {COLUMN: ROW})
    variance = dot(w, Sw) + noise
    gain, surprise = Sw / variance, observed - dot(w, mean)
    return mean + gain * surprise, covariance - gain * rename(Sw, {ROW: COLUMN}), density(surprise, ZERO, variance)
