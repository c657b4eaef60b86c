"""Weights against torch.distributions and the exact model, bounds against closed forms and quadrature."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from pycode.importance import bounds, log_mean_weight, log_weights, weight_parts
from pycode.likelihoods import Bernoulli, Binomial
from pycode.linear_networks import LinearNetworks
from pycode.networks import VAE


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def linear() -> LinearNetworks:
    """Linear networks in float64 whose q is not the posterior."""
    torch.manual_seed(0)
    vae = LinearNetworks(5, 2).double().requires_grad_(False)
    vae.rho_q.copy_(torch.tensor([0.3, -1.0]))
    vae.log_sigma_x.fill_(-0.4)
    return vae


@pytest.fixture
def x() -> Tensor:
    return torch.randn(7, 5, generator=generator(1), dtype=torch.float64)


def make_exact(vae: LinearNetworks) -> None:
    """Turn W's columns orthogonal and q into the posterior."""
    vae.generation.weight.copy_(torch.linalg.qr(vae.generation.weight).Q * torch.tensor([1.5, 0.7]))
    W, b = vae.generation.weight, vae.generation.bias
    covariance = vae.model().posterior(b)[1]
    vae.mean.weight.copy_(covariance @ W.mT / vae.model().sigma_x ** 2)
    vae.mean.bias.copy_(-vae.mean.weight @ b)
    vae.rho_q.copy_(covariance.diagonal().log())


@pytest.mark.parametrize(("mu_p", "rho_p"), [(0.0, 0.0), (0.7, -0.5), (torch.tensor([0.1, 2.0]), torch.ones(2))])
def test_weights_are_the_ratio_of_the_densities(linear: LinearNetworks, x: Tensor, mu_p: Tensor, rho_p: Tensor) -> None:
    eps = torch.randn(4, 7, 2, generator=generator(2), dtype=torch.float64)
    mu_q, rho_q = linear.encoder(x)
    q, p = Normal(mu_q, rho_q.exp().sqrt()), Normal(mu_p, torch.as_tensor(rho_p, dtype=torch.float64).exp().sqrt())
    z = q.mean + q.stddev * eps
    likelihood = Normal(linear.generation(z), linear.log_sigma_x.exp())
    expected = likelihood.log_prob(x).sum(-1) + p.log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
    found = log_weights(x, eps, linear.encoder, linear.decoder, mu_p, rho_p)
    assert torch.allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_every_weight_is_the_evidence_where_q_is_the_posterior(linear: LinearNetworks, x: Tensor) -> None:
    make_exact(linear)
    evidence = linear.model().log_evidence(x)
    eps = torch.randn(4, 7, 2, generator=generator(2), dtype=torch.float64)
    assert torch.allclose(log_weights(x, eps, linear.encoder, linear.decoder), evidence.expand(4, 7), rtol=1e-12)
    assert torch.allclose(bounds(linear, x, 3, generator())[1], evidence, rtol=1e-12)


def test_mean_weight_survives_numbers_without_exponential() -> None:
    log_w = torch.tensor([[-1e4, 5e3], [-1e4 + math.log(3), 5e3]], dtype=torch.float64)
    assert log_mean_weight(log_w).tolist() == pytest.approx([-1e4 + math.log(2), 5e3], rel=1e-15)


@pytest.mark.parametrize("chunk", [7, 40, 10**6])
def test_elbo_is_the_exact_one_and_the_bound_lies_between_it_and_the_evidence(
    linear: LinearNetworks, x: Tensor, chunk: int
) -> None:
    repeats, K = 200, 10
    many = x.repeat(repeats, 1)
    elbo, bound = (found.reshape(repeats, -1) for found in bounds(linear, many, K, generator(), chunk))
    model = linear.model()
    mu_q, rho_q = linear.encoder(x)
    exact = model.elbo(x, mu_q, (rho_q / 2).exp())
    error = elbo.std(0) / repeats**0.5
    assert ((elbo.mean(0) - exact) / error).abs().max() < 5
    noise = bound.std(0) / repeats**0.5
    assert (bound.mean(0) > exact).all()
    assert (bound.mean(0) < model.log_evidence(x) + 5 * noise).all()


def test_one_chunk_is_the_definition(linear: LinearNetworks, x: Tensor) -> None:
    eps = torch.randn(6, 7, 2, generator=generator(), dtype=torch.float64)
    elbo, bound = bounds(linear, x, 6, generator(), 42)
    log_w = log_weights(x, eps, linear.encoder, linear.decoder)
    assert torch.allclose(bound, log_w.exp().mean(0).log())
    mu_q, rho_q = linear.encoder(x)
    z = mu_q + (rho_q / 2).exp() * eps
    likelihood = linear.decoder(z).log_prob(x).sum(-1).mean(0)
    divergence = torch.distributions.kl_divergence(Normal(mu_q, (rho_q / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    assert torch.allclose(elbo, likelihood - divergence)


def test_a_last_part_that_is_smaller_makes_no_more_than_k_draws(linear: LinearNetworks, x: Tensor) -> None:
    """Seven draws for each x in parts of four and three, against the same draws at once."""
    elbo, bound = bounds(linear, x, 7, generator(), 4)
    noise = generator()
    draws = [[torch.randn(L, 1, 2, generator=noise, dtype=torch.float64) for L in (4, 3)] for _ in x]
    eps = torch.cat([torch.cat(parts) for parts in draws], 1)
    log_likelihood, log_ratio = weight_parts(x, eps, *linear.encoder(x), linear.decoder)
    assert torch.allclose(bound, (log_likelihood + log_ratio).exp().mean(0).log(), rtol=1e-12)
    mu_q, rho_q = linear.encoder(x)
    divergence = torch.distributions.kl_divergence(Normal(mu_q, (rho_q / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    assert torch.allclose(elbo, log_likelihood.mean(0) - divergence, rtol=1e-12)


@pytest.mark.parametrize(("counts", "steepness"), [(1, 6.0), (16, 1.0)])
def test_bound_of_a_discrete_decoder_rises_to_the_evidence_of_quadrature(counts: int, steepness: float) -> None:
    K = 20_000
    torch.manual_seed(3)
    vae = VAE(6, 9, 1, Bernoulli if counts == 1 else lambda logits: Binomial(counts, logits)).double()
    vae.requires_grad_(False)
    last = vae.generation[-1]
    assert isinstance(last, nn.Linear)
    last.weight *= steepness  # than torch's start, so that x tells of z
    x = torch.randint(2, (counts, 5, 6), generator=generator(4)).double().sum(0)
    nodes, rule = (torch.tensor(part) for part in np.polynomial.hermite_e.hermegauss(100))
    log_p = vae.decoder(nodes[:, None, None]).log_prob(x).sum(-1)
    evidence = ((rule / math.sqrt(2 * math.pi)).log()[:, None] + log_p).logsumexp(0)
    elbo, bound = bounds(vae, x, K, generator(5), K * len(x))
    eps = torch.randn(K, 5, 1, generator=generator(5), dtype=torch.float64)
    error = (log_weights(x, eps, vae.encoder, vae.decoder) - evidence).exp().std(0) / K**0.5
    assert (elbo < evidence - error).all()
    assert error.max() < 0.1
    assert ((bound - evidence) / error).abs().max() < 5


def test_no_gradient_is_kept_and_the_bits_repeat() -> None:
    torch.manual_seed(0)
    vae, x = VAE(6, 9, 2, Bernoulli), torch.ones(5, 6)
    first, again = (bounds(vae, x, 8, generator(), 16) for _ in range(2))
    assert not first[0].requires_grad
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert first[0].shape == first[1].shape == (5,)


def test_what_cannot_be_averaged_is_named(linear: LinearNetworks, x: Tensor) -> None:
    with pytest.raises(ValueError, match="K is 0; give at least 1"):
        bounds(linear, x, 0, generator())
    with pytest.raises(ValueError, match="chunk is -1; give at least 1"):
        bounds(linear, x, 5, generator(), -1)
    with pytest.raises(ValueError, match="the number of examples is 0"):
        bounds(linear, x[:0], 5, generator())
    with pytest.raises(ValueError, match="there are no weights"):
        log_mean_weight(x[:0])
    with pytest.raises(ValueError, match=r"eps is \(4, 3, 2\)"):
        log_weights(x, torch.zeros(4, 3, 2), linear.encoder, linear.decoder)
