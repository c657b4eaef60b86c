"""The linear-Gaussian VAE against the joint Gaussian of (z, x) and its conditional formulas."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import MultivariateNormal

from pycode.experiments.elbo import random_case
from pycode.gaussian import kl_full
from pycode.linear_vae import LinearVAE

cases = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10**6)


def case(seed: int, **sizes: int) -> tuple[LinearVAE, Tensor, Tensor, Tensor]:
    return random_case(torch.Generator().manual_seed(seed), **sizes)


@cases
@given(seeds, st.integers(1, 6), st.integers(1, 4))
def test_evidence_is_the_marginal_density_of_torch_distributions(seed: int, D: int, Z: int) -> None:
    model, x, _, _ = case(seed, D=D, Z=Z)
    marginal = MultivariateNormal(*model.marginal())
    assert model.log_evidence(x).item() == pytest.approx(marginal.log_prob(x).item(), rel=1e-10, abs=1e-10)


def test_marginal_is_that_of_sampled_x() -> None:
    model, _, _, _ = case(0, D=3, Z=2)
    generator = torch.Generator().manual_seed(1)
    z = model.mu_p + model.sigma_p * torch.randn(100_000, 2, generator=generator, dtype=torch.float64)
    noise = torch.randn(100_000, 3, generator=generator, dtype=torch.float64)
    x = z @ model.W.mT + model.b + model.sigma_x * noise
    mean, covariance = model.marginal()
    assert torch.allclose(x.mean(0), mean, atol=5 * covariance.max().item() ** 0.5 / 100_000**0.5)
    assert torch.allclose(x.mT.cov(), covariance, atol=10 * covariance.max().item() / 100_000**0.5)


@cases
@given(seeds)
def test_posterior_is_the_conditional_of_the_joint_gaussian(seed: int) -> None:
    model, x, _, _ = case(seed)
    mean_x, cov_x = model.marginal()
    cov_zx = torch.diag(model.sigma_p**2) @ model.W.mT
    gain = torch.linalg.solve(cov_x, cov_zx.mT).mT
    mean, covariance = model.posterior(x)
    assert torch.allclose(mean, model.mu_p + gain @ (x - mean_x), rtol=1e-10, atol=1e-10)
    assert torch.allclose(covariance, torch.diag(model.sigma_p**2) - gain @ cov_zx.mT, rtol=1e-10, atol=1e-10)


@cases
@given(seeds)
def test_bayes_theorem_at_any_z(seed: int) -> None:
    model, x, z, _ = case(seed)
    log_posterior = MultivariateNormal(*model.posterior(x)).log_prob(z)
    assert (model.log_joint(x, z) - log_posterior).item() == pytest.approx(model.log_evidence(x).item(), rel=1e-9)


@cases
@given(seeds)
def test_elbo_and_kl_to_the_posterior_add_up_to_the_evidence(seed: int) -> None:
    model, x, mu_q, sigma_q = case(seed)
    gap = kl_full(mu_q, torch.diag(sigma_q**2), *model.posterior(x))
    assert (model.elbo(x, mu_q, sigma_q) + gap).item() == pytest.approx(model.log_evidence(x).item(), rel=1e-11)
    assert gap > 0


def test_best_mean_is_that_of_the_posterior_whatever_sigma_is() -> None:
    model, x, _, sigma_q = case(3)
    mean = model.posterior(x)[0].requires_grad_()
    (slope,) = torch.autograd.grad(model.elbo(x, mean, sigma_q), mean)
    assert slope.abs().max() < 1e-12


def test_everything_broadcasts_over_a_batch() -> None:
    model, _, _, _ = case(0, D=4, Z=2)
    generator = torch.Generator().manual_seed(0)
    x, mu_q = (torch.randn(5, n, generator=generator, dtype=torch.float64) for n in (4, 2))
    sigma_q = torch.ones(2, dtype=torch.float64)
    assert torch.allclose(model.log_evidence(x), torch.stack([model.log_evidence(row) for row in x]))
    assert torch.allclose(model.posterior(x)[0], torch.stack([model.posterior(row)[0] for row in x]))
    rows = [model.elbo(*pair, sigma_q) for pair in zip(x, mu_q, strict=True)]
    assert torch.allclose(model.elbo(x, mu_q, sigma_q), torch.stack(rows))


def test_a_sigma_that_is_not_positive_or_a_shape_that_does_not_fit_is_named() -> None:
    W, b, one = torch.ones(3, 2), torch.zeros(3), torch.ones(2)
    LinearVAE(W, b, 1.0, one, one)
    for message, arguments in {
        r"W has shape \(3,\); give a matrix": (b, b, 1.0, one, one),
        r"b has shape \(2,\); W is 3 x 2, so give \(3,\)": (W, one, 1.0, one, one),
        r"mu_p has shape \(3,\)": (W, b, 1.0, b, one),
        r"sigma_p has shape \(3,\)": (W, b, 1.0, one, b),
        "sigma_x must be positive": (W, b, 0.0, one, one),
        "sigma_x must be finite": (W, b, math.inf, one, one),
        "W must be finite": (W * math.nan, b, 1.0, one, one),
        "sigma_p must be positive": (W, b, 1.0, one, 0 * one),
    }.items():
        with pytest.raises(ValueError, match=message):
            LinearVAE(*arguments)
    with pytest.raises(ValueError, match="sigma_q must be positive"):
        LinearVAE(W, b, 1.0, one, one).elbo(b, one, -one)


MODEL = LinearVAE(torch.ones(3, 2), torch.zeros(3), 1.0, torch.zeros(2), torch.ones(2))
X, Q = torch.zeros(3), torch.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MODEL.elbo(Q, Q, Q), r"x has shape \(2,\); W is 3 x 2, so give \(..., 3\)"),
        (lambda: MODEL.elbo(X, X, Q), r"mu_q has shape \(3,\); W is 3 x 2, so give \(..., 2\)"),
        (lambda: MODEL.elbo(X, Q, Q[:1]), r"sigma_q has shape \(1,\)"),
        (lambda: MODEL.elbo(X, Q, Q[0]), r"sigma_q has shape \(\)"),
        (lambda: MODEL.elbo(X.expand(5, 3), Q.expand(4, 2), Q), r"leading axes do not broadcast: x \(5,\), mu_q"),
        (lambda: MODEL.elbo(X, Q.expand(5, 2), Q.expand(4, 2)), r"mu_q \(5,\), sigma_q \(4,\); give equal ones"),
        (lambda: MODEL.elbo(X * math.nan, Q, Q), "x must be finite"),
        (lambda: MODEL.elbo(X, Q, Q * math.inf), "sigma_q must be finite"),
        (lambda: MODEL.log_evidence(Q), r"x has shape \(2,\)"),
        (lambda: MODEL.log_evidence(X * math.nan), "x must be finite"),
        (lambda: MODEL.posterior(Q), r"x has shape \(2,\)"),
        (lambda: MODEL.posterior(X[0]), r"x has shape \(\)"),
        (lambda: MODEL.posterior(X * math.nan), "x must be finite"),
        (lambda: MODEL.log_joint(Q, Q), r"x has shape \(2,\)"),
        (lambda: MODEL.log_joint(X, X), r"z has shape \(3,\); W is 3 x 2, so give \(..., 2\)"),
        (lambda: MODEL.log_joint(X.expand(5, 3), Q.expand(4, 2)), r"broadcast: x \(5,\), z \(4,\)"),
    ],
)
def test_an_argument_that_does_not_fit_the_model_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
