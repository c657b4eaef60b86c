"""The short corridor's J(p) with its optimum, the ε-greedy choices and sampled episodes."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.corridor import J_STAR, P_STAR
from pycode.style import BLUE, GREY, INK, ORANGE


def objective(figure: Figure, result: dict[str, Any]) -> None:
    """Left: the exact curve between its poles, sampled means on it. Right: the same around the dashed optimum."""
    whole, near = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for axes in (whole, near):
        axes.plot(result["p"], result["J"], color=BLUE)
        axes.plot([P_STAR, P_STAR, -1], [-1000, J_STAR, J_STAR], color=INK, linestyle="--", linewidth=0.8)
        axes.errorbar(
            result["sampled_p"], result["sampled_mean"], result["sampled_halfwidth"],
            fmt="o", color=ORANGE, markersize=3, linewidth=0.9, capsize=2,
        )  # fmt: skip
        axes.set(xlabel="probability $p$ of going right", ylabel="$J(p)$")

    for pole, side in ((0, "right"), (1, "left")):
        whole.axvline(pole, color=GREY, linestyle=":", linewidth=0.9)
        whole.text(pole, -50, " never ends ", color=GREY, rotation=90, ha=side, va="center")
    for name, shift, side in (("left", 7, "left"), ("right", -7, "right")):
        p, J = result[f"p_{name}"], result[name]
        whole.plot(p, J, "D", color=INK, markersize=4, zorder=3)
        text = f"ε-greedy\n{name}: ${J:.1f}$"
        whole.annotate(text, (p, J), (shift, 0), textcoords="offset points", ha=side, va="center")
    whole.set(xlim=(-0.07, 1.07), ylim=(-100, 0), xticks=np.linspace(0, 1, 6))

    near.text(P_STAR + 0.01, -18.8, r"$p^*=2-\sqrt{2}$", va="bottom")
    near.annotate(
        r"$J^*=-(6+4\sqrt{2})$", (0.46, J_STAR), (0.37, -9.2), va="center", arrowprops={"arrowstyle": "-", "lw": 0.5}
    )
    near.set(xlim=(0.35, 0.85), ylim=(-19, -8.5))
