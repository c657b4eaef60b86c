"""The linear VAE, trained in two ways, reaches the maximum likelihood of probabilistic PCA."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from pycode.style import BLUE, INK, ORANGE

SHOWN = 120  # epochs and iterations of the left panel


def linear_vae(figure: Figure, result: dict[str, Any]) -> None:
    """Left: exact ELBOs and the loss's estimates below the maximum, dashed. Right: both gaps, log axis."""
    rise, close = figure.subplots(1, 2, width_ratios=[1, 1.1])
    best = result["log_evidence"]
    exact, sgvb = np.array(result["exact_elbo"]), np.array(result["sgvb_elbo"])
    iterations, epochs = result["block"] * np.arange(len(exact)), np.array(result["sgvb_epoch"])
    estimate = -np.array(result["loss"])
    for axes in (rise, close):
        axes.set(xlabel="iteration or epoch")

    rise.axhline(best, color=INK, linestyle="--", linewidth=1)
    rise.plot(iterations, exact, color=BLUE, marker="o")
    rise.plot(epochs, sgvb, "-.", color=ORANGE)
    rise.plot(1 + np.arange(len(estimate)), estimate, ".", color=ORANGE, markersize=1.8)
    rise.text(2, best + 0.9, f"highest log evidence: {best:.4f} nats", va="bottom")
    rise.text(36, -1, "L-BFGS on the exact ELBO", color=BLUE, va="center")
    rise.text(36, -6, "minibatches, one draw of $z$:", color=ORANGE, va="center")
    rise.text(36, -10, "exact ELBO, minus loss (dots)", color=ORANGE, va="center")
    rise.set(xlim=(0, SHOWN), ylim=(-20, best + 6), ylabel="nats an image")

    close.semilogy(iterations, best - exact, color=BLUE)
    close.semilogy(epochs, best - sgvb, "-.", color=ORANGE)
    for elbo, last, color, shift, side in (
        (sgvb, epochs[-1], ORANGE, (7, 0), "left"),
        (exact, iterations[-1], BLUE, (-5, -5), "right"),
    ):
        end = best - elbo[-1]
        close.plot(last, end, "o", color=color, clip_on=False)
        mantissa, exponent = f"{end:.1e}".split("e")
        text = f"{end:.2g}" if end > 1e-3 else rf"${mantissa}\cdot10^{{{int(exponent)}}}$"
        close.annotate(text, (last, end), shift, color=color, textcoords="offset points", ha=side, va="center")
    close.set(xlim=(-15, None), ylim=((best - exact[-1]) / 30, None), ylabel="maximum $-$ ELBO")
    close.yaxis.set_major_locator(LogLocator(base=100))
