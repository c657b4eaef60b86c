"""Each check of the corridor fails for a wrong closed form, slope or optimum."""

from collections.abc import Callable
from typing import Any

import pytest

from pycode import corridor
from pycode.checks import corridor as checks
from pycode.experiments import corridor as experiment
from pycode.mdp import mean_length


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "measured", lambda group: {"corridor": experiment.measure}[group]())


@pytest.mark.parametrize(
    ("name", "module", "formula", "spoilt"),
    [
        ("p_star_error", experiment, "slope_by_complex_step", lambda p: corridor.slope(p) + 1e-9),
        ("j_star", experiment, "objective_by_solve", lambda p: corridor.objective(p) * (1 + 1e-9)),
        ("length", checks, "mean_length", lambda mdp, pi: mean_length(mdp, pi) - 1),
        ("length", checks, "objective", lambda p: -2 * (2 + p) / (p * (1 - p))),
        ("gradient", checks, "theorem_sum", lambda p: corridor.theorem_sum(p) / -corridor.objective(p)),
        ("gradient", checks, "slope", lambda p: -corridor.slope(p)),
        ("sampled", checks, "objective", lambda p: 2 * corridor.objective(p)),
    ],
)
def test_fails_where_the_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, module: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(module, formula, spoilt)
    assert not getattr(checks, name)().passed
