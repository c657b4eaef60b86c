"""CartPole by REINFORCE: how twenty seeds learn, and what their policies reach on new episodes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREY, INK, ORANGE

THOUSAND = 1_000
SHIFT = 0.2  # of the two marks from the middle of a seed's place


def learning(figure: Figure, result: dict[str, Any]) -> None:
    """Left: learning curves, median and quartiles. Right: evaluation and re-test of each seed, in the re-test's order."""
    curves, final = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _curves(curves, result)
    _final(final, result)


def _curves(axes: Axes, result: dict[str, Any]) -> None:
    """Mean return of a batch against steps; each seed's curve ends where its training does."""
    steps = np.array(result["curve_steps"]) / THOUSAND
    low, median, high = np.array(result["curve_quartiles"])
    axes.fill_between(steps, low, high, color=BLUE, alpha=0.25, linewidth=0)
    for curve, end in zip(np.array(result["curves"]), np.array(result["steps"]) / THOUSAND, strict=True):
        trained = steps <= end
        axes.plot(steps[trained], curve[trained], color=GREY, linewidth=0.4, alpha=0.7)
    axes.plot(steps, median, color=BLUE, linewidth=2)
    axes.axhline(result["horizon"], color=INK, linestyle="--", linewidth=0.8)
    axes.axhline(result["level"], color=INK, linestyle=":", linewidth=0.9)
    axes.text(steps[-1], result["horizon"] + 8, f"cap, {result['horizon']:d} steps", ha="right", va="bottom")
    axes.text(steps[-1], result["level"] - 10, f"solved, {result['level']:g}", ha="right", va="top")
    axes.text(steps[-1], 150, "median and quartiles", color=BLUE, ha="right")
    axes.text(steps[-1], 90, "single seeds, to their end", color=GREY, ha="right")
    axes.set(xlabel="thousand steps", ylabel="mean return of a batch", xlim=(0, steps[-1]), ylim=(0, 560))


def _final(axes: Axes, result: dict[str, Any]) -> None:
    """Means with 95 % intervals."""
    order = np.argsort(result["retests"], kind="stable")
    place = np.arange(len(order))
    rows = (("evaluation", ORANGE, "s", -SHIFT, "evaluated"), ("retest", BLUE, "o", SHIFT, "retested"))
    for name, color, marker, shift, _ in rows:
        mean, halfwidth = (np.array(result[key])[order] for key in (f"{name}s", f"{name}_halfwidths"))
        axes.errorbar(place + shift, mean, yerr=halfwidth, fmt=marker, color=color, markersize=2.6, linewidth=0.9)
    lowest = min(result["level"], *(np.array(result["evaluations"]) - np.array(result["evaluation_halfwidths"])))
    bottom = lowest - 14
    axes.axhline(result["level"], color=INK, linestyle="--", linewidth=0.8)
    axes.axhline(result["horizon"], color=INK, linestyle="--", linewidth=0.8)
    axes.text(len(order) - 0.5, result["level"] + 0.5, f"solved, {result['level']:g}", ha="right", va="bottom")
    for line, (name, color, _, _, count) in enumerate(rows):
        text = f"{'squares' if name == 'evaluation' else 'dots'}: {result[count]:,} episodes"
        axes.text(len(order) - 0.5, bottom + 7 - 5 * line, text, color=color, ha="right", va="center")
    axes.set(xlabel="seed, in the order of the re-test", ylabel="mean return of the policy")
    axes.set(xlim=(-1, len(order)), ylim=(bottom, result["horizon"] + 4), xticks=[])
