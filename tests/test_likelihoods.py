"""Likelihoods add up to one and agree with libraries."""

import math

import pytest
import torch
from torch import distributions

from pycode.likelihoods import Bernoulli, Binomial, Gaussian, Likelihood

F64 = torch.float64
LOGITS = torch.linspace(-3, 3, 7, dtype=F64)
BITS = torch.tensor([0.0, 1, 0, 1, 1, 0, 1], dtype=F64)
PAIRS = [
    (Bernoulli(LOGITS), distributions.Bernoulli(logits=LOGITS), BITS),
    (Binomial(9, LOGITS), distributions.Binomial(9, logits=LOGITS), 5 * BITS),
    (Gaussian(LOGITS, 0.3), distributions.Normal(LOGITS, 0.3), BITS),
]


@pytest.mark.parametrize("logit", [-40.0, -2.0, 0.0, 3.0, 40.0])
def test_probabilities_add_up_to_one(logit: float) -> None:
    logits = torch.tensor(logit, dtype=F64)
    assert Bernoulli(logits).log_prob(torch.tensor([0.0, 1.0], dtype=F64)).exp().sum().item() == pytest.approx(1)
    assert Binomial(16, logits).log_prob(torch.arange(17, dtype=F64)).exp().sum().item() == pytest.approx(1)


@pytest.mark.parametrize(("ours", "torchs", "x"), PAIRS, ids=lambda pair: type(pair).__name__)
def test_agrees_with_torch(ours: Likelihood, torchs: distributions.Distribution, x: torch.Tensor) -> None:
    # Ten roundings of terms of size ten.
    assert torch.allclose(ours.log_prob(x), torchs.log_prob(x), rtol=0, atol=1e-14)
    assert torch.allclose(ours.mean, torchs.mean, rtol=1e-14)


def test_binomial_of_one_trial_is_bernoulli() -> None:
    assert torch.allclose(Binomial(1, LOGITS).log_prob(BITS), Bernoulli(LOGITS).log_prob(BITS), atol=1e-15)


def test_binomial_coefficient_is_there() -> None:
    two_of_four = Binomial(4, torch.tensor(0.0)).log_prob(torch.tensor(2.0))
    assert two_of_four.item() == pytest.approx(math.log(6 / 16), rel=1e-6)
