"""The figure of the unrolling: sums up to the dashed limit, the remainder on the dashed rate."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.experiments.unrolling import measure
from pycode.figures import unrolling as figures


def test_sums_remainder_rate_and_bound_are_drawn() -> None:
    result = measure()
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    figures.remainder(figure, result)
    figure.canvas.draw()
    left, right = figure.axes
    limit, sums = left.lines
    assert limit.get_linestyle() == "--"
    assert limit.get_ydata()[0] == pytest.approx(1e3 * result["component"])
    assert sums.get_ydata()[-1] == pytest.approx(limit.get_ydata()[0], rel=1e-2)
    bound, remainder, rate, error = right.lines
    assert right.get_yscale() == "log"
    assert rate.get_linestyle() == "--"
    steps = np.diff(np.log(rate.get_ydata()))
    assert steps == pytest.approx(np.log(result["spectral_radius"]))
    assert remainder.get_ydata()[50:] == pytest.approx(rate.get_ydata()[50:], rel=1e-3)
    assert (np.array(bound.get_ydata()) >= remainder.get_ydata()).all()
    assert len(error.get_xdata()) > 20
