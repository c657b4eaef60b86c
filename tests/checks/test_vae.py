"""Each check of the training loss fails where the loss or a likelihood is spoilt."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pycode import vae
from pycode.checks import vae as checks
from pycode.gaussian import Real, kl_log_variance
from pycode.likelihoods import Bernoulli, Binomial, Gaussian
from pycode.vae import Decoder, Encoder


class NoCoefficient(Binomial):
    def log_prob(self, x: Tensor) -> Tensor:
        return super().log_prob(x) + torch.lgamma(x + 1)


class NoConstant(Gaussian):
    def log_prob(self, x: Tensor) -> Tensor:
        return super().log_prob(x) + 0.919


def swapped(mu_q: Tensor, rho_q: Tensor, mu_p: Real = 0.0, rho_p: Real = 0.0) -> Tensor:
    return kl_log_variance(torch.as_tensor(mu_p), torch.as_tensor(rho_p), mu_q, rho_q)


def lost_sqrt(
    x: Tensor, eps: Tensor, encoder: Encoder, decoder: Decoder, mu_p: Real = 0.0, rho_p: Real = 0.0
) -> Tensor:
    """The loss with z = mu + sigma² eps."""
    mu_q, rho_q = encoder(x)
    log_likelihood = decoder(mu_q + rho_q.exp() * eps).log_prob(x).sum(-1).mean(0)
    return kl_log_variance(mu_q, rho_q, mu_p, rho_p).sum(-1) - log_likelihood


SPOILT = [
    ("loss_linear", vae, "kl_log_variance", swapped),
    ("loss_linear", vae, "kl_log_variance", lambda *at: 2 * kl_log_variance(*at)),
    ("loss_linear", checks, "loss", lost_sqrt),
    ("unbiased", vae, "kl_log_variance", lambda *at: -kl_log_variance(*at)),
    ("unbiased", checks, "loss", lost_sqrt),
    ("standard", vae, "kl_log_variance", swapped),
    ("standard", vae, "kl_log_variance", lambda mu_q, rho_q, mu_p, rho_p: kl_log_variance(mu_q, rho_q, 0.0, 1.0)),
    ("decoders", checks, "Bernoulli", lambda a: Bernoulli(-a)),
    ("decoders", checks, "Binomial", NoCoefficient),
    ("decoders", checks, "Gaussian", NoConstant),
]


@pytest.mark.parametrize(("name", "place", "formula", "spoilt"), SPOILT)
def test_fails_where_a_formula_is_spoilt(
    monkeypatch: pytest.MonkeyPatch, name: str, place: Any, formula: str, spoilt: Callable[..., Any]
) -> None:
    monkeypatch.setattr(place, formula, spoilt)
    assert not getattr(checks, name)().passed


def test_the_linear_case_is_not_that_of_the_posterior() -> None:
    """The loss is compared at an encoder that is not the best one, so that every term of it counts."""
    x, _, _, _, elbo = checks._linear_case()
    model, _ = checks.example()
    assert (model.log_evidence(x) - elbo).min() > 0.1
