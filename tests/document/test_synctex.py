"""SyncTeX in both directions for executed displays: from each of their lines, and from each of their rows."""

import gzip
import os
import re
import shutil
import subprocess

import pytest

LINE, CIRCLE = "sections/line.tex", "sections/circle.tex"
# Rows on the page, found by a word in them: a reason or, where there is none, what stands before or after the display.
ROWS = {
    "insert": (LINE, r"\text{insert}"),
    "expand": (LINE, r"\text{expand}"),
    "step": (LINE, r"\text{one step}"),
    "sums": (LINE, r"\text{order of sums}"),
}


@pytest.fixture(autouse=True)
def _synctex():
    if shutil.which("synctex") is None:
        pytest.skip("the command synctex (Debian: texlive-binaries) is not installed")


def lines_of(document, file):
    return (document.folder / file).read_text(encoding="utf-8").split("\n")


def line_of(document, file, text):
    return next(number for number, line in enumerate(lines_of(document, file), start=1) if text in line)


def displays(document, file):
    """First and last line of each display."""
    found = []
    for number, line in enumerate(lines_of(document, file), start=1):
        if re.match(r"\\begin\{(checked|defining|model|unchecked)\}", line):
            found.append([number])
        elif re.match(r"\\end\{(checked|defining|model|unchecked)\}", line):
            found[-1].append(number)
    return found


def words(document):
    """Each word of the PDF with its page and box: left, top, right, bottom."""
    command = ["pdftotext", "-bbox", str(document.pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
    found = []
    for page, content in enumerate(text.split("<page ")[1:], start=1):
        for match in re.finditer(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<', content):
            found.append((match[5], page, *map(float, match.groups()[:4])))
    return found


def word(document, text):
    return next(found for found in words(document) if found[0] == text)


def synctex(document, *arguments):
    command = ["synctex", *arguments]
    run = subprocess.run(command, cwd=document.folder, capture_output=True, check=True, encoding="utf-8")
    return run.stdout


def forward(document, file, line):
    """Page and height of each place that the editor may show for a line, the best first."""
    said = synctex(document, "view", "-i", f"{line}:0:{file}", "-o", "main.pdf")
    places = re.findall(r"^Page:(\d+)\n.*?^v:([\d.]+)", said, re.MULTILINE | re.DOTALL)
    assert places, said
    return [(int(page), float(height)) for page, height in places]


def backward(document, page, x, y):
    """File and line that a click on the page leads to."""
    said = synctex(document, "edit", "-o", f"{page}:{x}:{y}:main.pdf")
    name, line = re.search(r"^Input:([^\n]*)\n.*?^Line:(\d+)", said, re.MULTILINE | re.DOTALL).groups()
    return os.path.relpath(os.path.realpath(name), os.path.realpath(document.folder)), int(line)


@pytest.mark.parametrize("text", ROWS)
def test_click_on_a_row_leads_to_its_line(small_built, text):
    document, _ = small_built
    file, source = ROWS[text]
    _, page, left, top, right, bottom = word(document, text)
    line = line_of(document, file, source)
    assert backward(document, page, (left + right) / 2, (top + bottom) / 2) == (file, line)
    formula = 4.5 / 2.54 * 72  # from the paper's edge to within the formula's first half
    assert backward(document, page, formula, (top + bottom) / 2) == (file, line)


def test_click_on_a_tick_leads_to_its_display(small_built):
    document, _ = small_built
    ticks = [found for found in words(document) if found[0] == "✓" and found[2] < 90]
    ranges = [(file, first, last) for file in (CIRCLE, LINE) for first, last in displays(document, file)]
    assert len(ticks) == len(ranges) - 1  # what is not run carries none
    reached = set()
    for _, page, left, top, right, bottom in ticks:
        file, line = backward(document, page, (left + right) / 2, (top + bottom) / 2)
        reached |= {(f, first, last) for f, first, last in ranges if f == file and first <= line <= last}
    assert len(reached) == len(ticks)


@pytest.mark.parametrize("text", ROWS)
def test_line_of_a_row_leads_to_it(small_built, text):
    document, _ = small_built
    file, source = ROWS[text]
    _, page, _, top, _, bottom = word(document, text)
    for place in forward(document, file, line_of(document, file, source)):
        assert place[0] == page
        assert place[1] == pytest.approx((top + bottom) / 2, abs=18)  # sums have limits below their line


def test_every_line_of_every_display_leads_to_it(small_built):
    """A click on where the editor has jumped leads back into the display."""
    document, _ = small_built
    for file in (CIRCLE, LINE):
        for first, last in displays(document, file):
            for line in range(first, last + 1):
                (page, height), *_ = forward(document, file, line)
                back = {backward(document, page, x / 2.54 * 72, height - 3)[1] for x in (4.5, 5)}
                assert back <= set(range(first, last + 1)), (file, line)


def test_rows_of_two_files_are_not_mixed_up(small_built):
    document, _ = small_built
    (circle,) = displays(document, CIRCLE)
    page, height = forward(document, CIRCLE, circle[0] + 1)[0]
    assert backward(document, page, 4.5 / 2.54 * 72, height - 3) == (CIRCLE, circle[0] + 1)


def test_only_lines_differ_from_what_pdflatex_wrote(small_built):
    document, _ = small_built
    with gzip.open(document.build_folder / "main.synctex.gz", "rt", encoding="utf-8") as file:
        before = file.read().split("\n")
    with gzip.open(document.folder / "main.synctex.gz", "rt", encoding="utf-8") as file:
        after = file.read().split("\n")
    assert len(before) == len(after)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed
    line = re.compile(r"(?<=,)\d+(?=:)")
    assert all(line.sub("", old, count=1) == line.sub("", new, count=1) for old, new in changed)
