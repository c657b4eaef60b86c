"""The independent-pixel baseline by hand, and the report on the digits' VAE on few images."""

from dataclasses import replace
from math import comb, log

import numpy as np
import pytest
import torch

from pycode import results
from pycode.data import digits as data
from pycode.experiments import digits as experiment
from pycode.experiments.trained import trained
from pycode.experiments.vae import independent_pixels
from pycode.importance import bounds
from tests.experiments.test_trained import SMALL, small_images


def test_baseline_is_the_product_of_binomials_with_laplaces_rates() -> None:
    train = torch.tensor([[0.0, 16.0], [4.0, 16.0]])
    x = torch.tensor([[3.0, 16.0], [0.0, 15.0]])
    rates = (4 + 1) / 34, (32 + 1) / 34
    expected = [
        sum(log(comb(16, int(k)) * p**k * (1 - p) ** (16 - k)) for k, p in zip(row, rates, strict=True))
        for row in x.double().tolist()
    ]
    assert independent_pixels(train, x, 16).tolist() == pytest.approx(expected, rel=1e-5)


def test_report_is_over_seeds_and_of_the_test_digits(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    few = small_images()
    counts = few._replace(**{part: (16 * getattr(few, part)).round() for part in ("train", "validation", "test")})
    monkeypatch.setattr(results, "RESULTS", tmp_path_factory.mktemp("build"))
    monkeypatch.setattr(data, "images", lambda: counts)
    monkeypatch.setattr(experiment, "digits_vae", lambda seed: replace(SMALL, data="digits", seed=seed))
    found = experiment.measure()
    assert found["test_elbo_nats"] < found["test_iwae1000_nats"] < 0
    assert (found["train"], found["validation"], found["test"], found["n"]) == (20, 10, 10, 16)

    pairs = [
        bounds(trained(experiment.digits_vae(seed)).vae, counts.test, 1000, torch.Generator().manual_seed(seed))
        for seed in experiment.SEEDS
    ]
    for name, part in ("test_elbo_nats", 0), ("test_iwae1000_nats", 1):
        means = sorted(float(pair[part].double().mean()) for pair in pairs)
        assert [found[f"{name}{end}"] for end in ("_low", "", "_high")] == pytest.approx(means, rel=1e-6)
    errors = [np.std(elbo.double().numpy(), ddof=1) / np.sqrt(10) for elbo, _ in pairs]
    assert found["test_error_nats"] == pytest.approx(max(errors), rel=1e-5)
    baseline = independent_pixels(counts.train.double(), counts.test.double(), 16).mean().item()
    assert found["baseline_nats"] == pytest.approx(baseline, rel=1e-5)
