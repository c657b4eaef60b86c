"""What BibTeX does not tell: fields of the references that it passes over, most of them misspelt."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NOT_REFERENCES = {"comment", "preamble", "string"}


class Field(NamedTuple):
    """Where a field stands, and in which reference."""

    line: int
    reference: str
    name: str


def declared(bst: str) -> set[str]:
    """Fields that a style reads: its ENTRY, and BibTeX's own one."""
    entry = re.search(r"^\s*ENTRY\s*\{([^}]*)\}", re.sub(r"%.*", "", bst), re.MULTILINE | re.IGNORECASE)
    if entry is None:
        raise ValueError("the style has no ENTRY{...}, so BibTeX cannot use it")
    return {*entry[1].lower().split(), "crossref"}


def fields(bib: str) -> Iterator[Field]:
    """All fields of all references: a name and = after a comma that stands in the outermost braces."""
    for entry in re.finditer(r"@\s*(\w+)\s*\{\s*([^\s,]*)", bib):
        if entry[1].lower() in NOT_REFERENCES:
            continue
        depth, quoted, position = 1, False, entry.end()
        while depth and position < len(bib):
            mark = bib[position]
            if mark == '"' and depth == 1:
                quoted = not quoted
            elif mark == "{":
                depth += 1
            elif mark == "}":
                depth -= 1
            elif mark == "," and depth == 1 and not quoted:
                found = re.compile(r",\s*([^\s={},\"]+)\s*=").match(bib, position)
                if found:
                    yield Field(bib.count("\n", 0, found.start(1)) + 1, entry[2], found[1])
            position += 1


def unknown_fields(bib: Path, bst: Path) -> list[str]:
    """Fields of a file of references that its style does not read, each with its place."""
    known = declared(bst.read_text(encoding="utf-8", errors="replace"))
    return [
        f"{bib}:{field.line}: {field.reference} has a field {field.name}, which {bst.stem} does not print"
        for field in fields(bib.read_text(encoding="utf-8", errors="replace"))
        if field.name.lower() not in known
    ]


def find(names: list[str]) -> list[Path]:
    """Files where BibTeX finds them; those that it does not find are left out."""
    found = subprocess.run(["kpsewhich", *names], stdout=subprocess.PIPE, encoding="utf-8").stdout
    return [Path(line) for line in found.splitlines()]


def holes(aux: Path) -> list[str]:
    """Unknown fields in all files of references that a document names; none for a document without references."""
    text = aux.read_text(encoding="utf-8", errors="replace") if aux.is_file() else ""
    style, data = (re.search(rf"\\bib{name}\{{(.*)\}}", text) for name in ("style", "data"))
    if not (style and data):
        return []
    files = find([f"{style[1]}.bst", *(f"{name}.bib" for name in data[1].split(","))])
    styles, bibs = ([path for path in files if path.suffix == suffix] for suffix in (".bst", ".bib"))
    return [said for bst in styles for bib in bibs for said in unknown_fields(bib, bst)]
