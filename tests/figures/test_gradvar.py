"""The figure of the variances shows exact lines, estimated crosses and the ratio of the square example."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.experiments.gradvar import exact_variances, measure
from pycode.figures import gradvar as figures


def test_lines_are_exact_and_the_ratio_is_marked() -> None:
    result = measure()
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    figures.variances(figure, result)
    figure.canvas.draw()
    dimension, sigma = figure.axes
    for axes, name in ((dimension, "dimension"), (sigma, "sigma")):
        assert axes.get_yscale() == "log"
        lines, crosses = axes.lines[::2], axes.lines[1::2]
        for column in range(len(figures.CURVES)):
            x = lines[column].get_xdata()
            exact = [exact_variances(1.0, *((1.0, int(u)) if name == "dimension" else (u, 1)))[column] for u in x]
            assert lines[column].get_ydata() == pytest.approx(np.array(exact))
            assert crosses[column].get_ydata() == pytest.approx(np.array(result[f"{name}_estimate"])[:, column])
            assert crosses[column].get_marker() == "x"
    measured = f"{result['square_ratio']:.2f} ± {result['square_halfwidth']:.2f}"
    assert f"ratio 7.5, measured {measured}" in [text.get_text() for text in dimension.texts]
