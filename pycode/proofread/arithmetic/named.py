"""Arrays on named axes: what both arithmetics, ``floats`` and ``field``, have in common.

An array has one name per axis, in sorted order; two of them are combined by the names, never by position.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Self

import numpy as np

GRADIENT = "∇"  # components of a derivative in the parameters
ROW, COLUMN = "row", "column"  # a column vector has ROW, its transpose COLUMN, a matrix both
LIMIT = 2_000_000  # entries of one array, 16 MB; the text needs a twentieth of it


LINE = "·"  # points of a line through the letters of a field, on which degrees are measured


class UndecidedError(Exception):
    """The field has no answer; floats alone decide."""


class RedrawError(Exception):
    """At this random point a denominator is 0 or a root does not exist; another point may do."""


class TooLargeError(ValueError):
    """An array would need more than ``LIMIT`` entries."""


class Named:
    """Array ``data`` whose axes are called ``axes``, in sorted order."""

    __slots__ = ("axes", "data")
    __array_ufunc__ = None  # a numpy scalar on the left hands the operation over
    data: np.ndarray
    axes: tuple[str, ...]

    def mapped(self, change: Callable[[np.ndarray], np.ndarray], axes: Sequence[str]) -> Self:
        """Entries moved, chosen or repeated by ``change``, which gives these axes in this order."""
        raise NotImplementedError

    def length(self, axis: str) -> int:
        """Number of entries along an axis."""
        return self.data.shape[self.axes.index(axis)]

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same with axes called otherwise."""
        return self.mapped(lambda data: data, [names.get(a, a) for a in self.axes])

    def selected(self, axis: str, index: object) -> Self:
        """Entry ``index`` of an axis, which disappears; for a slice, or an array of indices, it stays."""
        if axis not in self.axes:
            return self
        at = self.axes.index(axis)
        if isinstance(index, slice):
            chosen = tuple(index if a == axis else slice(None) for a in self.axes)
            return self.mapped(lambda data: data[chosen], self.axes)
        where = np.asarray(index)
        axes = self.axes if where.ndim else tuple(a for a in self.axes if a != axis)
        return self.mapped(lambda data: np.take(data, where, at), axes)

    def gathered(self, indices: Sequence["Named"]) -> Self:
        """Entries of a table with the axes "0", "1", …: ``indices[i]`` (integers) says where along axis i."""
        if not indices:
            return self
        axes, arrays = align(*indices)
        places = [self.axes.index(str(i)) for i in range(len(indices))]
        own = [a for a in self.axes if not a.isdigit()]
        return self.mapped(lambda data: np.moveaxis(data, places, range(len(places)))[tuple(arrays)], (*axes, *own))

    def spread(self, axes: Sequence[str], shape: Sequence[int]) -> Self:
        """With further axes of these lengths, along which nothing changes."""
        return self.mapped(lambda data: np.broadcast_to(data, (*shape, *data.shape)), (*axes, *self.axes))


def ordered(data: np.ndarray, axes: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Array and axes, the axes sorted."""
    if len(axes) > 1 and list(axes) != sorted(axes):
        order = sorted(range(len(axes)), key=axes.__getitem__)
        data, axes = data.transpose(order), [axes[i] for i in order]
    return data, tuple(axes)


@cache
def fitted(own: tuple[str, ...], axes: tuple[str, ...]) -> tuple[slice | None, ...]:
    """Index that gives an array with its own axes a dimension for each of ``axes``."""
    return tuple(slice(None) if a in own else None for a in axes)


@cache
def union(*axes: tuple[str, ...]) -> tuple[str, ...]:
    """All axes that occur, in order."""
    return tuple(sorted(set().union(*axes)))


def align(*xs: Named) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The union of the axes, and the arrays with a dimension of length 1 for each axis that they lack."""
    axes = union(*[x.axes for x in xs])
    arrays = [x.data if x.axes == axes else x.data[fitted(x.axes, axes)] for x in xs]
    if math.prod([a.size for a in arrays]) > LIMIT:  # an upper bound that is quickly computed
        size = math.prod(map(max, zip(*[a.shape for a in arrays], strict=True)))
        if size > LIMIT:
            shown = ", ".join(a.split(".")[0] for a in axes)
            raise TooLargeError(f"{len(axes)} indices at once ({shown}) make {size:.0g} numbers; sum some earlier")
    return axes, arrays
