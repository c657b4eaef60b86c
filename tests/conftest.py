"""Fixtures that several tests share."""

import importlib
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from pycode import displays, page, results

FIXTURE = Path(__file__).parent / "document" / "fixture" / "pycode"
FOLDERS = ("", "checks", "experiments", "figures")


def pytest_terminal_summary(terminalreporter):
    """Say once for each reason what was skipped."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in skipped.items():
        terminalreporter.write_line(f"{count} tests: {reason}")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Folder of a small pycode, that of the fixture document, which tests may change; results go beside it."""
    folder = tmp_path / "pycode"
    shutil.copytree(FIXTURE, folder)
    monkeypatch.setattr(results, "PACKAGE", folder)
    for name, path in {"ROOT": tmp_path, "BUILD": tmp_path / "build", "RESULTS": tmp_path / "results"}.items():
        monkeypatch.setattr(results, name, path)
    before = set(sys.modules)
    for name in FOLDERS:
        module = importlib.import_module(f"pycode.{name}".rstrip("."))
        monkeypatch.setattr(module, "__path__", [str(folder / name), *module.__path__])
    forget()
    yield folder
    forget()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            parent, _, child = name.rpartition(".")
            vars(sys.modules[parent]).pop(child, None)
            del sys.modules[name]


def forget():
    """Empty what modules keep in memory."""
    results.forget()
    for function in (page._measurement, page._measured, page.checks, displays.document, displays._runner):
        function.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def restart(package):
    """Act as a new process does after an edit of the small package: nothing of it is in memory."""

    def act():
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(package)):
                del sys.modules[name]
        forget()

    return act


@pytest.fixture
def pytex(package, monkeypatch):
    """What PythonTeX gives to a session, which is open."""
    monkeypatch.setattr(page, "_session", None)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    fake = SimpleNamespace(session="main", instance="7", before=None)
    page.begin(fake)
    return fake


def pytest_configure() -> None:
    """Hear Ctrl-C: a shell lets what it starts in the background ignore it, and so would the programs under test."""
    for number in (signal.SIGINT, signal.SIGTERM):  # after the latter, too, fixtures tidy up
        signal.signal(number, signal.default_int_handler)
