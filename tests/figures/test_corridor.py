"""The figure of the corridor: the exact curve, its dashed optimum, bars on the sampled means, the greedy policies."""

import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from pycode.corridor import J_STAR, P_STAR, objective
from pycode.experiments.corridor import measure
from pycode.figures import corridor as figures


def test_curve_optimum_samples_and_greedy_policies_are_drawn() -> None:
    result = measure()
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    figures.objective(figure, result)
    figure.canvas.draw()
    for axes in figure.axes:
        curve, optimum = axes.lines[:2]
        assert curve.get_ydata() == pytest.approx(objective(curve.get_xdata()))
        assert optimum.get_linestyle() == "--"
        assert (P_STAR, J_STAR) in list(zip(optimum.get_xdata(), optimum.get_ydata(), strict=True))
        (bars,) = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
        assert list(bars[0].get_ydata()) == list(result["sampled_mean"])
        low, high = axes.get_ylim()
        assert low < J_STAR < high
    diamonds = [line for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in diamonds] == [result["left"], result["right"]]
    assert all(line.get_ydata()[0] == pytest.approx(objective(line.get_xdata()[0])) for line in diamonds)
