"""The report on the trained VAE, on a few small images: its numbers by other routes."""

import statistics
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from pycode import results
from pycode.data import mnist
from pycode.data.split import Images
from pycode.experiments import vae as experiment
from pycode.experiments.trained import trained
from pycode.gaussian import kl_log_variance
from pycode.importance import bounds
from pycode.likelihoods import Bernoulli
from pycode.networks import VAE
from tests.experiments.test_trained import SMALL, small_images


def few_images() -> Images:
    """Small images, those of the test with bright noise, so that no number of theirs is another part's too."""
    few = small_images()
    return few._replace(test=(few.test + 0.2).clamp(max=1))


class Report(NamedTuple):
    """What was measured, the networks that it is about, one for each seed, and the test images as bits."""

    found: dict[str, Any]
    vaes: list[VAE]
    test: Tensor


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    test = (few_images().test > 0.5).float()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "RESULTS", tmp_path_factory.mktemp("build"))
        patch.setattr(mnist, "images", few_images)
        patch.setattr(experiment, "mnist_vae", lambda seed: replace(SMALL, seed=seed, latent=3))
        patch.setattr(experiment, "plane_vae", lambda: SMALL)
        vaes = [trained(experiment.mnist_vae(seed)).vae for seed in experiment.SEEDS]
        # One latent of the three of the first seed is below the threshold.
        low, middle, _ = kl_log_variance(*vaes[0].encoder(test)).mean(0).sort().values.tolist()
        patch.setattr(experiment, "COLLAPSED", (low + middle) / 2)
        return Report(experiment.measure(), vaes, test)


@pytest.fixture(scope="module")
def result(report: Report) -> dict[str, Any]:
    return report.found


def test_bounds_and_their_error_are_those_of_the_test_images(report: Report) -> None:
    pairs = [
        bounds(vae, report.test, experiment.K, torch.Generator().manual_seed(seed))
        for seed, vae in zip(experiment.SEEDS, report.vaes, strict=True)
    ]
    for name, part in ("test_neg_elbo_nats", 0), ("test_neg_iwae500_nats", 1):
        means = sorted(-float(pair[part].double().mean()) for pair in pairs)
        assert [report.found[f"{name}{end}"] for end in ("_low", "", "_high")] == pytest.approx(means, rel=1e-6)
    errors = [np.std(elbo.double().numpy(), ddof=1) / np.sqrt(len(report.test)) for elbo, _ in pairs]
    assert report.found["test_error_nats"] == pytest.approx(max(errors), rel=1e-5)


def test_the_baseline_learns_from_the_training_images_and_is_judged_on_the_test_images(report: Report) -> None:
    x, train = report.test.double().numpy(), (few_images().train > 0.5).double().numpy()
    rate = (train.sum(0) + 1) / (len(train) + 2)
    expected = (x * np.log(rate) + (1 - x) * np.log(1 - rate)).sum(1).mean()
    assert report.found["baseline_nats"] == pytest.approx(expected, rel=1e-5)


def test_latents_below_the_threshold_count_as_collapsed(result: dict[str, Any]) -> None:
    assert result["collapsed"] == 1


def test_median_and_spread_are_over_the_seeds(result: dict[str, Any]) -> None:
    for name in "test_neg_elbo_nats", "test_neg_iwae500_nats":
        assert 0 < result[f"{name}_low"] <= result[name] <= result[f"{name}_high"]
    assert experiment.spread("a", [3.0, 1.0, 2.0]) == {"a": 2.0, "a_low": 1.0, "a_high": 3.0}
    assert experiment.spread("a", [3.0, 1.0, 2.0])["a"] == statistics.median([3.0, 1.0, 2.0])


def test_the_importance_weighted_bound_is_the_tighter(result: dict[str, Any]) -> None:
    assert result["test_neg_iwae500_nats"] < result["test_neg_elbo_nats"]


def test_counts_are_those_of_the_data(result: dict[str, Any]) -> None:
    assert (result["train"], result["validation"], result["test"]) == (20, 10, 10)
    assert (result["D_x"], result["D"], result["seeds"]) == (36, 3, 3)
    # Two layers in either network, with biases.
    assert result["weights"] == (36 * 8 + 8) + (8 * 6 + 6) + (3 * 8 + 8) + (8 * 36 + 36)


def test_curves_have_a_row_for_each_seed(result: dict[str, Any]) -> None:
    assert np.array(result["train_loss"]).shape == (3, 6)
    assert result["validated"] == [5, 6]
    assert np.array(result["validation_loss"]).shape == (3, 2)


def test_the_strip_shows_one_input_of_each_class_with_its_reconstruction(result: dict[str, Any]) -> None:
    inputs = np.array(result["inputs"])
    x, labels = (few_images().test > 0.5).float(), few_images().test_labels
    assert len(inputs) == len(labels.unique())
    for row, label in zip(inputs, labels.unique(), strict=True):
        first = next(image for image, other in zip(x, labels, strict=True) if other == label)
        assert (row == 255 * first.numpy()).all()
    assert np.array(result["reconstructions"]).shape == inputs.shape
    assert len(result["samples"]) == experiment.SAMPLES


class Ramp(VAE):
    """Decodes z to the probabilities (Φ(z_1), Φ(z_2)), so that a picture tells its place."""

    def __init__(self) -> None:
        super().__init__(2, 1, 2, Bernoulli)

    def encoder(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, torch.zeros_like(x)

    def decoder(self, z: Tensor) -> Bernoulli:
        return Bernoulli(torch.logit(torch.special.ndtr(z)))


def test_the_manifold_stands_at_equally_likely_places() -> None:
    found = experiment.plane(Ramp(), torch.rand(4, 2), torch.arange(4))
    n = found["columns"]
    rows = np.array(found["manifold"]).reshape(n, n, 2) / 255
    expected = (np.arange(n) + 0.5) / n
    assert rows[0, :, 0] == pytest.approx(expected, abs=1 / 255)  # to the right, z_1 grows
    assert rows[:, 0, 1] == pytest.approx(expected[::-1], abs=1 / 255)  # upwards, z_2 does


def test_means_of_the_plane_are_the_encoders() -> None:
    x = torch.rand(4, 2)
    assert np.array(experiment.plane(Ramp(), x, torch.arange(4))["plane"]) == pytest.approx(x.numpy(), abs=6e-4)
