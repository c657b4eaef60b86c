"""The document's Python sessions, before and after a pass of pdflatex.

PythonTeX itself exits with 0 when a session dies silently, says little about a failing one, and knows nothing of
imported modules. So this wrapper compares the content of all that the sessions depend on, runs PythonTeX only if
something differs, demands each session's completion mark, and gathers the printed numbers in build/results.json.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import attachments
import inputs
import steps
from calls import Call, place, read_calls

ALONE = 2  # a single piece of work is done sooner by the session that needs it, as it starts anyway
LOST = "it left no word (killed with the process that watched it, or the disk is full)"
UP_TO_DATE, FAILED, RAN, STOPPED = 0, 1, 3, 130  # exit status; after RAN the document is typeset again


class Complaint(NamedTuple):
    """Why a session is not complete; the call, by session and instance, says where in the document."""

    reason: str
    call: tuple[str, str] | None = None


def run(base: Path, calls: list[Call], log: Path, bar: steps.Bar) -> int:
    """Run PythonTeX; every process it started ends with it."""
    script = shutil.which("pythontex")
    if script is None:
        print("PythonTeX is not installed; type: make pdf", file=sys.stderr)
        return FAILED
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment["BUILD_PROCESS"] = str(os.getpid())  # sessions end with it
    command = [sys.executable, str(Path(script).resolve()), "--rerun", "always", str(base)]
    code = {f"{call.session} {call.instance}": call.code for call in calls}
    progress = base.parent / "sessions" / "progress"
    with open(log, "ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            while True:
                try:
                    return process.wait(0.1)
                except subprocess.TimeoutExpired:
                    started = [s for s in progress.read_text().splitlines() if s in code] if progress.is_file() else []
                    call = code[started[-1]].removeprefix("page.") if started else "starting"
                    bar.move(max(0, len(started) - 1), len(calls), [call])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def complaints(base: Path, calls: list[Call], sessions: dict[str, dict[str, Any]]) -> list[Complaint]:
    """Why the sessions are not complete."""
    at = {(call.session, call.instance): call for call in calls}
    said: list[Complaint] = []
    progress = base.parent / "sessions" / "progress"
    started = [tuple(line.split()) for line in progress.read_text().splitlines()] if progress.is_file() else []
    for name in dict.fromkeys(call.session for call in calls):
        found = sessions.get(name, {})
        if "numbers" in found:
            continue
        if "error" in found and "instance" not in found:  # it names its own places
            said += map(Complaint, found["error"].splitlines())
            continue
        last = [call for call in started if call in at and call[0] == name]
        call = (name, found["instance"]) if "instance" in found else last[-1] if last else None
        where = at.get(call) if call else None
        reason = found.get("error") or died(name, where, found.get("ended", LOST))
        said.append(Complaint(reason, call if where else None))
    return said


def died(session: str, call: Call | None, how: str) -> str:
    """What is known of a session that left no word itself."""
    where = f" in {call.code}" if call else ""
    return f"session {session} died{where}: {how}"


def tell(said: list[Complaint], calls: list[Call], base: Path) -> None:
    """Print each complaint once, with the place in the document."""
    at = {(call.session, call.instance): call for call in calls}
    lines = [f"{place(at[call], base)}: {reason}" if call in at else reason for reason, call in said]
    print(*dict.fromkeys(lines), sep="\n", file=sys.stderr)


def gather(sessions: dict[str, dict[str, Any]], results: Path) -> list[Complaint]:
    """Write all printed numbers as one JSON object; report keys that stand for two values."""
    numbers: dict[str, float] = {}
    clashes = []
    for name, found in sorted(sessions.items()):
        for key, value in found["numbers"].items():
            if numbers.setdefault(key, value) != value:
                clashes.append(Complaint(f"{key}: session {name} prints {value!r}, another one {numbers[key]!r}"))
    if not clashes:
        text = json.dumps(numbers, indent=1, sort_keys=True) + "\n"
        results.with_suffix(".new").write_text(text, encoding="utf-8")
        os.replace(results.with_suffix(".new"), results)
    return clashes


def up_to_date(base: Path, code_file: Path) -> bool:
    """Whether a complete run of the sessions stands for these calls."""
    stamp = base.with_name("pythontex.json")
    return code_file.is_file() and stamp.is_file() and inputs.stands(stamp, inputs.inputs(base, code_file))


def main(base: Path, ahead: bool = False) -> int:
    """Bring the sessions up to date; UP_TO_DATE or RAN only when each is complete.

    ``ahead``: before pdflatex, for the calls of the pass before. Then a failure is not told: the calls may be others
    now. It is kept for the call of this function that follows pdflatex.
    """
    build = base.parent
    stamp, log, results, failure = (build / n for n in ("pythontex.json", "pythontex.log", "results.json", "failure"))
    code_file = base.with_suffix(".pytxcode")
    if ahead:
        failure.unlink(missing_ok=True)
        if not code_file.is_file():
            return UP_TO_DATE
    now, calls = inputs.inputs(base), read_calls(code_file)
    if inputs.stands(stamp, now):
        return UP_TO_DATE
    said = [] if ahead else failed_ahead(failure, now)
    if not said:
        said = renew(base, calls, log) or gather(read_sessions(build), results)
        attached = attachments.write(calls, base.with_name("attachments.tex"))
        verified = {
            name: sha for found in read_sessions(build).values() for name, sha in found.get("files", {}).items()
        }
        said = said or [
            Complaint(f"{name} was deleted while Python ran") for name in verified if not Path(name).is_file()
        ]
        if said and ahead:
            inputs.write(failure, {"inputs": now, "said": said})
    if said:
        if not ahead:
            tell(said, calls, base)
        return FAILED
    left = inputs.outputs([attached, base.with_suffix(".pytxmcr"), results])
    inputs.write(stamp, {"inputs": now, "outputs": left | verified})  # another figure by now does not stand
    return RAN


def failed_ahead(failure: Path, now: dict[str, str]) -> list[Complaint]:
    """What was kept of a run before pdflatex, if its inputs were these; it is removed."""
    if not failure.is_file():
        return []
    kept = json.loads(failure.read_text(encoding="utf-8"))
    failure.unlink()
    return [Complaint(reason, call and tuple(call)) for reason, call in kept["said"]] if kept["inputs"] == now else []


def renew(base: Path, calls: list[Call], log: Path) -> list[Complaint]:
    """Compute what no result stands for, then run the sessions; why they are not complete."""
    build, start = base.parent, time.monotonic()
    stale = [build / "pythontex.json", base.with_suffix(".pytxmcr"), build / "pythontex_data.pkl", log]
    for path in stale:  # the data, half-written, would stop PythonTeX
        path.unlink(missing_ok=True)
    for left in (build / "sessions", build / "progress"):  # the last, of processes that were killed
        shutil.rmtree(left, ignore_errors=True)
    from pycode import ahead

    with steps.bar(build / "progress") as bar:
        computed = ahead.compute([call.code for call in calls], log, bar.move, ALONE)
        status = run(base, calls, log, bar)
    longest = sorted(computed, key=lambda each: -each[1])[:3]
    remark = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in longest)
    more = f"{len(computed)} results computed, the longest: {remark}" if computed else ""
    steps.tell("Python", time.monotonic() - start, more)
    said = complaints(base, calls, read_sessions(build))
    logged = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    for line in dict.fromkeys(logged):
        if line.endswith("training starts again"):  # pycode.checkpoints set a file aside
            print(line.strip(), file=sys.stderr)
    if status and not said:
        said = [*map(Complaint, [f"PythonTeX failed; see {log}", *logged[-5:]])]
    return said


def read_sessions(build: Path) -> dict[str, dict[str, Any]]:
    """What each session has left."""
    found = sorted((build / "sessions").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in found}
