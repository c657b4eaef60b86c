"""Command line: run the displays of .tex files, or of notes, or explain one."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from textwrap import wrap
from typing import Any, NoReturn

from pycode.proofread.document import ENVIRONMENTS, Document, Message, Verdict, check_all, read

DESCRIPTION = """\
Parses the displayed formulas of LaTeX files as they are printed and computes both sides of every
relation on random finite instances of a world. What does not hold is told by file and line.
A display names its world, \\begin{checked}{mdp}; --all-displays reads any formula in --world."""
EXITS = """\
exit codes:
  0  at least one display was run, and all hold (--explain: the display holds)
  1  something fails or cannot be read, or nothing was run
  2  usage, an unknown label, or a file that is not there"""
EXAMPLES = """\
examples:
  python -m pycode.proofread main.tex                                               this document
  python -m pycode.proofread --all-displays --world vae --letters kingma notes.md   somebody's notes
  python -m pycode.proofread --explain eq:pg-theorem main.tex                       one display"""
NOTES = (".tex", ".md")
WIDTH = 98


def main(arguments: Sequence[str] | None = None) -> int:
    """0: every display holds; 1: something fails, cannot be read, or nothing was run; 2: usage, or no such file."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _consistent(parser, options)
    absent = [Message(str(path), 1, "input", "no such file") for path in options.files if not _is_file(path)]
    if absent:
        _print([], absent, options.json)
        return 2
    document = _document(options)
    if options.explain is not None:
        return _explain(document, options)
    verdicts = check_all(document, options.seed)
    count = Counter(v.environment for v in verdicts)
    problems = [*document.messages]
    if not count["checked"] and not problems:
        advice = "no executed display; put derivations into \\begin{checked}{world}"
        if options.all_displays:
            advice = "no displayed formula with a relation"
        problems.append(Message(str(options.files[0]), 1, "empty", advice))
    _print(verdicts, problems, options.json)
    good = not problems and all(v.status == "holds" for v in verdicts)
    if options.all_displays and not options.json:
        print(_summary(verdicts, document.skipped))
        print(_exactly(verdicts))
    elif good and not options.json:
        others = ", ".join(f"{name} {count[name]}" for name in ENVIRONMENTS[1:])
        print(f"{count['checked']} displays hold ({sum(v.relations for v in verdicts)} relations; {others})")
        print(_exactly(verdicts))
    return 0 if good else 1


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"usage: {message}; --help shows all options\n")


class _Help(argparse.Action):
    """Prints the help, in which the worlds and letters are those of the code."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        worlds: dict[str, list[str]] = {}
        for name, module in _worlds().items():
            worlds.setdefault(module, []).append(name)
        lines = ["worlds:"]
        for module, names in worlds.items():
            about = (import_module(f"pycode.proofread.worlds.{module}").__doc__ or "").splitlines()[0]
            about = about.partition(": ")[2].partition(";")[0].rstrip(".")
            lines += wrap(about, WIDTH, initial_indent=f"  {', '.join(names):<21}", subsequent_indent=" " * 23)
        letters = ", ".join(import_module("pycode.proofread.notes.letters").NAMED)
        lines += ["", "letters:", f"  {letters}, or a file of your own with lines such as Q^\\pi = q_\\pi"]
        parser.epilog = "\n\n".join([EXITS, "\n".join(lines), EXAMPLES])
        parser.print_help()
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m pycode.proofread",
        usage="python -m pycode.proofread [options] FILE…",
        description=DESCRIPTION,
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=WIDTH, max_help_position=26),
        add_help=False,
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="file to read; what it inputs is read too")
    add("-h", "--help", action=_Help, nargs=0, help="print this and exit")
    add("--json", action="store_true", help="print one JSON list, an object for each display")
    add("--seed", type=_seed, default=0, metavar="N", help="which random instances (default 0)")
    add("--explain", metavar="LABEL", help="show how the display with this label (or FILE:LINE) was read")
    add("--all-displays", action="store_true", help="read every displayed formula of notes, .tex or .md")
    add("--world", metavar="NAME", help="the world of all these formulas, or of their subject")
    add("--letters", metavar="NAME|FILE", help="what their letters mean (default assignment)")
    return parser


def _consistent(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Leave with a line of advice when options do not fit together."""
    if options.explain is not None and options.json:
        parser.error("--explain prints text; leave --json out")
    if not options.all_displays:
        for name in ("world", "letters"):
            if getattr(options, name) is not None:
                parser.error(f"--{name} goes with --all-displays; a checked display names its own world")
        return
    worlds = _worlds()
    if options.world is None:
        parser.error(f"--all-displays needs --world NAME; there are {', '.join(worlds)}")
    if options.world not in worlds:
        parser.error(f"there is no world {options.world}; there are {', '.join(worlds)}")
    options.letters = "assignment" if options.letters is None else options.letters
    try:
        import_module("pycode.proofread.notes.letters").load(options.letters, options.world)
    except ValueError as error:
        parser.error(str(error))
    for path in options.files:
        if path.suffix not in NOTES:
            parser.error(f"{path} is neither .tex nor .md, which --all-displays reads")


def _document(options: argparse.Namespace) -> Document:
    if not options.all_displays:
        return read(*options.files)
    from pycode.proofread.notes.reading import read_notes

    return read_notes(options.files, options.world, options.letters)


def _explain(document: Document, options: argparse.Namespace) -> int:
    """Print what is known of one display."""
    from pycode.proofread.explain import explain, find

    try:
        display = find(document, options.explain)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        _print([], document.messages, False)  # a display may be missing because of them
        return 2
    text, holds = explain(document, display, options.seed)
    print(text)
    return 0 if holds else 1


def _exactly(verdicts: Sequence[Verdict]) -> str:
    """One line about what the exact arithmetic decided."""
    equalities, decided = (sum(getattr(v.exact, name) for v in verdicts) for name in ("equalities", "decided"))
    worst = max((v.exact.log2_error for v in verdicts if v.exact.decided), default=0)
    chance = f"; a false one would pass with a chance below 2^{worst}" if decided else ""
    return f"{decided} of {equalities} equalities hold exactly{chance}"


def _summary(verdicts: Sequence[Verdict], skipped: int) -> str:
    """One line about the displays of notes."""
    count = Counter(v.status for v in verdicts)
    found = f"{count['holds']} hold, {count['fails']} fail, {count['error']} not read"
    return f"{len(verdicts)} displays: {found}; {skipped} without a relation"


def _worlds() -> dict[str, str]:
    """Worlds and the modules they are in."""
    from pycode.proofread.worlds import NAMES

    return NAMES


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
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
