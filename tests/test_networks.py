"""Shapes, sizes and types of the networks; the linear ones against the exact model."""

import pytest
import torch

from pycode.likelihoods import Bernoulli
from pycode.linear_networks import LinearNetworks
from pycode.networks import VAE
from pycode.vae import loss


def test_shapes_fit_the_loss() -> None:
    vae = VAE(12, 7, 3, Bernoulli)
    x, eps = torch.ones(5, 12), torch.zeros(4, 5, 3)
    mu_q, rho_q = vae.encoder(x)
    assert mu_q.shape == rho_q.shape == (5, 3)
    assert vae.decoder(eps).log_prob(x).shape == (4, 5, 12)
    assert loss(x, eps, vae.encoder, vae.decoder).shape == (5,)


def test_the_heads_are_two() -> None:
    vae = VAE(12, 7, 3, Bernoulli)
    mu_q, rho_q = vae.encoder(torch.ones(5, 12))
    assert not torch.equal(mu_q, rho_q)


@pytest.mark.parametrize("name", ["D_x", "hidden", "latent"])
def test_a_size_of_zero_is_an_error(name: str) -> None:
    sizes = {"D_x": 12, "hidden": 7, "latent": 3} | {name: 0}
    with pytest.raises(ValueError, match=f"{name} is 0; give at least 1"):
        VAE(**sizes, likelihood=Bernoulli)
    if name != "hidden":
        with pytest.raises(ValueError, match=f"{name} is 0; give at least 1"):
            LinearNetworks(sizes["D_x"], sizes["latent"])


def test_autocast_leaves_outputs_in_the_weights_type() -> None:
    vae = VAE(12, 7, 3, Bernoulli)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = [*vae.encoder(torch.ones(5, 12)), vae.decoder(torch.zeros(5, 3)).mean]
    assert {output.dtype for output in outputs} == {torch.float32}


def test_linear_networks_are_the_exact_model() -> None:
    """Their loss at Gauss-Hermite's two nodes in each latent, exact for a quadratic, is minus the exact ELBO."""
    torch.manual_seed(0)
    networks = LinearNetworks(5, 2).double()
    with torch.no_grad():
        networks.rho_q += torch.tensor([-0.4, 0.3])
        networks.log_sigma_x += 0.2
    x = torch.randn(6, 5, dtype=torch.float64)
    mu_q, rho_q = networks.encoder(x)
    nodes = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 2)
    losses = loss(x, nodes[:, None].expand(4, 6, 2), networks.encoder, networks.decoder)
    assert torch.allclose(losses, -networks.model().elbo(x, mu_q, (rho_q / 2).exp()), rtol=1e-12)
