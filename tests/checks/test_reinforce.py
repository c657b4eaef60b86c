"""The checks of REINFORCE fail for a wrong J, a wrong slope, and a baseline that has seen the episode."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pycode import corridor, corridor_learning
from pycode.checks import reinforce as checks
from pycode.experiments import reinforce as experiment


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "measured", lambda group: {"reinforce": experiment.measure}[group]())
    monkeypatch.setattr(experiment, "MORE_RUNS", 2)  # they are none of the checks' business


def test_pass_as_they_are() -> None:
    assert checks.returns().passed
    assert checks.updates().passed


@pytest.mark.parametrize(
    ("name", "formula", "spoilt"),
    [
        ("returns", "objective", lambda p: 1.05 * corridor.objective(p)),
        ("returns", "objective", lambda p: -2 * (2 + p) / (p * (1 - p))),
        ("updates", "slope_in_h", lambda p: 0.5 * corridor_learning.slope_in_h(p)),
        ("updates", "slope_in_h", lambda p: corridor_learning.slope_in_h(p) / (p * (1 - p))),
    ],
)
def test_fail_where_the_exact_mean_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(experiment, formula, spoilt)
    assert not getattr(checks, name)().passed


def test_updates_fail_where_the_returns_lack_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    words = corridor_learning._words()
    spoilt = words._replace(area=words.area - words.rights)  # G_{t+1} in the place of G_t
    monkeypatch.setattr(corridor_learning, "_words", lambda: spoilt)
    assert not checks.updates().passed


@pytest.mark.parametrize("value", [float("nan"), 4.1, -4.1])
def test_fail_where_a_run_was_stopped_or_a_setting_is_far(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    result = {"returns_z": [0.1, value], "updates_z": [value, 0.1]}
    monkeypatch.setattr(checks, "measured", lambda group: result)
    assert not checks.returns().passed
    assert not checks.updates().passed


def test_a_stopped_run_makes_both_sums_no_number() -> None:
    found = corridor_learning.reinforce(np.array([1e-4, 10.0]), 20, np.random.default_rng(0))
    assert np.isnan(experiment._centred_returns(found)[1])
    assert np.isnan(experiment._centred_updates(found, 1e-4)[1])
