r"""The VAE's training loss."""

from collections.abc import Callable

import torch
from torch import Tensor

from pycode.gaussian import Real, kl_log_variance
from pycode.likelihoods import Likelihood

Encoder = Callable[[Tensor], tuple[Tensor, Tensor]]
Decoder = Callable[[Tensor], Likelihood]


def require_fit(eps: Tensor, mu_q: Tensor, rho_q: Tensor, mu_p: Real, rho_p: Real) -> None:
    """Demand shapes that fit mu_q, (N, Z): eps (L, N, Z), rho_q (N, Z), and a prior that broadcasts to it.

    Raises ValueError that names what does not fit.
    """
    shape = tuple(mu_q.shape)
    if eps.shape[1:] != shape or len(eps) == 0:
        raise ValueError(f"eps is {tuple(eps.shape)}; give (L, *{shape}), L at least 1")
    if rho_q.shape != shape:
        raise ValueError(f"rho_q is {tuple(rho_q.shape)}; let the encoder give it mu_q's shape, {shape}")
    for name, prior in (("mu_p", torch.as_tensor(mu_p)), ("rho_p", torch.as_tensor(rho_p))):
        try:
            prior.expand(shape)
        except RuntimeError:
            raise ValueError(f"{name} is {tuple(prior.shape)}; give a shape that broadcasts to {shape}") from None


# The page prints this function, in lines shorter than the formatter's.
# fmt: off
def loss(x: Tensor, eps: Tensor, encoder: Encoder, decoder: Decoder,
         mu_p: Real = 0.0, rho_p: Real = 0.0) -> Tensor:
    r"""Negative ELBO of each example, its KL part in closed form, in nats (eq:loss).

    .. math:: \sum_j KL_j - (1/L) \sum_l \log p_\phi(x \mid \mu_q + \sigma_q \epsilon^{(l)})

    x (N, D); eps (L, N, Z), standard normal; encoder(x) gives mu_q and rho_q = log sigma_q², both (N, Z); decoder(z)
    gives a distribution whose log_prob(x) has shape (L, N, D). The result has shape (N,).
    Raises ValueError for an eps, a rho_q or a prior that does not fit mu_q, and for what is not finite in q or prior.
    """
    mu_q, rho_q = encoder(x)
    require_fit(eps, mu_q, rho_q, mu_p, rho_p)
    z = mu_q + torch.exp(rho_q / 2) * eps
    kl = kl_log_variance(mu_q, rho_q, mu_p, rho_p).sum(-1)
    log_likelihood = decoder(z).log_prob(x).sum(-1).mean(0)
    return kl - log_likelihood


# fmt: on
