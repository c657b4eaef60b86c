"""Folders of idx files, as a user has them."""

import gzip
import struct

import numpy as np
import pytest


def idx(values):
    """Bytes of an idx file of an array of bytes."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def arrays():
    """Images and labels of both files: 30 of each digit to train on, 2 to report; pixels are random."""
    rng = np.random.default_rng(0)
    sizes = {"train": 300, "t10k": 20}
    found = {
        f"{part}-images-idx3-ubyte": rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for part, n in sizes.items()
    }
    labels = {f"{part}-labels-idx1-ubyte": (np.arange(n) % 10).astype(np.uint8) for part, n in sizes.items()}
    return found | labels


@pytest.fixture
def folder(tmp_path, arrays, monkeypatch):
    """A folder with the four files, gzipped those to train on, which VAE_MNIST_DIR names."""
    there = tmp_path / "my own MNIST"
    there.mkdir()
    for name, values in arrays.items():
        if name.startswith("train"):
            (there / f"{name}.gz").write_bytes(gzip.compress(idx(values)))
        else:
            (there / name).write_bytes(idx(values))
    monkeypatch.setenv("VAE_MNIST_DIR", str(there))
    return there
