"""Every check passes with what it measures anew, and says why its tolerance is what it is."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycode import checks, results
from pycode.experiments import trained_gradients


def keys() -> list[str]:
    """Keys <group>.<name> of all checks."""
    found = []
    for path in sorted(Path(checks.__file__).parent.glob("[a-z]*.py")):
        module = importlib.import_module(f"pycode.checks.{path.stem}")
        functions = inspect.getmembers(module, inspect.isfunction)
        found += [f"{path.stem}.{n}" for n, f in functions if f.__module__ == module.__name__ and n[0] != "_"]
    return found


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Results of an earlier build are not looked at; no check demands anything of the trained VAE's gradients."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "RESULTS", tmp_path_factory.mktemp("build"))
        patch.setattr(trained_gradients, "measure", dict)
        yield


@pytest.mark.parametrize("key", keys())
def test_passes_and_gives_its_reason(key: str) -> None:
    group, _, name = key.partition(".")
    found = getattr(importlib.import_module(f"pycode.checks.{group}"), name)()
    assert found.passed
    assert found.because
