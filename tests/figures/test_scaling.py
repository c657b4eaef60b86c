"""The figure of the sparse methods: all that is measured, bounds dashed, bars where a method last is certain."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.experiments import scaling as experiment
from pycode.figures import scaling as figures


def test_curves_bounds_and_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "SIDES", (10, 20))
    result = {**experiment.growth(), **experiment.endurance(), "tolerance": 1e-6}
    figure = Figure(figsize=(5.9, 1.8), layout="constrained")
    figures.methods(figure, result)
    figure.canvas.draw()
    work, error = figure.axes
    drawn = [list(line.get_ydata()) for line in work.lines]
    assert drawn[0] == pytest.approx([n**3 / 3 for n in result["states"]])
    assert drawn[1] == result["lu_work"]
    assert drawn[2] == result["bicgstab_work"]
    assert work.lines[0].get_linestyle() == "--"
    curves = [np.array(line.get_ydata(), dtype=float) for line in error.lines]
    for name in ("dense_error", "elimination_error", "lu_error", "bicgstab_error", "lu_bound", "bicgstab_bound"):
        column = np.array(result[f"walk_{name}"], dtype=float)
        assert any(np.array_equal(curve, column, equal_nan=True) for curve in curves)
    bars = [line.get_xdata()[0] for line in error.lines if line.get_marker() == "|"]
    assert bars == [result["walk_lu_last"], result["walk_bicgstab_last"]]
    assert {"sparse LU", "BiCGSTAB", "dense LU", "elimination"} <= {text.get_text() for text in error.texts}
