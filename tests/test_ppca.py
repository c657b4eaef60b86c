"""The maximum likelihood of probabilistic PCA against scikit-learn, autograd and its neighbours."""

import math

import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from pycode.linear_vae import LinearVAE
from pycode.ppca import highest_log_evidence, maximum_likelihood, spectrum, sphered

N, D, Z = 60, 6, 2


@pytest.fixture
def x() -> Tensor:
    """Examples of unequal variances, one component of which is constant, another the sum of two."""
    x = torch.randn(N, D, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x *= torch.tensor([3.0, 2.0, 1.0, 0.5, 1.0, 1.0])
    x[:, 4], x[:, 5] = 7.0, x[:, 0] + x[:, 1]
    return x


def test_value_is_that_of_scikit_learn(x: Tensor) -> None:
    """Its covariance has the divisor N - 1: fitted to examples drawn together by sqrt((N-1)/N), it is ours."""
    mean = x.mean(0)
    fitted = PCA(Z).fit((mean + (x - mean) * ((N - 1) / N) ** 0.5).numpy())
    model = maximum_likelihood(x, Z)
    assert fitted.score(x.numpy()) == pytest.approx(model.log_evidence(x).mean().item(), rel=1e-12)
    assert fitted.score(x.numpy()) == pytest.approx(highest_log_evidence(x, Z), rel=1e-12)
    assert fitted.noise_variance_ == pytest.approx(model.sigma_x**2, rel=1e-12)


def test_gradient_of_the_evidence_is_zero_there_and_no_neighbour_is_better(x: Tensor) -> None:
    model = maximum_likelihood(x, Z)
    best = model.log_evidence(x).mean()
    leaves = [model.W.clone(), model.b.clone(), torch.tensor(model.sigma_x, dtype=x.dtype)]
    for leaf in leaves:
        leaf.requires_grad_()
    value = LinearVAE(*leaves, model.mu_p, model.sigma_p).log_evidence(x).mean()
    # Slopes cancel terms of the size |x|²/sigma_x³, at most 1e3 here.
    assert max(slope.abs().max() for slope in torch.autograd.grad(value, leaves)) < 1e-11
    generator = torch.Generator().manual_seed(1)
    for _ in range(20):
        moved = [leaf.detach() * (1 + 0.02 * torch.randn(leaf.shape, generator=generator)) for leaf in leaves]
        assert LinearVAE(*moved, model.mu_p, model.sigma_p).log_evidence(x).mean() < best


def test_a_linear_encoder_reaches_the_evidence(x: Tensor) -> None:
    model = maximum_likelihood(x, Z)
    mean, covariance = model.posterior(x)
    assert covariance[0, 1].abs() < 1e-15
    elbo = model.elbo(x, mean, covariance.diagonal().sqrt())
    assert torch.allclose(elbo, model.log_evidence(x), rtol=1e-12)


def test_more_latents_are_never_worse(x: Tensor) -> None:
    values = [highest_log_evidence(x, latent) for latent in range(1, 4)]
    assert values == sorted(values)


def test_sphered_points_have_the_moments_of_the_examples(x: Tensor) -> None:
    points, coordinates = sphered(x)
    rank = 4
    assert points.shape == (2 * rank, D)
    assert coordinates.shape == (2 * rank, rank)
    assert torch.allclose(points.mean(0), x.mean(0), atol=1e-14)
    assert torch.allclose(points.mT.cov(correction=0), x.mT.cov(correction=0), atol=1e-13)
    assert torch.allclose(coordinates.mT.cov(correction=0), torch.eye(rank, dtype=x.dtype), atol=1e-14)
    # A linear map leads from one to the other.
    found = torch.linalg.lstsq(torch.cat([points, torch.ones_like(points[:, :1])], 1), coordinates, driver="gelsd")
    assert torch.allclose(torch.cat([points, torch.ones_like(points[:, :1])], 1) @ found.solution, coordinates)


def test_mean_of_an_exact_elbo_is_the_same_over_sphered_points(x: Tensor) -> None:
    model = maximum_likelihood(x, Z)
    A = torch.randn(Z, D, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sigma_q = torch.tensor([0.5, 2.0], dtype=torch.float64)
    few, _ = sphered(x)
    means = [model.elbo(some, some @ A.mT, sigma_q).mean().item() for some in (x, few)]
    assert means[0] == pytest.approx(means[1], rel=1e-12)


def test_more_components_than_examples() -> None:
    x = torch.randn(4, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert spectrum(x).rank == 3
    model = maximum_likelihood(x, 2)
    assert model.log_evidence(x).mean().item() == pytest.approx(highest_log_evidence(x, 2), rel=1e-12)


def test_what_has_no_maximum_likelihood_is_named(x: Tensor) -> None:
    for latent in (0, -1, 4, 6):
        for function in (maximum_likelihood, highest_log_evidence):
            message = f"latent is {latent} and the data have rank 4; give from 1 to 3, or sigma_x is 0"
            with pytest.raises(ValueError, match=message):
                function(x, latent)
    with pytest.raises(ValueError, match="x must be finite"):
        maximum_likelihood(x * math.nan, 1)
    with pytest.raises(ValueError, match="x is the same in every example"):
        maximum_likelihood(torch.full((50, 3), 0.1), 1)
    with pytest.raises(ValueError, match="x is the same in every example"):
        maximum_likelihood(x[:1], 1)
    with pytest.raises(ValueError, match="the data have rank 1; give data of a higher rank"):
        maximum_likelihood(x[:2], 1)
    for shape in ((3,), (0, 3), (2, 3, 4)):
        with pytest.raises(ValueError, match=r"x has shape \(.*; give examples as rows"):
            maximum_likelihood(torch.zeros(shape), 1)
