"""CartPole by REINFORCE: how the seeds learn, and what their policies reach on new episodes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, GREY, INK, ORANGE

THOUSAND = 1_000
# Key of the means, of the number of episodes, and how they are drawn.
ROWS = (
    ("retests", "retest_halfwidths", "retested", "dots: re-test", BLUE, "o", 0.0),
    ("evaluations", "evaluation_halfwidths", "evaluated", "squares: evaluation", ORANGE, "s", -0.28),
    ("sampled", "sampled_halfwidths", "sampled_episodes", "triangles: drawn actions", GREEN, "^", 0.28),
)


def learning(figure: Figure, result: dict[str, Any]) -> None:
    """Left: learning curves, median, quartiles. Right: what each seed's policy reaches, in the order of the means."""
    curves, final = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _curves(curves, result)
    _final(final, result)


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
    axes.set(xlabel="thousand steps", ylabel="mean return of a batch", xlim=(0, 1.01 * steps[-1]), ylim=(0, 565))


def _final(axes: Axes, result: dict[str, Any]) -> None:
    """Means with 95 % intervals."""
    order = np.lexsort((result["sampled"], result["retests"]))
    place = np.arange(len(order))
    lowest = float(result["level"])
    for means, halfwidths, _, _, color, marker, shift in ROWS:
        mean, halfwidth = np.array(result[means])[order], np.array(result[halfwidths])[order]
        axes.errorbar(place + shift, mean, yerr=halfwidth, fmt=marker, color=color, markersize=2.8, linewidth=0.9)
        lowest = min(lowest, (mean - halfwidth).min())
    height = result["horizon"] - lowest
    bottom = lowest - 0.65 * height
    for value, dash in ((result["horizon"], "--"), (result["level"], ":")):
        axes.axhline(value, color=INK, linestyle=dash, linewidth=0.9)
    across = axes.get_yaxis_transform()  # x in shares of the panel
    axes.text(0.015, result["level"] + 0.03 * height, f"solved, {result['level']:g}", va="bottom", transform=across)
    for line, (_, _, count, text, color, _, _) in enumerate(ROWS):
        y = lowest - (0.13 + 0.2 * line) * height
        words = f"{text}, {result[count]:,} episodes"
        axes.text(0.985, y, words, color=color, ha="right", va="center", transform=across)
    axes.set(xlabel="seed, in the order of the means", ylabel="mean return")
    axes.set(xlim=(-1, len(order)), ylim=(bottom, result["horizon"] + 0.08 * height), xticks=[])
