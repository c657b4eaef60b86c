"""The two estimators against autograd, draw by draw, and against exact means by quadrature."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pycode.gaussian import log_density
from pycode.gradient_estimators import pathwise, score_function

F64 = torch.float64
MU, SIGMA = torch.tensor([0.4, -1.1], dtype=F64), torch.tensor([0.7, 1.6], dtype=F64)


def f(z: Tensor) -> Tensor:
    return z.sin().prod(-1) + z.square().sum(-1)


@pytest.fixture
def eps() -> Tensor:
    return torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=F64)


def parameters(eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """mu, sigma and rho repeated for each draw, so that autograd gives a gradient for each draw."""
    mu, sigma = (p.expand_as(eps).clone().requires_grad_() for p in (MU, SIGMA))
    rho = (2 * SIGMA.log()).expand_as(eps).clone().requires_grad_()
    return mu, sigma, rho


def test_pathwise_is_autograd_through_the_sample(eps: Tensor) -> None:
    mu, sigma, rho = parameters(eps)
    expected = torch.autograd.grad(f(mu + sigma * eps).sum(), (mu, sigma))
    (in_rho,) = torch.autograd.grad(f(mu.detach() + (rho / 2).exp() * eps).sum(), rho)
    for estimate, exact in zip(pathwise(f, MU, SIGMA, eps), (*expected, in_rho), strict=True):
        assert torch.allclose(estimate, exact, rtol=1e-13)


def test_score_function_is_f_times_autograd_of_the_log_density(eps: Tensor) -> None:
    z, (mu, sigma, rho) = MU + SIGMA * eps, parameters(eps)
    scores = torch.autograd.grad(log_density(z, mu, sigma).sum(), (mu, sigma))
    (in_rho,) = torch.autograd.grad(log_density(z, mu.detach(), (rho / 2).exp()).sum(), rho)
    for estimate, score in zip(score_function(f, MU, SIGMA, eps), (*scores, in_rho), strict=True):
        assert torch.allclose(estimate, f(z)[:, None] * score, rtol=1e-12, atol=1e-14)


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(0.2, 3))
def test_both_have_the_exact_mean_by_quadrature(mu: float, sigma: float) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    eps, weights = torch.tensor(nodes)[:, None], torch.tensor(weights)[:, None] / math.sqrt(2 * math.pi)

    def cubic(z: Tensor) -> Tensor:
        return (z**3).sum(-1)

    # E[z³] = mu³ + 3 mu sigma², differentiated by hand.
    exact = (3 * mu**2 + 3 * sigma**2, 6 * mu * sigma, 3 * mu * sigma**2)
    for estimator in (score_function, pathwise):
        means = [(weights * part).sum().item() for part in estimator(cubic, mu, sigma, eps)]
        assert means == pytest.approx(exact, rel=1e-10, abs=1e-10)


def test_sticking_the_landing_has_no_variance_at_the_posterior(eps: Tensor) -> None:
    def log_ratio(z: Tensor) -> Tensor:
        return (log_density(z, MU, SIGMA) - log_density(z, MU, SIGMA)).sum(-1)

    assert pathwise(log_ratio, MU, SIGMA, eps).mu.abs().max() == 0


def test_parameters_that_require_gradients_are_left_alone(eps: Tensor) -> None:
    mu = MU.clone().requires_grad_()
    assert not pathwise(f, mu, SIGMA, eps).mu.requires_grad
    assert mu.grad is None
