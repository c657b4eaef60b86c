"""Training of the VAE whose bounds the document reports, in images per CPU-second, against the common example's loop.

Both see the same binarised images, ours without the augmentation, which is none of the loop's work.
"""

from statistics import median

import torch

from benchmarks.plain import vae as plain
from benchmarks.timing import Bar, alternate, ratio
from pycode.data import mnist
from pycode.data.pixels import binarise
from pycode.likelihoods import Bernoulli
from pycode.networks import VAE
from pycode.training import Settings, has_bfloat16, train

HIDDEN, LATENT, BATCH = 400, 20, 256  # those of pycode.experiments.trained.mnist_vae
REPEATS, EPOCHS = 15, 2  # many short pairs: on a shared machine speed changes from one second to the next


def measure(bar: Bar) -> dict[str, float]:
    """Ratios of the rates, the rates themselves, and what was run."""
    torch.set_num_threads(1)
    data = mnist.packaged()
    x, labels = binarise(data.train), data.train_labels
    count, pixels = x.shape
    images = x.view(count, 1, mnist.SIDE, mnist.SIDE)

    def common() -> float:
        plain.train(plain.VAE(pixels, HIDDEN, LATENT), images, labels, EPOCHS)
        return EPOCHS * count

    def ours(batch: int = BATCH, bfloat16: bool = False) -> float:
        vae = VAE(pixels, HIDDEN, LATENT, Bernoulli)
        generator = torch.Generator().manual_seed(0)
        train(vae, lambda epoch: x, Settings(EPOCHS, batch), generator, bfloat16=bfloat16)
        return EPOCHS * (count // batch) * batch

    contestants = {"plain": common, "float32": ours}
    if BATCH != plain.BATCH:
        contestants["same_batch"] = lambda: ours(plain.BATCH)
    if has_bfloat16():
        contestants["bfloat16"] = lambda: ours(bfloat16=True)
    rates = alternate(contestants, REPEATS, bar, "VAE")
    found: dict[str, float] = {"repeats": REPEATS, "epochs": EPOCHS, "images": count, "batch": BATCH}
    for name, rate in rates.items():
        found[f"{name}_images_per_cpu_s"] = median(rate)
        if name != "plain":
            found |= ratio(f"speedup_{name}", rate, rates["plain"])
    # Where the processor has no bfloat16, the best that it can is float32.
    best = rates.get("bfloat16", rates["float32"])
    return found | ratio("speedup", best, rates["plain"])
