"""What the VAE of binarised MNIST has learnt: its latent plane, its pictures, its learning curve."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pycode.style import BLUE, GREEN, GREY, INK, ORANGE

PINK = "#CC79A7"
# Two classes share a colour, none that are often mistaken for each other; the digit itself is the marker.
CLASS_COLORS = (BLUE, BLUE, ORANGE, GREEN, GREEN, INK, PINK, INK, PINK, ORANGE)
GAP = 2  # white pixels between the strip's pictures
SHOWN = 1.6  # times the last validation loss: the upper end of the learning curve


def _mosaic(pictures: Any, columns: int, gap: int = 0) -> NDArray[np.uint8]:
    """Square pictures (N, D_x) in rows of ``columns``, with so many white pixels between them; 255 is ink."""
    images = np.asarray(pictures, dtype=np.uint8)
    side = round(images.shape[1] ** 0.5)
    framed = np.pad(images.reshape(-1, columns, side, side), ((0, 0), (0, 0), (0, gap), (0, gap)))
    joined = framed.transpose(0, 2, 1, 3).reshape(-1, columns * (side + gap))
    return joined[: len(joined) - gap, : joined.shape[1] - gap]


def latent_space(figure: Figure, result: dict[str, Any]) -> None:
    """Left: mu_q of the test images, each drawn as its class. Right: decoded quantiles of the prior."""
    means, manifold = figure.subplots(1, 2)
    plane, labels = np.array(result["plane"]), np.array(result["labels"])
    for digit in np.unique(labels):
        places = plane[labels == digit]
        means.scatter(*places.T, s=19, marker=f"${digit}$", color=CLASS_COLORS[digit], linewidths=0, alpha=0.85)
    means.set(xlabel="$\\mu_{q,1}$", ylabel="$\\mu_{q,2}$")
    means.set_aspect("equal", adjustable="datalim")
    manifold.imshow(_mosaic(result["manifold"], result["columns"]), cmap="gray_r", interpolation="nearest")
    manifold.set(xticks=[], yticks=[], xlabel="$z_1$, by quantiles", ylabel="$z_2$, by quantiles")
    manifold.spines[:].set_visible(False)


def strip(figure: Figure, result: dict[str, Any]) -> None:
    """Three rows: test images, their reconstructions, draws from the prior."""
    axes = figure.subplots()
    rows = ("inputs", "reconstructions", "samples")
    columns = len(result["inputs"])
    picture = _mosaic(np.concatenate([np.array(result[row])[:columns] for row in rows]), columns, GAP)
    axes.imshow(picture, cmap="gray_r", interpolation="nearest")
    height = (picture.shape[0] + GAP) / len(rows)
    names = ("test image $x$", "reconstruction", "sample")
    axes.set_yticks([(row + 0.5) * height - GAP / 2 for row in range(len(rows))], names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def learning_curve(figure: Figure, result: dict[str, Any]) -> None:
    """Mean loss of training (augmented images) and of the validation set for each seed; dashed: the test's median."""
    axes = figure.subplots()
    for loss in result["train_loss"]:
        axes.plot(range(1, len(loss) + 1), loss, color=BLUE, linewidth=0.8)
    for loss in result["validation_loss"]:
        axes.plot(result["validated"], loss, "o-", color=ORANGE, linewidth=0.8, markersize=2.5)
    test, last = result["test_neg_elbo_nats"], len(result["train_loss"][0])
    axes.axhline(test, color=GREY, linestyle="--", linewidth=0.9)
    final = result["validation_loss"][0][-1]
    bottom, top = 0.92 * min(final, test, result["train_loss"][0][-1]), SHOWN * final
    key = (
        ("training images, random copies", BLUE),
        ("validation images", ORANGE),
        ("test images at the end, median seed", GREY),
    )
    for line, (text, color) in enumerate(key):
        axes.text(last, top - (0.07 + 0.15 * line) * (top - bottom), text, color=color, ha="right", va="center")
    axes.set(xlabel="epoch", ylabel="nats an image", xlim=(0, last + 0.5), ylim=(bottom, top))
