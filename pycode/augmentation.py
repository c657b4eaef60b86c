"""Random affine copies of images, so that a small training set teaches what does not matter."""

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

ROTATION, SCALING, SHEAR, SHIFT = 0.12, 0.06, 0.1, 0.8  # largest: radians, shares of the size, pixels


def random_affine(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image turned, scaled, sheared and shifted by amounts of its own, uniform up to the module's largest ones.

    images (N, D), square ones row by row, grey levels; the same shape comes back, interpolated bilinearly, with 0 where
    an image ends. Raises ValueError for images that are not square.
    """
    count, components = images.shape
    side = round(components**0.5)
    if side**2 != components:
        raise ValueError(f"images have {components} pixels; square ones are turned, give a square number")

    def uniform(*shape: int) -> Tensor:
        return 2 * torch.rand(count, *shape, generator=generator) - 1

    angle, shear, scale = ROTATION * uniform(), SHEAR * uniform(), 1 + SCALING * uniform(2)
    shift = SHIFT * uniform(2) * 2 / side  # grid_sample's coordinates run from -1 to 1
    across = torch.stack([angle.cos(), shear - angle.sin()], -1) * scale[:, :1]
    down = torch.stack([angle.sin(), angle.cos()], -1) * scale[:, 1:]
    maps = torch.cat([torch.stack([across, down], 1), shift.unsqueeze(-1)], -1)
    grid = affine_grid(maps.to(images.dtype), [count, 1, side, side], align_corners=False)
    return grid_sample(images.view(count, 1, side, side), grid, align_corners=False).view(count, components)
