"""What must be true of two sides over all instances for a relation to hold."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pycode.proofread.arithmetic.values import Scalar, align, primal, size
from pycode.proofread.bound import describe, shape
from pycode.proofread.limits import STRICT, TOLERANCE, ZERO

DIFFER = "the sides differ"


class Sides(NamedTuple):
    """Both sides of a relation in one instance; ``tight`` where bounds must be attained."""

    left: Scalar
    right: Scalar
    tight: bool


class Outcome(NamedTuple):
    """Largest relative difference, and what is wrong ('' if nothing): kind and message."""

    worst: float
    kind: str = ""
    message: str = ""


def compare(sign: str, sides: Sequence[Sides], says_zero: bool, crude: bool, notes: bool = False) -> Outcome:
    """Judge one relation; ``says_zero``: the chain itself ends in 0; ``crude``: the bound need not be attained.

    ``notes`` need only be true: their bounds may be crude or equalities, their ∝ equalities, their sides 0.
    """
    for pair in sides:
        if shape(pair.left) != shape(pair.right) and not (_is_zero(pair.left) or _is_zero(pair.right)):
            return Outcome(np.inf, "sort", f"{describe(pair.left)} on the left, {describe(pair.right)} on the right")
    if not all(primal(x).finite() for pair in sides for x in pair[:2]):
        return Outcome(np.inf, "value", "a side is not finite")
    if not says_zero and not notes and all(size(x) <= ZERO for pair in sides for x in pair[:2]):
        return Outcome(0.0, "vacuous", "both sides are 0 in every world; say so (= 0), or nothing is tested")
    if sign == "∝":
        return _proportional(sides, notes)
    if sign in ("<=", ">="):
        return _bound(sign, sides, crude, notes)
    gaps = [_relative(pair.left, pair.right) for pair in sides]
    worst = max(float(np.max(np.abs(g), initial=0.0)) for g in gaps)
    if worst <= TOLERANCE:
        return Outcome(worst)
    return Outcome(worst, "relation", f"{DIFFER}, relatively by {worst:.2g}{_example(sides, gaps)}")


def _is_zero(x: Scalar) -> bool:
    return not primal(x).axes and size(x) == 0.0


def _relative(left: Scalar, right: Scalar) -> np.ndarray:
    return primal(left).gaps(primal(right))


def _example(sides: Sequence[Sides], gaps: Sequence[np.ndarray]) -> str:
    """Both values where they differ most."""
    worst = int(np.argmax([np.max(np.abs(g), initial=0.0) for g in gaps]))
    pair = sides[worst]
    _, (x, y) = align(primal(pair.left), primal(pair.right))
    x, y = np.broadcast_arrays(x, y)
    at = np.unravel_index(int(np.argmax(np.abs(gaps[worst]))), x.shape) if x.ndim else ()
    return f" (for example {x[at]:.6g} and {y[at]:.6g})"


def _bound(sign: str, sides: Sequence[Sides], crude: bool, notes: bool) -> Outcome:
    gaps = [_relative(p.left, p.right) * (1.0 if sign == ">=" else -1.0) for p in sides]
    lowest = min(float(g.min(initial=0.0)) for g in gaps)
    worst = max(0.0, -lowest)
    if worst > TOLERANCE:
        return Outcome(worst, "relation", f"the bound is broken, relatively by {worst:.2g}{_example(sides, gaps)}")
    if notes:
        return Outcome(worst)
    if max(float(g.max(initial=0.0)) for g in gaps) <= STRICT:
        return Outcome(worst, "relation", "the bound is an equality in every world; write =")
    tight = [g for p, g in zip(sides, gaps, strict=True) if p.tight]
    attained = bool(tight) and all(float(np.max(np.abs(g), initial=0.0)) <= TOLERANCE for g in tight)
    if crude and attained:
        return Outcome(worst, "relation", "the bound is attained in the tight world; it is not crude")
    if not crude and not attained:
        return Outcome(
            worst, "relation", "the bound is never attained; if that is meant, write \\begin{checked}[crude: reason]{…}"
        )
    return Outcome(worst)


def _proportional(sides: Sequence[Sides], notes: bool) -> Outcome:
    worst, constants, several = 0.0, [], False
    for pair in sides:
        _, arrays = align(primal(pair.left), primal(pair.right))
        x, y = (np.ravel(a) for a in np.broadcast_arrays(*arrays))
        several |= x.size > 1
        if not np.any(y) or not np.any(x):
            return Outcome(np.inf, "relation", "one side is 0")
        constants.append(float(x @ y / (y @ y)))
        worst = max(worst, float(np.max(np.abs(x - constants[-1] * y)) / np.max(np.abs(x))))
    if not several:
        return Outcome(0.0, "relation", "one number is proportional to any other; ∝ is for vectors and functions")
    if worst > TOLERANCE or min(constants) <= 0:
        return Outcome(
            worst,
            "relation",
            f"no positive constant, part of {worst:.2g} is not proportional"
            if min(constants) > 0
            else "the constant is not positive",
        )
    if not notes and all(abs(c - 1.0) <= TOLERANCE for c in constants):
        return Outcome(worst, "relation", "the constant is 1 in every world; write =")
    return Outcome(worst)


def silent_terms(terms: dict[tuple[int, int], tuple[float, float]]) -> list[tuple[int, int]]:
    """Places of additive terms that are 0 in every instance beside one that is not."""
    return [place for place, (own, other) in terms.items() if own <= ZERO < other]
