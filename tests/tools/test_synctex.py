"""Rows of displays in the source, and their records in SyncTeX's file."""

import gzip
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import synctex

SOURCE = r"""Text % \begin{checked}{vae}
\begin{checked}[crude: why]{vae}\label{eq:a}
  a &= \begin{cases} 1 \\ 2 \end{cases} && \why{by \\ parts}\\[2pt]
  % a comment with \\
  b &= c +
       d \label{eq:b}
\end{checked}
\begin{defining}{mdp} x := y \end{defining}
\begin{model}{vae}
  x"""
RECORDS = """SyncTeX Version:1
Input:1:{folder}/./main.tex
Input:2:/usr/share/texmf/x.tex
[1,7:0,0:9,9,9
(1,7:0,0:9,9,0
x1,7:1,0
)
(1,7:0,1:9,9,0
$1,7:1,1
x1,7:1,1
)
g1,7:0,2
(1,7:0,3:9,9,0
$1,7:1,3
(1,7:2,3:1,1,0
x1,7:2,3
)
)
(2,7:0,4:9,9,0
$2,7:1,4
)
]"""


def test_rows_end_at_double_backslashes_outside_braces_and_inner_environments():
    assert synctex.displays(SOURCE) == [(2, 7, [(3, 3), (5, 6)]), (8, 8, [(8, 8)])]


def test_percent_signs_that_are_printed_begin_no_comment():
    source = "\\begin{checked}{a}\n 1\\% \\\\\n 2\n\\end{checked}"
    assert synctex.displays(source) == [(1, 4, [(2, 2), (3, 3)])]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("main.tex").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def test_rows_get_their_lines_and_nothing_else_changes(folder):
    known = RECORDS.replace("{folder}", str(folder))
    lines = [record.partition(":")[0] for record in synctex.sharpen(known).split("\n")[3:]]
    assert lines == [
        "[1,7", "(1,7", "x1,7", ")", "(1,2", "$1,3", "x1,3", ")", "g1,7", "(1,5", "$1,5", "(1,6", "x1,7", ")", ")",
        "(2,7", "$2,7", ")", "]",
    ]  # fmt: skip


def test_text_that_a_display_ends_stands_above_it(folder):
    known = RECORDS.replace("{folder}", str(folder)).replace("(1,7:0,0", "(1,2:0,0", 1)
    assert synctex.sharpen(known).split("\n")[4] == "(1,1:0,0:9,9,0"


def test_display_with_other_rows_than_boxes_stays(folder):
    known = RECORDS.replace("{folder}", str(folder)).replace("g1,7:0,2", "(1,7:0,2:9,9,0\n$1,7:0,2\n)")
    assert synctex.sharpen(known) == known


def test_files_elsewhere_and_lost_ones_are_left_alone(folder):
    for place in ("/nowhere", f"{folder}-2"):
        known = RECORDS.replace("{folder}", place)
        assert synctex.sharpen(known) == known


def test_file_is_written_whole_and_always_with_the_same_bytes(folder):
    known = RECORDS.replace("{folder}", str(folder))
    with gzip.open("build.gz", "wt", encoding="utf-8") as file:
        file.write(known)
    synctex.main(Path("build.gz"), Path("main.gz"))
    first = Path("main.gz").read_bytes()
    synctex.main(Path("build.gz"), Path("main.gz"))
    assert Path("main.gz").read_bytes() == first
    assert gzip.decompress(first).decode() == synctex.sharpen(known)
    assert sorted(path.name for path in folder.iterdir()) == ["build.gz", "main.gz", "main.tex"]
