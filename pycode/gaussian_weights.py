r"""Importance weights of a Gaussian q that misses a Gaussian posterior by as much in each of Z independent components.

Where the posterior is N(m_j, s_j²), q is N(m_j + delta s_j, (tau s_j)²). With :math:`\eta = \delta\tau/(\tau^2-1)` the
normalised weight is a function of one number, of a noncentral chi-squared law:

.. math:: \log\frac{p(z \mid x)}{q(z)} = Z\log\tau + \frac{Z\delta^2}{2(\tau^2-1)} - \frac{\tau^2-1}2 S, \qquad
          S = \sum_j (\epsilon_j + \eta)^2

So the importance-weighted bound is an integral for every K. Arguments are Z, delta and tau; a tau of 1, at which the
weight is no function of S, or one that is not positive raises ValueError.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ncx2

NODES = 200  # of the rule for S
SPACING = 0.2  # of the rule for log t
TAIL = 45.0  # nats: densities below e^-TAIL of their maximum are left out


def _require_tau(tau: float) -> None:
    if not (tau > 0 and tau != 1):
        raise ValueError(f"tau is {tau}; give a positive ratio of standard deviations other than 1")


def kl(Z: int, delta: float, tau: float) -> float:
    r"""KL divergence from q to the posterior, :math:`Z(\tau^2+\delta^2-1-2\log\tau)/2`, in nats: -gap at K = 1."""
    _require_tau(tau)
    return Z * (tau**2 + delta**2 - 1 - 2 * math.log(tau)) / 2


def weight_variance(Z: int, delta: float, tau: float) -> float:
    r"""Variance under q of the normalised weight; infinite where :math:`\tau^2 \le 1/2`.

    .. math:: \Big(\frac{\tau^2}{\sqrt{2\tau^2-1}} e^{\delta^2/(2\tau^2-1)}\Big)^Z - 1
    """
    _require_tau(tau)
    excess = 2 * tau**2 - 1
    if excess <= 0:
        return math.inf
    with np.errstate(over="ignore"):
        return float(np.expm1(Z * (delta**2 / excess + math.log(tau**2 / excess**0.5))))


@cache
def weights(Z: int, delta: float, tau: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of log w and their probabilities, (NODES,) each: Gauss and Legendre's rule in the square root of S.

    The arrays are kept for the next call and cannot be written to.
    """
    _require_tau(tau)
    eta = delta * tau / (tau**2 - 1)
    # S times w still has mass where S alone has none any more, when tau is below 1.
    farthest = (abs(eta) * Z**0.5 + (2 * TAIL) ** 0.5) / min(1.0, tau) ** 2
    nodes, rule = np.polynomial.legendre.leggauss(NODES)
    root = (nodes + 1) / 2 * farthest
    density = ncx2.pdf(root**2, Z, Z * eta**2) * 2 * root
    log_w = Z * math.log(tau) + Z * delta**2 / (2 * (tau**2 - 1)) - (tau**2 - 1) / 2 * root**2
    probability = density * rule / 2 * farthest
    for array in (log_w, probability):
        array.flags.writeable = False
    return log_w, probability


def gap(K: int, Z: int, delta: float, tau: float) -> float:
    r"""Importance-weighted bound minus log evidence, exact, in nats; at most 0, and minus `kl` at K = 1.

    With :math:`\varphi(s) = E_q[e^{-sw}]` and Frullani's integral for the logarithm of the mean weight,

    .. math:: L_K - \log p(x) = \int_0^\infty \big(e^{-t} - \varphi(t/K)^K\big) \frac{dt}t

    which the rule of equal steps in log t gives to about 12 digits. Raises ValueError for a K below 1.
    """
    if K < 1:
        raise ValueError(f"K is {K}; give at least 1")
    log_w, probability = weights(Z, delta, tau)
    # The integrand falls as t² or faster towards 0 and, by weights close to 0, as t^(-K/(tau² - 1)) to infinity.
    log_t = np.arange(-TAIL, TAIL * max(1.0, tau**2 - 1), SPACING)[:, None]
    below_1 = -np.expm1(-np.exp(log_t - math.log(K) + log_w)) @ probability  # 1 - phi, accurate where it is small
    with np.errstate(divide="ignore"):  # log 0 where phi is 0
        power = np.exp(K * np.log1p(-np.minimum(below_1, 1.0)))
    return float((np.exp(-np.exp(log_t[:, 0])) - power).sum() * SPACING)
