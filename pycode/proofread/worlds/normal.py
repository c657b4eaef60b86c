"""The normal density by conditioning, one coordinate after the other: no determinant, no inverse, any further axes."""

from pycode.proofread.arithmetic.values import COLUMN, ONE, ROW, Scalar, exp, pi, primal, select, sqrt


def density(z: Scalar, mean: Scalar, variance: Scalar) -> Scalar:
    """N(z; mean, variance).

    With a ``variance`` on ROW and COLUMN it is a covariance and z a vector on ROW; otherwise the components of
    vectors are independent, with the variance of each or a common one.
    """
    rest, axes = z - mean, primal(variance).axes
    if COLUMN in axes:
        if ROW not in axes or ROW not in primal(rest).axes:
            raise ValueError("a covariance matrix needs a vector z, and a scalar z a scalar variance")
        return _joint(rest, variance, length(variance, ROW))
    bell = _bell(rest, variance)
    return product(bell) if ROW in primal(bell).axes else bell


def _bell(rest: Scalar, variance: Scalar) -> Scalar:
    return exp(-0.5 * (rest * rest / variance)) / sqrt(variance * 2.0 * pi(variance))


def _joint(rest: Scalar, covariance: Scalar, D: int) -> Scalar:
    """Density of the first coordinate, times that of the others given the first, and so on."""
    d = [select(rest, ROW, i) for i in range(D)]
    S = [[select(select(covariance, ROW, i), COLUMN, j) for j in range(D)] for i in range(D)]
    result: Scalar = ONE
    for i in range(D):
        result = result * _bell(d[i], S[i][i])
        for k in range(i + 1, D):
            slope = S[k][i] / S[i][i]
            d[k] = d[k] - slope * d[i]
            S[k] = [S[k][j] - slope * S[i][j] for j in range(D)]
    return result


def product(x: Scalar) -> Scalar:
    """Product over ROW."""
    result: Scalar = ONE
    for i in range(length(x, ROW)):
        result = result * select(x, ROW, i)
    return result


def length(x: Scalar, axis: str) -> int:
    """Number of entries along an axis."""
    whole = primal(x)
    return whole.data.shape[whole.axes.index(axis)]
