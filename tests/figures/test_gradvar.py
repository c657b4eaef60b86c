"""The figure of the variances: exact lines and crosses of the square; exact, estimated and trained rows of the ELBO."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from pycode.experiments import gradvar as experiment
from pycode.experiments import trained_gradients
from pycode.figures import gradvar as figures

MEDIAN = np.array([[3300.0, 25.0, 21.0, 1.1, 1.0, 0.4]] * 2).T


@pytest.fixture
def result(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    over_b = np.stack([0.9 * MEDIAN, MEDIAN, 1.2 * MEDIAN])
    monkeypatch.setattr(trained_gradients, "measure", lambda: {"trained_over_b": over_b})
    monkeypatch.setattr(experiment, "BLOCKS", 8)
    return experiment.measure()


def drawn(result: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(5.9, 2.0), layout="constrained")
    figures.variances(figure, result)
    figure.canvas.draw()
    return figure


def test_lines_of_the_square_are_exact_and_the_ratio_is_marked(result: dict[str, Any]) -> None:
    square, _ = drawn(result).axes
    assert square.get_yscale() == "log"
    lines, crosses = square.lines[::2], square.lines[1::2]
    for column in range(len(figures.CURVES)):
        exact = [experiment.exact_variances(1.0, 1.0, int(D))[column] for D in lines[column].get_xdata()]
        assert lines[column].get_ydata() == pytest.approx(np.array(exact))
        assert crosses[column].get_ydata() == pytest.approx(np.array(result["dimension_estimate"])[:, column])
        assert crosses[column].get_marker() == "x"
    measured = f"{result['square_ratio']:.2f} ± {result['square_halfwidth']:.2f}"
    assert f"ratio 7.5, measured {measured}" in [text.get_text() for text in square.texts]


def test_rows_of_the_elbo_are_relative_to_estimator_b(result: dict[str, Any]) -> None:
    _, elbo = drawn(result).axes
    assert elbo.get_xscale() == "log"
    one, exact, crosses, dots = elbo.lines
    b = result["linear_other_exact"][4, 0]
    assert list(one.get_xdata()) == [1, 1]
    assert exact.get_xdata() == pytest.approx(result["linear_other_exact"][:, 0] / b)
    assert crosses.get_xdata() == pytest.approx(result["linear_other_estimate"][:, 0] / b)
    assert dots.get_xdata() == pytest.approx(MEDIAN[:, 0])
    assert [exact.get_marker(), crosses.get_marker(), dots.get_marker()] == ["|", "x", "o"]
    labels = [label.get_text() for label in elbo.get_yticklabels()]
    assert labels == [figures.ROWS[name] for name in result["estimators"]]
    texts = [text.get_text() for text in elbo.texts]
    assert "3\u2009300 (3\u2009000–4\u2009000)" in texts
    assert "25 (22–30)" in texts


@pytest.mark.usefixtures("page_style")
@pytest.mark.parametrize("factor", [1, 30])
def test_dots_are_inside_and_texts_do_not_meet(result: dict[str, Any], factor: float, boxes_apart: Any) -> None:
    result["trained_over_b"][:, 0] *= factor
    figure = drawn(result)
    _, elbo = figure.axes
    assert result["trained_over_b"].max() < elbo.get_xlim()[1]
    for axes in figure.axes:
        for box in boxes_apart([text for text in axes.texts if not isinstance(text, Annotation)]):
            assert box.x1 <= axes.get_window_extent().x1 + 1
