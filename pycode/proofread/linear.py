"""Linear algebra on values: matrices in the axes ROW and COLUMN, and linear systems between named axes."""

from collections.abc import Callable

import numpy as np

from pycode.proofread.values import COLUMN, ROW, ZERO, Dual, Scalar, Value, primal, rename, total


def matrix_product(a: Scalar, b: Scalar) -> Scalar:
    """Sum over the columns of ``a`` and the rows of ``b``."""
    count = primal(a).data.shape[primal(a).axes.index(COLUMN)]
    return total(rename(a, {COLUMN: "·"}) * rename(b, {ROW: "·"}), "·", count)


def transpose(a: Scalar) -> Scalar:
    """Rows and columns exchanged; a number stays."""
    return rename(a, {ROW: COLUMN, COLUMN: ROW})


def _square(a: Scalar, action: Callable[[np.ndarray], np.ndarray], keep: bool) -> Value:
    """A function of the matrix in the axes ROW and COLUMN."""
    if isinstance(a, Dual):
        raise ValueError("derivatives of matrix functions are not computed")
    data = np.moveaxis(a.data, [a.axes.index(ROW), a.axes.index(COLUMN)], [-2, -1])
    other = [x for x in a.axes if x not in (ROW, COLUMN)]
    return Value(action(data), [*other, ROW, COLUMN] if keep else other)


def determinant(a: Scalar) -> Scalar:
    """Det of a matrix; a number is its own."""
    return _square(a, np.linalg.det, keep=False) if ROW in primal(a).axes else a


def inverse(a: Scalar) -> Scalar:
    """Inverse of a matrix or of a number."""
    return _square(a, np.linalg.inv, keep=True) if ROW in primal(a).axes else 1.0 / a


def trace(a: Scalar) -> Scalar:
    """Tr of a matrix; a number is its own."""
    return _square(a, lambda m: np.trace(m, axis1=-2, axis2=-1), keep=False) if ROW in primal(a).axes else a


def solve(matrix: Scalar, right: Scalar, row: str, column: str) -> Scalar:
    """X with Σ_column matrix · x = right: ``matrix`` has the axes row and column, ``right`` row, x column."""
    if isinstance(matrix, Dual) or isinstance(right, Dual):
        level = max(x.level for x in (matrix, right) if isinstance(x, Dual))
        a, b = (x if isinstance(x, Dual) and x.level == level else Dual(x, ZERO, level) for x in (matrix, right))
        x = solve(a.value, b.value, row, column)
        size = primal(a.value).data.shape[0]
        rest = b.tangent - total(a.tangent * x, column, size)
        return Dual(x, solve(a.value, rest, row, column) if row in primal(rest).axes else ZERO, level)
    square = Value(matrix.data, matrix.axes)
    data = square.data if square.axes == tuple(sorted((row, column))) and row < column else square.data.T
    other = [a for a in right.axes if a != row]
    moved = np.moveaxis(right.data, right.axes.index(row), 0)
    solution = np.linalg.solve(data, moved.reshape(len(data), -1)).reshape(moved.shape)
    return Value(solution, (column, *other))
