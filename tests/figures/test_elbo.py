"""The ELBO figure shows the exact evidence dashed, and gap and KL on each other."""

import pytest
from matplotlib.figure import Figure

from pycode.experiments.elbo import example, measure
from pycode.figures.elbo import EVERY, SHOWN, draw


def test_evidence_is_dashed_and_the_gap_lies_on_the_kl() -> None:
    result = measure()
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    draw(figure, result)
    figure.canvas.draw()
    rise, close = figure.axes
    model, x = example()
    dashed, elbo, estimate = rise.lines
    assert dashed.get_linestyle() == "--"
    assert list(dashed.get_ydata()) == [model.log_evidence(x).item()] * 2
    assert elbo.get_ydata() == pytest.approx(result["elbo"][: SHOWN + 1])
    assert estimate.get_ydata() == pytest.approx(result["estimate"][: SHOWN + 1])
    gap, kl, rounding = close.lines
    assert close.get_yscale() == "log"
    assert kl.get_ydata() == pytest.approx(gap.get_ydata()[::EVERY], rel=0.5)
    assert gap.get_ydata().min() < 1e-14
    assert rounding.get_ydata()[0] == pytest.approx(abs(result["log_evidence"]) * 2**-52)
