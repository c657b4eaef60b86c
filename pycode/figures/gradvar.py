"""Variances of gradient estimators: of ||z||² against dimension, and of the ELBO in an exact and in a trained VAE."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, GREY, INK, ORANGE

CURVES = (("score function", ORANGE, "--"), ("best baseline", GREEN, "-."), ("pathwise", BLUE, ":"))
ROWS = {
    "score": "score function",
    "leave_one_out": "leave-one-out",
    "best_baseline": "best baseline",
    "sgvb_a": "pathwise, A",
    "sgvb_b": "pathwise, B",
    "sticking_the_landing": "sticking the\nlanding",
}
RIGHT = (0.2, 2e4)  # limits of the right panel; the upper one rises where a dot lies beyond it
SHIFT = 0.18  # of the two models' marks from the middle of their row


def variances(figure: Figure, result: dict[str, Any]) -> None:
    """Left: ||z||², exact lines and estimated crosses. Right: the six estimators of the ELBO's gradient in mu_q."""
    square, elbo = figure.subplots(1, 2, width_ratios=[1, 1.1])
    _square(square, result)
    _elbo(elbo, result)


def _square(axes: Axes, result: dict[str, Any]) -> None:
    """Variance in a component of mu at mu = sigma = 1 against dimension; the ratio in one dimension is marked."""
    exact, estimate = np.array(result["dimension_exact"]), np.array(result["dimension_estimate"])
    for column, (_, color, dash) in enumerate(CURVES):
        axes.loglog(result["dimension"], exact[:, column], dash, color=color)
        axes.loglog(result["dimension_points"], estimate[:, column], "x", color=color)
    for (label, color, _), place in zip(CURVES, ((14, 2500), (64, 20), (64, 4.8)), strict=True):
        axes.text(*place, label, color=color, ha="right", va="bottom")
    score, _, path = result["dimension_exact"][0]
    axes.annotate("", (0.92, score), (0.92, path), arrowprops={"arrowstyle": "<->", "color": INK, "linewidth": 0.7})
    measured = f"{result['square_ratio']:.2f} ± {result['square_halfwidth']:.2f}"
    axes.text(1.0, 1.5, f"ratio {score / path:g}, measured {measured}", va="center")
    axes.set(xlabel=r"latent dimension $D$, at $\sigma_q=1$", xlim=(0.8, 75))
    axes.set(ylabel="variance of the estimate", ylim=(0.7, 3e4))
    axes.set_xticks(result["dimension_points"], [f"{D}" for D in result["dimension_points"]])
    axes.minorticks_off()


def _elbo(axes: Axes, result: dict[str, Any]) -> None:
    """Variances in mu_q over estimator B's: exact and crosses in the linear model, medians with intervals in a VAE."""
    names = list(result["estimators"])
    y, b = -np.arange(len(names)), names.index("sgvb_b")
    exact, estimate, error = (np.array(result[f"linear_other_{k}"])[:, 0] for k in ("exact", "estimate", "halfwidth"))
    low, median, high = (np.array(end)[:, 0] for end in result["trained_over_b"])
    axes.axvline(1, color=GREY, linestyle=":", linewidth=0.9)
    axes.semilogx(exact / exact[b], y + SHIFT, "|", color=INK, markersize=12, markeredgewidth=1.4)
    axes.errorbar(estimate / exact[b], y + SHIFT, xerr=error / exact[b], fmt="x", color=BLUE, markersize=4, linewidth=1)
    axes.errorbar(median, y - SHIFT, xerr=(median - low, high - median), fmt="o", color=ORANGE, linewidth=1)
    end = max(RIGHT[1], 3 * high.max())
    # Above its dot, which is far to the right; beside it, where there is room.
    first, second = names.index("score"), names.index("leave_one_out")
    for row, x, lift, ha in ((first, end, SHIFT, "right"), (second, 1.6 * median[second], -SHIFT, "left")):
        axes.text(x, y[row] + lift, _interval(median[row], low[row], high[row]), color=ORANGE, ha=ha, va="center")
    axes.text(1.3, y[-1] - SHIFT, "0 where $q$ is the posterior", color=INK, va="center")
    key = (("bars: exact model", INK), ("crosses: Monte Carlo there", BLUE), ("dots: trained VAE", ORANGE))
    for line, (text, color) in enumerate(key):
        axes.text(end, y[3] + 0.05 - 0.55 * line, text, color=color, ha="right", va="center")
    axes.set_yticks(y, [ROWS[name] for name in names])
    axes.set(xlim=(RIGHT[0], end), ylim=(y[-1] - 0.6, 0.6), xlabel=r"variance in $\mu_q$ over that of B")
    axes.minorticks_off()


def _interval(median: float, low: float, high: float) -> str:
    """A median with its interval, two digits each."""
    middle, *ends = (f"{float(f'{value:.2g}'):,.0f}".replace(",", "\u2009") for value in (median, low, high))
    return f"{middle} ({ends[0]}–{ends[1]})"
