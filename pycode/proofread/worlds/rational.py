"""A linear-Gaussian decoder in the field, all of whose widths are rational: sums of two squares that are squares."""

from pycode.proofread.arithmetic.field import Residue
from pycode.proofread.arithmetic.symbols import Field
from pycode.proofread.arithmetic.values import GRADIENT, Dual, Scalar, Value
from pycode.proofread.worlds.likelihoods import LinearGaussian


def moving(field: Field, x: Residue, first: int, count: int, size: int) -> Dual:
    """X with a free derivative in the components first, …, first + count - 1 of a gradient of this size."""
    slope = field.letter((count,), (GRADIENT,))
    before, after = (Value([0] * n, (GRADIENT,)) for n in (first, size - first - count))
    return Dual(x, slope.lifted(before).joined(slope, GRADIENT).joined(after, GRADIENT))


def decoder(field: Field, sigma: Residue, sizes: int = 2) -> LinearGaussian:
    """X_j ~ N(w_j z + b_j, s²) for z of the width σ. With w_j σ_j = 2u s/(1 - u²), σ_j² the variance of z given the x
    before, the variance of x_j is the square of s (1 + u²)/(1 - u²).
    """
    s = field.positive()
    noise, w = s.square(), []
    for _ in range(sizes):
        u = field.letter()
        cosine = (1 - u * u) / (1 + u * u)
        width = (s / cosine).named()
        width.square()
        w.append(2 * u * s / ((1 - u * u) * sigma))
        sigma = sigma * s / width
        sigma.square()
    x, b = ([field.letter() for _ in range(sizes)] for _ in "xb")
    return LinearGaussian(x, w, b, noise)


def with_slopes(field: Field, model: LinearGaussian, first: int, count: int, size: int) -> LinearGaussian:
    """The same decoder with free derivatives of its weights, offsets and noise."""

    def move(x: Scalar) -> Scalar:
        return moving(field, x, first, count, size)  # type: ignore[arg-type]

    return LinearGaussian(model.x, [*map(move, model.w)], [*map(move, model.b)], move(model.noise))
