r"""Sparse solves with :math:`A=I-P` and its transpose: one LU factorisation, or BiCGSTAB on a lumped chain.

Neither says how accurate it is: that is for the caller to find out, from the residual. A is a row diagonally dominant
M-matrix, so elimination needs no pivoting.
"""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator, SuperLU, bicgstab, splu

from pycode.mdp import Array

MAX_ITERATIONS = 500
PASSES = 3  # of pairing: groups of up to 8 states; more make the lumped chain cheaper and the iterations more
SMALL, CROWDED = 2000, 9  # a lumped chain that is larger, with more successors a group, is lumped further
NOISE, ROUNDS = 0.25, 8  # of the choice of mates
DAMPING = 0.8  # of the Jacobi steps around the lumped solve


def factorise(matrix: sp.csr_array) -> SuperLU:
    """LU factors in minimum-degree order on the diagonal; raises RuntimeError where a pivot is 0."""
    symmetric = {"SymmetricMode": True}
    return splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)


def multiplications(factors: SuperLU) -> int:
    """Multiplications and divisions of a factorisation: under each pivot a column of L times its row of U."""
    below, rightwards = np.diff(factors.L.indptr) - 1, np.bincount(factors.U.indices)
    return int(below @ rightwards)


class LU:
    """One factorisation for all solves; ``nonzeros`` counts both factors' entries."""

    iterations = 0
    converged = True
    solves = 0

    def __init__(self, matrix: sp.csr_array) -> None:
        self._factors = factorise(matrix)
        self.nonzeros = int(self._factors.nnz)

    def solve(self, b: Array, reduction: float, transposed: bool = False) -> Array:
        """Solution of A x = b or, transposed, of A' x = b; a direct solve has no use for ``reduction``."""
        self.solves += 1
        return self._factors.solve(b, "T" if transposed else "N")

    def work(self) -> int:
        """Multiplications so far: of the factorisation, and one for each entry of the factors in each solve."""
        return multiplications(self._factors) + self.solves * self.nonzeros


def pair(matrix: sp.csr_array) -> Array:
    """Number of the group of each state, shape ``(n,)``: pairs of states, each the other's strongest neighbour left."""
    n = matrix.shape[0]
    links = abs(sp.csr_array(matrix + matrix.T)).tocoo()
    row, column = links.coords
    # Links all equal, or growing steadily along a line, would leave most states without a mate: fixed noise decides.
    noise = np.random.default_rng(0).random(n)
    strength = links.data * (1 + NOISE * (noise[row] + noise[column]))
    keep = row != column
    mate = np.arange(n)
    for _ in range(ROUNDS):
        if not keep.any():
            break
        row, column, strength = row[keep], column[keep], strength[keep]
        first = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
        best = np.repeat(np.maximum.reduceat(strength, first), np.diff(np.append(first, len(row))))
        favourite = np.arange(n)
        top = strength == best
        favourite[row[top]] = column[top]
        taken = (favourite[favourite] == np.arange(n)) & (favourite != np.arange(n))
        mate[taken] = favourite[taken]
        keep = ~(taken[row] | taken[column])
    return np.unique(np.minimum(mate, np.arange(n)), return_inverse=True)[1]


def lump(matrix: sp.csr_array) -> tuple[sp.csr_array, sp.csr_array]:
    """Membership of states in groups, ones of shape ``(n, groups)``, and the matrix of the lumped chain."""
    n = matrix.shape[0]
    group, passes = np.arange(n), 0
    while passes < PASSES or (matrix.shape[0] > SMALL and matrix.nnz > CROWDED * matrix.shape[0]):
        pairs = pair(matrix)
        passes, groups, before = passes + 1, int(pairs.max()) + 1, matrix.shape[0]
        member = sp.csr_array((np.ones(before), pairs, np.arange(before + 1)), shape=(before, groups))
        matrix, group = sp.csr_array(member.T @ matrix @ member), pairs[group]
        if groups == before:
            break
    return sp.csr_array((np.ones(n), group, np.arange(n + 1)), shape=(n, matrix.shape[0])), matrix


class BiCGSTAB:
    """Scipy's BiCGSTAB, preconditioned by a solve for the chain of lumped states between two Jacobi steps.

    The lumped solve carries across the whole process what one step carries to the neighbours only, so the number of
    ``iterations``, counted over all solves, hardly grows with the number of states. ``nonzeros`` counts the entries of
    the lumped chain's factors.
    """

    def __init__(self, matrix: sp.csr_array) -> None:
        self._A, self._At = matrix, sp.csr_array(matrix.T)
        self._member, lumped = lump(matrix)
        self._collect = sp.csr_array(self._member.T)
        self._factors = factorise(lumped)
        with np.errstate(divide="ignore"):  # of a state that is left too rarely for doubles: no solve converges
            self._jacobi = DAMPING / matrix.diagonal()
        self.nonzeros, self.iterations, self.converged = int(self._factors.nnz), 0, True

    def solve(self, b: Array, reduction: float, transposed: bool = False) -> Array:
        """Solution of A x = b or, transposed, of A' x = b, up to a residual of ``reduction`` times b's, in the 1-norm.

        Where that is not reached ``converged`` becomes False.
        """
        A = self._At if transposed else self._A
        way = "T" if transposed else "N"

        def precondition(r: Array) -> Array:
            x = self._jacobi * r
            x += self._member @ self._factors.solve(self._collect @ _left(A, x, r), way)
            last = _left(A, x, r)
            last *= self._jacobi
            return np.add(x, last, out=x)

        def count(_: Array) -> None:
            self.iterations += 1

        # From 0 the first residual would be b, and a unit vector, as for the visits, is orthogonal to what it meets.
        n = len(b)
        goal = reduction * abs(b).sum() / n**0.5  # of the residual's 2-norm: then its 1-norm is small enough
        operator = LinearOperator((n, n), matvec=precondition, dtype=np.float64)
        with np.errstate(all="ignore"):  # a breakdown shows in the residual, which is then no number
            x, failed = bicgstab(
                A, b, precondition(b), rtol=0.0, atol=goal, maxiter=MAX_ITERATIONS, M=operator, callback=count
            )
        self.converged &= not failed
        return x

    def work(self) -> int:
        """Multiplications so far, but for those by vectors: an iteration has six products with A, two lumped solves."""
        return multiplications(self._factors) + self.iterations * (6 * self._A.nnz + 2 * self.nonzeros)


def _left(A: sp.csr_array, x: Array, r: Array) -> Array:
    """What r - A x leaves."""
    product = A @ x
    return np.subtract(r, product, out=product)
