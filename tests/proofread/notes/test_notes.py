r"""Notes of others: which displays are found, how their rows become chains, what is a remark, and what is refused."""

import random
import time

import pytest

from pycode.proofread.document import check_all, read
from pycode.proofread.notes.reading import DISPLAYS, read_notes
from pycode.proofread.tex import TOKENS


@pytest.fixture
def notes(tmp_path):
    """Reads a text as a file of notes."""

    def reader(text, suffix=".md", world="mdp"):
        path = tmp_path / f"a{suffix}"
        path.write_text(text, "utf-8", newline="")
        return read_notes([path], world)

    return reader


def chains(document):
    """Chains of each display, a relation after a blank and the side after it; a new one after " | "."""
    found = []
    for display in document.displays:
        assert display.error is None, display.error
        text = ""
        for row in display.rows:
            text += " | " * (row.opens and bool(text)) + "".join(t.text for t in row.tokens)
        found.append(text.replace("\\qquad", " | ").replace("\\quad", " | "))
    return found


def rows(body, notes, suffix=".md"):
    return chains(notes(f"$$\n{body}\n$$\n", suffix))


FORMULA = r"w &= x \\ &= y"
FOUND = [  # text, the lines where displays begin
    ("$$ w = x $$", [1]),
    ("\\[ w = x \\]", [1]),
    *((f"\\begin{{{name}}} {FORMULA} \\end{{{name}}}", [1]) for name in ("align", "align*", "eqnarray", "gather*")),
    *((f"\n\\begin{{{name}}} w = x \\end{{{name}}}", [2]) for name in ("equation", "multline", "displaymath", "split")),
    (f"\\begin{{alignat*}}{{2}} {FORMULA} \\end{{alignat*}}", [1]),
    (f"\\begin{{equation}}\\begin{{aligned}}[t] {FORMULA} \\end{{aligned}}\\end{{equation}}", [1]),
    (f"as in $\\begin{{aligned}} {FORMULA} \\end{{aligned}}$ here", [1]),
    (f"$$\\begin{{array}}{{rcl}} {FORMULA} \\end{{array}}$$", [1]),
    ("```math\nw = x\n```", [1]),
    ("- item\n\n  ```math\n  w = x\n  ```\n- $$ x = w $$", [3, 6]),
    ("{{< katex display=true >}}\nw = x\n{{< /katex >}}", [1]),
    ("{{< katex >}}w = x{{< /katex >}} $$x = w$$", [1]),
    (f"{{% math %}}\n\\begin{{align}} {FORMULA} \\end{{align}}\n{{% endmath %}}", [1]),
    ("{% math %}\n$$\nw = x\n$$\n{% endmath %}", [2]),
    ("<p>\n$$ w = x $$\n</p>", [2]),
    ("> quoted\n>\n> $$\n> w = x\n> $$", [3]),
    ("-- $$\n-- w = x\n-- $$", [1]),
    ("1. first\n\n   $$\n   w = x\n   $$", [3]),
    ("\\\\[ w = x \\\\]", [1]),
    ("it costs $5 or $7\n\n$$ w = x $$ and $8", [3]),
    ("100% sure: $$ w = x $$", [1]),
    ("$$ w = x \\text{ for all $s$} $$ then $a$ and $$ x = w $$", [1, 1]),
    ("$$ w = x $$\n$$ x = w $$", [1, 2]),
]
HIDDEN = [  # texts without a display
    "```python\n$$ w = x $$\n```",
    "~~~\n$$ w = x $$\n~~~",
    "````\n```\n$$ w = x $$\n```\n````",
    "write `$$ w = x $$` for a display",
    "<!-- $$ w = x $$ -->",
    "only $w = x$ inline, \\(x = w\\)",
]


@pytest.mark.parametrize(("text", "lines"), FOUND, ids=[text[:30] for text, _ in FOUND])
def test_displays_are_found_whatever_their_environment(notes, text, lines):
    document = notes(text)
    assert document.messages == ()
    assert [d.line for d in document.displays] == lines
    assert all(chain.startswith(("w=x", "x=w")) for chain in chains(document))
    assert all(d.notes and d.environment == "checked" and d.world == "mdp" for d in document.displays)


@pytest.mark.parametrize("text", HIDDEN)
def test_code_and_inline_formulas_are_not_read(notes, text):
    document = notes(f"{text}\n\n$$ x = w $$\n")
    assert (chains(document), document.messages, document.skipped) == (["x=w"], (), 0)


def test_a_tex_file_is_read_as_tex(notes, tmp_path):
    (tmp_path / "b.tex").write_text("\\begin{align} w &= \\half \\end{align}\n")
    text = "% $$ no = 1 $$\n\\newcommand{\\half}{\\frac12}\\verb|$$|\n\\input{b}\n"
    text += "\\iffalse $$ a = b $$ \\fi\n\\[ x = \\half. \\]"
    document = notes(text, ".tex")
    assert chains(document) == ["w=\\frac{1}{2}", "x=\\frac{1}{2}"]
    assert [(d.file, d.line, d.ordinal) for d in document.displays] == [("b.tex", 1, 1), ("a.tex", 5, 1)]
    assert chains(notes("$$\\newcommand{\\half}{\\frac12} w = \\half$$")) == ["w=\\frac{1}{2}"]
    assert chains(notes("$\\newcommand{\\half}{\\frac12}$ $$w = \\half$$")) == ["w=\\frac{1}{2}"]


CHAINS = [  # body, chains
    (r"A &= B \\ &= C \\ & \le D", r"A=B=C\leD"),
    (r"A = B \\ = C", "A=B=C"),
    (r"& A \\ = & B \\ =& C", "A=B=C"),
    (r"A \\\\ & = B \\\\ & = C", "A=B=C"),
    (r"A &=& B \nonumber \\ &=& C \\ \end", None),
    (r"A &= B \cr &= C \\[2pt] &= D \\* &= E \\", "A=B=C=D=E"),
    (r"A &= B \\ &\quad + C \\ &\qquad\qquad - D", "A=B+C-D"),
    (r"A &= B \\ &\cdot C", r"A=B\cdotC"),
    (r"A = B + \\ C", "A=B+C"),
    (r"A = \\ = B", "A=B"),
    (r"A = B \\ + C = D", "A=B+C=D"),
    (r"A = B, \\ -C = D", "A=B | -C=D"),
    (r"A &= B \\ -C &= D", "A=B | -C=D"),
    (r"A &= B \\ C &= D", "A=B | C=D"),
    (r"A &= B \\ &\quad C D \\ &= E", "A=BCD=E"),
    (r"& A \\ & = B \\ & C \\ & = D", "A=B | C=D"),
    (r"A &= B & C &= D \\ E &= F & G &= H", "A=B | C=D | E=F | G=H"),
    (r"A &= B && C = D", "A=B | C=D"),
    (r"A &&= B \\ &&= C", "A=B=C"),
    (r"A = f( \\ B) \\ = C", "A=f(B)=C"),
    (r"A &= f(B, \\ & \quad C)", "A=f(B,C)"),
    (r"A &= \left[ B \right. \\ &\left. \qquad + C \right] \\ &= D", r"A=\left[B\right.\left. | +C\right]=D"),
    (r"A = \int f(z) \\ g(z) \, dz \\ = B", r"A=\intf(z)g(z)\,dz=B"),
    (r"A = \int f(z) g(z) \\ \mathrm{d}z", r"A=\intf(z)g(z)\mathrm{d}z"),
    (r"A = \int f(z) \\ dz = B", r"A=\intf(z)dz=B"),
    (r"A = \int f(z) \\ B = C", r"A=\intf(z) | B=C"),
    (r"A = B \quad C = D", "A=B | C=D"),
    (r"A = B \quad = C \quad + D", r"A=B=C+D"),
    (r"A = B \\ \Rightarrow C = D", "A=B | C=D"),
    (r"A = \dots = C \\ = \cdots \\ = D", "A=C=D"),
    (r"\begin{array}{rcl} A & = & B \\ & = & C \\ & + & D \end{array}", "A=B=C+D"),
    (r"\begin{multline} A = B \\ C \\ + D \end{multline}", "A=BC+D"),
    (r"A = \begin{aligned}[t] & B \\ & + C \end{aligned}", "A=B+C"),
    (r"A = B = C \label{eq:a} \tag{3}, ", "A=B=C"),
]  # fmt: skip
PLAIN = [
    (r"\boxed{A = B} \\ \color{red}{C} = {\color{blue} D}", "A=B | {C}={D}"),
    (r"\textcolor{red}{A} = \colorbox{blue}{B}", "A=B"),
    (r"A \stackrel{(i)}{=} B \overset{!}{\le} C \underset{\text{(ii)}}{=} D", r"A=B\leC=D"),
    (r"A \overset{\text{def}}{=} B \xlongequal{\text{(i)}} C", r"A\triangleqB=C"),
    (r"A := B =: C \coloneqq D \equiv E", r"A:=B=:C\coloneqqD\equivE"),
    (r"\underset{z\sim q}{\mathbb{E}}[z] = \underset{a}{\max} f(a)", r"\mathbb{E}_{z\simq}[z]=\max_{a}f(a)"),
    (r"A = \underbrace{B}_{\text{first}} + \overbrace{C}^{(2)} + \underbrace{D}_{= E}",
     r"A=\underbrace{B}+\underbrace{C}+\underbrace{D}_{=E}"),
    (r"A = (\underbrace{B -}_{(1)} \\ \underbrace{C}_{\large ②})", r"A=(B-\underbrace{C})"),
    (r"A = \underbrace{B}_{\mathcal{L}} \hspace{1em} = C", r"A=\underbrace{B}_{\mathcal{L}}=C"),
    (r"A {=} \tfrac12 \bar s \mathcal S", r"A=\tfrac{1}{2}\bar{s}\mathcal{S}"),
]  # fmt: skip
SPOKEN = [  # body, chains, words in the reasons
    (r"A &= B && \text{by (3)} \\ &= C & \scriptstyle{\text{; since } x = y}", "A=B=C", "by (3) ; since x = y"),
    (r"A = B \quad \text{(Jensen, } \log \text{ 是凹函数)} \\ = C", "A=B=C", "(Jensen, \\log 是凹函数)"),
    (r"A = B \quad (\text{Jensen + 不等式}) \\ = C", "A=B=C", "(Jensen + 不等式)"),
    (r"A = B \text{ (product rule)} = C", "A=B=C", "(product rule)"),
    (r"A = B, \quad \text{for all $s \in \mathcal{S}$} \\ = C", "A=B=C", "for all $s \\in \\mathcalS$"),
    (r"A = B \text{,} \quad \text{for all} \; s \in \mathcal{S}", "A=B", "for all s \\in \\mathcalS"),
    (r"A = B, \quad \forall s, \quad t = 0, 1, \dots, T", "A=B", "\\forall s"),
    (r"A = B, \quad s \in \mathcal{S}", "A=B", "s \\in \\mathcal{S}"),
    (r"A = B ~(~\because~ \mathrm{so~ it~ is}) \\ = C; ~\mathrm{the~ bound}", "A=B=C", "so it is"),
    (r"A &= B \\ \text{Now use the rule: } \\ &= C", "A=B=C", ""),
    (r"A = B \qquad \text{where } C = D", "A=B | C=D", ""),
    (r"\text{Hence } A = B \text{ and } C = D", "A=B | C=D", ""),
    (r"A = B \qquad (12)", "A=B", "(12)"),
    (r"A &= B && \text{$x = y$} \\ &= C \qquad \text{(5)}", "A=B=C", "$x = y$ (5)"),
    (r"A = B \text{ by \( x \) and $y$}", "A=B", "by \\( x \\) and $y$"),
]
NAMED = [  # words that are names are not left out, so that they are refused or known later
    (r"\text{Pr}(s) = \text{KL}(a) + 2\text{cost}", r"\mathrm{Pr}(s)=\mathrm{KL}(a)+2\mathrm{cost}"),
    (r"A = \text{(i)} B \\ = (2a) C", "A=B=(2a)C"),
    (r"A = \mathrm{all in all} + B", r"A=\mathrm{allinall}+B"),
    (r"A &= B & C = D \text{ as well}", "A=B | C=D"),
    (r"A = B (5*) \\ = \mathbf{a b c}", r"A=B=\mathbf{abc}"),
    (r"A = B + \text{const}", r"A=B+\mathrm{const}"),
    (r"A = \mathbb{E}[\text{total cost} - B]", r"A=\mathbb{E}[\mathrm{totalcost}-B]"),
    (r"A = D_{\text{KL}}(\text{cost} + 1)", r"A=D_{\text{KL}}(\mathrm{cost}+1)"),
    (r"\text{ELBO} \le A", r"\mathrm{ELBO}\leA"),
]


@pytest.mark.parametrize(("body", "expected"), [c for c in CHAINS + PLAIN + NAMED if c[1]])
def test_rows_become_chains(notes, body, expected):
    for suffix in (".md", ".tex"):
        assert rows(body, notes, suffix) == [expected]


@pytest.mark.parametrize(("body", "expected", "words"), SPOKEN)
def test_remarks_have_no_meaning(notes, body, expected, words):
    document = notes(f"$$ {body} $$")
    assert chains(document) == [expected]
    assert words in " ".join(row.reason for row in document.displays[0].rows)


def test_markdown_may_escape_its_own_signs(notes):
    assert rows(r"w\_1 \* x = y\\_2 z", notes)[0].startswith("w_1*x=y")
    assert rows(r"w\_1 = x", notes, ".tex") == [r"w\_1=x"]


def test_a_display_that_begins_with_a_relation_goes_on(notes):
    document = notes("$$A = B =$$\n\n$$= C$$\nso, with words between:\n$$\\le D$$ $$E = F$$ $$= G \\\\ H = I$$")
    assert chains(document) == [r"A=B=C\leD", "E=F=G | H=I"]
    assert [(d.line, d.ordinal) for d in document.displays] == [(1, 1), (5, 2)]
    assert chains(notes("$$A$$\n$$= B$$")) == ["A=B"]


def test_displays_without_a_relation_are_counted_only(notes):
    words = r"$$\text{loss} = \text{first part} + \text{second part}$$"
    document = notes(f"$$\\mathcal{{L}}(x)$$\n$$\\text{{in words}}$$\n{words}\n$$w = x$$\n$$\\min_a f(a)$$")
    assert (chains(document), document.skipped, document.messages) == (["w=x"], 4, ())


EQUATION = r"V^\pi(s) &= v_\pi(s) \\ \sum_a\pi(a|s) &= 1"
INNER = [
    r"\left\{ x = 2 \right.",
    r"\{ x = 2 \}",
    r"\left( x = 2 \right)",
    r"\left[\begin{array}{rcl} x &=& 2 \end{array}\right]",
    r"\left\{\begin{array}{l} x = 2 \end{array}\right.",
    r"\begin{cases} x = 2 \\ 1 = 1 \end{cases}",
    r"\underbrace{x = 2}_{\text{no}}",
    r"\overset{!}{(x = 2)}",
    r"\frac{x = 2}{3}",
    r"v_\pi(s = 1",
    r"x ) = 1",
    r"\forall s: x = 2",
    r"1 = 1 \quad \forall s, \quad x = y",
    r"1 = 1 \quad \forall s, \quad v(s) \le f(s)",
    r"(x ≤ 2)",
    r"\text{$x = 2$}",
    r"\operatorname{diag}(x = 2)",
    r"2\left\{\begin{aligned} x &= 2 \end{aligned}\right.",
    r"\mathrm{cost}(x) = \mathrm{cost}(2x)",
]


@pytest.mark.parametrize("body", INNER)
def test_a_relation_inside_of_brackets_is_no_reason_to_skip_a_display(notes, body):
    document = notes(f"\n$$\n{body}\n$$\n")
    assert document.skipped == 0
    assert [v.status for v in check_all(document)] == ["error"]
    assert [d.error.line for d in document.displays if d.error] in ([], [3])


def test_relations_of_limits_labels_and_words_are_none(notes):
    text = r"$$\sum_{k=0}^{n=1}\underset{a=1}{\max} f \label{eq:a=b} \text{ as $x = 2$ says}$$"
    assert (notes(text).displays, notes(text).skipped) == ((), 1)


@pytest.mark.parametrize("around", ["{}", r"\begin{{equation}}\label{{a}}{}\label{{b}}\end{{equation}}"])
def test_a_brace_to_the_left_of_rows_holds_them_together(notes, around):
    body = rf"\left\{{ \begin{{aligned}} {EQUATION} \end{{aligned}} \right."
    document = notes("$$" + around.format(body) + ",$$" if around == "{}" else around.format(body))
    assert chains(document) == [r"V^\pi(s)=v_\pi(s) | \sum_a\pi(a|s)=1"]


REFUSED = [  # text, what is said of the file or of its display
    ("$$ (a = b) $$", "a relation inside of brackets, of cases or of a remark; write it on its own"),
    (r"$$a = b \quad \forall s, \quad c = d$$", "a relation after \\forall; write it on its own"),
    ("$$ a = b", "$$ is never closed"),
    ("\\[ a = b", "\\[ is never closed"),
    ("\\begin{align} a = b", "\\begin{align} is never closed"),
    ("$$\\begin{aligned} a = b$$", "\\begin{aligned} has no \\end{aligned}"),
    ("$$\\begin{aligned} a = b \\end{split}$$", "\\begin{aligned} has no \\end{aligned}"),
    ("$$ a = b \\text{ if } c = d $$", "under a condition in words: if; state it without"),
    ("$$" + "{" * 101 + "}" * 101 + "$$", "braces 100 deep; split the display"),
    ("$$" + "a = " * TOKENS + "$$", f"more than {TOKENS} tokens in one display; split it"),
    ("\\newcommand{\\x}{\\x\\x}$$\\x$$" + "$$\\x$$" * 40, "the macros of this document expand too far"),
    ("$$a=b$$" * (DISPLAYS + 1), f"more than {DISPLAYS} displays; check the notes in parts"),
    ("$$ a = \\frac{1 $$", "is never closed"),
    ("\\newcommand{\\be}{\\begin{align}} \\be a = b \\end{align}", "hides a display"),
]


@pytest.mark.parametrize(("text", "telling"), REFUSED, ids=[telling[:30] for _, telling in REFUSED])
def test_what_cannot_be_read_is_said(notes, text, telling):
    document = notes(text)
    found = [*document.messages, *(d.error for d in document.displays if d.error)]
    assert any(telling in m.message for m in found), found


def test_every_message_of_the_reading_is_provoked_above(notes, silent):
    documents = [notes(text) for text, _ in REFUSED]
    seen = [m.message for found in documents for m in (*found.messages, *(d.error for d in found.displays if d.error))]
    assert silent(["reading", "remarks", "presentation", "markdown"], "\n".join(seen)) == []


@pytest.mark.parametrize(
    "body",
    [
        r"v_\pi(s) = \begin{cases} v_\pi(s) & s \\ v_\pi(s) \end{cases}",
        r"v_\pi(s) = \left\{\begin{array}{l} v_\pi(s) \end{array}\right.",
        r"v_\pi(s) = v_\pi(s) \\ 2",
        r"v_\pi(s) = 1\text{reward} \cdot v_\pi(s)",
        r"v_\pi(s) = \mathbb{E}[\text{reward}]",
        r"v_\pi(s) = \text{2} v_\pi(s)",
        r"v_\pi(s) = v_\pi(s)\textbf{$\,+1$}",
        r"v_\pi(s) = \text{by definition} \\ v_\pi(s) = v_\pi(s)",
        r"= v_\pi(s)",
        r"v_\pi(s) \implies v_\pi(s)",
        r"v_\pi(s) = \stackrel{a}{b} v_\pi(s)",
    ],
)
def test_nothing_passes_that_is_not_understood(notes, body):
    assert [v.status for v in check_all(notes(f"$$ {body} $$"))] == ["error"]


def test_what_is_read_is_run(notes):
    right = r"v_\pi(s) &= \sum_a \pi(a|s) \Bigl[ \\ & q_\pi(s,a) \Bigr] && \text{(by definition)} \\"
    (verdict,) = check_all(notes(f"$$ {right} &\\stackrel{{(i)}}{{=}} \\color{{red}}{{v_\\pi(s)}}. $$"))
    assert (verdict.status, verdict.relations) == ("holds", 2)
    (verdict,) = check_all(notes(f"\n$$ {right}\n &= 2v_\\pi(s) $$"))
    assert (verdict.status, verdict.messages[0].line) == ("fails", 3)


def test_our_own_documents_are_read_no_laxer(tmp_path):
    path = tmp_path / "a.tex"
    for body in (r"1 = 1 \\ -1 = -1", r"1 = 1 \quad - 1", r"\boxed{1 = 1}"):
        path.write_text(f"\\begin{{checked}}{{mdp}}\n{body}\n\\end{{checked}}\n")
        assert [d.notes for d in read(path).displays] == [False]
        assert [v.status for v in check_all(read(path))] == ["error"]
        mixed = read_notes([path], "vae")
        assert [(d.world, d.rows) for d in mixed.displays] == [(d.world, d.rows) for d in read(path).displays]


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    (tmp_path / "b.md").write_bytes(b"a\0b")
    found = read_notes([tmp_path, tmp_path / "a.md", tmp_path / "b.md"], "mdp").messages
    assert [m.kind for m in found] == ["input"] * 3
    assert "directory" in found[0].message
    assert all("UTF-8" in m.message for m in found[1:])


def test_letters_and_world_are_handed_on(notes, tmp_path):
    path = tmp_path / "a.md"
    path.write_text("$$a = b$$")
    texts = {d.source for name in ("assignment", "kingma") for d in read_notes([path], "vae", name).displays}
    assert len(texts) == 2


PIECES = r"""
    \color
    + - = ( ) [ ] { } \frac \sum \int ^ _ , ; | 0 12 \text{so} \text{if} \qquad & && \\ \\[2pt] \le := \in \left(
    \label{a} \tag{1} \hspace{1em} \cdots $ $$ \[ \] \begin{align} \end{align} \begin{aligned} \end{aligned}
    \begin{array}{l} \end{array} \begin{cases} \end{cases} \stackrel{a}{=} \stackrel \underbrace{a}_{b} \underbrace
    \overbrace{x}^{(1)} \textcolor{x}{y} \boxed{ \newcommand{\x}[1]{#1} \x \def\y{z} \y % ``` ```math ~~~ ` > --
    {{<katex>}} {{</katex>}} {%math%} {%endmath%} <!-- --> \\] \because \forall \implies (\text{a}) [\text{b}]
    \right. \scriptstyle \xlongequal \cr \operatorname* \sqrt[3]{x} \sqrt[ \input{a} \verb|x| \end{document}
    \iffalse \fi ² 凹""".split()


def test_garbage_ends_soon(notes):
    chance = random.Random(5)
    for case in range(300):
        size = chance.choice([5, 30, 200, 2000])
        text = chance.choice([" ", "\n", ""]).join(chance.choices(PIECES, k=size))
        begin = time.process_time()
        document = notes(f"$$ {text} $$" if case % 2 else text, chance.choice([".md", ".tex"]))
        assert time.process_time() - begin < 1
        for display in document.displays:
            assert display.error or all(row.tokens for row in display.rows)


@pytest.mark.parametrize(
    "piece", ["$a", "`", "> > \n", "<!--", "\\begin{align}", "$$a=b$$\n", "{{< katex >}}", "$$=b$$"]
)
def test_large_files_end_soon(notes, piece):
    begin = time.process_time()
    notes(piece * (200_000 // len(piece)))
    assert time.process_time() - begin < 3
