"""One pass over the document: python tools/typeset.py build/main -output-directory=build main.tex

Sessions that an edit concerns run before pdflatex, for the calls of the pass before, so that one pass shows what they
print. Then pdflatex writes what Python is asked for now; where that is something else, the sessions run again.
"""

import ctypes
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import printed
import run_pythontex
import steps
from calls import read_calls

PDFLATEX = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "-file-line-error"]
AUXILIARY = [".aux", ".chk", ".out", ".pytxcode", ".toc"]  # what the next pass reads
CUT = re.compile(r"File ended while|Incomplete \\if")  # an error at the end of a file; TeX names the one that read it
LIBC, PR_SET_PDEATHSIG = ctypes.CDLL(None), 1  # of <sys/prctl.h>
STOPPED = 130  # exit status after Ctrl-C


def keep(base: Path) -> None:
    """Set aside what the pass before has written; only a complete set gets the name ``kept``."""
    new = base.parent / "kept.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for path in map(base.with_suffix, AUXILIARY):
        if path.is_file():
            shutil.copyfile(path, new / path.name)
    new.rename(base.parent / "kept")


def put_back(base: Path) -> None:
    """Undo what pdflatex has written: stopped, it leaves half-written files, on which the next one stops."""
    for path in map(base.with_suffix, AUXILIARY):
        kept = base.parent / "kept" / path.name
        if kept.is_file():
            shutil.copyfile(kept, path)
        else:
            path.unlink(missing_ok=True)
    for left in [base.with_suffix(".pdf"), *base.parent.glob("pdflatex*.fls")]:
        left.unlink(missing_ok=True)


def restore(base: Path) -> None:
    """Put back what was set aside, which is no longer needed then."""
    put_back(base)
    forget(base)


def forget(base: Path) -> None:
    """Remove what was set aside."""
    old = (base.parent / "kept").rename(base.parent / "kept.new")
    shutil.rmtree(old)


def shifted(base: Path, said: str) -> bool:
    """Whether what earlier passes left may be to blame for an error, which TeX ``said``.

    The calls up to it are others than in the pass before, or it is in a generated file, or at the end of one.
    """
    before = base.parent / "kept" / f"{base.name}.pytxcode"
    known = [call.code for call in read_calls(before)] if before.is_file() else []
    found = [call.code for call in read_calls(base.with_suffix(".pytxcode"))][:-1]  # the last may be cut
    return found != known[: len(found)] or said.startswith(f"{base.parent}/") or bool(CUT.search(said))


def stale(base: Path) -> bool:
    """Put aside what Python printed for an earlier text, if anything: in the wrong place it can stop pdflatex.

    PythonTeX counts calls, so a call inserted in the text shifts all that follow. An error that comes back once that
    was put aside has another cause.
    """
    macros, blamed, said = base.with_suffix(".pytxmcr"), base.with_name("blamed"), complaint(base.with_suffix(".log"))
    known = blamed.read_text(encoding="utf-8") if blamed.is_file() else ""
    if said == known or not (macros.is_file() and shifted(base, said)):
        return False
    blamed.write_text(said, encoding="utf-8")
    macros.unlink()
    base.parent.joinpath("pythontex.json").unlink(missing_ok=True)
    for path in map(base.with_suffix, [*AUXILIARY, ".bbl"]):
        path.unlink(missing_ok=True)
    return True


def complaint(log: Path) -> str:
    """First error in a log, with the line of text in which it arose."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    for index, line in enumerate(lines):
        if re.match(r"\S+:\d+: |! |!pdfTeX error", line):
            context = [text for text in lines[index + 1 : index + 12] if re.match(r"l\.\d+ ", text)]
            return "\n".join([line.removeprefix("./"), *context[:1]])
    return f"pdflatex stopped without a message; see {log}"


def unwritable(folder: Path) -> str:
    """Why no file of a page's size can be written, if so; pdflatex itself says that a disk is full or says nothing."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(2**18))
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def end_with_parent() -> None:
    """Have this process killed when its parent is; only Linux knows how."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Pdflatex:
    """pdflatex at work, as a ``draft`` without a PDF or not."""

    def __init__(self, arguments: list[str], draft: bool) -> None:
        self.start = time.monotonic()
        command = [*PDFLATEX, "-draftmode" if draft else "-synctex=1", *arguments]
        output = None if os.environ.get("VERBOSE") else subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=output, preexec_fn=end_with_parent)

    def end(self) -> int:
        """Wait for it, tell how long it took, and return its exit status."""
        status = self.process.wait()
        steps.tell("pdflatex", time.monotonic() - self.start)
        return status

    def stop(self) -> None:
        """End it now, if it has not ended."""
        self.process.kill()
        self.process.wait()


def first(aux: Path) -> bool:
    """Whether no pass was made before, so that this one finds labels and calls and another one must follow.

    latexmk itself writes a file of one or two lines if there is none.
    """
    return not aux.is_file() or len(aux.read_bytes().splitlines()) < 3


def typeset(base: Path, arguments: list[str]) -> tuple[int, bool]:
    """Run pdflatex on what the sessions print now; its exit status, and whether it was a draft.

    Most edits concern no session, so pdflatex is at work already while their inputs are compared.
    """
    draft = first(base.with_suffix(".aux"))
    keep(base)
    pdflatex = None
    try:
        pdflatex = None if draft else Pdflatex(arguments, draft)
        if pdflatex is None or not run_pythontex.up_to_date(base, base.parent / "kept" / f"{base.name}.pytxcode"):
            if pdflatex:
                pdflatex.stop()
                put_back(base)
            run_pythontex.main(base, ahead=True)
            pdflatex = Pdflatex(arguments, draft)
        status = pdflatex.end()
        if status and stale(base):
            draft, pdflatex = True, Pdflatex(arguments, draft=True)
            status = pdflatex.end()
        return status, draft
    except BaseException:
        if pdflatex:
            pdflatex.stop()
        restore(base)
        raise


def main(base: Path, arguments: list[str]) -> int:
    """Make a pass; the exit status is that of the sessions, or says that pdflatex failed or another must follow."""
    if (base.parent / "kept").is_dir():
        restore(base)
    if arguments == ["--restore"]:
        return 0
    printed.restore(base)
    base.with_suffix(".log").unlink(missing_ok=True)
    status, draft = typeset(base, arguments)
    if status:
        said = "\n".join(filter(None, (complaint(base.with_suffix(".log")), unwritable(base.parent))))
        restore(base)
        base.with_name("blamed").unlink(missing_ok=True)
        if said.startswith(f"{base}.bbl:"):  # of an entry that may be mended by now: without it bibtex comes first
            base.with_suffix(".bbl").unlink(missing_ok=True)
        print(said.replace(f"{base}.bbl:", f"an entry of the bibliography, as in {base}.bbl:"), file=sys.stderr)
        return run_pythontex.FAILED
    forget(base)
    if not draft:
        base.with_name("blamed").unlink(missing_ok=True)
    status = run_pythontex.main(base)
    return run_pythontex.RAN if draft and status == run_pythontex.UP_TO_DATE else status


def end_with(parent: int) -> None:
    """Stop as by Ctrl-C when latexmk is no more: it was killed alone, and nobody waits for this pass."""
    while os.getppid() == parent:
        time.sleep(0.1)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # latexmkrc holds it back until here
        sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EROFS):
            raise
        sys.exit(f"{error.filename2 or error.filename or sys.argv[1]}: {error.strerror}")
