"""Variances of the six estimators of the ELBO's gradient, image by image, in a VAE whose decoder is a network."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.stats import binom
from torch import Tensor

from pycode.experiments.elbo_gradients import NAMES, L, estimates
from pycode.experiments.trained import images, mnist_vae, trained
from pycode.gradient_estimators import best_baseline
from pycode.networks import VAE

SEED = 0  # of the VAE, and of the noise
IMAGES = 250  # of the validation set, which is shuffled
GROUPS = 32  # estimates of each image
CHUNK = 10  # images at a time


def value_and_slope(vae: VAE, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Log p(x | z) in nats and its slope in z, for images x (n, D_x) at z (M, n, Z): (M, n) and (M, n, Z)."""
    z = z.to(x.dtype).requires_grad_()
    value = vae.decoder(z).log_prob(x).sum(-1)
    (slope,) = torch.autograd.grad(value.sum(), z)
    return value.detach().double(), slope.double()


def tangent(value: Tensor, slope: Tensor, at: Tensor) -> Callable[[Tensor], Tensor]:
    """The affine function with this value (...) and slope (..., Z) at each draw: the network runs once for all six."""
    return lambda z: value + ((z - at) * slope).sum(-1)


def variances(vae: VAE, x: Tensor, generator: torch.Generator) -> Tensor:
    """Variances of estimates from L draws, summed over components: x (N, D_x), result (N, 6, 2), for mu_q and rho_q.

    Each is that of GROUPS independent estimates. The best constants are those of an image's own L·GROUPS draws, which
    makes their variance too small by a share of about 1/(L·GROUPS).
    """
    found = []
    for part in x.split(CHUNK):
        with torch.no_grad():
            mu_q, rho_q = (output.double() for output in vae.encoder(part))
        q = mu_q, (rho_q / 2).exp()
        eps = torch.randn(L * GROUPS, *mu_q.shape, generator=generator, dtype=torch.float64)
        z = q[0] + q[1] * eps
        local = *value_and_slope(vae, part, z), z
        baseline = best_baseline(tangent(*local), *q, eps)
        value, slope, z, eps = (tensor.unflatten(0, (L, GROUPS)) for tensor in (*local, eps))
        rows = estimates(tangent(value, slope, z), q, (0.0, 1.0), eps, baseline)
        found.append(rows.mean(2).var(2).sum(-1).permute(2, 0, 1))
    return torch.cat(found)


def median_interval(sample: np.ndarray) -> np.ndarray:
    """Lower end, median and upper end of the median's 95 % interval from order statistics, along the first axis.

    The number of N independent values below the median is Binomial(N, 1/2), whatever their distribution; the interval
    covers with at least 95 %. N is at least 6.
    """
    N = len(sample)
    rank = int(binom.ppf(0.025, N, 0.5))
    if rank < 1:
        raise ValueError(f"there are {N} values; a 95 % interval of the median needs at least 6")
    ordered = np.sort(sample, axis=0)
    return np.stack([ordered[rank - 1], np.median(sample, axis=0), ordered[N - rank]])


def measure() -> dict[str, Any]:
    """Each estimator's variance over that of estimator B, medians over images of the validation set with intervals.

    ``trained_over_b`` has the axes lower end, median, upper end; estimators as NAMES; mu_q, rho_q. ``trained_ratio`` is
    its median for the score function and mu_q, ``trained_ratio_baseline`` for leave-one-out. The intervals are over
    images; the VAE is one, of one seed.
    """
    x = images("mnist").validation[:IMAGES]
    of_all = variances(trained(mnist_vae(SEED)).vae, x, torch.Generator().manual_seed(SEED)).numpy()
    over_b = median_interval(of_all / of_all[:, [NAMES.index("sgvb_b")]])
    result = {"trained_images": len(x), "trained_draws": L * GROUPS, "trained_over_b": over_b}
    for key, name in (("trained_ratio", "score"), ("trained_ratio_baseline", "leave_one_out")):
        low, median, high = over_b[:, NAMES.index(name), 0].tolist()
        result |= {key: median, f"{key}_low": low, f"{key}_high": high}
    return result
