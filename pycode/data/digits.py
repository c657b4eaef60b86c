r"""scikit-learn's 1,797 digits of 8 x 8 pixels, each a count 0..16 of dark points: data of a Binomial(16) decoder."""

import numpy as np

from pycode.data.split import Images, divided

N_COUNT = 16  # points in a pixel
VALIDATION, TEST = 180, 360


def images() -> Images:
    """Counts 0..16 as float32 ``(N, 64)``: 1,257 to train on, 180 for choices, 360 to report."""
    from sklearn.datasets import load_digits  # a second and a half to import

    digits = load_digits()
    return divided(digits.data.astype(np.uint8), digits.target.astype(np.uint8), VALIDATION, TEST, 1.0, "digits")
