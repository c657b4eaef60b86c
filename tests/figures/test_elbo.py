"""The ELBO figure shows the exact evidence dashed, and gap and KL on each other."""

import pytest
from matplotlib.figure import Figure

from pycode.experiments.elbo import example, measure
from pycode.figures import elbo as figures


def test_evidence_is_dashed_and_the_gap_lies_on_the_kl() -> None:
    result = measure()
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    figures.gap(figure, result)
    figure.canvas.draw()
    rise, close = figure.axes
    model, x = example()
    dashed, elbo, estimate = rise.lines
    assert dashed.get_linestyle() == "--"
    assert list(dashed.get_ydata()) == [model.log_evidence(x).item()] * 2
    assert elbo.get_ydata() == pytest.approx(result["elbo"][: figures.SHOWN + 1])
    assert estimate.get_ydata() == pytest.approx(result["estimate"][: figures.SHOWN + 1])
    gap, kl, rounding = close.lines
    assert close.get_yscale() == "log"
    assert kl.get_ydata() == pytest.approx(gap.get_ydata()[:: figures.EVERY], rel=0.5)
    assert gap.get_ydata().min() < 1e-14
    assert rounding.get_ydata()[0] == pytest.approx(abs(result["log_evidence"]) * 2**-52)
