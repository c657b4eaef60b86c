"""Command line: run the displays of .tex files."""

import argparse
import json
import sys
from pathlib import Path

from pycode.proofread.document import check_all, read


def main() -> int:
    """0: every display holds; 1: something fails, cannot be read, or nothing was run; 2: usage, or no such file."""
    parser = argparse.ArgumentParser(
        prog="python -m pycode.proofread",
        description="Runs the displayed formulas of LaTeX files on random finite instances.",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE.tex", help="file to read; what it inputs is read too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list, an object for each display")
    parser.add_argument("--seed", type=int, default=0, help="which random instances (default 0)")
    options = parser.parse_args()
    for path in options.files:
        if not path.is_file():
            print(f"{path}: no such file", file=sys.stderr)
            return 2
    document = read(*options.files)
    verdicts = check_all(document, options.seed)
    executed = [v for v in verdicts if v.environment == "checked"]
    good = all(v.status == "holds" for v in verdicts) and not document.messages and bool(executed)
    if options.json:
        print(json.dumps([v.as_json() for v in verdicts if v.environment != "unchecked"], indent=1))
    for message in [*document.messages, *(m for v in verdicts for m in v.messages)]:
        print(str(message) if options.json else message.shown(), file=sys.stderr)
    if not executed and not document.messages:
        print(
            f"{options.files[0]}: no executed display: put derivations into \\begin{{checked}}{{world}}",
            file=sys.stderr,
        )
    elif good and not options.json:
        count = {e: sum(v.environment == e for v in verdicts) for e in ("checked", "defining", "model", "unchecked")}
        print(
            f"{len(executed)} displays hold ({sum(v.relations for v in verdicts)} relations; "
            f"defining {count['defining']}, model {count['model']}, unchecked {count['unchecked']})"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
