"""How figures look: the page's font, size and colours. The only module that sets matplotlib's style."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from pycode.results import write_atomically

CM = 1 / 2.54
MEASURE_CM = 15.0  # text width of the page

# Okabe and Ito's colours, which colour-blind readers tell apart; lines differ in dash or marker too.
BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#595959", "#222222"

FACES = ("regular", "italic", "bold")


class EmptyFigureError(Exception):
    """A drawing function has drawn nothing."""


@cache
def register_page_font() -> str | None:
    """Make the page's text font known to matplotlib; None where there is no TeX to take it from.

    Raises FileNotFoundError where there is a TeX without the font.
    """
    from matplotlib import font_manager

    if shutil.which("kpsewhich") is None:
        return None
    names = [f"texgyrepagella-{face}.otf" for face in FACES]
    found = subprocess.run(["kpsewhich", *names], capture_output=True, text=True, check=False).stdout.split("\n")
    paths = [path for path in found if path]
    if len(paths) != len(FACES):
        raise FileNotFoundError("the page's font is missing: install TeX Gyre's OpenType fonts (Debian: fonts-texgyre)")
    for path in paths:
        font_manager.fontManager.addfont(path)
    return "TeX Gyre Pagella"


def parameters() -> dict[Any, Any]:
    """Matplotlib's settings for figures printed at their own size in a 10 pt page."""
    settings: dict[Any, Any] = {
        "font.size": 8.5, "axes.titlesize": 8.5, "axes.labelsize": 8.5, "legend.fontsize": 8,
        "xtick.labelsize": 8, "ytick.labelsize": 8, "mathtext.fontset": "stix",
        "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6,
        "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
        "xtick.major.width": 0.6, "ytick.major.width": 0.6, "lines.linewidth": 1.2, "lines.markersize": 3.5,
        "legend.frameon": False, "axes.titlelocation": "left", "pdf.fonttype": 3,
    }  # fmt: skip
    family = register_page_font()
    if family is not None:
        settings |= {
            "font.family": family, "mathtext.fontset": "custom", "mathtext.fallback": "stix",
            "mathtext.rm": family, "mathtext.it": f"{family}:italic", "mathtext.bf": f"{family}:bold",
            "mathtext.cal": family,
        }  # fmt: skip
    return settings


def save(draw: Callable[[Any], None], path: Path, height_cm: float, width_cm: float = MEASURE_CM) -> None:
    """Draw one figure, ``draw(figure)``, at its printed size into a PDF file without dates.

    The same drawing gives the same bytes, wherever this folder, .venv and TeX lie.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    with matplotlib.rc_context(parameters()):
        figure = Figure(figsize=(width_cm * CM, height_cm * CM), layout="constrained")
        draw(figure)
        empty = [figure.patch, *(axes for axes in figure.axes if not (axes.has_data() or axes.texts))]
        if len(figure.get_children()) == len(empty):
            raise EmptyFigureError
        content = BytesIO()
        with PdfPages(content, metadata={"CreationDate": None, "Producer": None, "Creator": None}) as pages:
            _write_fonts_by_name(pages._ensure_file())
            pages.savefig(figure)
    write_atomically(path, content.getvalue())


def _write_fonts_by_name(file: Any) -> None:
    """Have a PDF file's fonts in the order of their files' names; matplotlib's own order is that of their folders."""

    def write() -> None:
        used = sorted(file._fontNames.items(), key=lambda font: (os.path.basename(font[0][0]), font[0][1]))
        shapes = file._character_tracker.used
        fonts = {name: file.embedTTF(font, subset, shapes[font][subset]) for (font, subset), name in used}
        file.writeObject(file.fontObject, fonts)

    file.writeFonts = write
