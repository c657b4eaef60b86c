"""The figure of the linear VAE shows the maximum dashed, and both gaps to it."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.figures.ppca import linear_vae

RESULT = {
    "log_evidence": 14.2,
    "exact_elbo": [-70.0, 8.0, 14.0, 14.2 - 5e-9],
    "block": 10,
    "sgvb_elbo": [-50.0, 10.0, 14.1, 14.19],
    "sgvb_epoch": [5, 10, 15, 17],
    "loss": [60.0, 20.0, *[-13.0] * 15],
}


def test_maximum_is_dashed_and_gaps_are_its_distance() -> None:
    figure = Figure(figsize=(5.9, 1.8), layout="constrained")
    linear_vae(figure, RESULT)
    figure.canvas.draw()
    rise, close = figure.axes
    dashed, exact, sgvb, estimate = rise.lines
    assert dashed.get_linestyle() == "--"
    assert list(dashed.get_ydata()) == [14.2] * 2
    assert exact.get_ydata() == pytest.approx(np.array(RESULT["exact_elbo"]))
    assert list(exact.get_xdata()) == [0, 10, 20, 30]
    assert sgvb.get_ydata() == pytest.approx(np.array(RESULT["sgvb_elbo"]))
    assert estimate.get_ydata() == pytest.approx(-np.array(RESULT["loss"]))
    assert list(estimate.get_xdata()) == list(range(1, 18))
    assert close.get_yscale() == "log"
    assert close.lines[0].get_ydata() == pytest.approx(14.2 - np.array(RESULT["exact_elbo"]))
    assert close.lines[1].get_ydata() == pytest.approx(14.2 - np.array(RESULT["sgvb_elbo"]))
    assert [text.get_text() for text in close.texts] == ["0.01", r"$5.0\cdot10^{-9}$"]
