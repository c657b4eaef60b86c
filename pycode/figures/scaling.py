"""The exact gradient by sparse methods: work against the number of states, error against the length of episodes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pycode.style import BLUE, GREEN, GREY, INK, ORANGE

FLOOR, TOP = 1e-17, 1e2  # of the errors shown
NAMES = {"lu": "sparse LU", "bicgstab": "BiCGSTAB"}
HOLLOW = {"markerfacecolor": "none", "markeredgewidth": 0.8}


def methods(figure: Figure, result: dict[str, Any]) -> None:
    """Left: multiplications that each method needs. Right: true errors, bounds dashed, last lengths not refused."""
    work, error = figure.subplots(1, 2, width_ratios=[1, 1.35])
    _work(work, result)
    _error(error, result)


def _work(axes: Axes, result: dict[str, Any]) -> None:
    """Multiplications of a gradient by either method and of one dense factorisation."""
    states = np.array(result["states"])
    lines = (
        ("dense LU, $n^3/3$", states**3.0 / 3, INK, {"linestyle": "--", "linewidth": 0.9}, 1.0),
        ("sparse LU", result["lu_work"], BLUE, {"marker": "o"}, 0.06),
        ("BiCGSTAB", result["bicgstab_work"], ORANGE, {"marker": "s", **HOLLOW}, 8.0),
        ("entries of $P$", result["entries"], GREY, {"linestyle": ":"}, 1.0),
    )
    for text, column, color, style, lift in lines:
        axes.loglog(states, column, color=color, **style)
        axes.text(1.5 * states[-1], lift * column[-1], text, color=color, va="center")
    axes.set(xlabel="states $n$", ylabel="multiplications", xlim=(70, 4e7), ylim=(1e2, 4e15))
    axes.set_xticks([1e2, 1e3, 1e4, 1e5])
    axes.set_yticks([1e3, 1e6, 1e9, 1e12, 1e15])
    axes.minorticks_off()


def _error(axes: Axes, result: dict[str, Any]) -> None:
    """Largest error over the largest entry; a bar where a method with a bound last says that it is certain."""
    length = np.array(result["walk_length"])
    axes.axhline(result["tolerance"], color=GREY, linestyle=":", linewidth=0.9)
    axes.loglog(length, result["walk_dense_error"], "x-", color=GREY, linewidth=0.8)
    axes.loglog(length, result["walk_elimination_error"], "^-", color=GREEN, **HOLLOW)
    for name, color, marker in (("lu", BLUE, "o"), ("bicgstab", ORANGE, "s")):
        style = HOLLOW if marker == "s" else {}
        error, bound = (np.array(result[f"walk_{name}_{key}"], dtype=np.float64) for key in ("error", "bound"))
        axes.loglog(length, error, f"{marker}-", color=color, **style)
        axes.loglog(length, bound, "--", color=color, linewidth=0.9)
        axes.plot(
            result[f"walk_{name}_last"], result["tolerance"], "|", color=color, markersize=11, markeredgewidth=1.6
        )
        last = np.flatnonzero(np.isfinite(error))[-1]
        axes.text(3 * length[last], error[last], NAMES[name], color=color, va="center")
    axes.text(3 * length[-1], result["walk_dense_error"][-1], "dense LU", color=GREY, va="center")
    axes.text(3 * length[-1], result["walk_elimination_error"][-1], "elimination", color=GREEN, va="center")
    axes.text(8, 2 * result["tolerance"], "tolerance", color=GREY, va="bottom")
    axes.set_title("dashed: proved bounds; bars: last one certain", fontsize=8)
    axes.set(xlabel=r"mean episode length $\mathbb{E}[T]$, in steps", ylabel="relative error")
    axes.set(xlim=(5, 1e22), ylim=(FLOOR, TOP))
    axes.set_xticks([1e1, 1e4, 1e7, 1e10, 1e13, 1e16])
    axes.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
    axes.minorticks_off()
