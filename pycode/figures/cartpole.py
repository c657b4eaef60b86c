"""CartPole by REINFORCE: how the seeds learn, and how long it takes them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREY, INK, ORANGE

THOUSAND = 1_000


def learning(figure: Figure, result: dict[str, Any]) -> None:
    """Left: learning curves, median, quartiles. Right: how many steps each seed took until training stopped."""
    curves, steps = figure.subplots(1, 2, width_ratios=[1.5, 1])
    _curves(curves, result)
    _steps(steps, result)


def _curves(axes: Axes, result: dict[str, Any]) -> None:
    """Mean return of a batch against steps; each seed's curve ends where its training does."""
    steps = np.array(result["curve_steps"]) / THOUSAND
    low, median, high = np.array(result["curve_quartiles"])
    axes.fill_between(steps, low, high, color=BLUE, alpha=0.2, linewidth=0)
    for curve, end in zip(np.array(result["curves"]), np.array(result["steps"]) / THOUSAND, strict=True):
        trained = steps <= end
        axes.plot(steps[trained], curve[trained], color=GREY, linewidth=0.45, alpha=0.8)
    axes.plot(steps, median, color=BLUE, linewidth=2)
    axes.axhline(result["horizon"], color=INK, linestyle="--", linewidth=0.8)
    axes.axhline(result["level"], color=INK, linestyle=":", linewidth=0.9)
    axes.text(steps[-1], result["horizon"] + 8, f"cap, {result['horizon']:d} steps", ha="right", va="bottom")
    axes.text(steps[-1], result["level"] - 12, f"solved, {result['level']:g}", ha="right", va="top")
    axes.text(steps[-1], 110, "median and quartiles", color=BLUE, ha="right")
    axes.text(steps[-1], 50, "single seeds, to their end", color=GREY, ha="right")
    axes.set(xlabel="thousand steps", ylabel="mean return", xlim=(0, 1.01 * steps[-1]), ylim=(0, 565))


def _steps(axes: Axes, result: dict[str, Any]) -> None:
    """Steps of the environments until training stopped, seeds in their order; one that is not solved has a cross."""
    steps, solved = np.array(result["steps"]) / THOUSAND, np.array(result["solved"]) == 1
    order = np.argsort(steps)
    place = np.arange(len(order))
    for chosen, color, marker in ((solved[order], BLUE, "o"), (~solved[order], ORANGE, "X")):
        axes.vlines(place[chosen], 0, steps[order][chosen], color=color, linewidth=0.9)
        axes.plot(place[chosen], steps[order][chosen], marker, color=color)
    middle = result["median_steps"] / THOUSAND
    axes.axhline(middle, color=INK, linestyle="--", linewidth=0.8)
    axes.text(-0.5, middle + 0.02 * steps.max(), f"median {middle:.1f}", va="bottom")
    axes.text(-0.5, 1.02 * steps.max(), f"{solved.sum()} of {len(steps)} seeds solved", color=BLUE, va="center")
    axes.set(xlabel="seed, in the order of its steps", ylabel="thousand steps")
    axes.set(xlim=(-1, len(order)), ylim=(0, 1.1 * steps.max()), xticks=[])
