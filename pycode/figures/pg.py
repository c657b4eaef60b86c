"""The constant behind the proportionality sign: the ratio of the theorem's two sides is the mean episode length."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.mdp import EPS
from pycode.style import BLUE, GREY, INK

STEPS = [5, 10, 20, 40, 80]
RING = {"marker": "o", "linestyle": "none", "markersize": 3, "markerfacecolor": "none", "markeredgewidth": 0.5}


def diagonal(figure: Figure, result: dict[str, Any]) -> None:
    """Left: the ratio against E[T], on the diagonal. Right: its distance from there, below the tolerance."""
    length, ratio, cond = (np.array(result[f"ratio_{key}"]) for key in ("length", "ratio", "cond"))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    ends = [5, 90]
    for axes in (left, right):
        axes.set(xscale="log", xlim=ends, xlabel=r"mean episode length $\mathbb{E}[T]$, in steps")
        axes.set_xticks(STEPS, labels=map(str, STEPS))

    left.plot(length, ratio, color=BLUE, **RING)
    left.plot(ends, ends, color=INK, linestyle="--", linewidth=0.8)
    left.set(yscale="log", ylim=ends, ylabel="ratio of the two sides")
    left.set_yticks(STEPS, labels=map(str, STEPS))
    left.text(30, 23, r"ratio $=\mathbb{E}[T]$", ha="left", va="top")

    # Linear below 1e-16, for the policies whose distance is exactly 0.
    right.set_yscale("symlog", linthresh=1e-16, linscale=0.4)
    right.plot(length, 10 * EPS * cond, color=GREY, marker="_", linestyle="none", markersize=4)
    right.plot(length, abs(ratio / length - 1), color=BLUE, clip_on=False, **RING)
    right.axhline(EPS, color=INK, linestyle=":", linewidth=0.9)
    right.set(ylim=(0, 1e-12), ylabel="relative distance")
    right.set_yticks([0, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12])
    right.text(90, EPS * 1.2, "eps", ha="right", va="bottom")
    right.text(6, 1e-13, r"tolerance $10\,\mathrm{eps}·\mathrm{cond}(I-P)$", ha="left", va="bottom")
    for axes in (left, right):
        axes.minorticks_off()
