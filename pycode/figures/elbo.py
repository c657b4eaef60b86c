"""The ELBO rising to the log evidence while q is fitted, and the gap beside the KL divergence to the posterior."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from pycode.style import BLUE, GREY, INK, ORANGE

SHOWN = 30  # steps of the left panel
EVERY = 14  # steps from cross to cross in the right one
EVIDENCE = r"$\log\,p_\phi(x)$"
KL = r"$D_{\mathrm{KL}}(q_\theta(z\mid x)\,\|\,p_\phi(z\mid x))$"


def gap(figure: Figure, result: dict[str, Any]) -> None:
    """Left: the exact ELBO, one-draw estimates and log p(x), dashed. Right: gap and KL, log axis, down to rounding."""
    rise, close = figure.subplots(1, 2, width_ratios=[1.15, 1])
    elbo, estimate = np.array(result["elbo"]), np.array(result["estimate"])
    log_evidence, first_gap = result["log_evidence"], result["first_gap"]
    steps = np.arange(len(elbo))
    for axes in (rise, close):
        axes.set(xlabel="step of gradient ascent", ylabel="nats")

    shown = slice(0, SHOWN + 1)
    rise.fill_between(steps[shown], elbo[shown], log_evidence, color=BLUE, alpha=0.15, linewidth=0)
    rise.axhline(log_evidence, color=INK, linestyle="--", linewidth=1)
    rise.plot(steps[shown], elbo[shown], color=BLUE)
    rise.plot(steps[shown], estimate[shown], "o", color=ORANGE, markersize=2.5)
    rise.text(SHOWN, log_evidence + 0.13 * first_gap, EVIDENCE, ha="right", va="bottom")
    line = {"arrowstyle": "-", "linewidth": 0.6}
    inside = (1, log_evidence - 0.25 * first_gap)
    for text, tip, depth, color in ((KL, inside, 0.42, INK), ("ELBO", (1.2, elbo[1]), 0.62, BLUE)):
        place = (7, log_evidence - depth * first_gap)
        rise.annotate(text, tip, place, color=color, va="center", arrowprops=line | {"color": color})
    rise.text(7, log_evidence - 0.82 * first_gap, "estimates from one draw of $z$", color=ORANGE, va="center")
    rise.set(xlim=(-0.3, SHOWN), ylim=(elbo[0] - 0.05 * first_gap, log_evidence + 0.3 * first_gap))

    gap, kl = np.array(result["gap"]), np.array(result["kl"])
    rounding = np.finfo(float).eps * abs(log_evidence)
    above = (gap > rounding) & (kl > rounding)
    close.semilogy(steps[above], gap[above], color=BLUE)
    close.semilogy(steps[above][::EVERY], kl[above][::EVERY], "x", color=ORANGE)
    close.axhline(rounding, color=GREY, linestyle=":", linewidth=0.9)
    close.text(2, 2 * rounding, f"rounding: $2^{{-52}}$ of {EVIDENCE}", color=GREY, va="bottom")
    right_end = {"xycoords": "axes fraction", "ha": "right", "va": "top"}
    close.annotate(f"line: {EVIDENCE} $-$ ELBO", (1, 0.98), color=BLUE, **right_end)
    close.annotate(f"crosses: {KL}", (1, 0.87), color=ORANGE, **right_end)
    close.set(xlim=(-5, len(steps)), ylim=(rounding / 4, 100 * first_gap))
    close.yaxis.set_major_locator(LogLocator(base=1e4))
