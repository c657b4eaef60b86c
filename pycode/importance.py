r"""The importance-weighted bound of Burda, Grosse and Salakhutdinov (2016), which rises from the ELBO to the evidence.

.. math:: L_K = E\Big[\log\frac1K\sum_{k=1}^K w_k\Big] \le \log p_\phi(x), \quad
          w_k = p_\phi(x, z_k) / q_\theta(z_k \mid x), \quad z_k \sim q_\theta(\cdot \mid x)

L_1 is the ELBO (eq:forms). A prior is N(mu_p, e^rho_p), standard where it is not given, as in `pycode.vae.loss`.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from pycode.gaussian import Real, kl_log_variance
from pycode.vae import Decoder, Encoder, require_fit

CHUNK = 1024  # pairs of an image and a draw whose pixels are in memory at once: few megabytes, which a cache holds


class Networks(Protocol):
    """What has the two networks, such as those of `pycode.networks` and `pycode.linear_networks`."""

    @property
    def encoder(self) -> Encoder:
        """Parameters mu_q and rho_q = log sigma_q² of q(z | x) for x."""

    @property
    def decoder(self) -> Decoder:
        """Likelihood of x for z."""


def weight_parts(
    x: Tensor, eps: Tensor, mu_q: Tensor, rho_q: Tensor, decoder: Decoder, mu_p: Real = 0.0, rho_p: Real = 0.0
) -> tuple[Tensor, Tensor]:
    r"""Parts :math:`\log p_\phi(x \mid z)` and :math:`\log p(z) - \log q_\theta(z \mid x)` of log w, in nats.

    z = mu_q + sigma_q eps; x (N, D_x), eps (L, N, Z) standard normal, mu_q and rho_q (N, Z), the results (L, N).
    Raises ValueError for an eps, a rho_q or a prior that does not fit mu_q.
    """
    require_fit(eps, mu_q, rho_q, mu_p, rho_p)
    rho_p = torch.as_tensor(rho_p, dtype=mu_q.dtype)
    z = mu_q + torch.exp(rho_q / 2) * eps
    # The two constants log(2 pi)/2 cancel, and (z - mu_q)² / sigma_q² is eps².
    log_ratio = (eps**2 - (z - mu_p) ** 2 * (-rho_p).exp() + rho_q - rho_p).sum(-1) / 2
    return decoder(z).log_prob(x).sum(-1), log_ratio


def log_weights(
    x: Tensor, eps: Tensor, encoder: Encoder, decoder: Decoder, mu_p: Real = 0.0, rho_p: Real = 0.0
) -> Tensor:
    r"""Logarithms of the weights :math:`p_\phi(x, z) / q_\theta(z \mid x)`, (L, N), in nats (eq:forms).

    Arguments and errors are those of `pycode.vae.loss`.
    """
    log_likelihood, log_ratio = weight_parts(x, eps, *encoder(x), decoder, mu_p, rho_p)
    return log_likelihood + log_ratio


def log_mean_weight(log_w: Tensor) -> Tensor:
    r"""Logarithm :math:`\log\frac1K\sum_k w_k` of the mean weight, an estimate of L_K; log_w (K, ...), result (...).

    Raises ValueError where there is no weight.
    """
    if len(log_w) == 0:
        raise ValueError("there are no weights to average; give at least one draw")
    return log_w.logsumexp(0) - math.log(len(log_w))


@torch.no_grad()
def bounds(vae: Networks, x: Tensor, K: int, generator: torch.Generator, chunk: int = CHUNK) -> tuple[Tensor, Tensor]:
    r"""Estimates of the ELBO and of the importance-weighted bound of each x from the same K draws of z, in nats.

    The ELBO's KL part is in closed form, as in the loss (eq:loss); the prior is standard. x (N, D_x), the results (N,).
    ``chunk`` pairs of an x and a draw are decoded at a time, which bounds the memory; the same generator and chunk give
    the same bits. Raises ValueError for a K or a chunk below 1 and where there is no x.
    """
    for name, count in (("K", K), ("chunk", chunk), ("the number of examples", len(x))):
        if count < 1:
            raise ValueError(f"{name} is {count}; give at least 1")
    elbos, estimates = [], []
    for some in x.split(max(1, chunk // K)):
        mu_q, rho_q = vae.encoder(some)
        most = max(1, chunk // len(some))
        parts = []
        for first in range(0, K, most):
            eps = torch.randn(min(most, K - first), *mu_q.shape, generator=generator, dtype=mu_q.dtype)
            parts.append(weight_parts(some, eps, mu_q, rho_q, vae.decoder))
        log_likelihood, log_ratio = (torch.cat(part) for part in zip(*parts, strict=True))
        elbos.append(log_likelihood.mean(0) - kl_log_variance(mu_q, rho_q).sum(-1))
        estimates.append(log_mean_weight(log_likelihood + log_ratio))
    return torch.cat(elbos), torch.cat(estimates)
