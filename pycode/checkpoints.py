"""Trainings on disk: an interrupted one continues, a finished one is not done again."""

import hashlib
import io
import os
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from pycode.results import alone, write_atomically, writing

SECONDS = 2.0  # between two writings
DIGEST = hashlib.sha256().digest_size


class BadCheckpointError(Exception):
    """A file is not the checkpoint that is asked for; the message says why."""


class Checkpoint:
    """One training's file: a SHA-256 of the rest, then what torch saves.

    ``identity`` is all that the training depends on, by name; a file of another identity, or a damaged one, is set
    aside with one line on stderr, and training starts again.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self.path = path
        self.identity = identity
        self.written = time.monotonic()

    def held(self) -> AbstractContextManager[None]:
        """Let nobody else train this: another process waits here until we are done."""
        return alone(self.path.with_suffix(".lock"))

    def read(self) -> dict[str, Any]:
        """State that was saved; raises FileNotFoundError, or BadCheckpointError with the cause."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise BadCheckpointError(f"cannot be read ({error.strerror})") from error
        payload = content[DIGEST:]
        if hashlib.sha256(payload).digest() != content[:DIGEST]:
            raise BadCheckpointError("half written or damaged")
        try:
            found = torch.load(io.BytesIO(payload), weights_only=True)
            identity, state = found["identity"], found["state"]
        except Exception as error:
            raise BadCheckpointError(f"not a checkpoint of this program ({type(error).__name__})") from error
        names = sorted(identity.keys() | self.identity.keys())
        other = [n for n in names if identity.get(n) != self.identity.get(n)]
        if other:
            differences = (f"{n} was {identity.get(n)}, is {self.identity.get(n)}" for n in other)
            raise BadCheckpointError(f"of another configuration: {'; '.join(differences)}")
        return dict(state)

    def load(self) -> dict[str, Any] | None:
        """State that was saved; None where there is none, or none that can be used."""
        try:
            return self.read()
        except FileNotFoundError:
            return None
        except BadCheckpointError as error:
            aside = self._free(self.path.with_suffix(".set-aside"))
            with writing(self.path):
                os.replace(self.path, aside)
            print(f"{self.path}: {error}; set aside as {aside.name}, training starts again", file=sys.stderr)
            return None

    @staticmethod
    def _free(path: Path) -> Path:
        """Path under this name, with a number after it where a folder has the name."""
        number = 0
        while path.with_name(f"{path.name}{number or ''}").is_dir():
            number += 1
        return path.with_name(f"{path.name}{number or ''}")

    def save(self, state: dict[str, Any], last: bool) -> None:
        """Write the state whole, or leave the old file: the last one, and others at most every SECONDS.

        Raises pycode.results.WriteError.
        """
        if not last and time.monotonic() - self.written < SECONDS:
            return
        buffer = io.BytesIO()
        torch.save({"identity": self.identity, "state": state}, buffer)
        payload = buffer.getvalue()
        write_atomically(self.path, hashlib.sha256(payload).digest() + payload)
        self.written = time.monotonic()
