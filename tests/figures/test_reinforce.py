"""The figure of REINFORCE: its means as they are, the exact ascent over them, the dashed optimum, labels apart."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode import style
from pycode.corridor import J_STAR
from pycode.corridor_learning import ascent
from pycode.experiments.reinforce import measure
from pycode.figures import reinforce as figures


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return measure()


def drawn(result: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(5.9, 2.05), layout="constrained")
    figures.learning(figure, result)
    figure.canvas.draw()
    return figure


def test_means_exact_ascent_and_optimum_are_drawn(result: dict[str, Any]) -> None:
    for axes, exponents, rows in zip(drawn(result).axes, ((12, 13, 14), (9, 13)), ((0, 1, 2), (3, 1)), strict=True):
        *curves, optimum = axes.lines
        assert set(optimum.get_ydata()) == {J_STAR}
        assert optimum.get_linestyle() == "--"
        assert optimum.get_color() == style.INK
        for exponent, row, mean, exact in zip(exponents, rows, curves[::2], curves[1::2], strict=True):
            assert list(mean.get_xdata()) == list(range(1, 1001))
            assert list(mean.get_ydata()) == list(result["mean"][row])
            assert exact.get_ydata() == pytest.approx(ascent(2.0**-exponent, 999))
            assert mean.get_color() == exact.get_color()
            assert mean.get_linewidth() < exact.get_linewidth()
        dashes = {str(line.get_linestyle()) + str(line._dash_pattern) for line in curves[1::2]}
        assert len(dashes) == len(rows)  # they can be told apart in grey


def test_labels_name_the_step_sizes_of_their_curves(result: dict[str, Any]) -> None:
    for axes, curves in zip(drawn(result).axes, (figures.STEP_SIZES, figures.BASELINES), strict=True):
        exponents = {0: 12, 1: 13, 2: 14, 3: 9}
        texts = [text for text in axes.texts if text.get_text() != "$J^*$"]
        for text, (row, color, *_) in zip(texts, curves, strict=True):
            assert f"2^{{-{exponents[row]}}}" in text.get_text()
            assert text.get_color() == color


@pytest.mark.usefixtures("page_style")
def test_labels_stand_apart_and_on_no_curve_and_all_points_are_inside(result: dict[str, Any], boxes_apart: Any) -> None:
    for axes in drawn(result).axes:
        for k, box in enumerate(boxes_apart(axes.texts)):
            for line in axes.lines[:-1]:
                points = axes.transData.transform(np.column_stack([line.get_xdata(), line.get_ydata()]))
                assert not any(box.contains(*point) for point in points), axes.texts[k].get_text()
        low, high = axes.get_ylim()
        assert all(low < np.min(line.get_ydata()) and np.max(line.get_ydata()) < high for line in axes.lines)
