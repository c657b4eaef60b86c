"""Each check of the importance-weighted bound fails where a formula is spoilt."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pycode import importance
from pycode.checks import iwae as checks
from pycode.experiments import iwae as experiment
from pycode.linear_vae import LinearVAE

ELBO, EVIDENCE, GAP, VARIANCE = LinearVAE.elbo, LinearVAE.log_evidence, experiment.gap, experiment.weight_variance
DISPLACED, MEAN, PARTS = experiment.displaced, experiment.log_mean_weight, importance.weight_parts


def prior_forgotten(*args: Any) -> tuple[Tensor, Tensor]:
    return PARTS(*args)[0], torch.zeros(())


def half_a_log_determinant(*args: Any) -> tuple[Tensor, Tensor]:
    log_likelihood, log_ratio = PARTS(*args)
    return log_likelihood, log_ratio + 0.1


def other_mean(model: LinearVAE, x: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    mu_q, rho_q = DISPLACED(model, x, tau)
    return mu_q + 0.05, rho_q


SPOILT = [
    ("first", importance, "weight_parts", prior_forgotten),
    ("first", importance, "weight_parts", half_a_log_determinant),
    ("first", LinearVAE, "elbo", lambda model, *at: ELBO(model, *at) + 0.1),
    ("exact", importance, "weight_parts", half_a_log_determinant),
    ("exact", experiment, "log_mean_weight", lambda log_w: MEAN(log_w) + math.log(len(log_w))),
    ("exact", experiment, "displaced", other_mean),
    ("exact", experiment, "gap", lambda K, *case: GAP(K + 1, *case)),
    ("first_exact", experiment, "gap", lambda K, *case: GAP(K, *case) * (1 + 1e-9)),
    ("first_exact", experiment, "displaced", other_mean),
    ("below", experiment, "log_mean_weight", lambda log_w: MEAN(log_w) + math.log(len(log_w))),
    ("below", importance, "weight_parts", half_a_log_determinant),
    ("asymptote", experiment, "weight_variance", lambda *case: 1.1 * VARIANCE(*case)),
    ("asymptote", experiment, "gap", lambda K, *case: GAP(K // 2 or 1, *case)),
]


def four_latents() -> Tensor:
    """Examples with eight components, four of them strong."""
    generator = torch.Generator().manual_seed(0)
    scales = torch.tensor([4.0, 3.0, 2.0, 1.5, *[0.3] * 4])
    return torch.randn(200, 8, generator=generator, dtype=torch.float64) * scales


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "images", four_latents)
    monkeypatch.setattr(experiment, "LATENT", 4)
    monkeypatch.setattr(experiment, "REPEATS", 100)
    monkeypatch.setattr(checks, "measured", lambda group: {"iwae": experiment.measure}[group]())


@pytest.mark.parametrize("name", ["first", "exact", "first_exact", "below", "asymptote"])
def test_passes_with_four_latents(name: str) -> None:
    assert getattr(checks, name)().passed


@pytest.mark.parametrize(("name", "place", "formula", "spoilt"), SPOILT)
def test_fails_where_a_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(checks, name)().passed
