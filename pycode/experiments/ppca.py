"""The linear VAE on digits, trained in two ways, against the closed-form maximum likelihood of probabilistic PCA."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from pycode.data import digits
from pycode.linear_networks import LinearNetworks
from pycode.linear_vae import LinearVAE
from pycode.ppca import highest_log_evidence, sphered
from pycode.training import Settings, train

LATENT = 8
SEED = 0
# Chosen on seeds 1 to 12: gaps from 0.005 to 0.011, the smallest largest one of the settings tried that take as long.
SETTINGS = Settings(epochs=350, batch=599, learning_rate=0.1, warm_up=0.2)
EVERY = 5  # epochs from one exact ELBO to the next
BLOCK, BLOCKS = 10, 150  # iterations of L-BFGS from one exact ELBO to the next, and at most so many times
HISTORY = 10  # pairs of steps and gradient changes that L-BFGS remembers
SLOPE = 0.1  # nats over all images: L-BFGS ends where no derivative is larger


def images() -> Tensor:
    """All digits with components in [0, 1], float64 (1797, 64): counts over 16."""
    data = digits.images()
    return torch.cat([data.train, data.validation, data.test]).double() / digits.N_COUNT


def exact_elbo(vae: LinearNetworks, x: Tensor) -> float:
    """Mean exact ELBO of linear networks over the examples x (N, D), float64, in nats."""
    exact = deepcopy(vae).double().requires_grad_(False)
    mu_q, rho_q = exact.encoder(x)
    return exact.model().elbo(x, mu_q, (rho_q / 2).exp()).mean().item()


def by_lbfgs(x: Tensor, latent: int, generator: torch.Generator) -> Iterator[float]:
    """Mean exact ELBO of linear networks at the start and after every BLOCK iterations of L-BFGS on it, in nats.

    Weights start as random numbers, b and c at 0. The encoder reads x in whitened coordinates: these only name A's
    entries anew, so that their curvatures are alike. The images are replaced by few points with the same moments.
    """
    points, whitened = sphered(x)
    (_, D), rank = points.shape, whitened.shape[1]

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=x.dtype)

    W, A = normal(D, latent) / D**0.5, normal(latent, rank) / rank**0.5
    b, c, rho_q, rho_x = (torch.zeros(shape, dtype=x.dtype) for shape in ((D,), (latent,), (latent,), ()))
    parameters = [p.requires_grad_() for p in (W, b, rho_x, A, c, rho_q)]
    mu_p, sigma_p = torch.zeros(latent, dtype=x.dtype), torch.ones(latent, dtype=x.dtype)

    def elbo() -> Tensor:
        model = LinearVAE(W, b, (rho_x / 2).exp(), mu_p, sigma_p)
        return model.elbo(points, whitened @ A.mT + c, (rho_q / 2).exp()).mean()

    def negative_total() -> float:
        # Over all images, not one: torch's L-BFGS takes a curvature below 1e-10 for none.
        total = -len(x) * elbo()
        optimiser.zero_grad()
        total.backward()
        return total.item()

    optimiser = torch.optim.LBFGS(
        parameters, max_iter=BLOCK, history_size=HISTORY, tolerance_grad=SLOPE, tolerance_change=0,
        line_search_fn="strong_wolfe",
    )  # fmt: skip
    for _ in range(BLOCKS):
        yield elbo().item()
        optimiser.step(negative_total)
        if max(p.grad.abs().max().item() for p in parameters if p.grad is not None) <= SLOPE:
            break
    yield elbo().item()


def by_training(x: Tensor, latent: int, seed: int) -> list[dict[str, float]]:
    """History of the whole stochastic training, with the exact ELBO after every EVERY epochs and at the end, nats."""
    points, _ = sphered(x)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        vae = LinearNetworks(x.shape[1], latent)
    single = x.float()

    def after_epoch(epoch: int) -> dict[str, float]:
        return {} if epoch % EVERY and epoch != SETTINGS.epochs else {"elbo": exact_elbo(vae, points)}

    return train(vae, lambda epoch: single, SETTINGS, torch.Generator().manual_seed(seed), after_epoch)


def measure() -> dict[str, Any]:
    """Maximum likelihood, and the ELBO along both trainings, in nats an image; a gap is the former minus the latter."""
    x = images()
    # A shift changes no density, and so no log evidence; without a common mean the encoder's weights learn faster.
    x = x - x.mean(0)
    best = highest_log_evidence(x, LATENT)
    exact = list(by_lbfgs(x, LATENT, torch.Generator().manual_seed(SEED)))
    history = by_training(x, LATENT, SEED)
    looked = [epoch for epoch, entry in enumerate(history, 1) if "elbo" in entry]
    sgvb = [history[epoch - 1]["elbo"] for epoch in looked]
    return {
        "log_evidence": best,
        "exact_elbo": exact,
        "block": BLOCK,
        "iterations": BLOCK * (len(exact) - 1),
        "gap_exact_nats": best - exact[-1],
        "sgvb_elbo": sgvb,
        "sgvb_epoch": looked,
        "loss": [entry["loss"] for entry in history],
        "gap_sgvb_nats": best - sgvb[-1],
        "epochs": SETTINGS.epochs,
        "batch": SETTINGS.batch,
        "images": len(x),
        "D_x": x.shape[1],
        "D": LATENT,
    }
