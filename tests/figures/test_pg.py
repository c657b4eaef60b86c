"""The figure of the constant: all policies, the diagonal dashed, every distance shown, zeros too."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.environments import load
from pycode.experiments.pg import ratio_of_sides
from pycode.figures import pg as figures
from pycode.mdp import EPS


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    lake = load("frozenlake4")
    sides = ratio_of_sides(lake, np.random.default_rng(0).normal(size=(30, *lake.exit.shape)))
    return {f"ratio_{key}": value.tolist() for key, value in sides.items()}


def test_the_ratios_are_drawn_beside_the_dashed_diagonal(result: dict[str, Any]) -> None:
    figure = Figure(figsize=(5.9, 2.2), layout="constrained")
    figures.diagonal(figure, result)
    figure.canvas.draw()
    left, right = figure.axes
    points, diagonal = left.lines
    assert points.get_xdata().tolist() == result["ratio_length"]
    assert points.get_ydata().tolist() == result["ratio_ratio"]
    assert diagonal.get_linestyle() == "--"
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    tolerance, distance, eps = right.lines
    assert (np.array(distance.get_ydata()) < tolerance.get_ydata()).all()
    low, high = right.get_ylim()
    assert low <= min(distance.get_ydata())
    assert max(tolerance.get_ydata()) <= high
    assert eps.get_ydata()[0] == EPS
