"""The figure of what was played: exact curves with the limit marked, every state's share beside μ."""

import numpy as np
from matplotlib.figure import Figure

from pycode.figures import play as figures


def test_the_limit_is_marked_on_both_curves_and_every_share_is_drawn() -> None:
    steps = np.arange(1, 300)
    result = {
        "H": 100, "limited": [0, *(0.8 * (1 - 0.97**steps))], "J": 0.8, "J_limit": 0.76, "sampled": 0.75,
        "sampled_halfwidth": 0.02, "bias": [1, *0.97**steps], "bias_limit": 0.97**100,
        "mu": [0.6, 0.3, 0.1], "shares": [0.59, 0.32, 0.09], "shares_error": [0.01, 0.02, 0.01],
    }  # fmt: skip
    figure = Figure(figsize=(5.9, 1.7), layout="constrained")
    figures.limit(figure, result)
    figure.canvas.draw()
    objective, bias, shares = figure.axes
    for axes in (objective, bias):
        assert axes.lines[0].get_xdata()[0] == 100
    assert list(objective.lines[1].get_ydata()) == result["limited"]
    assert objective.lines[2].get_linestyle() == "--"
    assert bias.lines[2].get_ydata()[0] == result["bias_limit"]
    crosses = shares.lines[1]
    assert list(crosses.get_xdata()) == result["mu"]
    assert list(crosses.get_ydata()) == result["shares"]
    low, high = shares.get_xlim()
    assert low <= min(result["mu"])
    assert max(result["mu"]) <= high
