"""The training loss: what it depends on, its gradients, its errors."""

import inspect

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from pycode.vae import loss

F64 = torch.float64


class Networks(nn.Module):
    """A small encoder with two heads and a Bernoulli decoder."""

    def __init__(self, D: int = 6, Z: int = 2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.hidden, self.mu, self.rho = nn.Linear(D, 5), nn.Linear(5, Z), nn.Linear(5, Z)
        self.logits = nn.Linear(Z, D)
        self.double()

    def encoder(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.hidden(x).tanh()
        return self.mu(h), self.rho(h)

    def decoder(self, z: Tensor) -> Bernoulli:
        return Bernoulli(logits=self.logits(z))


@pytest.fixture
def networks() -> Networks:
    return Networks()


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(4, 6, generator=generator) > 0.5).double()
    return x, torch.randn(3, 4, 2, generator=generator, dtype=F64)


def test_loss_with_a_general_prior_is_kl_minus_log_likelihood(networks: Networks, batch: tuple[Tensor, Tensor]) -> None:
    x, eps = batch
    mu_p, rho_p = torch.tensor([1.0, -0.5], dtype=F64), torch.tensor([0.4, -1.0], dtype=F64)
    mu_q, rho_q = networks.encoder(x)
    q, p = Normal(mu_q, (rho_q / 2).exp()), Normal(mu_p, (rho_p / 2).exp())
    expected = kl_divergence(q, p).sum(-1)
    for noise in eps:
        expected = expected - networks.decoder(q.mean + q.stddev * noise).log_prob(x).sum(-1) / len(eps)
    assert torch.allclose(loss(x, eps, networks.encoder, networks.decoder, mu_p, rho_p), expected, rtol=1e-12)


def test_loss_of_an_example_does_not_depend_on_the_others(networks: Networks, batch: tuple[Tensor, Tensor]) -> None:
    x, eps = batch
    together = loss(x, eps, networks.encoder, networks.decoder)
    alone = [loss(x[i : i + 1], eps[:, i : i + 1], networks.encoder, networks.decoder) for i in range(4)]
    assert together.shape == (4,)
    assert torch.allclose(together, torch.cat(alone), rtol=1e-13)


def test_gradient_reaches_every_weight_and_is_the_difference_quotient(
    networks: Networks, batch: tuple[Tensor, Tensor]
) -> None:
    x, eps = batch

    def total() -> Tensor:
        return loss(x, eps, networks.encoder, networks.decoder).sum()

    total().backward()
    for parameter in networks.parameters():
        weights, slopes, h = parameter.data.view(-1), parameter.grad.view(-1), 1e-6
        steepest = slopes.abs().argmax()
        weights[steepest] += h
        above = total().item()
        weights[steepest] -= 2 * h
        below = total().item()
        weights[steepest] += h
        assert slopes[steepest].item() == pytest.approx((above - below) / (2 * h), rel=1e-6)
        assert slopes[steepest] != 0


@pytest.mark.parametrize("shape", [(4, 2), (3, 4, 1), (3, 2, 2), (0, 4, 2)])
def test_noise_of_the_wrong_shape_is_an_error(
    networks: Networks, batch: tuple[Tensor, Tensor], shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"eps is .*; give \(L, \*\(4, 2\)\)"):
        loss(batch[0], torch.zeros(shape, dtype=F64), networks.encoder, networks.decoder)


def test_a_prior_of_the_wrong_shape_is_an_error(networks: Networks, batch: tuple[Tensor, Tensor]) -> None:
    for shape in (3,), (7, 4, 2), (1, 4, 2):
        for name in "mu_p", "rho_p":
            with pytest.raises(ValueError, match=rf"{name} is \({shape[0]},.*; give a shape that broadcasts"):
                loss(*batch, networks.encoder, networks.decoder, **{name: torch.zeros(shape, dtype=F64)})


@pytest.mark.parametrize("shape", [(), (2,), (1, 2), (4, 1), (4, 2)])
def test_a_prior_that_broadcasts_to_the_mean_fits(
    networks: Networks, batch: tuple[Tensor, Tensor], shape: tuple[int, ...]
) -> None:
    prior = torch.full(shape, 0.3, dtype=F64)
    losses = loss(*batch, networks.encoder, networks.decoder, mu_p=prior, rho_p=prior)
    assert torch.equal(losses, loss(*batch, networks.encoder, networks.decoder, 0.3, 0.3))


def test_a_log_variance_of_another_shape_than_the_mean_is_an_error(
    networks: Networks, batch: tuple[Tensor, Tensor]
) -> None:
    def one_variance(x: Tensor) -> tuple[Tensor, Tensor]:
        mu_q, rho_q = networks.encoder(x)
        return mu_q, rho_q[:, :1]

    with pytest.raises(ValueError, match=r"rho_q is \(4, 1\); let the encoder give it mu_q's shape, \(4, 2\)"):
        loss(*batch, one_variance, networks.decoder)


def test_the_printed_source_fits_the_page() -> None:
    source = inspect.getsource(loss).replace(loss.__doc__, "")
    lines = [line for line in source.splitlines() if line.strip(' r"')]
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 88
    assert source.isascii()
