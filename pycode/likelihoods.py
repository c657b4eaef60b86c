r"""What a decoder puts out: the distribution of the components of x given z, with every constant (eq:decoders)."""

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus

from pycode.gaussian import Real, log_density


class Likelihood(Protocol):
    """A distribution of independent components of x, given z."""

    def log_prob(self, x: Tensor, /) -> Tensor:
        """Log density or probability of each component, in nats."""

    @property
    def mean(self) -> Tensor:
        """Mean of each component."""


class Bernoulli(NamedTuple):
    r"""Bits with logits a: :math:`\log p(x) = x a - softplus(a)`; logits and x broadcast."""

    logits: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Log probability of each bit of x, in nats."""
        return x * self.logits - softplus(self.logits)

    @property
    def mean(self) -> Tensor:
        """Probability of a one."""
        return torch.sigmoid(self.logits)


class Binomial(NamedTuple):
    r"""Successes out of n with logits a: :math:`\log p(x) = \log C(n, x) + x a - n\,softplus(a)`."""

    n: int
    logits: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Log probability of each count of x, in nats."""
        log_choose = math.lgamma(self.n + 1) - torch.lgamma(x + 1) - torch.lgamma(self.n - x + 1)
        return log_choose + x * self.logits - self.n * softplus(self.logits)

    @property
    def mean(self) -> Tensor:
        """Mean count."""
        return self.n * torch.sigmoid(self.logits)


class Gaussian(NamedTuple):
    r"""Real components with mean m and standard deviation sigma_x, its constant kept: :math:`\log N(x; m, \sigma_x^2)`.

    ``log_prob`` raises ValueError as `pycode.gaussian.log_density` does.
    """

    mean: Tensor
    sigma_x: Real

    def log_prob(self, x: Tensor) -> Tensor:
        """Log density of each component of x, in nats."""
        return log_density(x, self.mean, self.sigma_x)
