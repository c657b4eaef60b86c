r"""The linear VAE as networks that can be trained, and as the exact model that they are.

.. math:: q(z \mid x) = N(A x + c, diag(e^\rho)), \qquad p(x \mid z) = N(W z + b, \sigma_x^2 I), \qquad p(z) = N(0, I)
"""

import torch
from torch import Tensor, nn

from pycode.likelihoods import Gaussian
from pycode.linear_vae import LinearVAE
from pycode.networks import require_sizes


class LinearNetworks(nn.Module):
    """Linear encoder with one rho_q for all x, linear decoder, sigma_x learned; fits `pycode.vae.loss`.

    x has D_x components, z has ``latent``. Weights start from torch's global generator, rho_q at 0, sigma_x at 1.
    Raises ValueError for a size below 1.
    """

    def __init__(self, D_x: int, latent: int) -> None:
        super().__init__()
        require_sizes(D_x=D_x, latent=latent)
        self.latent = latent
        self.mean = nn.Linear(D_x, latent)
        self.rho_q = nn.Parameter(torch.zeros(latent))
        self.generation = nn.Linear(latent, D_x)
        self.log_sigma_x = nn.Parameter(torch.zeros(()))

    def encoder(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Parameters mu_q and rho_q of q(z | x), (..., latent) each; x (..., D_x)."""
        mu_q = self.mean(x)
        return mu_q, self.rho_q.expand_as(mu_q)

    def decoder(self, z: Tensor) -> Gaussian:
        """Likelihood p(x | z) of the components, (..., D_x); z (..., latent)."""
        return Gaussian(self.generation(z), self.log_sigma_x.exp())

    def model(self) -> LinearVAE:
        """The same decoder and prior as the exact model, in which evidence and ELBO are closed forms."""
        W, b = self.generation.weight.detach(), self.generation.bias.detach()
        zeros = torch.zeros(self.latent, dtype=W.dtype)
        return LinearVAE(W, b, self.log_sigma_x.detach().exp().item(), zeros, zeros + 1)
