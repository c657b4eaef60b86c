"""Each check of the counterexample fails where a formula is spoilt."""

from collections.abc import Callable
from typing import Any

import pytest

from pycode.checks import exchange as checks
from pycode.gaussian import log_density
from pycode.gradient_estimators import pathwise, score_function

SPOILT = [
    ("pathwise_indicator", "_indicator", lambda z: z.sigmoid().squeeze(-1)),
    ("true_derivative", "log_density", lambda z, mu, sigma: log_density(z, mu, sigma**2)),
    ("true_derivative", "log_density", lambda z, mu, sigma: log_density(z / sigma, mu, 1.0)),
    ("score_indicator", "score_function", pathwise),
    ("score_indicator", "log_density", lambda z, mu, sigma: log_density(z / sigma, mu, 1.0)),
]


@pytest.mark.parametrize(("name", "formula", "spoilt"), SPOILT)
def test_fails_where_a_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(checks, formula, spoilt)
    assert not getattr(checks, name)().passed


def test_the_pathwise_estimate_misses_what_the_score_function_finds() -> None:
    """The check's point, said once without tolerance: 0 against a positive derivative."""
    assert checks.pathwise_indicator().value == 0 < checks.true_derivative().value
    eps = checks._noise()
    assert score_function(checks._indicator, checks.MU, checks.SIGMA, eps).mu.mean() > 0.2
