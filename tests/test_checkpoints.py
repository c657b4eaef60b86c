"""A checkpoint comes back as it was saved, or is set aside with its file and the cause named."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from pycode import checkpoints, results
from pycode.checkpoints import Checkpoint

STATE: dict[str, Any] = {"weights": torch.arange(5.0), "history": [{"loss": 1.5}], "step": 3}
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """File of a finished training of the configuration {'latent': 2, 'seed': 0}."""
    file = tmp_path / "checkpoints" / "mnist-2-0.pt"
    Checkpoint(file, {"latent": 2, "seed": 0}).save(STATE, last=True)
    return file


def read_again(path: Path, **change: Any) -> dict[str, Any] | None:
    return Checkpoint(path, {"latent": 2, "seed": 0} | change).load()


def test_what_was_saved_comes_back(path: Path) -> None:
    found = read_again(path)
    assert found is not None
    assert torch.equal(found["weights"], STATE["weights"])
    assert (found["history"], found["step"]) == (STATE["history"], STATE["step"])


def test_nothing_is_there_at_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_again(tmp_path / "none.pt") is None
    assert capsys.readouterr().err == ""


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("spoil", [lambda c: c[: len(c) // 2], lambda c: b"", lambda c: c[:10], flipped])
def test_a_damaged_file_is_set_aside(path: Path, spoil: Any, capsys: pytest.CaptureFixture[str]) -> None:
    spoilt = spoil(path.read_bytes())
    path.write_bytes(spoilt)
    assert read_again(path) is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"{path}: half written or damaged; set aside as mnist-2-0.set-aside, training starts again")
    assert path.with_suffix(".set-aside").read_bytes() == spoilt
    assert not path.exists()


def test_a_folder_in_its_place_is_set_aside_beside_an_older_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in "", "1":
        path.unlink(missing_ok=True)
        path.mkdir()
        assert read_again(path) is None
        assert f"cannot be read (Is a directory); set aside as mnist-2-0.set-aside{number}," in capsys.readouterr().err
        assert path.with_suffix(f".set-aside{number}").is_dir()


def test_another_configuration_is_set_aside_and_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_again(path, latent=3) is None
    assert "of another configuration: latent was 2, is 3; set aside" in capsys.readouterr().err


def test_another_programs_file_is_set_aside(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    payload = b"not what torch saves"
    path.write_bytes(checkpoints.hashlib.sha256(payload).digest() + payload)
    assert read_again(path) is None
    assert "not a checkpoint of this program" in capsys.readouterr().err


def test_states_are_written_now_and_then_and_the_last_one_always(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = path.read_bytes()
    checkpoint = Checkpoint(path, {"latent": 2, "seed": 0})
    checkpoint.save(STATE | {"step": 4}, last=False)
    assert path.read_bytes() == written
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    checkpoint.save(STATE | {"step": 5}, last=False)
    assert (read_again(path) or {})["step"] == 5


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(results.WriteError, match=r"2-0\.pt cannot be written \(No space.*; free some space"):
        Checkpoint(path, {"latent": 2, "seed": 0}).save(STATE | {"step": 9}, last=True)
    monkeypatch.undo()
    assert (read_again(path) or {})["step"] == 3


def test_a_second_process_waits_for_the_first(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pycode.checkpoints import Checkpoint\n"
        "with Checkpoint(Path(sys.argv[1]), {}).held(): print('in', flush=True)"
    )
    with Checkpoint(path, {}).held():
        other = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                                 env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
        time.sleep(4)  # longer than it takes to import torch
        assert other.poll() is None
    assert other.communicate()[0] == "in\n"
