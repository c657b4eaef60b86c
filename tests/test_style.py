"""Files of figures: size, font, sameness."""

import re
import shutil
from pathlib import Path

import pytest

from pycode import style


def draw(figure):
    figure.subplots().plot([0, 1], [0, 1])


def fake_program(folder, name, body):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize(("height", "width"), [(4.0, style.MEASURE_CM), (5.5, 7.5)])
def test_saved_figure_has_its_printed_size(tmp_path, height, width):
    path = tmp_path / "figures" / "a.pdf"
    style.save(draw, path, height, width)
    box = re.search(rb"/MediaBox \[ ?([\d. ]+) ?\]", path.read_bytes())[1].split()
    assert [float(side) for side in box] == pytest.approx([0, 0, width / 2.54 * 72, height / 2.54 * 72], abs=0.01)


def test_same_drawing_gives_the_same_bytes(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        style.save(draw, tmp_path / name, 4.0)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_what_was_drawn_before_does_not_reach_a_figure(tmp_path):
    style.save(lambda figure: figure.text(0.1, 0.5, r"$\sqrt{2}\,\varepsilon$ abc"), tmp_path / "a.pdf", 4.0)
    style.save(lambda figure: figure.text(0.1, 0.5, r"$\nabla\partial\alpha$ xyz, abc"), tmp_path / "other.pdf", 4.0)
    style.save(lambda figure: figure.text(0.1, 0.5, r"$\sqrt{2}\,\varepsilon$ abc"), tmp_path / "b.pdf", 4.0)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_folders_of_the_fonts_do_not_reach_the_file(tmp_path):
    """The page's font lies in TeX's folder, the one for missing signs in .venv, which lies anywhere."""
    import matplotlib

    names = ["DejaVuSans.ttf", "STIXGeneral.ttf"]
    for folders in ("ab", "ba"):
        fonts = []
        for folder, name in zip(folders, names, strict=True):
            fonts.append(tmp_path / folders / folder / name)
            fonts[-1].parent.mkdir(parents=True)
            shutil.copyfile(Path(matplotlib.get_data_path(), "fonts", "ttf", name), fonts[-1])

        def write(figure, fonts=fonts):
            for height, font in enumerate(fonts, start=1):
                figure.text(0.1, height / 3, "abc", font=font)

        style.save(write, tmp_path / f"{folders}.pdf", 4.0)
    assert (tmp_path / "ab.pdf").read_bytes() == (tmp_path / "ba.pdf").read_bytes()
    assert b"DejaVuSans" in (tmp_path / "ab.pdf").read_bytes()
    assert b"STIXGeneral" in (tmp_path / "ab.pdf").read_bytes()


def test_drawing_leaves_the_settings_of_others_alone(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    style.save(draw, tmp_path / "a.pdf", 4.0)
    assert {key: value for key, value in matplotlib.rcParams.items() if before[key] != value} == {}


def test_without_tex_the_font_is_matplotlibs_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert style.register_page_font.__wrapped__() is None


def test_missing_font_is_an_error_that_names_its_package(tmp_path, monkeypatch):
    fake_program(tmp_path, "kpsewhich", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="fonts-texgyre"):
        style.register_page_font.__wrapped__()


def test_colours_differ_in_grey_print():
    def lightness(colour):
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    assert lightness(style.INK) < min(map(lightness, (style.BLUE, style.ORANGE, style.GREEN, style.GREY))) - 0.05


@pytest.mark.parametrize("nothing", [lambda figure: None, lambda figure: figure.subplots(2, 2)], ids=["", "axes"])
def test_figure_that_draws_nothing_is_refused(tmp_path, nothing):
    with pytest.raises(style.EmptyFigureError):
        style.save(nothing, tmp_path / "a.pdf", 4.0)
    assert not (tmp_path / "a.pdf").exists()
