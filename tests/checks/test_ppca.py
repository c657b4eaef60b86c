"""Each check of the linear VAE against probabilistic PCA fails where a formula is spoilt."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pycode import ppca, training
from pycode.checks import ppca as checks
from pycode.experiments import ppca as experiment
from pycode.linear_vae import LinearVAE
from pycode.training import Settings

HIGHEST, ELBO, LOSS, SPECTRUM = ppca.highest_log_evidence, LinearVAE.elbo, training.loss, ppca.spectrum


def unbiased(x: Tensor) -> ppca.Spectrum:
    """The covariance with the divisor N - 1."""
    found = SPECTRUM(x)
    return found._replace(eigenvalues=found.eigenvalues * len(x) / (len(x) - 1))


def kl_doubled(x: Tensor, eps: Tensor, encoder: Any, decoder: Any) -> Tensor:
    mu_q, rho_q = encoder(x)
    return LOSS(x, eps, encoder, decoder) + (mu_q**2 + rho_q.exp() - 1 - rho_q).sum(-1) / 2


def without_noise(x: Tensor, eps: Tensor, encoder: Any, decoder: Any) -> Tensor:
    return LOSS(x, 0 * eps, encoder, decoder)


def elbo_without_trace(model: LinearVAE, x: Tensor, mu_q: Tensor, sigma_q: Tensor) -> Tensor:
    return ELBO(model, x, mu_q, sigma_q) + sigma_q**2 @ model.W.square().sum(0) / model.sigma_x**2 / 2


SPOILT = [
    ("maximum", ppca, "spectrum", unbiased),
    ("maximum", checks, "highest_log_evidence", lambda x, latent: HIGHEST(x, latent) * (1 + 1e-10)),
    ("maximum", checks, "highest_log_evidence", lambda x, latent: HIGHEST(x, latent - 1)),
    ("gap_exact", experiment, "highest_log_evidence", lambda x, latent: HIGHEST(x, latent + 1)),
    ("gap_exact", experiment, "BLOCKS", 5),
    ("gap_sgvb", training, "loss", kl_doubled),
    ("gap_sgvb", training, "loss", without_noise),
    ("never_above", experiment, "highest_log_evidence", lambda x, latent: HIGHEST(x, latent) - 0.5),
    ("never_above", LinearVAE, "elbo", elbo_without_trace),
]


def few_pixels() -> Tensor:
    """Examples like the digits, but with few components: 300 of 6 dimensions, two of them strong."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 6, generator=generator, dtype=torch.float64)
    return 0.5 + 0.2 * x * torch.tensor([6.0, 3.0, 1.0, 1.0, 1.0, 1.0])


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "images", few_pixels)
    monkeypatch.setattr(experiment, "LATENT", 2)
    monkeypatch.setattr(experiment, "SETTINGS", Settings(epochs=60, batch=100, learning_rate=0.06, warm_up=0.2))
    monkeypatch.setattr(checks, "measured", lambda group: {"ppca": experiment.measure}[group]())


@pytest.mark.parametrize("name", ["maximum", "gap_exact", "gap_sgvb", "never_above"])
def test_passes_on_few_pixels(name: str) -> None:
    assert getattr(checks, name)().passed


@pytest.mark.parametrize(("name", "place", "formula", "spoilt"), SPOILT)
def test_fails_where_a_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(checks, name)().passed
