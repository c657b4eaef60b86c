"""The measured unrolling: sizes fall, the bound lies above, the rate is that of the chain."""

from typing import Any

import numpy as np
import pytest

from pycode.environments import load
from pycode.experiments import unrolling
from pycode.mdp import policy_transition


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return unrolling.measure()


def test_every_k_is_reported(result: dict[str, Any]) -> None:
    for key in ("remainders", "bounds", "errors", "component_sums"):
        assert len(result[key]) == result["steps"] + 1


def test_the_remainder_stays_below_its_bound(result: dict[str, Any]) -> None:
    assert (result["remainders"] <= result["bounds"]).all()


def test_the_partial_sums_reach_the_gradient(result: dict[str, Any]) -> None:
    assert result["component_sums"][0] == 0
    assert result["component_sums"][-1] == pytest.approx(result["component"], rel=1e-13)
    early = slice(0, 100)
    assert result["errors"][early] == pytest.approx(result["remainders"][early], rel=1e-5)


def test_the_spectral_radius_is_found_by_power_iteration_too(result: dict[str, Any]) -> None:
    lake = load("frozenlake4")
    P = policy_transition(lake, np.full(lake.exit.shape, 0.25))
    vector = np.ones(len(P))
    for _ in range(400):
        vector = P @ vector / np.linalg.norm(vector)
    assert np.linalg.norm(P @ vector) / np.linalg.norm(vector) == pytest.approx(result["spectral_radius"], rel=1e-12)
    assert result["spectral_radius"] == pytest.approx(0.82374, abs=5e-6)
