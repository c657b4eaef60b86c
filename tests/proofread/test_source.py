r"""Reading .tex files: places of tokens, macros, rows and reasons, and what is refused or hidden."""

import sys
import time
from itertools import pairwise
from pathlib import Path
from subprocess import run

import pytest

from pycode.proofread.document import read
from pycode.proofread.macros import EXPANSION, Macro, expand
from pycode.proofread.tex import Message, Raw, ReadError, Text, short, split_rows, text_of, tokenize

ROOT = Path(__file__).parents[2]


def texts(tokens):
    return [t.text for t in tokens]


@pytest.fixture
def document(tmp_path):
    """Reads a text as a file of its own."""

    def reader(text):
        (tmp_path / "a.tex").write_text(text, "utf-8", newline="")
        return read(tmp_path / "a.tex")

    return reader


def checked(body):
    return f"\\begin{{checked}}{{mdp}}\n{body}\n\\end{{checked}}\n"


def test_tokens_and_their_places():
    text = Text("a \\pi_{12}\n  % no\n\\,0.5x'")
    found = [t for t, _ in text.tokens()]
    assert [(t.text, t.line, t.column) for t in found] == [
        ("a", 1, 1), ("\\pi", 1, 3), ("_", 1, 6), ("{", 1, 7), ("12", 1, 8), ("}", 1, 10),
        ("\\,", 3, 1), ("0.5", 3, 3), ("x", 3, 6), ("'", 3, 7),
    ]  # fmt: skip
    assert [t.text for t in found if t.spaced] == ["\\pi", "\\,"]
    for token, end in text.tokens():
        assert text.text[:end].endswith(token.text)
        assert text.place(end - len(token.text)) == (token.line, token.column)


def test_a_backslash_before_white_space_is_a_blank():
    assert texts(tokenize("1\\\n+\\ 2")) == ["1", "\\ ", "+", "\\ ", "2"]


def test_tokens_from_an_offset_have_the_same_places():
    text = Text("one\n\ntwo\n three \\four")
    whole = list(text.tokens())
    for start in range(len(text.text)):
        later = [(t, e) for t, e in whole if e - len(t.text) >= start]
        found = list(text.tokens(start))[-len(later) :] if later else []
        assert [(t[:3], e) for t, e in found] == [(t[:3], e) for t, e in later]


def test_rows_with_a_star_or_a_skip():
    rows = split_rows(tokenize(r"a\\[2pt] b\\*c\\*[1em]d\\ [e] {f\\g}\\"), "\\\\")
    assert [text_of(r) for r in rows] == ["a", "b", "c", "d", "[e] {f\\\\g}", ""]


def test_macros_stand_where_they_are_called():
    macros = {"\\E": Macro(0, tuple(tokenize("\\mathbb{E}"))), "\\KL": Macro(2, tuple(tokenize("D(#1\\|#2)")))}
    found, steps = expand(tokenize("1 +\\KL{\\E}q"), macros)
    assert texts(found) == [*"1+D(", "\\mathbb", "{", "E", "}", "\\|", *"q)"]
    assert [t.column for t in found] == [1, 3, 4, 4, 8, 8, 8, 8, 4, 11, 4]
    assert steps == 12  # bodies of 6 and 4 tokens, and two calls


@pytest.mark.parametrize(
    ("definition", "use", "expected"),
    [
        (r"\newcommand{\x}{1}", r"\x", "1"),
        (r"\newcommand\x{1}", r"\x", "1"),
        (r"\newcommand*{\x}[1]{(#1)}", r"\x{2}", "( 2 )"),
        (r"\newcommand{\x}[2]{#2-#1}", r"\x12", "2 - 1"),
        (r"\newcommand{\x}[2]{#2-#1}", r"\x{a}{b}", "b - a"),
        (r"\newcommand{\x}[2][3]{#1+#2}", r"\x{1}", "3 + 1"),
        (r"\newcommand{\x}[2][3]{#1+#2}", r"\x[4]{1}", "4 + 1"),
        (r"\newcommand{\x}{1}\renewcommand{\x}{2}", r"\x", "2"),
        (r"\newcommand{\x}{1}\providecommand{\x}{2}", r"\x", "1"),
        (r"\providecommand*{\x}{2}", r"\x", "2"),
        (r"\DeclareMathOperator{\x}{tr}", r"\x", r"\operatorname { t r }"),
        (r"\newcommand{\x}{\y}\newcommand{\y}{3}", r"\x", "3"),
        ("\\newcommand{\\x}% a comment\n  {1%\n}", r"\x", "1"),
    ],
)
def test_definitions(document, definition, use, expected):
    (display,) = document(f"{definition}\n{checked(f'{use} = 1')}").displays
    assert display.error is None
    assert " ".join(texts(display.rows[0].tokens)) == f"{expected} = 1"
    assert {(t.line, t.column) for t in display.rows[0].tokens[:-2]} >= {(display.line + 1, 1)}


@pytest.mark.parametrize(
    ("definition", "use", "kind", "message"),
    [
        (r"\newcommand{\x}{\x}", r"\x", "size", "expands without end"),
        (r"\newcommand{\x}{\y}\newcommand{\y}{1\x}", r"\x", "size", "expands without end"),
        (r"\newcommand{\x}[1]{\x{#1#1}}", r"\x{1}", "size", "expands without end"),
        (r"\newcommand{\x}[2]{#1}", r"\x{", "syntax", "is missing or not closed"),
        (r"\newcommand{\x}[9]{#9}", r"\x", "syntax", "an argument of \\x is missing"),
        (r"\newcommand{\x}[1]{#2}", r"\x1", "syntax", "uses #2 but takes 1"),
        (r"\def\x{1}", r"\x", "name", "not defined by \\newcommand"),
        (r"\newcommand{\x}{1}\def\x{2}", r"\x", "name", "not defined by \\newcommand"),
        (r"\let\x=\pi", r"\x", "name", "not defined by \\newcommand"),
        (r"\NewDocumentCommand{\x}{m}{#1}", r"\x1", "name", "not defined by \\newcommand"),
    ],
)
def test_macros_that_cannot_be_read(document, definition, use, kind, message):
    found = document(f"{definition}\n{checked(f'{use} = 1')}").displays[0].error
    assert (found.kind, found.line) == (kind, 3)
    assert message in found.message


def test_exponential_macros_end_early():
    names = [f"\\a{chr(97 + i)}" for i in range(25)]
    macros = {a: Macro(0, tuple(tokenize(f"{b}{b}"))) for a, b in pairwise(names)}
    start = time.process_time()
    with pytest.raises(ReadError, match="without end"):
        expand(tokenize(names[0]), macros)
    assert time.process_time() - start < 1.0  # 2^24 tokens would take a minute; EXPANSION of them milliseconds
    assert EXPANSION < 2**24


def test_rows_reasons_labels_and_tags(document):
    body = (
        "a &= b, && \\why{first}\\label{eq:one}\\\\[2pt]\n\\intertext{so that $c$}\n"
        " &= c \\tag{*} \\notag & & second % no\n\\\\ \\label{eq:two}\n"
    )
    (display,) = document(f"\\begin{{checked}}[crude: why]{{mdp}}\\label{{eq:all}}\n{body}\\end{{checked}}").displays
    assert (display.option, display.world, display.labels) == ("crude: why", "mdp", ("eq:all", "eq:one", "eq:two"))
    assert display.label == "eq:all"
    assert [" ".join(texts(r.tokens)) for r in display.rows] == ["a = b ,", "= c", ""]
    assert [r.reason for r in display.rows] == ["\\why{first}\\label{eq:one}", "second", ""]
    assert [r.line for r in display.rows] == [1, 3, 5]  # of the first token, were it a label


def test_reasons_do_not_change_what_is_executed_but_where_they_excuse_a_zero(document):
    plain, same, other = (
        document(checked(f"1 &= 1 {r}")).displays[0].source for r in ("", "&& sum", "&& this vanishes")
    )
    assert plain == same != other


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends(document, end):
    (display,) = document(("x\n" * 3 + checked("1 &= 2\\\\\n  &= 3")).replace("\n", end)).displays
    assert (display.line, [r.line for r in display.rows], display.rows[1].tokens[0].column) == (4, [5, 6], 4)


@pytest.mark.parametrize(
    "hidden",
    [
        r"\begin{align}1=2\end{align}", r"\begin{align*}1=2\end{align*}", r"\begin {equation} 1", r"\begin{ gather* }",
        "\\begin%\n{multline}", r"\begin{eqnarray}", r"\begin{displaymath}", r"\begin{flalign}", r"\begin{alignat}{2}",
        r"\begin{subequations}", r"\begin{split}", r"\[1=2\]", "$$1=2$$", "$$1=2", "$x$ $$1=2$$", "\\$ $$1=2$$",
        "$unclosed\n\n$$1=2$$", "\\verb|$| $$1=2$$", r"\newcommand{\be}{\begin{align}}\be 1=2",
        r"\newcommand{\be}{\[}\be",
        r"\newenvironment{e}{\begin{equation}}{\end{equation}}\begin{e}1=2\end{e}", r"\def\be{\begin{align}}",
        r"\begin{IEEEeqnarray}{rCl}", r"\newcommand{\part}{\input{other}}\part",
    ],
)  # fmt: skip
def test_bare_displays_are_seen(document, hidden):
    found = document(checked("1 = 1") + hidden).messages
    assert found
    assert {m.kind for m in found} == {"bare"}
    assert found[0].line >= 4


@pytest.mark.parametrize(
    "shown",
    [
        r"\begin{verbatim}\begin{align}\[$$\end{verbatim}", r"\begin{verbatim*}$$\end{verbatim*}",
        "% $$ \\[ \\begin{align}",
        r"\begin{comment}\begin{checked}{mdp}1=2\end{checked}\end{comment}", r"\verb|\begin{align}| \verb+$$+",
        r"100\% of $5$",
        r"\\[2pt]", r"a\\% $$", "$a$$b$", r"\end{document} \begin{align}", r"\newcommand{\s}{a\\[2pt]b}\s",
        r"\inputlineno \includegraphics{a}",
        r"\newenvironment{e}{\begin{align}}{\end{align}}", r"\newcommand{\be}{\begin{align}}\renewcommand{\be}{1}\be",
    ],
)  # fmt: skip
def test_no_alarm_where_nothing_is_displayed(document, shown):
    found = document(checked("1 = 1") + shown)
    assert (found.messages, len(found.displays)) == ((), 1)


def test_environments_that_do_not_fit(document):
    for text, line in (
        ("x\n\\begin{checked}{mdp}\n1=1", 2),
        (checked("1=1") + "\n\\end{checked}", 5),
        ("\\begin{checked}{mdp}\n\\begin{defining}{mdp}1=1\\end{defining}\n\\end{checked}", 1),
        ("\n\\begin{verbatim}\n", 2),
    ):
        (found,) = document(text).messages
        assert (found.kind, found.line) == ("syntax", line)


def test_worlds_and_options_that_are_missing(document):
    for text, kind in (
        ("\\begin{checked}\n1=1\n\\end{checked}", "world"),
        ("\\begin{checked}{}\n1=1\n\\end{checked}", "world"),
        ("\\begin{checked}[\\label{a}]{mdp}\n1=1\n\\end{checked}", "syntax"),
        ("\\begin{checked}[crude{mdp}\n1=1\n\\end{checked}", "syntax"),
    ):
        found = document(text).displays[0].error
        assert (found.kind, found.line) == (kind, 1)


def test_files_are_followed_below_the_folder_only(tmp_path):
    folder = tmp_path / "paper"
    folder.mkdir()
    (tmp_path / "out.tex").write_text(checked("1 = 1"))
    (folder / "link.tex").symlink_to(tmp_path / "out.tex")
    (folder / "in.tex").write_text(checked("1 = 1"))
    (folder / "in.v2.tex").write_text(checked("1 = 1"))
    for wrong in ("../out", str(tmp_path / "out"), "link", "a", "nothing", "", "d" * 4000, "sub/../../out", "~/x"):
        (folder / "a.tex").write_text(f"\n\\input{{{wrong}}}\n\\input{{in}}\\input in.v2 \\include{{in}}")
        found = read(folder / "a.tex")
        assert [(m.kind, m.line) for m in found.messages] == [("input", 2)], wrong
        assert [d.file for d in found.displays] == ["in.tex", "in.v2.tex", "in.tex"]


def test_files_that_input_each_other_end(tmp_path):
    for name, other in ("ab", "ba"):
        (tmp_path / f"{name}.tex").write_text(f"\\input{{{other}}}")
    (found,) = read(tmp_path / "a.tex").messages
    assert (found.file, found.kind) == ("b.tex", "input")
    for i in range(1000):
        (tmp_path / f"c{i}.tex").write_text(f"\\input{{c{i + 1}}}")
    (found,) = read(tmp_path / "c0.tex").messages
    assert "inside each other" in found.message
    for name, other in ("de", "ef", "fg"):
        (tmp_path / f"{name}.tex").write_text(f"\\input{{{other}}}" * 1000)  # 10^9 files in all
    (tmp_path / "g.tex").write_text("")
    (found,) = read(tmp_path / "d.tex").messages
    assert "more than 200 files" in found.message


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a\0b", bytes(range(256)), "\\begin{checked}".encode("utf-16"), b"%" * 2_000_001]
)
def test_files_that_are_no_text(tmp_path, content):
    (tmp_path / "a.tex").write_bytes(content)
    (found,) = read(tmp_path / "a.tex").messages
    assert (found.line, found.kind) in ((1, "input"), (1, "size"))


def test_a_flood_of_problems_is_cut(document):
    start = time.process_time()
    assert len(document("\\[" * 300_000).messages) <= 101
    text = "\\newcommand{\\y}{}\\newcommand{\\x}{" + "\\y" * 9000 + "}" + checked("\\x 1 = 1") * 500
    assert document(text).displays[-1].error.kind == "size"
    assert time.process_time() - start < 3.0  # cut off they take half a second, else half a minute


def test_a_message_is_a_line_with_a_caret_below():
    text = "\t1 = \\foo\x1b" + "x" * 5000
    shown = Message("a.tex", 3, "name", "unknown", 6, text).shown().split("\n")
    assert shown[0] == "a.tex:3: name: unknown"
    assert shown[1][shown[2].index("^")] == "\\"
    assert all(len(line) < 200 for line in shown)
    far = Message("a.tex", 3, "name", "unknown", 4000, "x" * 3999 + "y" + "x" * 3999).shown().split("\n")
    assert far[1][far[2].index("^")] == "y"
    assert all(len(line) < 200 for line in far)
    error = ReadError("name", "a\nb" + "\x00" * 3000, Raw("", 1, 1))
    assert "\n" not in str(error)
    assert len(str(error)) < 250
    assert short("a  \t b") == "a b"


def test_parts_have_the_notation_of_their_document_or_of_this_project(tmp_path, document):
    assert texts(document(checked("\\E = 1")).displays[0].rows[0].tokens) == [*"\\mathbb { E } = 1".split()]
    own = tmp_path / "paper"
    (own / "preamble").mkdir(parents=True)
    (own / "sections").mkdir()
    (own / "preamble" / "notation.tex").write_text("\\newcommand{\\E}{2}")
    for name in ("a.tex", "sections/b.tex"):
        (own / name).write_text(checked("\\E = 1"))
        assert texts(read(own / name).displays[0].rows[0].tokens) == ["2", "=", "1"]
    assert read(own / "sections" / "b.tex").displays[0].file == "sections/b.tex"
    (own / "main.tex").write_text("\\documentclass{article}" + checked("\\E = 1"))
    assert texts(read(own / "main.tex").displays[0].rows[0].tokens) == ["\\E", "=", "1"]


def test_key_depends_on_where_a_line_opens(tmp_path):
    """-x &= y is a formula of its own where & -x = y could go on with the line before: the tokens are the same."""
    keys = set()
    for row in (r"-\sigma_q &= \mu_q", r"&-\sigma_q = \mu_q"):
        (tmp_path / "a.tex").write_text("\\begin{checked}{vae}\n\\mu_q &= \\mu_q \\\\\n" + row + "\n\\end{checked}\n")
        document = read(tmp_path / "a.tex")
        keys.add(document.key(document.displays[0]))
    assert len(keys) == 2


def test_reading_needs_no_numpy_and_no_lark():
    """It happens at every build."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom pycode.proofread.document import read\n"
        "found = read(Path('main.tex'))\n"
        "print(len(found.displays), len(found.messages), {'numpy', 'lark'} & set(sys.modules))"
    )
    displays, messages, loaded = run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split(maxsplit=2)
    assert (int(displays) > 30, messages, loaded.strip()) == (True, "0", "set()")
