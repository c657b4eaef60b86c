"""scikit-learn's digits: counts, sizes and shares."""

import numpy as np
import torch
from sklearn.datasets import load_digits

from pycode.data import digits


def test_images_are_scikit_learns_each_once():
    images = digits.images()
    assert [tuple(part.shape) for part in images] == [(1257, 64), (180, 64), (360, 64), (1257,), (180,), (360,)]
    assert all(part.dtype == torch.float32 for part in images[:3])
    found = np.column_stack([np.concatenate(images[:3]), np.concatenate(images[3:])])
    known = load_digits()
    expected = np.column_stack([known.data, known.target])
    np.testing.assert_array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])
    assert (found[:, :64].min(), found[:, :64].max()) == (0, digits.N_COUNT)


def test_every_digit_has_its_share_in_every_part():
    images = digits.images()
    total = torch.cat(images[3:]).bincount() / 1797
    for labels in images[3:]:
        assert (labels.bincount() - total * len(labels)).abs().max() <= 1  # rounding to whole images
