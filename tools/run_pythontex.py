"""Run the document's Python sessions: python tools/run_pythontex.py build/main

PythonTeX itself exits with 0 when a session dies silently, says little about a failing one, and knows nothing of
imported modules. So this wrapper compares the content of all that the sessions depend on, runs PythonTeX only if
something differs, demands each session's completion mark, and gathers the printed numbers in build/results.json.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from calls import Call, place, read_calls, without_places

OTHERS = ["requirements.lock", "tests/mutants/score.json"]
UP_TO_DATE, FAILED, RAN, STOPPED = 0, 1, 3, 130  # exit status; after RAN the document is typeset again


def digest(path: Path) -> str:
    """Content of a file as a short name; empty for a file that does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def inputs(code_file: Path) -> dict[str, str]:
    """All that decides what the sessions print; not the lines on which the calls stand."""
    code = without_places(code_file.read_text(encoding="utf-8"))
    modules = sorted(Path("pycode").rglob("*.py"))
    measured = sorted([*Path("benchmarks").rglob("*.py"), *Path("benchmarks").glob("*.json")])
    sys.path.insert(0, os.getcwd())
    from pycode.results import external

    return {
        "code": hashlib.sha256(code.encode()).hexdigest(),
        "displays": displays() if "page.proofread(" in code else "",
        "wrapper": digest(Path(__file__)),
        **{str(path): digest(path) for path in [*modules, *measured, *map(Path, OTHERS)]},
        **external(*modules),
    }


def displays() -> str:
    """All that the checker reads in the displays as a short name; neither their lines nor the reasons in them."""
    from pycode.proofread import document

    read = document.read(Path("main.tex"))
    known = [f"{d.file} {d.ordinal} {d.environment} {read.key(d)}" for d in read.displays]
    return hashlib.sha256("\n".join([*known, *map(str, read.messages)]).encode()).hexdigest()


def run(base: Path, calls: list[Call], log: Path) -> int:
    """Run PythonTeX with the progress on a terminal; every process it started ends with it."""
    script = shutil.which("pythontex")
    if script is None:
        print("PythonTeX is not installed; type: make pdf", file=sys.stderr)
        return FAILED
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, str(Path(script).resolve()), "--rerun", "always", str(base)]
    with open(log, "wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            if sys.stderr.isatty():
                show_progress(process, calls, base.parent / "sessions" / "progress", base.parent / "progress")
            return process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def show_progress(process: subprocess.Popen[bytes], calls: list[Call], progress: Path, long_work: Path) -> None:
    """A bar over the document's calls, with the name of the one that started last and how far long work has come."""
    from tqdm import tqdm

    code = {f"{call.session} {call.instance}": call.code for call in calls}
    width = min(100, shutil.get_terminal_size().columns - 1)
    form = "Python |{bar:25}| {n}/{total} {elapsed}{postfix}"
    with tqdm(total=len(calls), leave=False, ncols=width, nrows=20, bar_format=form) as bar:
        while process.poll() is None:
            started = [s for s in progress.read_text().splitlines() if s in code] if progress.is_file() else []
            bar.n = max(0, len(started) - 1)
            call = code[started[-1]].removeprefix("page.") if started else "starting"
            bar.set_postfix_str("; ".join([*far(long_work), call])[:48])
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue


def far(folder: Path) -> list[str]:
    """How far the work has come that pycode.progress tells of, as in ``VAE, seed 1: 62 %``; one entry a process."""
    said = []
    for path in sorted(folder.glob("*.json")):
        try:
            work = json.loads(path.read_text(encoding="utf-8"))
            said.append(f"{work['name']}: {100 * work['done'] // work['total']} %")
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError):
            continue  # it was removed just now
    return said


def complaints(base: Path, calls: list[Call], sessions: dict[str, dict[str, Any]]) -> list[str]:
    """Why the sessions are not complete, each with the place in the document."""
    at = {(call.session, call.instance): call for call in calls}
    said = []
    progress = base.parent / "sessions" / "progress"
    started = [line.split() for line in progress.read_text().splitlines()] if progress.is_file() else []
    for name in dict.fromkeys(call.session for call in calls):
        found = sessions.get(name, {})
        if "numbers" in found:
            continue
        if "error" in found and "instance" not in found:  # it names its own places
            said += found["error"].splitlines()
            continue
        last = [instance for session, instance in started if session == name and (name, instance) in at]
        instance = found.get("instance") or (last[-1] if last else "")
        where = at.get((name, instance))
        reason = found.get("error") or f"session {name} died without a message" + (f" in {where.code}" if where else "")
        said.append(f"{place(where, base)}: {reason}" if where else reason)
    return list(dict.fromkeys(said))


def gather(sessions: dict[str, dict[str, Any]], results: Path) -> list[str]:
    """Write all printed numbers as one JSON object; report keys that stand for two values."""
    numbers: dict[str, float] = {}
    clashes = []
    for name, found in sorted(sessions.items()):
        for key, value in found["numbers"].items():
            if numbers.setdefault(key, value) != value:
                clashes.append(f"{key}: session {name} prints {value!r}, another one {numbers[key]!r}")
    if not clashes:
        results.with_suffix(".tmp").write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(results.with_suffix(".tmp"), results)
    return clashes


def is_up_to_date(stamp: Path, now: dict[str, str]) -> bool:
    """Whether a complete run had these inputs and its outputs stand; an unreadable stamp counts as none."""
    try:
        done = json.loads(stamp.read_text(encoding="utf-8"))
        return done["inputs"] == now and all(digest(Path(path)) == value for path, value in done["outputs"].items())
    except (OSError, ValueError, TypeError, KeyError):
        return False


def main(base: Path) -> int:
    """Bring the sessions up to date; UP_TO_DATE or RAN only when each is complete."""
    build = base.parent
    folder, stamp, log, results = (build / n for n in ("sessions", "pythontex.json", "pythontex.log", "results.json"))
    code_file, macros = base.with_suffix(".pytxcode"), base.with_suffix(".pytxmcr")
    now = inputs(code_file)
    if is_up_to_date(stamp, now):
        return UP_TO_DATE
    for stale in (stamp, macros, build / "pythontex_data.pkl"):  # the last, half-written, would stop PythonTeX
        stale.unlink(missing_ok=True)
    for left in (folder, build / "progress"):  # the last, of processes that were killed
        shutil.rmtree(left, ignore_errors=True)
    calls = read_calls(code_file)
    status = run(base, calls, log)
    sessions = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    said = complaints(base, calls, sessions) or gather(sessions, results)
    if status and not said:
        said = [f"PythonTeX failed; see {log}", *log.read_text(encoding="utf-8").splitlines()[-5:]]
    logged = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    for line in dict.fromkeys(logged.splitlines()):
        if line.endswith("training starts again"):  # pycode.checkpoints set a file aside
            print(line.strip(), file=sys.stderr)
    if said:
        print(*said, sep="\n", file=sys.stderr)
        return FAILED
    files = [Path(name) for found in sessions.values() for name in found["files"]]
    outputs = {str(path): digest(path) for path in [macros, results, *files]}
    stamp.with_suffix(".new").write_text(json.dumps({"inputs": now, "outputs": outputs}), encoding="utf-8")
    os.replace(stamp.with_suffix(".new"), stamp)
    return RAN


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(Path(sys.argv[1])))
    except KeyboardInterrupt:
        print("\nStopped; make pdf continues here.", file=sys.stderr)
        sys.exit(STOPPED)
