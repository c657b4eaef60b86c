"""Each check of the unrolling fails where a step is lost or the rate is another."""

from collections.abc import Callable
from typing import Any

import pytest

from pycode import policy_gradient
from pycode.checks import unrolling as checks
from pycode.experiments import unrolling as experiment
from pycode.mdp import Array, EpisodicMDP


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "measured", lambda group: {"unrolling": experiment.measure}[group]())


def first_step_lost(mdp: EpisodicMDP, theta: Array, K: int) -> policy_gradient.Unrolling:
    partial_sum, remainder = policy_gradient.unroll(mdp, theta, K)
    return policy_gradient.Unrolling(partial_sum - partial_sum[1] * (partial_sum != 0), remainder)


def remainder_that_stays(mdp: EpisodicMDP, theta: Array, K: int) -> policy_gradient.Unrolling:
    partial_sum, remainder = policy_gradient.unroll(mdp, theta, K)
    remainder[5:] = remainder[5]
    return policy_gradient.Unrolling(partial_sum, remainder)


@pytest.mark.parametrize(
    ("check", "spoilt"),
    [
        (checks.identity, first_step_lost),
        (checks.remainder_decay, remainder_that_stays),
        (checks.bound, remainder_that_stays),
    ],
)
def test_fails_where_the_unrolling_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, check: Callable[[], Any], spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(experiment, "unroll", spoilt)
    assert not check().passed


def test_the_rate_of_another_policy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    result = experiment.measure()
    monkeypatch.setattr(checks, "measured", lambda group: result | {"spectral_radius": 0.8238})
    assert not checks.remainder_decay().passed
