"""The split: every image in one part, every class by its share, the same each time, shuffled."""

import numpy as np
import pytest

from pycode.data import split


def labelled(*counts):
    """Labels 0, 1, ... sorted, so many of each."""
    return np.repeat(np.arange(len(counts)), counts).astype(np.uint8)


def test_every_image_is_in_one_part_and_keeps_its_label():
    labels = labelled(50, 30, 20)
    x = np.arange(100, dtype=np.uint8).reshape(-1, 1)
    images = split.divided(x, labels, 10, 20, 1.0, "x")
    values = np.concatenate([images.train, images.validation, images.test])[:, 0].astype(int)
    found = np.concatenate([images.train_labels, images.validation_labels, images.test_labels])
    assert sorted(values) == list(range(100))
    np.testing.assert_array_equal(found, labels[values])
    assert [np.bincount(part).tolist() for part in images[3:]] == [[35, 21, 14], [5, 3, 2], [10, 6, 4]]


def test_parts_are_shuffled_and_the_same_each_time():
    labels = labelled(40, 40)
    rest, held = split.held_out(labels, 20, "x")
    again = split.held_out(labels, 20, "x")
    np.testing.assert_array_equal(rest, again[0])
    np.testing.assert_array_equal(held, again[1])
    for places in (rest, held):
        assert 0.3 < np.mean(np.diff(labels[places].astype(int)) != 0) < 0.7  # 0.5; when sorted, nearly 0


@pytest.mark.parametrize(
    ("labels", "size", "message"),
    [
        (labelled(30, 1), 10, "mine: 31 images, 1 of label 1, are too few to hold out 10 with all of the 2 labels"),
        (labelled(30, 30), 1, "mine: 60 images, 30 of label 0, are too few to hold out 1 "),
        (labelled(5, 5), 9, "mine: 10 images, 5 of label 0, are too few to hold out 9 "),
    ],
)
def test_too_few_images_are_told(labels, size, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        split.held_out(labels, size, "mine")
