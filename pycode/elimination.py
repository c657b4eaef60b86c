r"""Linear systems with :math:`I-P` without a subtraction: state by state, the chain is watched in fewer states.

Leaving state k out of the chain means to follow each visit to it to the next other state, or to the end. Its diagonal
entry is the probability of leaving it, which is summed instead of being taken from 1 (Grassmann, Taksar and Heyman,
Operations Research 33, 1985). All terms are nonnegative, so every entry of :math:`(I-P)^{-1}` is right to some n
roundings however long the episodes are (O'Cinneide, Numerische Mathematik 65, 1993), while Gaussian elimination of the
computed :math:`I-P` loses as many digits as :math:`\mathbb E[T]` has.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Elimination(NamedTuple):
    r""":math:`I-P=UL`: unit upper and lower triangular factors, without their signs.

    ``entries``: shape ``(..., n, n)``; above the diagonal the shares that U takes off, below it those of L;
    ``leaving``: shape ``(..., n)``, the diagonal of L: probability that a step leaves k for a state before it, or ends.
    """

    entries: Array
    leaving: Array

    def solve(self, b: Array) -> Array:
        r"""Solution x of :math:`(I-P)\,x=b`; both of shape ``(..., n, k)``."""
        x = self._started(b)
        n = x.shape[-2]
        for k in range(n - 1, 0, -1):
            x[..., :k, :] += self.entries[..., :k, k, None] * x[..., None, k, :]
        for k in range(n):
            x[..., k, :] += np.einsum("...j,...jr->...r", self.entries[..., k, :k], x[..., :k, :])
            x[..., k, :] /= self.leaving[..., k, None]
        return x

    def solve_transposed(self, b: Array) -> Array:
        r"""Solution y of :math:`(I-P)^\top y=b`; both of shape ``(..., n, k)``."""
        y = self._started(b)
        n = y.shape[-2]
        for k in range(n - 1, -1, -1):
            y[..., k, :] /= self.leaving[..., k, None]
            y[..., :k, :] += self.entries[..., k, :k, None] * y[..., None, k, :]
        for k in range(1, n):
            y[..., k, :] += np.einsum("...i,...ir->...r", self.entries[..., :k, k], y[..., :k, :])
        return y

    def _started(self, b: Array) -> Array:
        """A copy of the right side for every matrix, in the type of the solution."""
        shape = (*np.broadcast_shapes(self.leaving.shape[:-1], b.shape[:-2]), *b.shape[-2:])
        return np.array(np.broadcast_to(b, shape), dtype=np.result_type(self.entries, b))


def eliminate(P: Array, ends: Array) -> Elimination:
    r"""Factors of :math:`I-P`, P of shape ``(..., n, n)``; ``ends``, shape ``(..., n)``: probability to end from s.

    A diagonal entry of P is not read: it is what the rest of its row and ``ends`` leave of 1. The episode must end
    from every state (`pycode.mdp.require_termination`).
    """
    entries, ends = P.copy(), ends.copy()
    leaving = np.empty_like(ends)
    for k in range(P.shape[-1] - 1, -1, -1):
        leaving[..., k] = entries[..., k, :k].sum(axis=-1) + ends[..., k]
        entries[..., :k, k] /= leaving[..., k, None]
        entries[..., :k, :k] += entries[..., :k, k, None] * entries[..., None, k, :k]
        ends[..., :k] += entries[..., :k, k] * ends[..., k, None]
    return Elimination(entries, leaving)
