"""Linear algebra: matrices in the axes ROW and COLUMN, and linear systems between named axes."""

from pycode.proofread.arithmetic.values import COLUMN, ROW, ZERO, Dual, Plain, Scalar, primal, rename, select, total


def matrix_product(a: Scalar, b: Scalar) -> Scalar:
    """Sum over the columns of ``a`` and the rows of ``b``."""
    return total(rename(a, {COLUMN: "·m"}) * rename(b, {ROW: "·m"}), "·m", primal(a).length(COLUMN))


def transpose(a: Scalar) -> Scalar:
    """Rows and columns exchanged; a number stays."""
    return rename(a, {ROW: COLUMN, COLUMN: ROW})


def _plain(a: Scalar) -> Plain:
    if isinstance(a, Dual):
        raise ValueError("derivatives of matrix functions are not computed")
    return a


def determinant(a: Scalar) -> Scalar:
    """Det of a matrix; a number is its own."""
    return _plain(a).determinant() if ROW in primal(a).axes else a


def inverse(a: Scalar) -> Scalar:
    """Inverse of a matrix or of a number."""
    return _plain(a).inverse() if ROW in primal(a).axes else 1.0 / a


def trace(a: Scalar) -> Scalar:
    """Tr of a matrix; a number is its own."""
    if ROW not in primal(a).axes:
        return a
    result: Scalar = ZERO
    for i in range(primal(a).length(ROW)):
        result = result + select(select(a, ROW, i), COLUMN, i)
    return result


def solve(matrix: Scalar, right: Scalar, row: str, column: str) -> Scalar:
    """X with Σ_column matrix · x = right: ``matrix`` has the axes row and column, ``right`` row, x column."""
    if isinstance(matrix, Dual) or isinstance(right, Dual):
        level = max(x.level for x in (matrix, right) if isinstance(x, Dual))
        a, b = (x if isinstance(x, Dual) and x.level == level else Dual(x, ZERO, level) for x in (matrix, right))
        x = solve(a.value, b.value, row, column)
        rest = b.tangent - total(a.tangent * x, column, primal(a.value).length(column))
        return Dual(x, solve(a.value, rest, row, column) if row in primal(rest).axes else ZERO, level)
    return matrix.solved(right, row, column)
