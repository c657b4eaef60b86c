r"""The exact policy gradient at 1e5 states and beyond: the theorem's sum by sparse solves, with a proved error.

A softmax policy has a row of parameters for each state, :math:`\theta` of shape ``(n, m)``. What cannot be computed to
the tolerance is refused with a `pycode.certified.InaccurateError`.
"""

import math
from typing import NamedTuple

import numpy as np

from pycode.certified import FIRST, METHODS, SUBNORMAL, UNIT, Bounded, InaccurateError, System
from pycode.mdp import EPS, Array
from pycode.sparse import SparseMDP

DOUBLE = np.finfo(np.float64)
TOLERANCE = 1e-6  # relative; a gradient that is certain to this much is no noise, however little is asked for
UNDERFLOW = float(DOUBLE.tiny) / EPS  # what is smaller loses digits in products
MARGIN = 1.01  # for the rounding of the bounds, sums of positive terms, themselves


class Gradient(NamedTuple):
    r"""The gradient and what is known of it; ``error`` bounds the error of every entry, relative to the largest.

    ``length`` is computed, not bounded.
    """

    gradient: Array  # ∇J, shape (n, m)
    J: float
    J_error: float  # bound on the error of J
    length: float  # E[T], in steps
    error: float
    iterations: int  # of BiCGSTAB, over all solves; 0 for LU
    nonzeros: int  # of the factors


class _Local(NamedTuple):
    r"""What a state adds per visit, :math:`g(s)=\sum_aq_\pi(s,a)\,\nabla\pi(a\mid s)`, and J."""

    g: Bounded  # shape (n, m)
    J: float
    J_error: float


def prepare(process: SparseMDP, theta: Array, method: str = "bicgstab") -> System:
    r"""The linear system at :math:`\theta`, factorised or preconditioned, for several questions about it.

    ``method`` is ``"lu"``, fast where eliminating states joins few others, as on grids, or ``"bicgstab"``, whose memory
    grows in proportion to the process. Raises ValueError for parameters that do not fit and where the episode may
    never end, and InaccurateError where it lasts too long.
    """
    if not isinstance(process, SparseMDP):
        raise ValueError(
            f"the process is of type {type(process).__name__}; give a SparseMDP; from_dense makes one of an EpisodicMDP"
        )
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; take one of {', '.join(METHODS)}")
    return System(process, _rows(process, theta, "theta"), method)


def _rows(process: SparseMDP, values: Array, name: str) -> Array:
    """The values as doubles, a row for each state; raises ValueError for those that do not fit."""
    if np.shape(values) != process.exit.shape:
        raise ValueError(
            f"{name} has shape {np.shape(values)}; give (n, m) = {process.exit.shape}: a row for each state"
        )
    if np.iscomplexobj(values):
        raise ValueError(f"{name} is complex; give real numbers")
    rows = np.asarray(values, dtype=np.float64)
    for s in np.flatnonzero(~np.isfinite(rows).all(axis=1)):
        raise ValueError(
            f"{name}'s row of state {process.name(s)} holds a value that is not finite; give finite numbers"
        )
    return rows


def _local(system: System, often: int) -> _Local:
    r"""The sum over actions at each state, from :math:`u=v-c`, c near the value of a state that is visited often.

    :math:`Au=r_\pi-c\,e_\pi`, :math:`e_\pi` the probability of the exit: where episodes are long, v is large and nearly
    constant, but only its differences matter. And in :math:`\pi(a)\sum_b\pi(b)\,(q(a)-q(b))` what nearly cancels
    under a nearly deterministic policy is left out beforehand: b = a.
    """
    process, pi, weight = system.process, system.pi, system.weight
    v = system.solve((pi * process.reward).sum(axis=1), FIRST)
    c = v[often]
    paid = process.reward - c * process.exit
    size = abs(process.reward) + float(abs(c)) * process.exit
    residual = system.backward((pi * paid).sum(axis=1), (weight * size).sum(axis=1))
    u, w = system.bounded(residual, system.refine(residual, v - c))
    advantage = paid + system.following(u) - u[:, None]
    moduli = abs(u).astype(np.float64)
    rounding = system.gamma[:, None] * (size + system.following(moduli) + moduli[:, None])
    unsure = system.following(w) + rounding + system.lack * moduli[:, None] + 16 * SUBNORMAL
    others = 1 - np.eye(pi.shape[1])
    g = pi * ((pi @ others) * advantage - (pi * advantage) @ others)

    def spread(x: Array) -> Array:
        return (weight @ others) * x + (weight * x) @ others

    relative = (3 * system.softmax + UNIT * (pi.shape[1] + 4))[:, None]
    error = weight * (spread(unsure) + relative * spread(abs(advantage).astype(np.float64))) + 16 * SUBNORMAL
    J = c + u[process.start]
    return _Local(Bounded(g, error), float(J), float(MARGIN * w[process.start] + EPS * abs(J)))


def policy_gradient(
    process: SparseMDP, theta: Array, method: str = "bicgstab", tolerance: float = TOLERANCE
) -> Gradient:
    r"""The theorem's sum :math:`\sum_s\eta(s)\sum_a q_\pi(s,a)\,\nabla\pi(a\mid s)` with a bound on its error.

    On the page: ``eq:pg-theorem``. Raises ValueError as `prepare` does, InaccurateError as `gradient_of` does.
    """
    return gradient_of(prepare(process, theta, method), tolerance)


@np.errstate(all="ignore")  # what overflows is refused
def gradient_of(system: System, tolerance: float = TOLERANCE) -> Gradient:
    """The gradient of a prepared system.

    Raises InaccurateError where the bound on its error exceeds the tolerance, and where values overflow.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}; give a positive bound on the relative error")
    eta = system.visits()
    local = _local(system, int(eta.value.argmax()))
    gradient = (eta.value[:, None] * local.g.value).astype(np.float64)
    visits = abs(eta.value) + eta.error
    bound = visits[:, None] * local.g.error + eta.error[:, None] * abs(local.g.value)
    bound = MARGIN * (bound + EPS * abs(gradient) + DOUBLE.smallest_subnormal)
    largest, worst = float(abs(gradient).max()), float(bound.max().astype(np.float64))
    length = float(eta.value.sum())
    error = worst / largest if largest > 0 else math.inf
    if not system.process.reward.any() or gradient.shape[1] == 1:
        error = 0.0  # nothing to gain, or nothing to choose
    system.require_finite(local.J, local.J_error, largest, worst)
    if not error <= tolerance:
        raise InaccurateError(_refusal(system, largest, worst, length, tolerance))
    solver = system.solver
    return Gradient(gradient, local.J, local.J_error, length, error, solver.iterations, solver.nonzeros)


def _refusal(system: System, largest: float, worst: float, length: float, tolerance: float) -> str:
    """One line: how uncertain the gradient is, why, and the way out."""
    if largest < UNDERFLOW and worst < UNDERFLOW:
        return (
            f"the policy gradient underflows: its largest entry is below {UNDERFLOW:.0e}, rewards are too rare or too "
            "small under this policy; multiply the rewards by a constant, or work with logarithms"
        )
    certain = (
        f"certain to {worst / largest:.1g} of its largest entry only"
        if worst < largest
        else "not told from 0 (rewards are rare, or cancel)"
    )
    attainable = worst < TOLERANCE * largest
    return (
        f"the policy gradient by {system.method} is {certain}, tolerance {tolerance:g}: E[T] = {length:.2g} steps, "
        f"the condition of I - P is about {2 * system.length.max():.1g}"
        f"{'' if system.solver.converged else ', BiCGSTAB did not converge'}; "
        f"{f'give a tolerance above {MARGIN * worst / largest:.3g}' if attainable else system.way_out()}"
    )


@np.errstate(all="ignore")
def directional_derivative(system: System, direction: Array) -> tuple[float, float]:
    r"""Derivative of J along a direction d of shape ``(n, m)``, without :math:`\eta`, and a bound on its error.

    :math:`\nabla v=g+P\nabla v` along d is one more solve, :math:`(I-P)\,dv=\sum_ag(\cdot,a)\,d(\cdot,a)`.
    On the page: ``eq:one-step``. Raises ValueError for a direction that does not fit,
    InaccurateError where values overflow.
    """
    d = _rows(system.process, direction, "the direction")
    start = int(system.process.start)
    local = _local(system, start).g
    b = (d * local.value).sum(axis=1)
    residual = system.backward(b, abs(d * local.value).sum(axis=1).astype(np.float64))
    unsure = (abs(d) * local.error).sum(axis=1)
    dv, error = system.bounded(residual, system.refine(residual, np.zeros_like(b)), unsure)
    along, bound = float(dv[start]), float(MARGIN * error[start] + EPS * abs(dv[start]))
    system.require_finite(along, bound)
    return along, bound
