"""What images must be, and their binary form."""

import pytest
import torch

from pycode.data.pixels import binarise, require_images


def test_pixels_above_one_half_are_one():
    grey = torch.tensor([[0, 127, 128, 255]], dtype=torch.uint8) / 255
    assert binarise(grey).tolist() == [[0, 0, 1, 1]]
    assert binarise(torch.tensor([[0.5]])).tolist() == [[0]]
    assert binarise(grey.double()).dtype == torch.float64
    assert torch.equal(binarise(binarise(grey)), binarise(grey))


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.001, 255.0, float("inf"), -float("inf")])
def test_value_that_is_no_grey_level_is_named_with_its_place(value):
    x = torch.zeros(3, 5)
    x[1, 4] = x[2, 0] = value
    message = f"{value:g} at pixel 4 of image 1, of 2 such values; give values from 0 to 1"
    with pytest.raises(ValueError, match=f"^x: {message}$"):
        require_images(x)
    with pytest.raises(ValueError, match=f"^grey: {message}$"):
        binarise(x)


def test_counts_have_their_own_highest_value():
    require_images(torch.full((2, 3), 16.0), highest=16)
    with pytest.raises(ValueError, match=r"^digits: 17 at pixel 0 of image 0, of 6 such values; give .* 0 to 16$"):
        require_images(torch.full((2, 3), 17.0), highest=16, name="digits")


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4,), (2, 2, 2)])
def test_shape_that_is_not_images_by_pixels_is_told(shape):
    with pytest.raises(ValueError, match=r"x has the shape \(.*\); give \(images, pixels\), at least one of each"):
        require_images(torch.zeros(shape))
