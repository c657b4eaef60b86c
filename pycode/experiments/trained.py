"""The VAEs that the document trains, each read from its checkpoint when that stands."""

import hashlib
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from pycode import results
from pycode.augmentation import random_affine
from pycode.checkpoints import Checkpoint
from pycode.data import digits, mnist
from pycode.data.pixels import binarise, require_images
from pycode.data.split import Images
from pycode.likelihoods import Bernoulli, Binomial
from pycode.networks import VAE
from pycode.progress import bar
from pycode.training import Examples, History, Settings, State, has_bfloat16, train
from pycode.vae import loss

# The settings were chosen on the validation images with seeds 100 to 102, which are not reported.
COPIES_FOR = 3  # epochs that one set of augmented copies serves
# What decides a training's numbers; not what reads files, keeps states or shows progress.
COMPUTING = ("pycode.training", "pycode.networks", "pycode.augmentation", "pycode.data.pixels")
VALIDATED = 5  # epochs from one look at the validation set to the next


@dataclass(frozen=True)
class Configuration:
    """What is trained and how: the data's name, the networks' sizes, the settings, the seed of all chance."""

    data: str
    hidden: int
    latent: int
    settings: Settings
    seed: int


class Trained(NamedTuple):
    """A trained VAE with the mean loss of each epoch, every few also that of the validation set, in nats."""

    vae: VAE
    history: History


def mnist_vae(seed: int) -> Configuration:
    """The VAE of binarised MNIST whose bounds are reported."""
    return Configuration("mnist", 400, 20, Settings(epochs=36, batch=256, learning_rate=2e-2, warm_up=0.15), seed)


def plane_vae() -> Configuration:
    """A VAE of binarised MNIST with two latents, to be looked at."""
    return Configuration("mnist", 200, 2, Settings(epochs=33, learning_rate=1e-2), 0)


def digits_vae(seed: int) -> Configuration:
    """The VAE of scikit-learn's digits whose pixels are counts."""
    return Configuration("digits", 400, 16, Settings(epochs=100, learning_rate=1e-2), seed)


def digest(content: bytes) -> str:
    """Short name of a content."""
    return hashlib.sha256(content).hexdigest()[:12]


def raw(data: str) -> Images:
    """Images as they come: grey levels from 0 to 1 for "mnist", counts for "digits"."""
    if data == "mnist":
        return mnist.images()
    if data == "digits":
        counts = digits.images()
        require_images(torch.cat(counts[:3]), digits.N_COUNT, "digits")
        return counts
    raise ValueError(f"there are no images named {data!r}; give mnist or digits")


def fit_for(data: str, x: Tensor) -> Tensor:
    """Images as the likelihood wants them: bits for "mnist", counts for "digits"."""
    return binarise(x) if data == "mnist" else x


def images(data: str) -> Images:
    """All parts of the data as the likelihood wants them."""
    found = raw(data)
    parts = {part: fit_for(data, getattr(found, part)) for part in ("train", "validation", "test")}
    return found._replace(**parts)


def examples(configuration: Configuration, train: Tensor) -> Examples:
    """What each epoch trains on: MNIST's grey images as random affine copies, binarised after that; digits as given."""
    if configuration.data != "mnist":
        return lambda epoch: train

    kept: dict[int, Tensor] = {}

    def copies(epoch: int) -> Tensor:
        number = epoch // COPIES_FOR
        if number not in kept:
            kept.clear()
            # One generator for each set of copies, so that a training that continues finds the same.
            generator = torch.Generator().manual_seed(1_000_000 * (configuration.seed + 1) + number)
            kept[number] = binarise(random_affine(train, generator))
        return kept[number]

    return copies


def trained(configuration: Configuration) -> Trained:
    """Train as the configuration says, or read what an earlier run left in results/checkpoints."""
    c = configuration
    likelihood = partial(Binomial, digits.N_COUNT) if c.data == "digits" else Bernoulli
    data = raw(c.data)
    with torch.random.fork_rng():
        torch.manual_seed(c.seed)
        vae = VAE(data.train.shape[1], c.hidden, c.latent, likelihood)
    validation = fit_for(c.data, data.validation)
    eps = torch.randn(1, len(validation), c.latent, generator=torch.Generator().manual_seed(c.seed))
    bfloat16 = has_bfloat16()
    pixels = digest(data.train.numpy().tobytes() + data.validation.numpy().tobytes())
    code = results.code_digest(*COMPUTING) + digest(Path(__file__).read_bytes())
    identity = asdict(c) | {"bfloat16": bfloat16, "images": pixels, "code": digest(code.encode())}
    # The images are in the name: who changes from some to others and back finds both trainings.
    name = f"{c.data}-{pixels}-{c.latent}-{c.seed}.pt"
    checkpoint = Checkpoint(results.RESULTS / "checkpoints" / name, identity)
    with checkpoint.held():
        state = checkpoint.load()
        done = len(state["history"]) if state else 0
        with bar(c.settings.epochs, f"VAE on {c.data}, D={c.latent}, seed {c.seed}", done) as step:

            def after_epoch(epoch: int) -> dict[str, float]:
                step()
                if epoch % VALIDATED and epoch != c.settings.epochs:
                    return {}
                with torch.no_grad():
                    return {"validation": loss(validation, eps, vae.encoder, vae.decoder).mean().item()}

            def keep(state: State) -> None:
                checkpoint.save(state, last=len(state["history"]) == c.settings.epochs)

            generator = torch.Generator().manual_seed(c.seed)
            history = train(vae, examples(c, data.train), c.settings, generator, after_epoch, state, keep, bfloat16)
    return Trained(vae.eval().requires_grad_(False), history)
