"""REINFORCE's mean returns on the short corridor against episodes, with the exact ascent and the dashed optimum."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, INK, ORANGE

DOTTED, DASHED, MIXED = (0, (1, 1.2)), (0, (4, 1.5)), (0, (4, 1.2, 1, 1.2))

# Row of the result's curves, colour and dashes, label and its place, a point of the curve where a line leads there.
STEP_SIZES = (
    (0, ORANGE, DOTTED, "$\\alpha=2^{-12}$", (11, -40), "right", None),
    (1, BLUE, DASHED, "$2^{-13}$", (70, -88), "left", (38, -54)),
    (2, GREEN, MIXED, "$2^{-14}$", (190, -48), "left", None),
)
BASELINES = (
    (3, ORANGE, DOTTED, "baseline $w$,\n$\\alpha=2^{-9}$", (1.15, -23), "left", None),
    (1, BLUE, DASHED, "no baseline,\n$\\alpha=2^{-13}$", (80, -65), "left", None),
)


def learning(figure: Figure, result: dict[str, Any]) -> None:
    """Left: three step sizes. Right: without and with a learned baseline."""
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, result, STEP_SIZES)
    _panel(right, result, BASELINES)
    left.set_ylabel("mean total return $G_0$")


def _panel(axes: Axes, result: dict[str, Any], curves: tuple[Any, ...]) -> None:
    """Means over the runs as they are, thin; over them the exact ascent in the same colour; the optimum."""
    episode = np.arange(1, result["episodes"] + 1)
    for row, color, dashes, label, (x, y), ha, point in curves:
        axes.semilogx(episode, result["mean"][row], color=color, linewidth=0.5, alpha=0.6)
        axes.semilogx(episode, result["ascent"][row][:-1], color=color, linestyle=dashes, linewidth=1.5)
        if point is None:
            axes.text(x, y, label, color=color, ha=ha, va="center")
        else:
            line = {"arrowstyle": "-", "color": color, "linewidth": 0.6}
            axes.annotate(label, point, (x, y), color=color, ha=ha, va="center", arrowprops=line)
    axes.axhline(result["j_star"], color=INK, linestyle="--", linewidth=0.8)
    axes.text(1.15, result["j_star"] + 1, "$J^*$", va="bottom")
    axes.set(xlabel="episode", xlim=(1, result["episodes"]), ylim=(-98, -2))
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1\u2009000"])
