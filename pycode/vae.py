r"""The VAE's training loss, and the log-likelihoods of its two discrete decoders.

A Gaussian decoder's is `pycode.gaussian.log_density`, with its constant.
"""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus

from pycode.gaussian import Real, kl_log_variance


class Likelihood(Protocol):
    """What a decoder puts out: a distribution of the components of x, as those of torch.distributions."""

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density or probability of each component, in nats."""


Encoder = Callable[[Tensor], tuple[Tensor, Tensor]]
Decoder = Callable[[Tensor], Likelihood]


# The page prints this function, in lines shorter than the formatter's.
# fmt: off
def loss(x: Tensor, eps: Tensor, encoder: Encoder, decoder: Decoder,
         mu_p: Real = 0.0, rho_p: Real = 0.0) -> Tensor:
    r"""Negative ELBO of each example, its KL part in closed form, in nats (eq:loss).

    .. math:: \sum_j KL_j - (1/L) \sum_l \log p_\phi(x \mid \mu_q + \sigma_q \epsilon^{(l)})

    x (N, D); eps (L, N, Z), standard normal; encoder(x) gives mu_q and rho_q = log sigma_q², both (N, Z); decoder(z)
    gives a distribution whose log_prob(x) has shape (L, N, D). The result has shape (N,).
    Raises ValueError for an eps or a prior that does not fit mu_q.
    """
    mu_q, rho_q = encoder(x)
    if eps.shape[1:] != mu_q.shape:
        raise ValueError(f"eps is {tuple(eps.shape)}; give (L, *{tuple(mu_q.shape)})")
    z = mu_q + torch.exp(rho_q / 2) * eps
    kl = kl_log_variance(mu_q, rho_q, mu_p, rho_p).sum(-1)
    log_likelihood = decoder(z).log_prob(x).sum(-1).mean(0)
    return kl - log_likelihood


# fmt: on


def log_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    r"""Bernoulli log-likelihood :math:`x a - softplus(a)` at logits a, elementwise, in nats (eq:decoders)."""
    return x * logits - softplus(logits)


def log_binomial(x: Tensor, n: int, logits: Tensor) -> Tensor:
    r"""Binomial log-likelihood :math:`\log C(n, x) + x a - n softplus(a)`, elementwise, in nats (eq:decoders).

    x counts successes out of n, at logits a.
    """
    log_choose = math.lgamma(n + 1) - torch.lgamma(x + 1) - torch.lgamma(n - x + 1)
    return log_choose + x * logits - n * softplus(logits)
