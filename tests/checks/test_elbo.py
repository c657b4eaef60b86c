"""Each check of the ELBO fails where its formula is spoilt."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pycode.checks import elbo as checks
from pycode.experiments import elbo as experiment
from pycode.linear_vae import LinearVAE

ELBO, EVIDENCE, POSTERIOR, LOSS = LinearVAE.elbo, LinearVAE.log_evidence, LinearVAE.posterior, checks.loss


def other_posterior(model: LinearVAE, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, covariance = POSTERIOR(model, x)
    return mean, 1.1 * covariance


def averaged(*args: Any, **kwargs: Any) -> Tensor:
    losses = LOSS(*args, **kwargs)
    return losses.mean().expand_as(losses) / len(losses)


def rounded_in_minibatches(*args: Any, **kwargs: Any) -> Tensor:
    losses = LOSS(*args, **kwargs)
    return losses * (1 + 1e-12) if len(losses) == 2 else losses


SPOILT = [
    ("identity_residual", LinearVAE, "elbo", lambda model, *at: ELBO(model, *at) + 0.5),
    ("identity_residual", LinearVAE, "elbo", lambda model, *at: ELBO(model, *at) * (1 + 1e-10)),
    ("identity_residual", LinearVAE, "log_evidence", lambda model, x: EVIDENCE(model, x) + 0.919),
    ("identity_residual", LinearVAE, "posterior", other_posterior),
    ("identity_residual", experiment, "kl_full", lambda q, Q, p, P: torch.zeros(())),
    ("jensen_gap", LinearVAE, "elbo", lambda model, *at: ELBO(model, *at) + 1000),
    ("posterior_gap", LinearVAE, "posterior", other_posterior),
    ("posterior_gap", LinearVAE, "elbo", lambda model, *at: ELBO(model, *at) * (1 + 1e-12)),
    ("quadrature", LinearVAE, "elbo", lambda model, x, mu_q, sigma_q: ELBO(model, x, mu_q, sigma_q * 1.001)),
    ("quadrature", LinearVAE, "elbo", lambda model, *at: ELBO(model, *at) * (1 + 1e-12)),
    ("evidence", LinearVAE, "log_evidence", lambda model, x: EVIDENCE(model, x) * (1 + 1e-12)),
    ("minibatch", checks, "loss", averaged),
    ("minibatch", checks, "loss", rounded_in_minibatches),
]


@pytest.fixture(autouse=True)
def measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "STEPS", 2)
    monkeypatch.setattr(checks, "measured", lambda group: {"elbo": experiment.measure}[group]())


@pytest.mark.parametrize(("name", "place", "formula", "spoilt"), SPOILT)
def test_fails_where_the_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(experiment, "DRAWS", 20)
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(checks, name)().passed
