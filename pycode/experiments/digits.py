"""The VAE on scikit-learn's digits with a Binomial decoder, a proper likelihood of counts, over seeds."""

from typing import Any

import torch

from pycode.data.digits import N_COUNT
from pycode.experiments.trained import digits_vae, images, trained
from pycode.experiments.vae import SEEDS, independent_pixels, spread, standard_error
from pycode.importance import bounds

K = 1000  # draws of the importance-weighted bound


def measure() -> dict[str, Any]:
    """ELBO and importance-weighted bound of held-out digits, in nats an image, and the baseline's log probability."""
    data = images("digits")
    found = [bounds(trained(digits_vae(seed)).vae, data.test, K, torch.Generator().manual_seed(seed)) for seed in SEEDS]
    configuration = digits_vae(SEEDS[0])
    return {
        **spread("test_elbo_nats", [elbo.mean().item() for elbo, _ in found]),
        **spread("test_iwae1000_nats", [bound.mean().item() for _, bound in found]),
        "test_error_nats": max(standard_error(elbo) for elbo, _ in found),
        "baseline_nats": independent_pixels(data.train, data.test, N_COUNT).mean().item(),
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
        "n": N_COUNT,
        "K": K,
        "D": configuration.latent,
        "epochs": configuration.settings.epochs,
        "learning_rate": configuration.settings.learning_rate,
        "batch": configuration.settings.batch,
    }
