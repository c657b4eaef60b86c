"""Affine copies: nothing moves without amounts, a shift is a shift, a quarter turn a quarter turn, all by the seed."""

import pytest
import torch

from pycode import augmentation
from pycode.augmentation import random_affine

NONE = {"ROTATION": 0.0, "SCALING": 0.0, "SHEAR": 0.0, "SHIFT": 0.0}


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, amount in NONE.items():
        monkeypatch.setattr(augmentation, name, amount)


@pytest.fixture
def images() -> torch.Tensor:
    """Twenty images with a bright block away from the border."""
    canvas = torch.zeros(20, 12, 12)
    canvas[:, 4:8, 5:8] = torch.rand(20, 4, 3, generator=torch.Generator().manual_seed(0))
    return canvas.flatten(1)


def copies(images: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return random_affine(images, torch.Generator().manual_seed(seed))


@pytest.mark.usefixtures("still")
def test_without_amounts_images_stay(images: torch.Tensor) -> None:
    assert torch.allclose(copies(images), images, atol=1e-6)


@pytest.mark.usefixtures("still")
def test_a_shift_moves_the_centre_by_so_many_pixels(images: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "SHIFT", 1.5)
    moved = copies(images).view(20, 12, 12)
    assert moved.sum((1, 2)).tolist() == pytest.approx(images.sum(1).tolist(), rel=1e-5)  # nothing leaves the frame
    index = torch.arange(12.0)
    shift = [((square.sum(axis) * index).sum(-1) / square.sum((1, 2))) for square in (moved,) for axis in (1, 2)]
    before = [(images.view(20, 12, 12).sum(axis) * index).sum(-1) / images.sum(1) for axis in (1, 2)]
    distances = torch.stack(shift) - torch.stack(before)
    assert distances.abs().max() <= 1.5 + 1e-4
    assert distances.abs().max() > 1
    assert distances.std() == pytest.approx(1.5 / 3**0.5, rel=0.25)  # of a uniform; 40 draws


@pytest.mark.usefixtures("still")
def test_a_turn_keeps_the_centre_and_the_mass_nearly(images: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "ROTATION", 0.3)
    disc = torch.zeros(1, 25, 25)
    row, column = torch.meshgrid(torch.arange(25.0), torch.arange(25.0), indexing="ij")
    disc[0] = torch.exp(-((row - 12) ** 2 + (column - 12) ** 2) / 8)
    turned = copies(disc.flatten(1).expand(5, 625))
    assert torch.allclose(turned, disc.flatten(1).expand(5, 625), atol=0.03)  # what is round stays; interpolation


def test_every_image_is_changed_on_its_own_and_by_the_seed(images: torch.Tensor) -> None:
    one = images[:1].expand(20, -1)
    first = copies(one)
    assert len(first.unique(dim=0)) == 20
    assert torch.equal(first, copies(one))
    assert not torch.equal(first, copies(one, seed=1))


def test_grey_levels_stay_in_their_range(images: torch.Tensor) -> None:
    assert 0 <= copies(images).min() <= copies(images).max() <= 1


def test_images_that_are_not_square_are_an_error() -> None:
    with pytest.raises(ValueError, match="images have 10 pixels; square ones are turned"):
        copies(torch.zeros(2, 10))
