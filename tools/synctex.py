r"""The rows of displays in SyncTeX's file: python tools/synctex.py build/main.synctex.gz main.synctex.gz

TeX reads a display as a whole before it sets it, so SyncTeX gives all of it the line of its \end, and an editor that
looks for its first lines lands in the text before it. Here each row gets the lines on which it stands in the source.
"""

import gzip
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

ENVIRONMENTS = "checked|defining|model|unchecked"
BEGIN = re.compile(
    rf"\\begin\{{({ENVIRONMENTS})\}}(?:\[[^]]*\])?(?:\{{\w[\w-]*\}})?(?:\s*\\label\{{[^}}]*\}})?"  # then rows
)
COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
PIECE = re.compile(r"\\\\(?:\*|\[[^]\n]*\])*|\\(?:begin|end)\b|\\.|[{}]", re.DOTALL)


class Display(NamedTuple):
    """Lines of a display's begin and end, and the first and last line of each row."""

    first: int
    last: int
    rows: list[tuple[int, int]]


def displays(source: str) -> list[Display]:
    """Displays of a source file; a row ends with a double backslash that stands in no braces or inner environment."""
    text = "\n".join(COMMENT.sub(r"\1", line) for line in source.split("\n"))
    found = []
    for begin in BEGIN.finditer(text):
        end = text.find(f"\\end{{{begin[1]}}}", begin.end())
        if end < 0:
            continue
        starts, depth = [begin.end()], 0
        for piece in PIECE.finditer(text, begin.end(), end):
            if piece[0].startswith("\\\\"):
                starts += [] if depth else [piece.end()]
            else:
                depth += {"{": 1, "\\begin": 1, "}": -1, "\\end": -1}.get(piece[0], 0)
        line = text.count("\n", 0, begin.start()) + 1
        after = line + text.count("\n", begin.start(), end)
        rows = [_lines(text, start, stop) for start, stop in zip(starts, [*starts[1:], end], strict=True)]
        found.append(Display(line, after, rows))
    return found


def _lines(text: str, start: int, stop: int) -> tuple[int, int]:
    """First and last line of a piece of a text, without the blanks at its ends."""
    piece = text[start:stop]
    first = start + len(piece) - len(piece.lstrip())
    last = start + len(piece.rstrip())
    return text.count("\n", 0, first) + 1, text.count("\n", 0, last) + 1


def _rows(records: list[str], places: set[str]) -> dict[str, list[list[int]]]:
    """For each place (``tag,line:``) its rows: the outermost horizontal boxes of it that hold a formula of it.

    A row is given by the numbers of its records. Other boxes may have such a place too: headers of a page that ended.
    """
    rows: dict[str, list[list[int]]] = {place: [] for place in places}
    depth, end, row, place = 0, -1, [], ""
    for number, record in enumerate(records):
        kind = record[:1]
        if end < 0:
            if kind in "([" and kind:
                place = record[1 : record.find(":") + 1]
                if kind == "(" and place in places:
                    end, row = depth, [number]
                depth += 1
            elif kind in ")]" and kind:
                depth -= 1
            continue
        if kind in "([" and kind:
            depth += 1
        elif kind in ")]" and kind:
            depth -= 1
            if depth == end:
                end = -1
                if any(records[each][0] == "$" for each in row):
                    rows[place].append(row)
                continue
        if record.startswith(place, 1):
            row.append(number)
    return rows


def sharpen(text: str) -> str:
    """SyncTeX's file with the rows' own lines; a display whose rows are not found in it stays as it is.

    The text that ends where a display begins gets the line before.
    """
    records = text.split("\n")
    known, above = {}, {}
    for tag, name in (record.split(":", 2)[1:] for record in records if record.startswith("Input:")):
        if name.endswith(".tex") and os.path.abspath(name).startswith(os.getcwd() + os.sep) and os.path.isfile(name):
            for display in displays(Path(name).read_text(encoding="utf-8", errors="replace")):
                known[f"{tag},{display.last}:"] = display
                if display.first < display.last:
                    above[f"{tag},{display.first}:"] = f"{tag},{display.first - 1}:"
    for number, record in enumerate(records):
        if (place := record[1 : record.find(":") + 1]) in above:
            records[number] = record.replace(place, above[place], 1)
    for place, rows in _rows(records, set(known)).items():
        if len(rows) == len(known[place].rows):
            _place(records, place, known[place], rows)
    return "\n".join(records)


def _place(records: list[str], place: str, display: Display, rows: list[list[int]]) -> None:
    lines: dict[int, int] = {}
    for row, (first, last) in zip(rows, display.rows, strict=True):
        lines |= {number: first + index * (last - first + 1) // len(row) for index, number in enumerate(row)}
    lines |= {rows[-1][-1]: display.last, rows[0][0]: display.first}
    tag = place.partition(",")[0]
    for number, line in lines.items():
        records[number] = records[number].replace(place, f"{tag},{line}:", 1)


def main(source: Path, target: Path) -> None:
    """Write pdflatex's file with the rows' own lines, in one step."""
    with gzip.open(source, "rt", encoding="utf-8", errors="surrogateescape", newline="\n") as known:
        text = sharpen(known.read())
    new = target.with_name(f".{target.name}.new")
    try:
        new.write_bytes(gzip.compress(text.encode(errors="surrogateescape"), compresslevel=1, mtime=0))
        os.replace(new, target)
    except OSError:
        new.unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
