"""The VAE's two networks as torch modules: an encoder with two heads, and a decoder that puts out a likelihood."""

from collections.abc import Callable

from torch import Tensor, nn

from pycode.likelihoods import Likelihood

MakeLikelihood = Callable[[Tensor], Likelihood]


def require_sizes(**sizes: int) -> None:
    """Demand positive sizes; else ValueError."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}; give at least 1")


class VAE(nn.Module):
    """One hidden layer in either network; fits `pycode.vae.loss`.

    x has D_x components, z has ``latent``; ``likelihood`` makes a distribution of the decoder's D_x outputs. Weights
    start from torch's global generator. Raises ValueError for a size below 1.
    """

    def __init__(self, D_x: int, hidden: int, latent: int, likelihood: MakeLikelihood) -> None:
        super().__init__()
        require_sizes(D_x=D_x, hidden=hidden, latent=latent)
        self.latent = latent
        self.likelihood = likelihood
        self.inference = nn.Sequential(nn.Linear(D_x, hidden), nn.SiLU(), nn.Linear(hidden, 2 * latent))
        self.generation = nn.Sequential(nn.Linear(latent, hidden), nn.SiLU(), nn.Linear(hidden, D_x))

    def encoder(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Parameters mu_q and rho_q = log sigma_q² of q(z | x), (..., latent) each; x (..., D_x)."""
        # Under autocast the products are in bfloat16; the loss is computed in the weights' own type.
        mu_q, rho_q = self.inference(x).to(x.dtype).chunk(2, -1)
        return mu_q, rho_q

    def decoder(self, z: Tensor) -> Likelihood:
        """Likelihood p(x | z) of the components, (..., D_x); z (..., latent)."""
        return self.likelihood(self.generation(z).to(z.dtype))
