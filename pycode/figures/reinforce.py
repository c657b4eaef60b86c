"""REINFORCE's mean returns on the short corridor against episodes, with the exact ascent and the dashed optimum."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, INK, ORANGE

# Rows of the result's curves: label, colour, the exact ascent's dashes, where the label stands.
STEP_SIZES = (
    (0, r"$\alpha=2^{-12}$", ORANGE, (0, (1, 1.2)), (95, -14.3, "left", "bottom")),
    (1, r"$2^{-13}$", BLUE, (0, (4, 1.5)), (265, -24, "left", "top")),
    (2, r"$2^{-14}$", GREEN, (0, (4, 1.2, 1, 1.2)), (330, -36, "left", "top")),
)
BASELINES = (
    (3, r"with baseline, $\alpha=2^{-9}$", ORANGE, (0, (1, 1.2)), (95, -14.3, "left", "bottom")),
    (1, r"without, $\alpha=2^{-13}$", BLUE, (0, (4, 1.5)), (265, -24, "left", "top")),
)


def learning(figure: Figure, result: dict[str, Any]) -> None:
    """Left: three step sizes. Right: without and with a learned baseline."""
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, result, STEP_SIZES)
    _panel(right, result, BASELINES)
    left.set_ylabel("total return $G_0$, mean of runs")


def _panel(axes: Axes, result: dict[str, Any], curves: tuple[Any, ...]) -> None:
    """Means over the runs thin, the exact ascent in the same colour over them, the optimum."""
    episode = np.arange(1, result["episodes"] + 1)
    for row, label, color, dashes, (x, y, ha, va) in curves:
        axes.plot(episode, result["mean"][row], color=color, linewidth=0.5, alpha=0.55)
        axes.plot(episode, result["ascent"][row][:-1], color=color, linestyle=dashes, linewidth=1.5)
        axes.text(x, y, label, color=color, ha=ha, va=va)
    axes.axhline(result["j_star"], color=INK, linestyle="--", linewidth=0.8, zorder=3)
    axes.text(result["episodes"], result["j_star"] + 1, "$J^*$", ha="right", va="bottom")
    axes.set(xlabel="episode", xlim=(0, result["episodes"]), ylim=(-95, -5))
