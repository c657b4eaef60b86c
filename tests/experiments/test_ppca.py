"""Both trainings of the linear VAE, on few pixels: they reach the maximum, reproducibly."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pycode.experiments import ppca as experiment
from pycode.linear_networks import LinearNetworks
from pycode.training import Settings
from pycode.vae import loss


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "LATENT", 2)
    monkeypatch.setattr(experiment, "SETTINGS", Settings(epochs=62, batch=100, learning_rate=0.06, warm_up=0.2))


@pytest.fixture
def x() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 6, generator=generator, dtype=torch.float64)
    return 0.5 + 0.2 * x * torch.tensor([6.0, 3.0, 1.0, 1.0, 1.0, 1.0])


def test_both_trainings_reach_the_maximum(monkeypatch: pytest.MonkeyPatch, x: Tensor) -> None:
    monkeypatch.setattr(experiment, "images", lambda: x)
    result: dict[str, Any] = experiment.measure()
    assert abs(result["gap_exact_nats"]) < 1e-6
    assert 0 < result["gap_sgvb_nats"] < 0.03
    assert result["sgvb_epoch"] == [*range(5, 61, 5), 62]
    assert len(result["loss"]) == 62
    assert result["iterations"] == experiment.BLOCK * (len(result["exact_elbo"]) - 1)
    exact = np.array(result["exact_elbo"])
    assert (np.diff(exact) > -1e-12).all()
    # The loss of the last epoch estimates minus the ELBO, from 300 draws whose spread is about 2 nats.
    assert -result["loss"][-1] == pytest.approx(result["sgvb_elbo"][-1], abs=1.0)


def test_exact_elbo_is_the_mean_loss(x: Tensor) -> None:
    torch.manual_seed(0)
    vae = LinearNetworks(6, 2)
    eps = torch.randn(500, 300, 2, generator=torch.Generator().manual_seed(1))
    losses = loss(x.float(), eps, vae.encoder, vae.decoder)
    found = experiment.exact_elbo(vae, x)
    # The spread of the mean over eps, of 300 examples together, by the same number of fresh halves.
    halves = [loss(x.float(), part, vae.encoder, vae.decoder).mean().item() for part in eps.split(50)]
    assert -losses.mean().item() == pytest.approx(found, abs=5 * np.std(halves) / len(halves) ** 0.5)
    assert vae.generation.weight.dtype == torch.float32


def test_training_repeats_its_bits_and_leaves_global_chance_alone(x: Tensor) -> None:
    before = torch.random.get_rng_state()
    first, again = (experiment.by_training(x, 2, 3) for _ in range(2))
    assert first == again
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_images_are_the_1797_digits() -> None:
    images = experiment.images()
    assert images.shape == (1797, 64)
    assert images.dtype == torch.float64
    assert (images.min(), images.max()) == (0, 1)
    assert torch.equal(images, (16 * images).round() / 16)
