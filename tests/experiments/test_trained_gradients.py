"""Variances by sampling where they are known exactly, and intervals of a median."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pycode.experiments import elbo_gradients
from pycode.experiments import trained_gradients as experiment
from pycode.experiments.elbo_gradients import NAMES
from pycode.likelihoods import Bernoulli, Gaussian
from pycode.linear_vae import LinearVAE
from pycode.networks import VAE

GENERATOR = torch.Generator


@pytest.fixture
def small_vae() -> VAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VAE(6, 5, 3, Bernoulli).requires_grad_(False)


def bits(N: int) -> Tensor:
    return (torch.rand(N, 6, generator=GENERATOR().manual_seed(1)) > 0.5).float()


def test_slope_is_the_derivative_of_the_value(small_vae: VAE) -> None:
    vae, x = small_vae.double(), bits(4).double()
    z = torch.randn(7, 4, 3, generator=GENERATOR().manual_seed(2), dtype=torch.float64)
    value, slope = experiment.value_and_slope(vae, x, z)
    assert value.shape == (7, 4)
    for j in range(3):
        step = 1e-6 * torch.eye(3, dtype=torch.float64)[j]
        high, low = (experiment.value_and_slope(vae, x, z + sign * step)[0] for sign in (1, -1))
        assert torch.allclose((high - low) / 2e-6, slope[..., j], rtol=1e-6, atol=1e-8)


def test_tangent_has_the_value_and_the_slope() -> None:
    value, slope, at = torch.tensor([2.0]), torch.tensor([[3.0, -1.0]]), torch.tensor([[0.5, 0.5]])
    f = experiment.tangent(value, slope, at)
    assert f(at).tolist() == [2.0]
    assert torch.autograd.functional.jacobian(f, at)[0, 0].tolist() == [3.0, -1.0]


def test_sampled_variances_are_the_exact_ones_of_a_linear_decoder() -> None:
    """Many copies of one x, whose q is not the posterior; the prior is standard."""
    generator = GENERATOR().manual_seed(0)
    W = torch.randn(4, 2, generator=generator, dtype=torch.float64)
    model = LinearVAE(W, torch.zeros(4).double(), 0.9, torch.zeros(2).double(), torch.ones(2).double())
    x = torch.randn(4, generator=generator, dtype=torch.float64)
    q = torch.tensor([0.4, -0.2]).double(), torch.tensor([0.5, 0.8]).double()
    vae: Any = SimpleNamespace(
        encoder=lambda x: (q[0].expand(len(x), 2), 2 * q[1].log().expand(len(x), 2)),
        decoder=lambda z: Gaussian(z @ W.mT, model.sigma_x),
    )
    found = experiment.variances(vae, x.expand(200, 4), generator)
    exact = elbo_gradients.exact_variances(model, x, q)
    assert found.shape == (200, 6, 2)
    # The best constants are fitted to each copy's 256 draws, hence an allowance of a hundredth.
    off = (found.mean(0) - exact).abs() - 0.01 * exact
    assert bool((off < 5 * found.std(0) / 200**0.5).all())


def test_chunks_change_nothing_but_the_noise(small_vae: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    x = bits(12)
    monkeypatch.setattr(experiment, "GROUPS", 2000)
    whole = experiment.variances(small_vae, x, GENERATOR().manual_seed(0))
    monkeypatch.setattr(experiment, "CHUNK", 5)
    parts = experiment.variances(small_vae, x, GENERATOR().manual_seed(1))
    assert whole.shape == parts.shape == (12, 6, 2)
    light = [NAMES.index(name) for name in ("sgvb_a", "sgvb_b", "sticking_the_landing")]  # tails, unlike the scores'
    assert parts[:, light].numpy() == pytest.approx(whole[:, light].numpy(), rel=0.3)


def test_parameters_of_the_network_get_no_gradients(small_vae: VAE) -> None:
    small_vae.requires_grad_(True)
    experiment.variances(small_vae, bits(2), GENERATOR().manual_seed(0))
    assert all(parameter.grad is None for parameter in small_vae.parameters())


def chance_below(rank: int, N: int) -> float:
    """Probability that fewer than ``rank`` of N fair coins fall heads."""
    return sum(math.comb(N, k) for k in range(rank)) / 2**N


@pytest.mark.parametrize("N", [6, 17, 100, 250])
def test_interval_covers_the_median_and_is_the_smallest_that_does(N: int) -> None:
    low, median, high = experiment.median_interval(np.arange(1.0, N + 1))
    assert median == (N + 1) / 2
    assert low + high == N + 1
    # It misses when fewer than `low` values lie below the true median, or above it.
    assert 2 * chance_below(int(low), N) <= 0.05 < 2 * chance_below(int(low) + 1, N)


def test_interval_goes_along_the_first_axis_and_needs_six_values() -> None:
    sample = np.stack([np.arange(20.0), np.arange(20.0)[::-1] + 5], 1)
    low, median, high = experiment.median_interval(sample)
    assert (high > median).all()
    assert (median > low).all()
    assert median.tolist() == [9.5, 14.5]
    with pytest.raises(ValueError, match="there are 5 values; a 95 % interval of the median needs at least 6"):
        experiment.median_interval(sample[:5])


def test_measured_ratios_are_those_to_estimator_b(small_vae: VAE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "images", lambda data: SimpleNamespace(validation=bits(40)))
    monkeypatch.setattr(experiment, "trained", lambda configuration: SimpleNamespace(vae=small_vae))
    monkeypatch.setattr(experiment, "IMAGES", 30)
    result = experiment.measure()
    over_b = result["trained_over_b"]
    assert result["trained_images"] == 30
    assert (over_b[:, NAMES.index("sgvb_b")] == 1).all()
    for key, name in (("trained_ratio", "score"), ("trained_ratio_baseline", "leave_one_out")):
        found = [result[f"{key}_low"], result[key], result[f"{key}_high"]]
        assert found == over_b[:, NAMES.index(name), 0].tolist()
        assert 1 < found[0] < found[1] < found[2]
    assert result["trained_ratio"] > result["trained_ratio_baseline"]
