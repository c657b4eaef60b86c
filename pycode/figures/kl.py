"""The KL divergence's closed form against mu_q and sigma_q, with Monte-Carlo estimates, for a general prior."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, GREY, ORANGE

CURVES = ((GREEN, "-.", "^"), (ORANGE, "--", "s"), (BLUE, "-", "o"))


def draw(figure: Figure, result: dict[str, Any]) -> None:
    """Left: a curve in mu_q for each of three sigma_q. Right: in sigma_q for each of three mu_q. Dotted: the prior's."""
    panels = dict(zip(("mu", "sigma"), figure.subplots(1, 2, sharey=True), strict=True))
    for (name, axes), other in zip(panels.items(), ("sigma", "mu"), strict=True):
        x, points = np.array(result[name]), np.array(result[f"{name}_points"])
        rows = (result[f"{name}_{part}"] for part in ("curves", "estimate", "error"))
        for value, curve, estimate, error, (color, dash, marker) in zip(result[f"{other}s"], *rows, CURVES, strict=True):
            axes.plot(x, curve, dash, color=color, linewidth=1)
            axes.errorbar(points, estimate, 1.96 * np.array(error), fmt=marker, color=color, linewidth=1, capsize=1.5)
            label = rf"$\{other}_q={value:g}$"
            if name == "mu":
                middle = {"ha": "center", "va": "bottom", "bbox": {"color": "white", "pad": 1}}
                axes.annotate(label, (result["mu_p"], min(curve)), (0, 6), textcoords="offset points", color=color, **middle)
            else:
                axes.text(x[-1] + 0.08, curve[-1], label, color=color, va="center")
        prior = result[f"{name}_p"]
        axes.axvline(prior, color=GREY, linestyle=":", linewidth=0.9)
        axes.text(prior, 6, rf"$\{name}_p={prior:g}$", color=GREY, ha="center", va="bottom")
        axes.set(xlabel=rf"$\{name}_q$", xlim=(x[0], x[-1]), ylim=(0, 6))
    panels["mu"].set_ylabel(r"$D_{\mathrm{KL}}(q\,\|\,p)$ in nats")
