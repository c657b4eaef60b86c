"""Command line: run the displays of .tex files."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pycode.proofread.document import ENVIRONMENTS, Message, Verdict, check_all, read


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every display holds; 1: something fails, cannot be read, or nothing was run; 2: usage, or no such file."""
    parser = argparse.ArgumentParser(
        prog="python -m pycode.proofread",
        description="Runs the displayed formulas of LaTeX files on random finite instances.",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE.tex", help="file to read; what it inputs is read too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list, an object for each display")
    parser.add_argument("--seed", type=_seed, default=0, help="which random instances (default 0)")
    options = parser.parse_args(arguments)
    absent = [Message(str(path), 1, "input", "no such file") for path in options.files if not _is_file(path)]
    if absent:
        _print([], absent, options.json)
        return 2
    document = read(*options.files)
    verdicts = check_all(document, options.seed)
    count = Counter(v.environment for v in verdicts)
    problems = [*document.messages]
    if not count["checked"] and not problems:
        advice = "no executed display; put derivations into \\begin{checked}{world}"
        problems.append(Message(str(options.files[0]), 1, "empty", advice))
    _print(verdicts, problems, options.json)
    good = not problems and all(v.status == "holds" for v in verdicts)
    if good and not options.json:
        others = ", ".join(f"{name} {count[name]}" for name in ENVIRONMENTS[1:])
        print(f"{count['checked']} displays hold ({sum(v.relations for v in verdicts)} relations; {others})")
    return 0 if good else 1


def _print(verdicts: Sequence[Verdict], problems: Sequence[Message], as_json: bool) -> None:
    """The messages, and what was found as JSON; a problem outside of the displays is an object without label."""
    if as_json:
        shown = [v for v in verdicts if v.environment != "unchecked" or v.status != "holds"]
        shown += [Verdict(m.file, m.line, "", "", "", status="error", messages=(m,)) for m in problems]
        print(json.dumps([v.as_json() for v in shown], indent=1, allow_nan=False))
    for message in [*problems, *(m for v in verdicts for m in v.messages)]:
        print(str(message) if as_json else message.shown(), file=sys.stderr)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _seed(text: str) -> int:
    """A seed from the command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
