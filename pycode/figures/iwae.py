"""The importance-weighted bound rises from the ELBO to the log evidence as fast as the weights' variance lets it."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.style import BLUE, GREY, INK, ORANGE

STYLES = (("wide", BLUE, "-", "o"), ("narrow", ORANGE, "-.", "s"))
INTERVAL = {"linestyle": "none", "markersize": 3, "capsize": 1.5, "elinewidth": 0.8}
FROM = 8  # K from which the asymptote is drawn


def to_the_evidence(figure: Figure, result: dict[str, Any]) -> None:
    """Left: estimates on exact lines, log p(x) dashed, exact ELBOs at K = 1. Right: gaps and the asymptote."""
    rise, close = figure.subplots(1, 2, width_ratios=[1, 1])
    draws, line = np.array(result["draws"]), np.array(result["line"])
    log_evidence = result["log_evidence"]
    rise.axhline(log_evidence, color=INK, linestyle="--", linewidth=1)
    for name, color, dash, marker in STYLES:
        bound, interval = np.array(result[f"{name}_bound"]), 1.96 * np.array(result[f"{name}_error"])
        exact = np.array(result[f"{name}_line"])
        style = INTERVAL | {"color": color, "marker": marker}
        rise.plot(line, log_evidence + exact, dash, color=color)
        rise.errorbar(draws, bound, interval, **style)
        rise.plot(1, result[f"{name}_elbo"], "_", color=INK, markersize=14, zorder=1)
        close.plot(line, -exact, dash, color=color)
        close.errorbar(draws, log_evidence - bound, interval, **style)
    deepest = result["wide_kl"]
    rise.text(1, log_evidence + 0.04 * deepest, r"$\log\,p_\phi(x)$", va="bottom")
    for name, color, _, _ in STYLES:
        text = rf"$\sigma_q$ {'twice' if name == 'wide' else 'half'} the posterior’s"
        rise.text(12, log_evidence - (0.66 if name == "wide" else 0.84) * deepest, text, color=color, va="center")
    rise.text(1.5, result["wide_elbo"], "exact ELBO", va="center")
    rise.set(xscale="log", ylim=(log_evidence - 1.1 * deepest, log_evidence + 0.2 * deepest), ylabel="$L_K$, nats")

    tail = line[line >= FROM]
    close.plot(tail, result["wide_variance"] / (2 * tail), color=GREY, linestyle=":", linewidth=1.6)
    note = r"dotted: $\mathrm{Var}_q(w\,/\,p_\phi(x))\,/\,(2K)$"
    close.text(1, 0.03, note, color=GREY, va="center")
    close.set(xscale="log", yscale="log", ylabel=r"gap $\log\,p_\phi(x)-L_K$")
    for axes in (rise, close):
        axes.set(xlabel="draws $K$", xlim=(0.8, 1.3 * draws[-1]))
        axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        axes.minorticks_off()
