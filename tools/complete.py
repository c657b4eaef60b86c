"""Whether main.pdf is the whole document as its sources are now."""

import hashlib
import re
from pathlib import Path

import inputs

SOURCE = re.compile(
    r'^  "(?!/)(?:\./)?(?!build/|\.venv/)([^"]+)" \S+ \S+ ([0-9a-f]{32}) ', re.MULTILINE
)  # in latexmk's database


def sources(base: Path) -> dict[str, str]:
    """Files of the project that the last complete build read, with their MD5 sums."""
    database = base.with_suffix(".fdb_latexmk")
    text = database.read_text(encoding="utf-8", errors="replace") if database.is_file() else ""
    return {name: digest for name, digest in SOURCE.findall(text) if name != base.with_suffix(".pdf").name}


def objection(base: Path, pdf: Path) -> str:
    """Why a PDF cannot be handed on as it is; empty if it can."""
    built = base.with_suffix(".pdf")
    if not (pdf.is_file() and built.is_file()):
        return f"{pdf} is not built; type: make pdf"
    if pdf.read_bytes() != built.read_bytes():
        return f"{pdf} is not what was built last; type: make pdf"
    for name, digest in sources(base).items():
        path = Path(name)
        if name.startswith("tools/"):  # programs alone; they are no part of the document
            continue
        if not path.is_file() or hashlib.md5(path.read_bytes()).hexdigest() != digest:
            return f"{name} has changed since {pdf} was built; type: make pdf"
    if not inputs.stands(base.with_name("pythontex.json"), inputs.inputs(base)):
        return f"what Python computes has changed since {pdf} was built; type: make pdf"
    return ""
