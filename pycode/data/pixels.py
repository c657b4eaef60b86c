r"""What is demanded of images before they are trained on, and their binary form."""

from torch import Tensor


def require_images(x: Tensor, highest: float = 1.0, name: str = "x") -> None:
    r"""Demand images of shape ``(N, D_x)`` with N, D_x at least 1 and every value in [0, highest].

    Grey levels have ``highest`` 1, counts of a Binomial(n) decoder n.
    Raises ValueError that names the first value that is NaN or outside, and where it stands.
    """
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"{name} has the shape {tuple(x.shape)}; give (images, pixels), at least one of each")
    wrong = ~((x >= 0) & (x <= highest))  # true for NaN, which compares with nothing
    if wrong.any():
        image, pixel = (int(index) for index in wrong.nonzero()[0])
        raise ValueError(
            f"{name}: {x[image, pixel].item():g} at pixel {pixel} of image {image}, of {int(wrong.sum())} such values; "
            f"give values from 0 to {highest:g}"
        )


def binarise(grey: Tensor) -> Tensor:
    r"""Binary images :math:`\mathbf 1\{grey > 1/2\}` of grey levels in [0, 1], ``(N, D_x)``, in their type.

    Raises ValueError as :func:`require_images` does.
    """
    require_images(grey, name="grey")
    return (grey > 0.5).to(grey.dtype)
