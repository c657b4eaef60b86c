"""The objective and its gradient under a time limit, and the share of steps in a long run of episodes."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.experiments import NORMAL_95
from pycode.style import BLUE, GREY, INK, ORANGE


def limit(figure: Figure, result: dict[str, Any]) -> None:
    """Left: J of the best policy by time limit. Middle: the gradient's bias. Right: shares of steps against μ."""
    objective, bias, shares = figure.subplots(1, 3, width_ratios=[1.15, 1, 1])
    steps, at = np.arange(len(result["limited"])), result["H"]
    for axes in (objective, bias):
        axes.axvline(at, color=GREY, linestyle=":", linewidth=0.9)
        axes.set(xlabel="time limit $H$, in steps", xlim=(0, len(steps) - 1))

    objective.plot(steps, result["limited"], color=BLUE)
    objective.axhline(result["J"], color=INK, linestyle="--", linewidth=0.8)
    objective.errorbar(
        at, result["sampled"], result["sampled_halfwidth"],
        fmt="x", color=ORANGE, markersize=5, linewidth=0.9, capsize=2,
    )  # fmt: skip
    objective.text(299, result["J"] + 0.015, "$J$, no limit", ha="right", va="bottom")
    objective.text(150, 0.62, "$J_H$, exact", color=BLUE, ha="left", va="top")
    objective.annotate(
        "played in\nGymnasium", (at, result["sampled"]), (112, 0.45), color=ORANGE, va="top",
        arrowprops={"arrowstyle": "-", "color": ORANGE, "lw": 0.5, "shrinkB": 4},
    )  # fmt: skip
    objective.set(ylim=(0, 0.95), ylabel="objective, best policy")

    bias.semilogy(steps[1:], result["bias"][1:], color=BLUE)
    bias.plot(at, result["bias_limit"], "o", color=ORANGE)
    bias.text(at + 10, result["bias_limit"], f"{100 * result['bias_limit']:.1f} %", color=ORANGE, va="bottom")
    bias.set(ylim=(1e-7, 3), ylabel=r"$\|\nabla J_H-\nabla J\|\,/\,\|\nabla J\|$")
    bias.minorticks_off()

    mu, found = np.array(result["mu"]), np.array(result["shares"])
    ends = [5e-3, 0.7]
    shares.loglog(ends, ends, color=INK, linestyle="--", linewidth=0.8)
    error = NORMAL_95 * np.array(result["shares_error"])
    shares.errorbar(mu, found, error, fmt="x", color=ORANGE, markersize=4, linewidth=0.9)
    shares.set(xlim=ends, ylim=ends, xlabel=r"$\mu(s)=\eta(s)/\mathbb{E}[T]$", ylabel="share of steps in $s$")
    shares.minorticks_off()
