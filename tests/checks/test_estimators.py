"""Each check of the estimators, and of the corridor's variances, fails for a wrong value."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pycode.checks import corridor, estimators
from pycode.corridor import slope
from pycode.estimator_variance import ScoredPolicy
from pycode.policy_gradient import theorem_sum

RESULT = {
    "corridor_worst_z": 3.0,
    "optimum_worst_z": 2.0,
    "cliff_worst_z": 3.5,
    "corridor_worst_error": 0.008,
    "optimum_worst_error": 0.009,
}
OF_MEASURED = [
    (estimators, "environment_max_z", "cliff_worst_z", 4.1),
    (corridor, "variance_max_z", "corridor_worst_z", 4.1),
    (corridor, "variance_max_z", "optimum_worst_z", 4.1),
    (corridor, "variance_max_rel_se", "corridor_worst_error", 0.011),
    (corridor, "variance_max_rel_se", "optimum_worst_error", 0.011),
]


@pytest.mark.parametrize(("module", "name", "key", "wrong"), OF_MEASURED)
def test_reads_the_largest(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, key: str, wrong: float) -> None:
    monkeypatch.setattr(module, "measured", lambda group: {"estimators": RESULT}[group])
    assert getattr(module, name)().passed
    monkeypatch.setattr(module, "measured", lambda group: {"estimators": RESULT | {key: wrong}}[group])
    assert not getattr(module, name)().passed


@pytest.mark.parametrize(
    ("name", "place", "formula", "spoilt"),
    [
        ("means", estimators, "slope", lambda p: -slope(p)),
        ("means", estimators, "theorem_sum", lambda mdp, theta: 2 * theorem_sum(mdp, theta)),
        ("means", ScoredPolicy, "mean", lambda self, estimator: np.zeros((len(self.pi), self.psi.shape[-1]))),
        ("best_baseline", ScoredPolicy, "best_baseline", lambda self: 1.001 * self.v),
        ("best_baseline", ScoredPolicy, "baseline_weight", lambda self: self.history.eta),
        ("best_baseline", ScoredPolicy, "variance", lambda self, estimator: float((estimator.f**2).sum()) + 1),
    ],
)
def test_fails_where_the_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    assert getattr(estimators, name)().passed
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(estimators, name)().passed
