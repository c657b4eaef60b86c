"""Pictures stand where they belong, and curves are the measured ones."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from pycode.figures import vae as figures


@pytest.fixture
def result() -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "plane": random.normal(size=(30, 2)).tolist(),
        "labels": [k % 10 for k in range(30)],
        "manifold": random.integers(0, 256, (9, 16)).tolist(),
        "columns": 3,
        "inputs": random.integers(0, 256, (4, 16)).tolist(),
        "reconstructions": random.integers(0, 256, (4, 16)).tolist(),
        "samples": random.integers(0, 256, (10, 16)).tolist(),
        "train_loss": [[9.0, 7.0, 6.0], [9.5, 7.5, 6.5]],
        "validated": [2, 3],
        "validation_loss": [[8.0, 7.2], [8.5, 7.6]],
        "test_neg_elbo_nats": 7.4,
    }


def drawn(draw: Any, result: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(5.9, 2.6), layout="constrained")
    draw(figure, result)
    figure.canvas.draw()
    return figure


def test_mosaic_puts_pictures_row_by_row_with_white_between() -> None:
    pictures = [[value] * 4 for value in (1, 2, 3, 4, 5, 6)]
    tiles = figures.mosaic(pictures, 3, figures.GAP)
    assert tiles.shape == (2 * 2 + figures.GAP, 3 * 2 + 2 * figures.GAP)
    step = 2 + figures.GAP
    assert [[int(tiles[row * step, column * step]) for column in range(3)] for row in range(2)] == [
        [1, 2, 3],
        [4, 5, 6],
    ]
    assert tiles[2 : 2 + figures.GAP].max() == 0
    assert tiles[:, 2 : 2 + figures.GAP].max() == 0


def test_mosaic_without_a_gap_is_whole() -> None:
    assert figures.mosaic([[value] * 4 for value in (1, 2, 3, 4)], 2)[::2, ::2].tolist() == [[1, 2], [3, 4]]


def test_latent_space_shows_every_image_as_its_class(result: dict[str, Any]) -> None:
    means, manifold = drawn(figures.latent_space, result).axes
    assert len(means.collections) == 10
    for digit, points in enumerate(means.collections):
        expected = [place for place, label in zip(result["plane"], result["labels"], strict=True) if label == digit]
        assert np.asarray(points.get_offsets()) == pytest.approx(np.array(expected))
    (image,) = manifold.images
    assert (image.get_array() == figures.mosaic(result["manifold"], 3)).all()


def test_strip_has_three_rows_of_which_samples_are_cut_to_fit(result: dict[str, Any]) -> None:
    (axes,) = drawn(figures.strip, result).axes
    rows = np.concatenate([result["inputs"], result["reconstructions"], result["samples"][:4]])
    assert (axes.images[0].get_array() == figures.mosaic(rows, 4, figures.GAP)).all()
    assert len(axes.get_yticklabels()) == 3


def test_learning_curves_are_the_measured_ones(result: dict[str, Any]) -> None:
    (axes,) = drawn(figures.learning_curve, result).axes
    curves = [line.get_ydata() for line in axes.lines]
    expected = [*result["train_loss"], *result["validation_loss"]]
    assert [list(curve) for curve in curves[:4]] == expected
    assert list(axes.lines[2].get_xdata()) == [2, 3]
    assert set(curves[4]) == {7.4}
