"""The printed training loss against closed forms and libraries."""

from itertools import product

import torch
from torch import Tensor, distributions
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits

from pycode.check import Check
from pycode.experiments.elbo import example
from pycode.likelihoods import Bernoulli, Binomial, Gaussian
from pycode.vae import Decoder, Encoder, loss

EPS = torch.finfo(torch.float64).eps


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _linear_case() -> tuple[Tensor, Encoder, Decoder, dict[str, Tensor], Tensor]:
    """Four x, a linear encoder and decoder, the prior, and the exact ELBO of each x."""
    model, _ = example()
    x, A, rho_q = _normal(4, 3), _normal(3, 2, seed=1), torch.tensor([-0.5, 0.3]).double()

    def encoder(x: Tensor) -> tuple[Tensor, Tensor]:
        return x @ A, rho_q.expand(len(x), 2)

    def decoder(z: Tensor) -> Gaussian:
        return Gaussian(z @ model.W.mT + model.b, model.sigma_x)

    prior = {"mu_p": model.mu_p, "rho_p": 2 * model.sigma_p.log()}
    return x, encoder, decoder, prior, model.elbo(x, x @ A, (rho_q / 2).exp())


def loss_linear() -> Check:
    """The loss at the 2² Gauss-Hermite nodes against the exact -ELBO: equal weights, and exact for a quadratic."""
    x, encoder, decoder, prior, elbo = _linear_case()
    nodes = torch.tensor(list(product((-1.0, 1.0), repeat=2)), dtype=torch.float64)
    value = loss(x, nodes[:, None].expand(4, 4, 2), encoder, decoder, **prior)
    because = "20 eps·|ELBO|: some twenty terms of its size are summed"
    return Check(((value + elbo) / elbo).abs().max().item(), 0.0, 20 * EPS, because)


def unbiased() -> Check:
    """The loss averaged over 50,000 draws of ε against the exact -ELBO, in standard errors."""
    x, encoder, decoder, prior, elbo = _linear_case()
    many = x[:1].expand(50_000, 3)
    losses = loss(many, _normal(1, len(many), 2, seed=2), encoder, decoder, **prior)
    value = (losses.mean() + elbo[0]) / (losses.std() / len(losses) ** 0.5)
    return Check(value.item(), 0.0, 5.0, "5 standard errors: by chance in one of 1.7 million seeds")


def standard() -> Check:
    """The loss with its default prior against torch.distributions' KL from N(0, 1) plus binary cross-entropy."""
    x, eps, logits = (_normal(4, 3) > 0).double(), _normal(5, 4, 2, seed=1), _normal(2, 3, seed=2)
    mu_q, rho_q = _normal(2, 4, 2, seed=3)
    q = Normal(mu_q, (rho_q / 2).exp())
    value = loss(x, eps, lambda _: (mu_q, rho_q), lambda z: Bernoulli(z @ logits))
    z = q.mean + q.stddev * eps
    entropy = binary_cross_entropy_with_logits(z @ logits, x.expand(5, 4, 3), reduction="none").sum(-1).mean(0)
    reference = kl_divergence(q, Normal(0.0, 1.0)).sum(-1) + entropy
    because = "20 eps of the loss: some twenty terms, none above it, are summed"
    return Check(((value - reference) / reference).abs().max().item(), 0.0, 20 * EPS, because)


def decoders() -> Check:
    """Bernoulli, Binomial(16) and Gaussian log-likelihoods against torch.distributions, constants included."""
    a, sigma_x = 3 * _normal(1000), 0.7
    bits, counts, reals = (a > _normal(1000, seed=1)).double(), torch.arange(1000).double() % 17, _normal(1000, seed=2)
    pairs = [
        (Bernoulli(a).log_prob(bits), distributions.Bernoulli(logits=a).log_prob(bits)),
        (Binomial(16, a).log_prob(counts), distributions.Binomial(16, logits=a).log_prob(counts)),
        (Gaussian(a, sigma_x).log_prob(reals), Normal(a, sigma_x).log_prob(reals)),
    ]
    # log 16! and 16 softplus(a) bound the terms of the largest of the three.
    size = 31 + 16 * (1 + a.abs())
    worst = max(((value - reference).abs() / size).max().item() for value, reference in pairs)
    return Check(worst, 0.0, 10 * EPS, "10 eps of the largest terms, log 16! and 16 softplus(a)")
