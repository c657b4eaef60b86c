"""Copy a finished PDF to its place, if nothing is missing in it: python tools/publish.py build/main main.pdf <<<publish

It reads the line when it has checked all, so that it can do so while latexmk finds out whether the pass was the last.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import inputs
import printed
import references
import steps
import synctex

INCOMPLETE = re.compile(
    r"(?:Reference|Citation|Hyper reference) [`'].* undefined|multiply[- ]defined|PythonTeX Warning|"
    r"end occurred inside a group|^Warning--"
)


def read_pages(pdf: Path) -> Callable[[], list[str]]:
    """Begin to read the text of each page; what is returned waits for it."""
    command = ["pdftotext", "-raw", str(pdf), "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def pages() -> list[str]:
        text, said = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, stderr=said)
        return text.decode(errors="replace").split("\f")[:-1]

    return pages


def gaps(log: str, pages: list[str]) -> list[str]:
    """What is missing: placeholders on the pages, and the log's warnings that mean a hole in the text."""
    found = [line.strip() for line in log.splitlines() if INCOMPLETE.search(line)]
    fonts = sorted(set(re.findall(r"Missing character: There is no .* in font (\S+)!", log)))
    if any(font.startswith("gbsn") for font in fonts):
        found.append("main.tex: the Chinese name has a character outside GB 2312, for which the font gbsn has no glyph")
    found += [f"a character that the font {font} does not have" for font in fonts if not font.startswith("gbsn")]
    for number, page in enumerate([] if found else pages, start=1):  # they show the holes that the log has told
        found += [f"page {number}: {line.strip()}" for line in page.splitlines() if "??" in line]
    return list(dict.fromkeys(map(placed, found)))


def placed(warning: str) -> str:
    """An undefined reference or citation with the place of its use, as TeX names the line but not the file."""
    named = re.search(r"(?:Reference|Citation|Hyper reference) [`'](.+?)' .*on input line (\d+)", warning)
    if named:
        use = re.compile(rf"\\\w*(?:ref|cite)\w*\*?(?:\[[^]]*\])*\{{[^}}]*\b{re.escape(named[1])}\b")
        for path in [*Path().glob("*.tex"), *Path("sections").rglob("*.tex"), *Path("figures").rglob("*.tex")]:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            # TeX stands at the end of the paragraph or argument in which the name is
            before = range(min(int(named[2]), len(lines)), max(0, int(named[2]) - 40), -1)
            for number in before:
                if use.search(lines[number - 1]):
                    return f"{path}:{number}: {warning}"
    return warning


def replace(source: Path, target: Path) -> None:
    """Copy a file over another in one step, so that a reader sees the old or the new one."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        shutil.copyfile(source, temporary)
        os.replace(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def rows(base: Path) -> Path:
    """Where SyncTeX's file with the rows of displays stands."""
    return base.with_name("rows.synctex.gz")


def publish(base: Path, target: Path) -> None:
    """Replace the document, last, with what editors need to find a place of it in the sources."""
    printed.keep(base)
    replace(rows(base), target.with_suffix(".synctex.gz"))
    replace(base.with_suffix(".pdf"), target)


def check(base: Path) -> tuple[int, str]:
    """How many pages a document has, and what speaks against it; empty if nothing does."""
    read = read_pages(base.with_suffix(".pdf"))
    if not inputs.stands(base.with_name("pythontex.json"), inputs.inputs(base)):
        return 0, ": sources changed while it was built; build again"
    synctex.main(base.with_suffix(".synctex.gz"), rows(base))
    fields = references.holes(base.with_suffix(".aux"))
    pages = read()
    logs = [path for path in map(base.with_suffix, (".log", ".blg")) if path.is_file()]
    found = gaps("".join(path.read_text(encoding="utf-8", errors="replace") for path in logs), pages) + fields
    return len(pages), "\n  ".join([", the new document has holes:", *found[:10]]) if found else ""


def reason(error: Exception) -> str:
    """What an error says against publishing."""
    if isinstance(error, OSError):
        return f": {error.filename2 or error.filename}: {error.strerror}"
    said = error.stderr.decode(errors="replace").strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return f": {error} {said}".rstrip()


def main(base: Path, target: Path, wanted: Callable[[], bool] = lambda: True) -> int:
    """Publish, or say what is missing and leave the target as it is.

    ``wanted`` is asked when all is checked; until then nothing is said or done that shows.
    """
    start = time.monotonic()
    try:
        pages, objection = check(base)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        pages, objection = 0, reason(error)
    checked = time.monotonic() - start
    if not wanted():
        return 0
    start = time.monotonic()
    try:
        if not objection:
            publish(base, target)
    except OSError as error:
        objection = reason(error)
    if objection:
        print(f"{target} is not replaced{objection}", file=sys.stderr)
        return 1
    steps.tell("publish", checked + time.monotonic() - start)
    seconds = max(0.0, time.time() - float(os.environ.get("BUILD_STARTED", "inf")))
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target}: {pages} pages, {seconds:.1f} s in all, sha256 {sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), lambda: sys.stdin.readline() == "publish\n"))
