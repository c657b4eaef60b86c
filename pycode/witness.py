"""A session runs in a child; its parent leaves word of how it ended, which a process that dies cannot do itself."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Thread

from pycode.results import WriteError, write_atomically


def go_on_in_a_child(build: int, record: Path) -> None:
    """Return in a new process, and stay behind in this one until that has ended.

    If the child leaves no ``record``, how it ended is written there. Both end when the process ``build`` is no more.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    witness = os.getpid()
    child = os.fork()
    if not child:
        Thread(target=_end_with, args=(build, witness), daemon=True).start()
        return
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if _lives(build) and not record.is_file():
        try:
            write_atomically(record, json.dumps({"ended": _how(code)}))
        except WriteError as error:
            print(error, file=sys.stderr)
    os._exit(code if code >= 0 else 128 - code)


def _how(code: int) -> str:
    """How a process with this exit code ended, negative if by a signal."""
    if code >= 0:
        return f"ended by its own code with status {code} (sys.exit, os._exit)"
    hint = ", as when memory runs out" if -code == signal.SIGKILL else ""
    return f"{signal.strsignal(-code) or 'killed'} (signal {-code}{hint})"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _end_with(build: int, witness: int) -> None:
    """End this process when the build or the witness is no more: nobody waits for an answer."""
    while _lives(build) and os.getppid() == witness:
        time.sleep(0.5)
    os._exit(1)
