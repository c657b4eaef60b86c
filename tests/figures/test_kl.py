"""The KL figure shows the closed form as curves and the estimates with their bars."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.experiments.kl import MUS, SIGMAS, measure
from pycode.figures import kl as figures
from pycode.gaussian import kl


def test_curves_are_exact_and_bars_are_95_percent() -> None:
    result = measure()
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    figures.closed_form(figure, result)
    figure.canvas.draw()
    in_mu, in_sigma = figure.axes
    for axes, name, fixed in ((in_mu, "mu", SIGMAS), (in_sigma, "sigma", MUS)):
        assert len(axes.containers) == 3
        for row, container in enumerate(axes.containers):
            points, _, (bars,) = container
            assert points.get_ydata() == pytest.approx(result[f"{name}_estimate"][row])
            heights = [segment[1, 1] - segment[0, 1] for segment in bars.get_segments()]
            assert heights == pytest.approx(2 * 1.96 * result[f"{name}_error"][row])
        curves = [line for line in axes.lines if len(line.get_xdata()) > 100]
        for line, value in zip(curves, fixed, strict=True):
            x = line.get_xdata()
            pairs = [(u, value) if name == "mu" else (value, u) for u in x]
            exact = [kl(*pair, result["mu_p"], result["sigma_p"]).item() for pair in pairs]
            assert line.get_ydata() == pytest.approx(np.array(exact))
        assert any(text.get_text().endswith(f"{result[f'{name}_p']:g}$") for text in axes.texts)
