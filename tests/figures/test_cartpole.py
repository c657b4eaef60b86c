"""The figure of CartPole: curves that end with their training, median, cap and level; steps of each seed."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.figures import cartpole as figures

SEEDS = 4


@pytest.fixture
def result() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    curves = np.sort(rng.uniform(20, 500, size=(SEEDS, 31)))
    return {
        "curve_steps": np.linspace(0, 30_000, 31), "curves": curves,
        "curve_quartiles": np.quantile(curves, (0.25, 0.5, 0.75), axis=0), "steps": [9_500, 30_000, 20_000, 15_000],
        "median_steps": 17_500.0, "solved": [1, 1, 0, 1], "horizon": 500, "level": 475.0,
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


def test_every_seed_has_its_steps_and_one_that_is_not_solved_a_cross(result: dict[str, Any]) -> None:
    _, axes = drawn(result).axes
    dots, crosses, median = axes.lines
    assert list(dots.get_ydata()) == [9.5, 15, 30]
    assert list(crosses.get_ydata()) == [20]
    assert list(crosses.get_xdata()) == [2]
    assert dots.get_marker() != crosses.get_marker()
    assert (median.get_ydata()[0], median.get_linestyle()) == (17.5, "--")
    assert "3 of 4 seeds solved" in [text.get_text() for text in axes.texts]


@pytest.mark.usefixtures("page_style")
def test_texts_do_not_meet(result: dict[str, Any], boxes_apart: Any) -> None:
    for axes in drawn(result).axes:
        for box in boxes_apart(axes.texts):
            assert box.x0 >= axes.get_window_extent().x0 - 1
            assert box.x1 <= axes.get_window_extent().x1 + 1
