"""The figure of the estimators' variances: exact bars, crosses with intervals, dots, texts in free places."""

from typing import Any

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from pycode import style
from pycode.experiments import estimators as experiment
from pycode.figures import estimators as figures

PANELS = (("corridor", "optimum"), ("cliff", "soft"))


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "DRAWS", dict.fromkeys(("corridor", "optimum", "cliff"), (2, 512, 1)))
        return experiment.measure()


def drawn(result: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(15 * style.CM, 5.6 * style.CM), layout="constrained")
    figures.variances(figure, result)
    figure.canvas.draw()
    return figure


def test_marks_are_shares_of_the_total_returns_variance(result: dict[str, Any]) -> None:
    for axes, (first, second) in zip(drawn(result).axes, PANELS, strict=True):
        assert axes.get_xscale() == "log"
        bars, dots = (next(line for line in axes.lines if line.get_marker() == mark) for mark in "|o")
        (crosses,) = (each for each in axes.containers if isinstance(each, ErrorbarContainer))
        whole = result[f"{first}_exact"][0]
        assert bars.get_xdata() == pytest.approx(np.array(result[f"{first}_exact"]) / whole)
        assert crosses[0].get_xdata() == pytest.approx(result[f"{first}_estimate"] / whole)
        ends = np.array([segment[:, 0] for segment in crosses[2][0].get_segments()])
        assert np.diff(ends)[:, 0] == pytest.approx(2 * result[f"{first}_halfwidth"] / whole)
        assert dots.get_xdata() == pytest.approx(np.array(result[f"{second}_exact"]) / result[f"{second}_exact"][0])
        low, high = axes.get_xlim()
        assert low < min(bars.get_xdata().min(), dots.get_xdata().min())
        assert high > 1


def test_rows_are_named_once_in_the_measured_order(result: dict[str, Any]) -> None:
    left, _ = drawn(result).axes
    assert [label.get_text() for label in left.get_yticklabels()] == [figures.ROWS[e] for e in result["estimators"]]


@pytest.mark.usefixtures("page_style")
def test_texts_are_clear_of_each_other_and_of_the_marks(result: dict[str, Any], boxes_apart: Any) -> None:
    for axes in drawn(result).axes:
        for box in boxes_apart(axes.texts):
            for line in axes.lines:
                assert not any(box.contains(*point) for point in axes.transData.transform(line.get_xydata()))
