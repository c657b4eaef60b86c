"""The unrolled recursion: partial sums reach the gradient as fast as the remainder dies out."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, INK, ORANGE

FIRST = 40  # steps of the left panel
MILLI = 1e3


def remainder(figure: Figure, result: dict[str, Any]) -> None:
    r"""Left: one component's partial sums up to the exact value. Right: remainder, its rate λ^K and its bound."""
    remainder, bound, error, sums = (
        np.array(result[key]) for key in ("remainders", "bounds", "errors", "component_sums")
    )
    exact = MILLI * result["component"]
    K = np.arange(len(remainder))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])

    left.axhline(exact, color=INK, linestyle="--", linewidth=0.8)
    left.plot(K[: FIRST + 1], MILLI * sums[: FIRST + 1], "o-", color=BLUE, markersize=2.5, linewidth=0.8)
    left.set(xlabel="steps $K$", ylabel=r"component ($10^{-3}$)")
    left.set(xlim=(0, FIRST), ylim=(0, 1.15 * exact))
    left.text(FIRST, 1.02 * exact, r"$\nabla J$, exact", ha="right", va="bottom")
    left.text(0.45 * FIRST, 0.75 * exact, "partial sum", color=BLUE, va="top")

    # The rate as a line through the last remainder: that it lies on the others is the statement.
    rate = remainder[-1] * result["spectral_radius"] ** (K - K[-1])
    right.semilogy(K, bound, color=ORANGE, linestyle="-.")
    right.semilogy(K, remainder, color=BLUE, linewidth=2)
    right.semilogy(K, rate, color=INK, linestyle="--", linewidth=0.8)
    squares = {"color": GREEN, "markerfacecolor": "none", "markeredgewidth": 0.7, "clip_on": False}
    right.semilogy(K[::8], error[::8], "s", **squares)
    right.set(xlabel="steps $K$", ylabel="max-norm at $s_0$", xlim=(0, K[-1]), ylim=(1e-19, 1))
    right.text(70, 1e-5, r"bound $C\,\mathrm{Pr}(T>K)$", color=ORANGE)
    right.text(6, 3e-12, r"remainder $P^K\nabla v$", color=BLUE)
    right.text(6, 6e-15, r"multiple of $\lambda^K$, dashed")
    right.text(6, 1e-17, "error of the partial sum, squares", color=GREEN)
