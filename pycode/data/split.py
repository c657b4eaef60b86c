r"""Images divided into those to train on, to choose by (validation) and to report (test)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SEED = 0

Numbers = NDArray[np.uint8]


class Images(NamedTuple):
    """The three parts: images float32 ``(N, D_x)``, labels int64 ``(N,)``."""

    train: Tensor
    validation: Tensor
    test: Tensor
    train_labels: Tensor
    validation_labels: Tensor
    test_labels: Tensor


def held_out(labels: Numbers, size: int, name: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the images that stay and of ``size`` held out, both shuffled, each class by its share; seed 0.

    Raises ValueError, with the name of the data, where a class is too small to be in both.
    """
    from sklearn.model_selection import train_test_split  # a second and a half to import

    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2 or not len(classes) <= size <= len(labels) - len(classes):
        raise ValueError(
            f"{name}: {len(labels)} images, {counts.min()} of label {classes[counts.argmin()]}, are too few to "
            f"hold out {size} with all of the {len(classes)} labels; give more"
        )
    rest, held = train_test_split(np.arange(len(labels)), test_size=size, stratify=labels, random_state=SEED)
    return rest, held


def divided(x: Numbers, labels: Numbers, validation: int, test: int, unit: float, name: str) -> Images:
    """Test images held out of all, then validation images of the rest; ``unit`` divides the values.

    Raises ValueError as :func:`held_out` does.
    """
    rest, last = held_out(labels, test, name)
    first, middle = held_out(labels[rest], validation, name)
    return parts([(x[i], labels[i]) for i in (rest[first], rest[middle], last)], unit)


def parts(pairs: list[tuple[Numbers, Numbers]], unit: float) -> Images:
    """Images and labels of training, validation and test as tensors; ``unit`` divides the values."""
    values = [torch.from_numpy(x.reshape(len(x), -1).astype(np.float32) / np.float32(unit)) for x, _ in pairs]
    labels = [torch.from_numpy(y.astype(np.int64)) for _, y in pairs]
    return Images(*values, *labels)
