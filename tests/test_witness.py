"""How a session ended is told by the process that watched it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def start(record, statement):
    """A session whose own code is this statement; it prints its process number first."""
    code = (
        "import os, signal, sys, time; from pathlib import Path; from pycode.witness import go_on_in_a_child; "
        f"record = Path({str(record)!r}); print('before'); go_on_in_a_child({os.getpid()}, record); "
        f"print(os.getpid(), flush=True); {statement}"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("statement", "how", "status"),
    [
        ("sys.exit(2)", "ended by its own code with status 2 (sys.exit, os._exit)", 2),
        ("os._exit(0)", "ended by its own code with status 0 (sys.exit, os._exit)", 0),
        ("os.kill(os.getpid(), 9)", "Killed (signal 9, as when memory runs out)", 137),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "Segmentation fault (signal 11)", 139),
    ],
)
def test_end_without_a_word_is_told(tmp_path, statement, how, status):
    session = start(tmp_path / "sessions" / "a.json", statement)
    output, _ = session.communicate(timeout=60)
    assert json.loads((tmp_path / "sessions" / "a.json").read_text(encoding="utf-8")) == {"ended": how}
    assert (session.returncode, output.count("before")) == (status, 1)


@pytest.mark.parametrize("status", [0, 1])
def test_word_of_the_session_itself_stands(tmp_path, status):
    session = start(tmp_path / "a.json", f"record.write_text('own'); sys.exit({status})")
    session.communicate(timeout=60)
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "own"
    assert session.returncode == status


def test_session_ends_with_its_witness(tmp_path):
    with start(tmp_path / "a.json", "time.sleep(100)") as witness:
        assert witness.stdout.readline() == "before\n"
        session = int(witness.stdout.readline())
        witness.kill()
        end = time.monotonic() + 30
        while Path(f"/proc/{session}").exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert not alive(session)
    assert not (tmp_path / "a.json").exists()


def alive(process):
    """Whether a process runs; it is ended then, as it is ours."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
