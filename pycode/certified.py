r"""Values and visits of a sparse process under a softmax policy, each with a bound on its error that is proved.

With :math:`A=I-P`, :math:`A^{-1}\ge0` entrywise, and :math:`t=A^{-1}\mathbf 1` are the mean lengths: if
:math:`\lvert Ax-b\rvert\le\rho` and :math:`Aw\ge\rho`, then x is within w of the solution. So each solve is followed by
a rough one for its w, and every rounding that enters such an inequality is bounded and counted.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from pycode.mdp import Array
from pycode.policy_gradient import softmax_policy
from pycode.sparse import SparseMDP, policy_transition
from pycode.sparse_solvers import LU, BiCGSTAB

METHODS: dict[str, type[LU] | type[BiCGSTAB]] = {"lu": LU, "bicgstab": BiCGSTAB}
ROUNDS = 5  # of refinement; a solve that is any good needs one or two
FIRST, LOOSE, LEAST = 1e-6, 1e-2, 1e-12  # reductions of the residual asked of one solve
# Residuals are computed in the widest floats that the processor has; where these are no wider, bounds are larger.
WIDE = np.longdouble
UNIT = float(np.finfo(WIDE).eps)
TINY = float(np.finfo(np.float64).tiny)
SUBNORMAL = float(np.finfo(np.float64).smallest_subnormal)  # what one product, or its bound, may lose by underflow

Residual = Callable[[Array], tuple[Array, Array]]


class InaccurateError(ValueError):
    """The gradient in floating point is not certain to the tolerance; the message says why, and the way out."""


class Bounded(NamedTuple):
    """What was computed, and a bound on the error of each entry."""

    value: Array
    error: Array


class System:
    r"""The linear system of a process under a policy: residuals with their rounding, solves, bounds.

    Residuals come from the tables, not from A, whose entries are rounded and which serves for corrections alone. Where
    a row of probabilities does not sum to 1 exactly, what it lacks counts as an error of staying in the state.
    Raises ValueError where the episode may never end, InaccurateError where it lasts too long to say anything.
    """

    def __init__(self, process: SparseMDP, theta: Array, method: str) -> None:
        self.process, self.method, self.pi = process, method, softmax_policy(theta.astype(WIDE))
        n, m = self.pi.shape
        self._T = process.transition.astype(WIDE)
        self._P = policy_transition(process, self.pi)
        self.narrow = self._P.astype(np.float64)  # for bounds and corrections
        entries = np.diff(self._T.indptr).reshape(n, m)
        # Relative errors: of a state's softmax, whose exponents are rounded too; of a sum over actions and successors.
        self.softmax = UNIT * (np.ptp(theta, axis=1) + m + 4)
        self.gamma = self.softmax + UNIT * (entries.sum(axis=1) + m + 8)
        self._arrivals = np.bincount(self._P.indices, minlength=n) + 8
        self.weight = np.maximum(self.pi.astype(np.float64), TINY)  # for π in bounds: an exponential may underflow
        lack = abs(1 - process.exit.astype(WIDE) - self._T.sum(axis=1).reshape(n, m))
        self.lack = lack.astype(np.float64) + UNIT * (entries + 2)
        self._lack = (self.weight * self.lack).sum(axis=1)
        self._loss = SUBNORMAL * (entries.sum(axis=1) + 8)
        self.solver: LU | BiCGSTAB
        try:
            self.solver = METHODS[method](sp.csr_array(sp.eye_array(n, format="csr") - self.narrow))
        except RuntimeError:
            raise InaccurateError(f"I - P is singular in floating point; {self.way_out()}") from None
        self.length = self._lengths()

    def following(self, x: Array) -> Array:
        """Mean of x over the successors of each state and action, as wide as x, shape ``(n, m)``."""
        T = self._T if x.dtype == WIDE else self.process.transition
        return (T @ x).reshape(self.pi.shape)

    def solve(self, b: Array, reduction: float, transposed: bool = False) -> Array:
        """Solution of A x = b or A' x = b in doubles: no more than a correction; b is scaled lest it underflow."""
        size = abs(b).sum()
        if size == 0:
            return np.zeros_like(b)
        return size * self.solver.solve((b / size).astype(np.float64), reduction, transposed)

    def backward(self, b: Array, magnitude: Array) -> Residual:
        r"""Residual of :math:`Ax=b` with a bound on its rounding; b is a sum of terms of that magnitude."""

        def residual(x: Array) -> tuple[Array, Array]:
            size = abs(x).astype(np.float64)
            rounding = self.gamma * (magnitude + size + self.narrow @ size) + self._lack * size + self._loss
            return b - x + self._P @ x, rounding

        return residual

    def forward(self, b: Array, magnitude: Array) -> Residual:
        r"""Residual of :math:`A^\top x=b` with a bound on its rounding."""

        def residual(x: Array) -> tuple[Array, Array]:
            size = abs(x).astype(np.float64)
            onwards, mistaken = size @ self.narrow, (self.gamma * size) @ self.narrow
            rounding = UNIT * self._arrivals * (magnitude + size + onwards) + mistaken + self._lack * size
            return b - x + x @ self._P, rounding + SUBNORMAL * self._arrivals

        return residual

    def refine(self, residual: Residual, x: Array, transposed: bool = False) -> Array:
        """Correct x by solves until its residual is no more than the rounding in it."""
        for _ in range(ROUNDS):
            r, rounding = residual(x)
            size, noise = abs(r).sum(), rounding.sum()
            if not size > noise or not self.solver.converged:
                break
            x = x + self.solve(r, min(max(0.5 * noise / size, LEAST), LOOSE), transposed)
        return x

    def bounded(self, residual: Residual, x: Array, unsure: Array | float = 0.0) -> Bounded:
        r"""Vector x with the bound w on its distance from :math:`A^{-1}b`, where b itself is known up to ``unsure``.

        Raises InaccurateError where values overflow.
        """
        r, rounding = residual(x)
        rho = abs(r).astype(np.float64) + rounding + unsure
        self.require_finite(2 * rho.sum())  # a solve for what overflowed would not converge
        w = self.solve(2 * rho, LOOSE)
        r, rounding = self.backward(2 * rho, 2 * rho)(w)
        # A w = 2ρ - r, which may fall short of ρ here and there: a multiple of t makes up for that.
        return Bounded(x, w + max((abs(r) + rounding - rho).max(), 0.0) * self.length)

    def visits(self) -> Bounded:
        r"""Expected visits :math:`\eta` from the start; where the bound's own solve falls short, t bounds the sum."""
        start = np.zeros(len(self.pi), dtype=WIDE)
        start[self.process.start] = 1
        residual = self.forward(start, start)
        eta = self.refine(residual, np.zeros_like(start), transposed=True)
        r, rounding = residual(eta)
        sigma = abs(r).astype(np.float64) + rounding
        z = self.solve(2 * sigma, LOOSE, transposed=True)
        r, rounding = self.forward(2 * sigma, 2 * sigma)(z)
        return Bounded(eta, z + self.length @ np.maximum(abs(r) + rounding - sigma, 0.0))

    @np.errstate(all="ignore")  # of a matrix without solution, which is refused
    def _lengths(self) -> Array:
        r"""Upper bounds on the mean lengths: :math:`t\le\hat t/c` where :math:`A\hat t\ge c>0`."""
        one = np.ones(len(self.pi), dtype=WIDE)
        residual, t = self.backward(one, one), np.zeros_like(one)
        for _ in range(ROUNDS):
            r, rounding = residual(t)
            c = 1 - (abs(r) + rounding).max()
            if c > 0.5 or not self.solver.converged:
                break
            t = t + self.solve(r, LOOSE)
        if not c > 0:
            raise self._too_long()
        return t / c

    def _too_long(self) -> InaccurateError:
        cause = "episodes are too long" if self.solver.converged else "BiCGSTAB does not converge"
        return InaccurateError(f"the policy gradient by {self.method} has no certain digit: {cause}; {self.way_out()}")

    def require_finite(self, *values: float) -> None:
        """Refuse what overflowed, where the solver is not at fault."""
        if not np.isfinite(values).all():
            if not self.solver.converged:
                raise self._too_long()
            raise InaccurateError(f"values by {self.method} overflow; scale the rewards down")

    def way_out(self) -> str:
        """What a caller can do about episodes that are too long for this method."""
        other = 'method="lu" or ' if self.method == "bicgstab" else ""
        return f"take {other}a policy with shorter episodes"
