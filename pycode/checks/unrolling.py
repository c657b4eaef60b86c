r"""Checks of the unrolled recursion :math:`\nabla v=\sum_{k<K}P^kg+P^K\nabla v` on the frozen lake."""

from pycode.check import Check
from pycode.checks import SOLVE
from pycode.experiments.unrolling import SETTLED
from pycode.mdp import EPS
from pycode.results import measured


def identity() -> Check:
    r"""Partial sum plus remainder is :math:`\nabla v`, from complex steps, at every state and every K."""
    result = measured("unrolling")
    return Check(result["identity"], 0.0, 10 * EPS * result["cond"], SOLVE)


def remainder_decay() -> Check:
    r"""The factor by which a step shrinks the remainder against the spectral radius of P."""
    result = measured("unrolling")
    because = f"the share of the second eigenvalue that is left at K = {SETTLED}"
    return Check(result["decay"], result["spectral_radius"], result["second_share"], because)


def bound() -> Check:
    r"""The remainder over its bound :math:`C\Pr(T>K)`, largest over the states and K = 1, 2, …"""
    result = measured("unrolling")
    rounding = result["steps"] * result["states"] * EPS
    return Check(result["bound_ratio"], 1.0, rounding, "K·n·eps: rounding of K products with n terms each", "<=")
