"""The short corridor's closed forms, by computer algebra and by the process."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pycode.corridor import (
    J_STAR,
    LEFT,
    P_STAR,
    RIGHT,
    corridor,
    objective,
    objective_by_solve,
    policy,
    slope,
    theorem_sum,
)
from pycode.mdp import mean_length

inside = st.floats(0.02, 0.98)


@pytest.fixture(scope="module")
def algebra() -> tuple[sp.Symbol, sp.Expr]:
    """J(p) from the three Bellman equations, solved symbolically."""
    p, v0, v1, v2 = sp.symbols("p v0 v1 v2")
    equations = [
        sp.Eq(v0, -1 + p * v1 + (1 - p) * v0),
        sp.Eq(v1, -1 + p * v0 + (1 - p) * v2),
        sp.Eq(v2, -1 + (1 - p) * v1),
    ]
    return p, sp.simplify(sp.solve(equations, [v0, v1, v2])[v0])


def test_closed_forms_are_those_of_the_bellman_equations(algebra: tuple[sp.Symbol, sp.Expr]) -> None:
    p, J = algebra
    assert sp.simplify(objective(p) - J) == 0
    assert sp.simplify(slope(p) - sp.diff(J, p)) == 0


def test_the_optimum_is_the_zero_of_the_slope(algebra: tuple[sp.Symbol, sp.Expr]) -> None:
    p, J = algebra
    (best,) = [root for root in sp.solve(sp.diff(J, p), p) if 0 < root < 1]
    assert best == 2 - sp.sqrt(2)
    assert sp.simplify(J.subs(p, best) + 6 + 4 * sp.sqrt(2)) == 0
    assert float(best) == pytest.approx(P_STAR, abs=1e-15)
    assert objective(P_STAR) == pytest.approx(J_STAR, rel=1e-14)


@settings(max_examples=40, deadline=None)
@given(inside)
def test_the_process_has_the_closed_forms(p: float) -> None:
    assert objective_by_solve(p) == pytest.approx(objective(p), rel=1e-11)
    assert mean_length(corridor(), policy(p))[0] == pytest.approx(-objective(p), rel=1e-11)
    assert theorem_sum(p) == pytest.approx(slope(p), rel=1e-10, abs=1e-10)
    assert objective(p) <= J_STAR + 1e-12


def test_the_books_values_of_the_greedy_policies() -> None:
    assert round(float(objective(0.95))) == -44
    assert round(float(objective(0.05))) == -82


def test_the_middle_state_is_switched() -> None:
    mdp = corridor()
    assert mdp.transition[1, RIGHT].argmax() == 0
    assert mdp.transition[1, LEFT].argmax() == 2
    assert mdp.exit[2, RIGHT] == 1


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_deterministic_policies_never_end(p: float) -> None:
    with pytest.raises(ValueError, match="the episode may never end"):
        objective_by_solve(p)


def test_the_curve_falls_away_on_both_sides() -> None:
    J = objective(np.array([0.001, P_STAR, 0.999]))
    assert J[0] < -1000 < J[1] > -1000 > J[2]
