"""Weights of a displaced Gaussian: their law against quadrature and sampling, the bound against its limits."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal

from pycode.gaussian_weights import gap, kl, weight_variance, weights

CASES = [(8, 0.5, 2.0), (8, 0.5, 0.5), (1, 0.3, 1.2), (2, 0.5, 0.9), (8, 0.0, 2.0), (3, -0.7, 1.5)]


def posterior_and_q(Z: int, delta: float, tau: float) -> tuple[Independent, Independent]:
    """A posterior with components of all widths, and q displaced from it, by torch.distributions."""
    mean, s = torch.arange(float(Z)), torch.linspace(0.5, 2, Z)
    return Independent(Normal(mean, s), 1), Independent(Normal(mean + delta * s, tau * s), 1)


@pytest.mark.parametrize("case", CASES)
def test_kl_is_that_of_torch_distributions(case: tuple[int, float, float]) -> None:
    p, q = posterior_and_q(*case)
    assert kl(*case) == pytest.approx(torch.distributions.kl_divergence(q, p).item(), rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_weights_have_probability_one_mean_one_and_the_divergence(case: tuple[int, float, float]) -> None:
    log_w, probability = weights(*case)
    assert probability.sum() == pytest.approx(1, rel=1e-12)
    assert np.exp(log_w) @ probability == pytest.approx(1, rel=1e-12)
    assert log_w @ probability == pytest.approx(-kl(*case), rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_law_of_the_weights_is_that_of_sampled_ones(case: tuple[int, float, float]) -> None:
    p, q = posterior_and_q(*case)
    torch.manual_seed(0)
    z = q.sample((20_000,))
    sampled = (p.log_prob(z) - q.log_prob(z)).sort().values.double().numpy()
    log_w, probability = weights(*case)
    order = np.argsort(log_w)
    exact = np.interp(sampled, log_w[order], probability[order].cumsum() - probability[order] / 2)
    # Kolmogorov and Smirnov's distance exceeds 2.5/sqrt(L) by chance in one of 130,000 seeds.
    assert abs(exact - np.linspace(0, 1, len(sampled))).max() < 2.5 / math.sqrt(len(sampled))


@pytest.mark.parametrize(("Z", "delta", "tau"), [(8, 0.5, 2.0), (1, 0.3, 1.2), (2, 0.5, 0.9), (8, 0.0, 2.0)])
def test_variance_is_the_second_moment_of_the_law(Z: int, delta: float, tau: float) -> None:
    log_w, probability = weights(Z, delta, tau)
    assert weight_variance(Z, delta, tau) == pytest.approx(np.exp(2 * log_w) @ probability - 1, rel=1e-9)


@pytest.mark.parametrize("tau", [0.5, 0.7, 0.5**0.5])
def test_variance_is_infinite_where_the_tail_is_too_heavy(tau: float) -> None:
    assert weight_variance(3, 0.1, tau) == math.inf


@pytest.mark.parametrize("case", CASES)
def test_gap_at_one_draw_is_minus_the_divergence(case: tuple[int, float, float]) -> None:
    assert gap(1, *case) == pytest.approx(-kl(*case), rel=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_bound_rises_and_stays_below_the_evidence(case: tuple[int, float, float]) -> None:
    gaps = [gap(K, *case) for K in (1, 2, 5, 20, 100, 1000)]
    assert (np.diff(gaps) > 0).all()
    assert gaps[-1] < 0


def test_gap_at_two_draws_is_that_of_the_double_sum() -> None:
    log_w, probability = weights(8, 0.5, 2.0)
    pairs = np.logaddexp(log_w, log_w[:, None]) - math.log(2)
    assert gap(2, 8, 0.5, 2.0) == pytest.approx(probability @ pairs @ probability, rel=1e-10)


def test_gap_approaches_half_the_variance_over_the_draws() -> None:
    case = (8, 0.5, 2.0)
    errors = [1 + weight_variance(*case) / (2 * K) / gap(K, *case) for K in (10**3, 10**4, 10**5)]
    assert abs(errors[0]) < 0.01
    assert abs(errors[2]) < abs(errors[1]) / 5 < abs(errors[0]) / 20


def test_bad_arguments_are_named() -> None:
    for tau in (0.0, 1.0, -2.0, math.nan):
        for function in (kl, weight_variance, weights):
            with pytest.raises(ValueError, match=r"tau is .*; give a positive ratio"):
                function(2, 0.1, tau)
    with pytest.raises(ValueError, match="K is 0; give at least 1"):
        gap(0, 2, 0.1, 2.0)
