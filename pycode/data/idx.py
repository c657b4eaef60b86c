r"""The idx files in which MNIST is handed on, gzipped or not."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GZIP = b"\x1f\x8b"
IMAGES, LABELS = 3, 1  # dimensions of the two kinds of file
KINDS = {IMAGES: "images", LABELS: "labels"}
_AGAIN = "download it again"


def read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    r"""Array of an idx file of bytes with so many dimensions, that of :data:`IMAGES` or :data:`LABELS`.

    The file is ``00 00 08 d``, d sizes of four bytes each (big-endian), then exactly their product of bytes.
    Whether it is gzipped is seen in its content, not in its name.
    Raises ValueError that names the file: broken gzip, another magic number, no item, too few or too many bytes.
    """
    content = _unpacked(path)
    _require_magic(path, content, dimensions)
    begin = 4 + 4 * dimensions
    if len(content) < begin:
        raise ValueError(f"{path}: ends within its header, after {len(content)} bytes; {_AGAIN}")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    if 0 in shape:
        raise ValueError(f"{path}: is empty, its sizes are {_by(shape)}; {_AGAIN}")
    missing = begin + math.prod(shape) - len(content)
    if missing:
        fault = f"truncated, {missing} bytes missing" if missing > 0 else f"{-missing} bytes too long"
        raise ValueError(f"{path}: {fault} for its sizes {_by(shape)}; {_AGAIN}")
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _unpacked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); make it a readable file") from None
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: broken gzip ({error}); {_AGAIN}") from None


def _require_magic(path: Path, content: bytes, dimensions: int) -> None:
    magic, kind = content[:4], KINDS[dimensions]
    if magic == bytes([0, 0, 8, dimensions]):
        return
    for other in KINDS:
        if magic == bytes([0, 0, 8, other]):
            raise ValueError(f"{path}: holds {KINDS[other]}, not {kind}; the two files are swapped: rename them")
    found = f"begins with {magic.hex(' ')}" if magic else "is empty"
    raise ValueError(f"{path}: {found}; an idx file of {kind} begins with 00 00 08 {dimensions:02x}; {_AGAIN}")
