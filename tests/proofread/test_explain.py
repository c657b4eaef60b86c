"""What --explain prints: labels are found, sides and values are those of the display, lines fit the terminal."""

import re
from pathlib import Path

import numpy as np
import pytest

from pycode.proofread.arithmetic.values import Value
from pycode.proofread.document import check_all, read
from pycode.proofread.explain import WIDTH, explain, find, value
from pycode.proofread.worlds import build

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document():
    return read(ROOT / "main.tex")


@pytest.fixture
def explained(tmp_path):
    """Lines about the last display of a text, and whether it holds."""

    def act(text, seed=0):
        path = tmp_path / "a.tex"
        path.write_text(text, encoding="utf-8")
        found = read(path)
        text, holds = explain(found, found.displays[-1], seed)
        return text.splitlines(), holds

    return act


def checked(body, world="mdp", option=""):
    return f"\\begin{{checked}}{option}{{{world}}}\n{body}\n\\end{{checked}}\n"


def test_a_label_may_be_shortened_where_one_display_has_it(document):
    found = find(document, "eq:pg-theorem")
    assert found.label == "eq:pg-theorem"
    for name in ("pg-theorem", "eq:pg-t", f"policy-gradient.tex:{found.line}", f"{found.file}:{found.line}"):
        assert find(document, name) is found
    assert find(document, "eq:length").label == "eq:length"  # though others may begin so
    with pytest.raises(LookupError, match="eq:pg- fits several displays: eq:pg-theorem, eq:pg-proof"):
        find(document, "eq:pg-")
    with pytest.raises(LookupError, match="no display has the label eq:pg-theorm; near are eq:pg-theorem, "):
        find(document, "eq:pg-theorm")
    with pytest.raises(LookupError, match="no display has the label ; near are "):
        find(document, "")


def test_without_displays(tmp_path):
    (tmp_path / "a.tex").write_text("Words.\n")
    with pytest.raises(LookupError, match="no display has the label eq:a; there is no display"):
        find(read(tmp_path / "a.tex"), "eq:a")


def test_every_display_of_the_document(document):
    """As many relations as are run, each side that is printed, and no line beyond the terminal."""
    for display, verdict in zip(document.displays, check_all(document), strict=True):
        text, holds = explain(document, display)
        assert holds
        assert max(map(len, text.splitlines())) <= WIDTH, text
        assert text.startswith(f"{display.label or 'no label'}  {display.file}:{display.line}\n")
        if display.environment in ("checked", "defining"):
            relations = re.findall(rf"^{re.escape(display.file)}:\d+  (\S+)$", text, re.MULTILINE)
            assert len(relations) == verdict.relations > 0
            assert len(re.findall("^  largest ", text, re.MULTILINE)) == verdict.compared
        else:
            assert "parsed" in text
            assert "largest" not in text


def test_sides_values_letters_and_definitions(explained):
    text = "\\begin{defining}{mdp}\nw(s) := 2f(s)\\\\ u(s) := w(s)+1\n\\end{defining}\n"
    lines, holds = explained(text + checked(r"\sum_a\pi(a|s)u(s) &= 1+2f(s)"))
    assert holds
    shapes = [f"{i.sizes['state']} state" for i in build("mdp", 0).instances]
    assert next(line for line in lines if "rewards" in line).strip().startswith(shapes[0])
    assert "definitions  u(s) := w(s) + 1  (a.tex:2)" in lines
    assert any(line.strip().startswith(r"w(s) := 2 \cdot f(s)  (a.tex:2)") for line in lines)
    assert "letters      for every s (state)" in lines
    start = lines.index("a.tex:5  =")
    assert lines[start + 1 : start + 6 : 2] == [
        r"  \sum_{a} \bigl(\pi(a \mid s) \cdot u(s)\bigr)", r"  1 + 2 \cdot f(s)", lines[-2]
    ]  # fmt: skip
    values = build("mdp", 0).instances[0].tables["f"].data
    shown = [float(x) for x in lines[start + 4].split("] ")[1].split(", ")]
    assert shown == pytest.approx(1 + 2 * values[:3], rel=1e-7)
    assert re.fullmatch(r"  largest relative difference: \d\.?\d*(e-1\d)?", lines[-2])


def test_what_fails_or_cannot_be_read_is_told_as_always(explained):
    lines, holds = explained(checked("f(s) = b(s)"))
    assert (holds, lines[1]) == (False, "checked: every relation is computed; fails")
    assert lines[2].startswith("a.tex:2: relation: the sides differ, relatively by")
    assert lines[-1].startswith("  relation: the sides differ") or "(for example" in lines[-1]
    lines, holds = explained(checked("f(s) = \\foo"))
    assert (holds, lines[1]) == (False, "checked: every relation is computed; error")
    assert lines[2:] == ["a.tex:2: name: unknown macro \\foo; define it with \\newcommand or write it out",
                         "  f(s) = \\foo", "         ^"]  # fmt: skip


def test_what_is_not_computed_says_what_it_is(explained):
    lines, holds = explained("\\begin{unchecked}[a limit]\nx\n\\end{unchecked}\n")
    assert (holds, lines[1:]) == (True, ["unchecked: neither parsed nor computed", "reason       a limit"])
    lines, holds = explained("\\begin{unchecked}\nx\n\\end{unchecked}\n")
    assert (holds, lines[1]) == (False, "unchecked: neither parsed nor computed; error")
    lines, _ = explained("\\begin{model}{vae}\nz \\sim p(z)\n\\end{model}\n")
    assert lines[1:] == ["model: it says how things are distributed; parsed, not computed; holds", "  z \\sim p(z)"]


def test_underbraces_bounds_and_reasons(explained):
    lines, holds = explained(checked(r"f(s) = \underbrace{f(s)}_{f(s)+0\cdot b(s)}, && it vanishes"))
    assert (holds, lines.count("a.tex:2  =")) == (True, 2)
    bound = r"\log p_\phi(x) \ge \mathcal{L}(\theta,\phi;x)-1"
    lines, holds = explained(checked(bound, "vae", "[crude: far away]"))
    assert holds
    assert "reason       far away" in lines
    assert "a.tex:2  ≥" in lines
    assert "  largest relative violation: 0" in lines


def test_the_verdict_of_exact_arithmetic_has_its_line(explained):
    lines, _ = explained(
        checked(r"p_\phi(x)\,p_\phi(z\mid x) = p_\phi(x,z), \quad \log p_\phi(x) \ge \mathcal{L}(\theta,\phi;x)", "vae")
    )
    verdicts = [line for line in lines if line.startswith("  exact: ")]
    assert re.fullmatch(
        r"  exact: holds \(degree \d+; if false, it would pass with a chance below 2\^-\d\d\)", verdicts[0]
    )
    assert verdicts[1] == "  exact: undecided (an order: the field has none)"
    lines, holds = explained(checked(r"f(s) = 1.000000000001\,f(s)"))
    assert ("  exact: false" in lines, holds) == (True, False)


def test_tables_by_their_axes():
    assert value(Value(0.25)) == "0.25"
    table = Value(np.arange(6.0).reshape(2, 3), ("s", "∇"))
    assert value(table) == "[s: 2, gradient: 3] 0, 1, 2, 3, …"
    matrix = Value(np.eye(2), ("row", "column"))
    assert value(matrix) == "[rows: 2, columns: 2] 1, 0, 0, 1"
