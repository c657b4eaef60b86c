"""Each check of the sparse methods fails for a gradient that is off by more than its bound."""

from typing import Any

import numpy as np
import pytest

from pycode.checks import scaling as checks
from pycode.experiments import scaling as experiment


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a small grid, where LU and BiCGSTAB do not take a second each."""
    monkeypatch.setattr(experiment, "SIDES", (10, 12))
    measured = {"scaling": lambda: {**experiment.on_environments(), **experiment.growth(), **experiment.endurance()}}
    monkeypatch.setattr(checks, "measured", lambda group: measured[group]())


def test_both_hold() -> None:
    assert checks.sparse().passed
    assert checks.directional().passed


@pytest.mark.parametrize("method", experiment.METHODS)
def test_a_wrong_sparse_gradient_is_seen(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    honest = experiment.policy_gradient

    def spoilt(process: Any, theta: np.ndarray, chosen: str, tolerance: float = 1e-6) -> Any:
        found = honest(process, theta, chosen, tolerance)
        return found._replace(gradient=found.gradient * (1 + 1e-12)) if chosen == method else found

    monkeypatch.setattr(experiment, "policy_gradient", spoilt)
    assert not checks.sparse().passed


def test_a_wrong_reference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = experiment.theorem_sum
    monkeypatch.setattr(experiment, "theorem_sum", lambda mdp, theta: honest(mdp, theta) * (1 - 1e-12))
    assert not checks.sparse().passed


@pytest.mark.parametrize("factor", [1 + 1e-6, 0, -1])
def test_a_wrong_gradient_or_extra_solve_is_seen(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    honest = experiment.directional_derivative
    monkeypatch.setattr(
        experiment, "directional_derivative", lambda system, d: (factor * honest(system, d)[0], honest(system, d)[1])
    )
    assert not checks.directional().passed
