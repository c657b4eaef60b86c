"""The idx reader: what numpy and struct write comes back; every harm is named with the file."""

import gzip
import re
import struct

import numpy as np
import pytest

from pycode.data import idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 0, 9], dtype=np.uint8)
IMAGE_BYTES = struct.pack(">IIII", 2051, 2, 3, 4) + IMAGES.tobytes()  # 2051 and 2049: LeCun's page of MNIST
LABEL_BYTES = struct.pack(">II", 2049, 3) + LABELS.tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("content", "dimensions", "expected"), [(IMAGE_BYTES, idx.IMAGES, IMAGES), (LABEL_BYTES, idx.LABELS, LABELS)]
)
def test_what_was_written_is_read(tmp_path, pack, content, dimensions, expected):
    path = tmp_path / "file"
    path.write_bytes(pack(content))
    found = idx.read(path, dimensions)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; an idx file of images begins with 00 00 08 03; download it again"),
        (b"\0\0", "begins with 00 00; an idx file of images begins with 00 00 08 03"),
        (b"<!DOCTYPE html>", "begins with 3c 21 44 4f; an idx file of images"),
        (b"\0\0\x0d\x03" + IMAGE_BYTES[4:], "begins with 00 00 0d 03; an idx file of images"),  # floats
        (LABEL_BYTES, "holds labels, not images; the two files are swapped: rename them"),
        (IMAGE_BYTES[:9], "ends within its header, after 9 bytes"),
        (IMAGE_BYTES[:-1], "truncated, 1 bytes missing for its sizes 2 x 3 x 4; download it again"),
        (IMAGE_BYTES[:16], "truncated, 24 bytes missing"),
        (IMAGE_BYTES + b"\0\0", "2 bytes too long for its sizes 2 x 3 x 4; download it again"),
        (struct.pack(">IIII", 2051, 0, 28, 28), "is empty, its sizes are 0 x 28 x 28"),
        (struct.pack(">IIII", 2051, *[2**32 - 1] * 3), "truncated"),  # no such array is reserved
        (gzip.compress(IMAGE_BYTES)[:-9], "broken gzip (Compressed file ended"),
        (gzip.compress(IMAGE_BYTES)[:5], "broken gzip (Compressed file ended"),
        (gzip.compress(IMAGE_BYTES) + b"more", "broken gzip (Not a gzipped file"),
        (gzip.compress(IMAGE_BYTES)[:-8] + bytes(8), "broken gzip (CRC check failed"),
        (b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 30, "broken gzip (Error -3"),
        (gzip.compress(IMAGE_BYTES[:-1]), "truncated, 1 bytes missing"),
    ],
)
def test_harm_is_named_with_the_file(tmp_path, content, message):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {message}')}.*$"):
        idx.read(path, idx.IMAGES)


def test_images_in_the_place_of_labels_are_seen(tmp_path):
    (tmp_path / "labels").write_bytes(IMAGE_BYTES)
    with pytest.raises(ValueError, match="holds images, not labels; the two files are swapped"):
        idx.read(tmp_path / "labels", idx.LABELS)


def test_a_folder_in_a_files_place_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"cannot be read \(Is a directory\); make it a readable file"):
        idx.read(tmp_path, idx.IMAGES)
