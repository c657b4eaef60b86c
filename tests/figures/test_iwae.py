"""The figure of the importance-weighted bound shows exact lines, the evidence dashed and estimates with intervals."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.experiments import iwae as experiment
from pycode.figures.iwae import FROM, STYLES, to_the_evidence


def test_lines_are_exact_and_intervals_are_those_of_the_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "REPEATS", 20)
    result = experiment.measure()
    figure = Figure(figsize=(5.9, 1.8), layout="constrained")
    to_the_evidence(figure, result)
    figure.canvas.draw()
    rise, close = figure.axes
    log_evidence = result["log_evidence"]
    assert rise.lines[0].get_linestyle() == "--"
    assert list(rise.lines[0].get_ydata()) == [log_evidence] * 2
    for place, (name, *_) in enumerate(STYLES):
        exact = np.array(result[f"{name}_line"])
        drawn = [line for axes in (rise, close) for line in axes.lines if len(line.get_xdata()) == len(exact)]
        assert drawn[place].get_ydata() == pytest.approx(log_evidence + exact)
        assert drawn[2 + place].get_ydata() == pytest.approx(-exact)
        for axes in (rise, close):
            bars = axes.containers[place].lines[2][0].get_segments()
            lengths = [segment[1, 1] - segment[0, 1] for segment in bars]
            assert lengths == pytest.approx(2 * 1.96 * np.array(result[f"{name}_error"]), rel=1e-6)
    dotted = close.lines[-1]
    assert dotted.get_linestyle() == ":"
    assert dotted.get_xdata().min() >= FROM
    assert dotted.get_ydata() * dotted.get_xdata() == pytest.approx(result["wide_variance"] / 2)
    assert close.get_xscale() == close.get_yscale() == rise.get_xscale() == "log"
