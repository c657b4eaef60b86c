r"""Checks of the exact gradient by sparse methods, each within the bound that it proves of itself."""

from pycode.check import Check
from pycode.environments import ENVIRONMENTS
from pycode.experiments.scaling import METHODS
from pycode.mdp import EPS
from pycode.results import measured


def sparse() -> Check:
    r"""LU and BiCGSTAB, largest error over its proved bound: four environments, and a walk known in fractions."""
    result = measured("scaling")
    pairs = [(result[f"{e}_{method}"], result[f"{e}_{method}_bound"]) for e in ENVIRONMENTS for method in METHODS]
    for method in METHODS:
        pairs += zip(result[f"walk_{method}_error"], result[f"walk_{method}_bound"], strict=True)
    worst = max(error / bound for error, bound in pairs if bound is not None)
    return Check(worst, 1.0, 0.0, "the bounds are proved, with the rounding of residuals counted", "<=")


def directional() -> Check:
    r"""The gradient on the largest grid along a random direction against one more solve, without η."""
    result = measured("scaling")
    because = "20 eps·E[T]: the error of one solve, 2E[T] being about the condition of I−P there"
    return Check(result["directional_relative"], 0.0, 20 * EPS * result["grid_length"][-1], because)
