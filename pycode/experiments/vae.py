"""The VAE on binarised MNIST: bounds on held-out images over seeds, its learning curve, what it has learnt to draw."""

import statistics
from typing import Any

import torch
from torch import Tensor

from pycode.data import mnist
from pycode.experiments.trained import COPIES_FOR, Trained, images, mnist_vae, plane_vae, trained
from pycode.gaussian import kl_log_variance
from pycode.importance import bounds
from pycode.likelihoods import Binomial
from pycode.networks import VAE
from pycode.training import has_bfloat16

SEEDS = (0, 1, 2)
K = 500  # draws of the importance-weighted bound
COLLAPSED = 0.01  # nats of mean divergence below which a latent says nothing
COLUMNS = 15  # of the manifold, and its rows
SAMPLES = 10  # of the strip, in each row
LEVELS = 255  # of grey, as in the data


def pictures(vae: VAE, z: Tensor) -> Any:
    """Means of p(x | z) as whole grey levels from 0 to LEVELS; z (N, Z), result (N, D_x)."""
    return (LEVELS * vae.decoder(z).mean).round().to(torch.uint8).numpy()


def strip(vae: VAE, x: Tensor, labels: Tensor) -> dict[str, Any]:
    """The first x of each class, its reconstruction from mu_q, and pictures of draws from the prior."""
    chosen = x[[int((labels == digit).nonzero()[0]) for digit in labels.unique()]]
    prior = torch.randn(SAMPLES, vae.latent, generator=torch.Generator().manual_seed(0))
    return {
        "inputs": (LEVELS * chosen).to(torch.uint8).numpy(),
        "reconstructions": pictures(vae, vae.encoder(chosen)[0]),
        "samples": pictures(vae, prior),
    }


def plane(vae: VAE, x: Tensor, labels: Tensor) -> dict[str, Any]:
    """Means mu_q of x in a plane of two latents with their classes, and pictures at equally likely places of the prior.

    The places are the quantiles of N(0, 1) at the middles of COLUMNS equal parts, from left to right and from the top.
    """
    quantiles = torch.special.ndtri((torch.arange(COLUMNS) + 0.5) / COLUMNS)
    down, across = torch.meshgrid(quantiles.flip(0), quantiles, indexing="ij")
    return {
        "plane": [[round(u, 3) for u in mean] for mean in vae.encoder(x)[0].tolist()],
        "labels": labels.numpy(),
        "manifold": pictures(vae, torch.stack([across.flatten(), down.flatten()], -1)),
        "columns": COLUMNS,
    }


def independent_pixels(train: Tensor, x: Tensor, n: int = 1) -> Tensor:
    """Log probability of each x, (N,), in nats, when pixels are independent Binomials with the training set's rates.

    A pixel counts up to n. A rate is (successes + 1) / (trials + 2), Laplace's rule, so that no held-out image is
    impossible.
    """
    rate = (train.sum(0) + 1) / (n * len(train) + 2)
    return Binomial(n, torch.logit(rate)).log_prob(x).sum(-1)


def curves(runs: list[Trained]) -> dict[str, Any]:
    """Mean losses of each epoch, and those of the validation set with their epochs, a row for each seed."""
    histories = [run.history for run in runs]
    looked = [epoch for epoch, entry in enumerate(histories[0]) if "validation" in entry]
    return {
        "train_loss": [[entry["loss"] for entry in history] for history in histories],
        "validated": [epoch + 1 for epoch in looked],
        "validation_loss": [[history[epoch]["validation"] for epoch in looked] for history in histories],
    }


def standard_error(values: Tensor) -> float:
    """Standard error of the mean of values (N,)."""
    return (values.std() / len(values) ** 0.5).item()


def spread(name: str, values: list[float]) -> dict[str, float]:
    """Median, lowest and highest of one value for each seed."""
    return {name: statistics.median(values), f"{name}_low": min(values), f"{name}_high": max(values)}


def measure() -> dict[str, Any]:
    """Negative ELBO and importance-weighted bound of the test images, in nats an image, over SEEDS; what figures show.

    The test set is looked at here alone, after all choices were made on the validation set.
    """
    data = images("mnist")
    runs = [trained(mnist_vae(seed)) for seed in SEEDS]
    found = [
        bounds(run.vae, data.test, K, torch.Generator().manual_seed(seed))
        for seed, run in zip(SEEDS, runs, strict=True)
    ]
    divergences = kl_log_variance(*runs[0].vae.encoder(data.test)).mean(0)
    configuration = mnist_vae(SEEDS[0])
    return {
        **spread("test_neg_elbo_nats", [-elbo.mean().item() for elbo, _ in found]),
        **spread("test_neg_iwae500_nats", [-bound.mean().item() for _, bound in found]),
        "test_error_nats": max(standard_error(elbo) for elbo, _ in found),
        "baseline_nats": independent_pixels(data.train, data.test).mean().item(),
        "source": mnist.source(),
        "seeds": len(SEEDS),
        "K": K,
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
        "D_x": data.train.shape[1],
        "D": configuration.latent,
        "hidden": configuration.hidden,
        "epochs": configuration.settings.epochs,
        "weights": sum(p.numel() for p in runs[0].vae.parameters()),
        "bits": 16 if has_bfloat16() else 32,
        "collapsed": int((divergences < COLLAPSED).sum()),
        "threshold": COLLAPSED,
        "batch": configuration.settings.batch,
        "learning_rate": configuration.settings.learning_rate,
        "warm_up_percent": 100 * configuration.settings.warm_up,
        "copies_for": COPIES_FOR,
        **curves(runs),
        **strip(runs[0].vae, data.test, data.test_labels),
        "plane_hidden": plane_vae().hidden,
        "plane_epochs": plane_vae().settings.epochs,
        **plane(trained(plane_vae()).vae, data.test, data.test_labels),
    }
