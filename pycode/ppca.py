r"""Probabilistic PCA: the linear VAE's maximum likelihood in closed form (Tipping and Bishop 1999).

With the eigenvalues :math:`\lambda_1 \ge \dots \ge \lambda_{D_x}` of the covariance of N examples (divisor N), the
eigenvectors U of the first Z and the mean of x as b, the likelihood is greatest at

.. math:: \sigma_x^2 = \frac1{D_x - Z}\sum_{i>Z}\lambda_i, \qquad W = U\,diag(\lambda_i - \sigma_x^2)^{1/2}

W's columns are orthogonal, so the posterior's covariance is diagonal and a linear encoder reaches it: the highest ELBO
is the highest log evidence.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from pycode.gaussian import require_finite
from pycode.linear_vae import LinearVAE


class Spectrum(NamedTuple):
    """Mean (D,), eigenvalues (D,) of the covariance in falling order, its rank and so many eigenvectors as columns."""

    mean: Tensor
    eigenvalues: Tensor
    rank: int
    eigenvectors: Tensor


def spectrum(x: Tensor) -> Spectrum:
    """Mean and covariance of the examples x (N, D), the latter by its eigenvalues.

    Raises ValueError for what is not a matrix, for an entry that is not finite and for examples that are all equal.
    """
    if x.dim() != 2 or len(x) == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}; give examples as rows, (N, D)")
    require_finite(x=x)
    mean = x.mean(0)
    _, singular, V = torch.linalg.svd(x - mean, full_matrices=False)
    # numpy's rule for the rank, and for equal examples, whose mean may be off by a rounding.
    rounding = max(x.shape) * torch.finfo(x.dtype).eps * max(singular.max().item(), x.abs().max().item())
    rank = int((singular > rounding).sum())
    if rank == 0:
        raise ValueError("x is the same in every example, so there is no variance to explain; give data that vary")
    eigenvalues = torch.zeros_like(mean)
    eigenvalues[:rank] = singular[:rank].square() / len(x)
    return Spectrum(mean, eigenvalues, rank, V[:rank].mT)


def _noise(found: Spectrum, latent: int) -> Tensor:
    """Variance sigma_x² that the first ``latent`` components leave; ValueError for a number that leaves none."""
    if not 1 <= latent < found.rank:
        room = f"from 1 to {found.rank - 1}" if found.rank > 1 else "data of a higher rank"
        raise ValueError(f"latent is {latent} and the data have rank {found.rank}; give {room}, or sigma_x is 0")
    return found.eigenvalues[latent:].mean()


def maximum_likelihood(x: Tensor, latent: int) -> LinearVAE:
    """Linear VAE with standard prior and ``latent`` components of z under which the examples x (N, D) are likeliest.

    Raises ValueError as `spectrum` does, and for a latent below 1 or not below the rank of the data.
    """
    found = spectrum(x)
    noise = _noise(found, latent)
    W = found.eigenvectors[:, :latent] * (found.eigenvalues[:latent] - noise).sqrt()
    zeros = torch.zeros(latent, dtype=x.dtype)
    return LinearVAE(W, found.mean, noise.sqrt().item(), zeros, zeros + 1)


def highest_log_evidence(x: Tensor, latent: int) -> float:
    r"""Mean log evidence of the examples at the maximum likelihood, from eigenvalues alone, in nats an example.

    .. math:: -\frac12\Big(D_x\log 2\pi + \sum_{i\le Z}\log\lambda_i + (D_x-Z)\log\sigma_x^2 + D_x\Big)

    Raises ValueError as `maximum_likelihood` does.
    """
    found = spectrum(x)
    D_x = len(found.mean)
    log_determinant = found.eigenvalues[:latent].log().sum() + (D_x - latent) * _noise(found, latent).log()
    return -(D_x * (math.log(2 * math.pi) + 1) + log_determinant.item()) / 2


def sphered(x: Tensor) -> tuple[Tensor, Tensor]:
    r"""Few points with the mean and the covariance of x (N, D): (2 rank, D), and the same in whitened coordinates.

    The points are the mean plus and minus :math:`\sqrt{rank\,\lambda_i}` along each eigenvector. What is quadratic in
    x, such as the exact ELBO of a linear encoder, has the same mean over them as over x. The coordinates, (2 rank,
    rank), have mean 0 and covariance I. Raises ValueError as `spectrum` does.
    """
    found = spectrum(x)
    signs = torch.cat([torch.eye(found.rank, dtype=x.dtype), -torch.eye(found.rank, dtype=x.dtype)])
    coordinates = found.rank**0.5 * signs
    axes = found.eigenvectors * found.eigenvalues[: found.rank].sqrt()
    return found.mean + coordinates @ axes.mT, coordinates
