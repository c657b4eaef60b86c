"""Variances of the one-episode estimators of ∇J on the short corridor and on CliffWalking."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREY, INK, ORANGE

ROWS = {
    "total_return": "total return $G_0$",
    "reward_to_go": "reward-to-go $G_t$",
    "minus_J": "$G_t-J$",
    "best_constant": "$G_t-$ best constant",
    "minus_v": r"$G_t-v_\pi(S_t)$",
    "best_baseline": "$G_t-$ best $b(S_t)$",
    "q": r"$q_\pi(S_t,A_t)$",
    "advantage": r"$q_\pi(S_t,A_t)-v_\pi(S_t)$",
    "all_action": r"$q_\pi(S_t,a)$, all actions $a$",
}
SHIFT = 0.17  # of the two policies' marks from the middle of their row


def variances(figure: Figure, result: dict[str, Any]) -> None:
    """Left: the corridor, p = 0.05 and the optimum. Right: CliffWalking, ε-greedy and softmax of the best values."""
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, result, "corridor", "optimum")
    _panel(right, result, "cliff", "soft")
    names = result["estimators"]
    left.set_yticks(-np.arange(len(names)), [ROWS[name] for name in names])
    left.set(ylim=(0.5 - len(names), 0.5), title=f"short corridor, $p={result['p']:g}$")
    right.set_title(rf"CliffWalking, $\varepsilon$-greedy, $\varepsilon={result['epsilon']:g}$")
    for row, text, color in ((0, "ticks: exact", INK), (1, "crosses: Monte Carlo", BLUE)):
        left.text(0.03, -row, text, color=color, va="center", transform=left.get_yaxis_transform())
    for axes, policy in ((left, r"$p^*=2-\sqrt{2}$"), (right, r"$\pi\propto e^{q_*}$")):
        axes.text(0.03, -2, f"dots: {policy}, exact", color=ORANGE, va="center", transform=axes.get_yaxis_transform())


def _panel(axes: Axes, result: dict[str, Any], first: str, second: str) -> None:
    """Bars and crosses of the first policy, dots of the second, as shares of their total return's variance."""
    exact, estimate, halfwidth = (np.array(result[f"{first}_{key}"]) for key in ("exact", "estimate", "halfwidth"))
    other = np.array(result[f"{second}_exact"])
    y = -np.arange(len(exact))
    for row in y[1::2]:
        axes.axhspan(row - 0.5, row + 0.5, color=GREY, alpha=0.09, linewidth=0)
    axes.semilogx(exact / exact[0], y + SHIFT, "|", color=INK, markersize=9, markeredgewidth=1.4)
    axes.errorbar(
        estimate / exact[0], y + SHIFT, xerr=halfwidth / exact[0], fmt="x", color=BLUE, markersize=4, linewidth=1
    )
    axes.semilogx(other / other[0], y - SHIFT, "o", color=ORANGE)
    axes.set(xlim=(min((exact / exact[0]).min(), (other / other[0]).min()) / 2, 1.6))
    axes.set_xlabel("variance, share of total return's")
    axes.tick_params(axis="y", length=0)
