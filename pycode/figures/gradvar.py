"""Variance of the gradient estimators for f(z) = ||z||², exact and by Monte Carlo, against dimension and sigma."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, INK, ORANGE

CURVES = (("score function", ORANGE, "--"), ("with the best baseline", GREEN, "-."), ("pathwise", BLUE, ":"))


def variances(figure: Figure, result: dict[str, Any]) -> None:
    """Left: against dimension at sigma = 1, the ratio at D = 1 marked. Right: against sigma at D = 1. Lines: exact."""
    dimension, sigma = figure.subplots(1, 2)
    for axes, name in ((dimension, "dimension"), (sigma, "sigma")):
        exact, estimate = np.array(result[f"{name}_exact"]), np.array(result[f"{name}_estimate"])
        for column, (_, color, dash) in enumerate(CURVES):
            axes.loglog(result[name], exact[:, column], dash, color=color)
            axes.loglog(result[f"{name}_points"], estimate[:, column], "x", color=color)
    for (label, color, _), place in zip(CURVES, ((14, 2500), (64, 17), (64, 4.6)), strict=True):
        dimension.text(*place, label, color=color, ha="right", va="bottom")
    score, _, path = result["dimension_exact"][0]
    dimension.annotate(
        "", (0.92, score), (0.92, path), arrowprops={"arrowstyle": "<->", "color": INK, "linewidth": 0.7}
    )
    measured = f"{result['square_ratio']:.2f} ± {result['square_halfwidth']:.2f}"
    dimension.text(1.08, 7.0, f"ratio {score / path:g}, measured {measured}", va="center")
    dimension.set(xlabel=r"latent dimension $D$, at $\sigma_q=1$", xlim=(0.8, 75))
    dimension.set(ylabel="variance of the estimate", ylim=(2.5, 3e4))
    dimension.set_xticks(result["dimension_points"], [f"{D}" for D in result["dimension_points"]])
    ticks = (0.05, 0.1, 0.2, 0.5, 1, 2)
    sigma.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    sigma.set(xlabel=r"$\sigma_q$, at $D=1$")
    for axes in (dimension, sigma):
        axes.minorticks_off()
