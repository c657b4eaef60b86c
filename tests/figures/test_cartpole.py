"""The figure of CartPole: curves that end with their training, median, cap and level; marks with intervals."""

from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from pycode import style
from pycode.figures import cartpole as figures

SEEDS = 4


@pytest.fixture
def result() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    curves = np.sort(rng.uniform(20, 500, size=(SEEDS, 31)))
    means = {"evaluations": [480.0, 500.0, 470.0, 499.0], "retests": [490.0, 500.0, 471.0, 495.0]}
    means["sampled"] = [460.0, 500.0, 455.0, 480.0]
    halfwidths = {f"{name}_halfwidths": [3.0, 0.0, 5.0, 2.0] for name in ("evaluation", "retest", "sampled")}
    return {
        **means, **halfwidths, "curve_steps": np.linspace(0, 30_000, 31), "curves": curves,
        "curve_quartiles": np.quantile(curves, (0.25, 0.5, 0.75), axis=0), "steps": [9_500, 30_000, 20_000, 15_000],
        "horizon": 500, "level": 475.0, "evaluated": 100, "retested": 1000, "sampled_episodes": 100,
    }  # fmt: skip


def drawn(result: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(5.9, 1.81), layout="constrained")
    figures.learning(figure, result)
    figure.draw_without_rendering()
    return figure


def test_curves_end_with_their_training_and_the_median_is_thick(result: dict[str, Any]) -> None:
    axes, _ = drawn(result).axes
    *seeds, median, cap, level = axes.lines
    assert [line.get_xdata()[-1] for line in seeds] == [9, 30, 20, 15]
    for line, curve in zip(seeds, result["curves"], strict=True):
        assert list(line.get_ydata()) == list(curve[: len(line.get_ydata())])
    assert list(median.get_ydata()) == list(result["curve_quartiles"][1])
    assert median.get_linewidth() > 2 * seeds[0].get_linewidth()
    assert (cap.get_ydata()[0], cap.get_linestyle()) == (500, "--")
    assert (level.get_ydata()[0], level.get_linestyle()) == (475, ":")


def test_marks_stand_in_the_order_of_the_retest_inside_the_panel(result: dict[str, Any]) -> None:
    _, axes = drawn(result).axes
    bars = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    order = [2, 0, 3, 1]
    for container, name in zip(bars, ("retests", "evaluations", "sampled"), strict=True):
        assert list(container[0].get_ydata()) == [result[name][k] for k in order]
    assert len({container[0].get_marker() for container in bars}) == 3
    low, high = axes.get_ylim()
    assert low < 455 - 5
    assert high > 500


def test_texts_do_not_meet(result: dict[str, Any]) -> None:
    if style.register_page_font() is None:
        pytest.skip("the page's font comes with TeX, which is not installed; texts have another width")
    with matplotlib.rc_context(style.parameters()):
        figure = drawn(result)
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        for k, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:k])
            assert box.x0 >= axes.get_window_extent().x0 - 1
            assert box.x1 <= axes.get_window_extent().x1 + 1
