r"""The linear-Gaussian VAE, in which evidence, posterior and ELBO have closed forms.

.. math:: z \sim N(\mu_p, diag(\sigma_p^2)), \qquad x \mid z \sim N(W z + b, \sigma_x^2 I)
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pycode.gaussian import Real, kl_diagonal, log_density, require_broadcast, require_finite


@dataclass(frozen=True, eq=False)
class LinearVAE:
    """A linear decoder with Gaussian noise and a Gaussian prior with diagonal covariance.

    W (D, Z), b (D,), sigma_x a number or a tensor without axes, mu_p and sigma_p (Z,).
    Raises ValueError for a sigma <= 0, for an entry that is not finite and for shapes that do not fit; so do its
    methods, whose arguments have D or Z as their last axis and leading axes that broadcast.
    """

    W: Tensor
    b: Tensor
    sigma_x: Real
    mu_p: Tensor
    sigma_p: Tensor

    def __post_init__(self) -> None:
        if self.W.dim() != 2:
            raise ValueError(f"W has shape {tuple(self.W.shape)}; give a matrix, (D, Z)")
        D, Z = self.W.shape
        for name, size in (("b", D), ("mu_p", Z), ("sigma_p", Z)):
            shape = tuple(getattr(self, name).shape)
            if shape != (size,):
                raise ValueError(f"{name} has shape {shape}; W is {D} x {Z}, so give ({size},)")
        sigma_x = torch.as_tensor(self.sigma_x)
        require_finite(W=self.W, b=self.b, sigma_x=sigma_x, mu_p=self.mu_p, sigma_p=self.sigma_p)

    def _require_fit(self, **arguments: Tensor) -> None:
        """Demand what the class says of its methods' arguments: D is the last axis of x, Z that of any other."""
        D, Z = self.W.shape
        for name, tensor in arguments.items():
            size = D if name == "x" else Z
            if tensor.shape[-1:] != (size,):
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}; W is {D} x {Z}, so give (..., {size})")
        require_finite(**arguments)
        require_broadcast("leading axes", **{name: tensor.shape[:-1] for name, tensor in arguments.items()})

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        r"""Log joint density :math:`\log p_\phi(x, z)`, in nats; x (..., D), z (..., Z)."""
        self._require_fit(x=x, z=z)
        log_likelihood = log_density(x, z @ self.W.mT + self.b, self.sigma_x).sum(-1)
        return log_likelihood + log_density(z, self.mu_p, self.sigma_p).sum(-1)

    def marginal(self) -> tuple[Tensor, Tensor]:
        r"""Mean :math:`W\mu_p + b` (D,) and covariance :math:`W diag(\sigma_p^2) W^T + \sigma_x^2 I` (D, D) of x."""
        identity = torch.eye(len(self.b), dtype=self.W.dtype)
        return self.W @ self.mu_p + self.b, (self.W * self.sigma_p**2) @ self.W.mT + self.sigma_x**2 * identity

    def log_evidence(self, x: Tensor) -> Tensor:
        r"""Log evidence :math:`\log p_\phi(x)`, from the marginal of x alone, in nats; x (..., D), result (...)."""
        self._require_fit(x=x)
        mean, covariance = self.marginal()
        factor = torch.linalg.cholesky(covariance)
        whitened = torch.linalg.solve_triangular(factor, (x - mean).unsqueeze(-1), upper=False).squeeze(-1)
        return log_density(whitened, 0.0, 1.0).sum(-1) - factor.diagonal().log().sum()

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Mean (..., Z) and covariance (Z, Z) of :math:`p_\phi(z \mid x)`; x (..., D).

        The inverse covariance is :math:`diag(\sigma_p^{-2}) + W^T W / \sigma_x^2`.
        """
        self._require_fit(x=x)
        precision = torch.diag(self.sigma_p**-2) + self.W.mT @ self.W / self.sigma_x**2
        covariance = torch.cholesky_inverse(torch.linalg.cholesky(precision))
        return (self.mu_p / self.sigma_p**2 + (x - self.b) @ self.W / self.sigma_x**2) @ covariance, covariance

    def elbo(self, x: Tensor, mu_q: Tensor, sigma_q: Tensor) -> Tensor:
        r"""ELBO :math:`E_q[\log p_\phi(x \mid z)] - KL(q \| p)`, q = N(mu_q, diag(sigma_q²)), exact, in nats (eq:elbo).

        x (..., D), mu_q and sigma_q (..., Z), result (...). The expected squared error is
        :math:`\|x - W\mu_q - b\|^2 + \sum_j \sigma_{q,j}^2 \|W_j\|^2`, W_j being a column.
        """
        self._require_fit(x=x, mu_q=mu_q, sigma_q=sigma_q)
        squared_error = (x - mu_q @ self.W.mT - self.b).square().sum(-1) + sigma_q**2 @ self.W.square().sum(0)
        constant = len(self.b) * (2 * math.pi * torch.as_tensor(self.sigma_x, dtype=x.dtype) ** 2).log()
        expected_log_likelihood = -(squared_error / self.sigma_x**2 + constant) / 2
        return expected_log_likelihood - kl_diagonal(mu_q, sigma_q, self.mu_p, self.sigma_p)
