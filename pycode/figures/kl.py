"""The KL divergence's closed form against mu_q and sigma_q, with Monte-Carlo estimates, for a general prior."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, GREY, ORANGE

CURVES = ((GREEN, "-.", "^"), (ORANGE, "--", "s"), (BLUE, "-", "o"))
TOP = 9.0  # nats


def closed_form(figure: Figure, result: dict[str, Any]) -> None:
    """Left: curves in mu_q for three sigma_q. Right: in sigma_q for three mu_q. Bars: 95 %. Dotted: the prior's."""
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name, other in zip(panels, ("mu", "sigma"), ("sigma", "mu"), strict=True):
        x, points = np.array(result[name]), np.array(result[f"{name}_points"])
        curves, estimates, errors = (np.array(result[f"{name}_{part}"]) for part in ("curves", "estimate", "error"))
        for row, (color, dash, marker) in enumerate(CURVES):
            axes.plot(x, curves[row], dash, color=color, linewidth=1)
            axes.errorbar(points, estimates[row], 1.96 * errors[row], fmt=marker, color=color, linewidth=1, capsize=1.5)
            label = rf" $\{other}_q={result[f'{other}s'][row]:g}$"
            axes.text(x[-1], curves[row, -1], label, color=color, va="center")
        prior = result[f"{name}_p"]
        axes.axvline(prior, color=GREY, linestyle=":", linewidth=0.9)
        axes.text(prior, TOP, rf"$\{name}_p={prior:g}$", color=GREY, ha="center", va="bottom")
        axes.set(xlabel=rf"$\{name}_q$", xlim=(min(x[0], 0), x[-1]), ylim=(0, TOP))
    panels[0].set_ylabel(r"$D_{\mathrm{KL}}(q\,\|\,p)$ in nats")
